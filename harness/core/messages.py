"""Messages of other people's exceptions, made safe to record and to print."""

from __future__ import annotations

import re
import traceback

from . import errors
from .errors import BenchError

MESSAGE, TRACE, LINE = 4096, 16384, 300  # characters kept: of a message, of a traceback, of a line of `status`
DETAIL = re.compile(r"  (where|expected|found|next) +(.*)")  # as BenchError prints them
NAMED = {"where": "", "expected": "expected ", "found": "found "}  # what a line of `status` shows of them


def safe(text: object, limit: int = MESSAGE) -> str:
    """Text that can be printed and stored: control codes and lone surrogates escaped, its middle cut out if too long.

    >>> safe("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    whole = text if type(text) is str else _text(text)
    if len(whole) > limit:
        whole = f"{whole[: limit // 2]} [...] {whole[-limit // 2 :]}"
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in whole)


def describe(reason: BaseException) -> str:
    """Kind and message of an exception; never empty, though its ``str`` may raise."""
    said = safe(_text(reason))
    if isinstance(reason, BenchError):
        return said.strip() or type(reason).__name__
    try:
        kind = safe(type(reason).__name__, 100)
    except BaseException:  # its class decides what that does
        kind = "an exception"
    return f"{kind}: {said}" if said.strip() else kind


def trace(reason: BaseException) -> str:
    """The end of an exception's traceback."""
    try:
        return safe("".join(traceback.format_exception(reason)[-12:]), TRACE)
    except BaseException as second:  # it holds objects of strangers
        return f"no traceback: {type(second).__name__}"


def one_line(text: object) -> str:
    """A recorded reason as one line: what happened, the last line of what the tracker said, where, expected, found.

    >>> one_line("too few rows\\n  where     a.txt\\n  expected  9 rows\\n  found     5 rows")
    'too few rows; a.txt; expected 9 rows; found 5 rows'
    """
    head: list[str] = []
    details: dict[str, list[str]] = {}
    lines = head
    for line in safe(text, TRACE).split("\n"):
        if match := DETAIL.match(line):
            lines = details.setdefault(match[1], [])
            line = match[2]
        if line := re.sub(r"^\s*\|", "", line).strip():  # BenchError marks the lines that go on
            lines.append(line)
    what = head[0] if head else "no reason given"
    if what.endswith(":") and len(head) > 1:
        what = f"{what} {head[-1]}"
    parts = [what, *(word + details[key][-1] for key, word in NAMED.items() if details.get(key))]
    return safe("; ".join(parts).replace("\t", " "), LINE)


def portable(error: BenchError) -> BenchError:
    """The same error made of plain text, fit for a pipe: strangers' subclasses and objects do not travel."""
    kind = type(error) if vars(errors).get(type(error).__name__) is type(error) else BenchError
    details = {key: safe(value) for key, value in error.details.items() if value is not None}
    return kind(safe(error.what), **details)


def _text(thing: object) -> str:
    """``str`` of anything; a subclass of str loses its methods."""
    try:
        return str.encode(str(thing), "utf-8", "backslashreplace").decode()
    except BaseException as second:  # by a stranger's __str__: SystemExit is known too
        return f"[its message cannot be had: {type(second).__name__}]"
