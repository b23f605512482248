"""Text of strangers, made safe to print: it cannot move the cursor, and cannot look like a line of ours."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import sys
from contextlib import suppress

LONGEST = 4000  # characters of one value in a message
MARGIN = " " * 12  # of the values in a message
# for terminals that know ASCII only; one for one, or columns would move
PLAIN = str.maketrans("–−─…·×±†‘’“”", "---.|x~+''\"\"")


def visible(text: str) -> str:
    r"""Text with whatever does not print, such as a terminal's control codes, as an escape.

    >>> visible("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def block(value: object) -> str:
    """A value in a message: as text whatever it is, not too long, further lines set in and marked as part of it."""
    try:
        text = str(value)
    except Exception:  # a stranger's object, or an integer of too many digits
        text = f"something of type {type(value).__name__}"
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    lines = (visible(line.removesuffix("\r")) for line in text.rstrip("\n").split("\n"))
    return f"\n{MARGIN}| ".join(lines)


def say(text: str) -> None:
    """Print a text that is safe to print, such as a BenchError, where no data goes; nobody need be there to read it."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def log(text: str) -> None:
    """Say something that is no data, on one line."""
    say(visible(text))


def line_width() -> int | None:
    """Characters of a line, if the standard output is a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def prepare() -> None:
    """Make the standard streams fit for anything: a table on a terminal without dashes, a closed output.

    What was closed is opened again: else the next file to be opened gets its number, and takes what others print.
    Writing to a closed output stays an error (OSError), and the log goes nowhere if nobody wants it.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            fd = os.open(os.devnull, flags)
            setattr(sys, name, open(fd, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    codecs.register_error("rgbtbench", _encodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="rgbtbench")


def _encodable(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: plainer marks, else escapes."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(PLAIN)
    return "".join(c if c.isascii() else c.encode("unicode_escape").decode() for c in text), error.end


def drop_output() -> None:
    """Let go of what cannot be written any more, or the interpreter fails over it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
