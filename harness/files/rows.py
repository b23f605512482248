"""Text files of numbers, one row per frame. Reading is fast. An error explains the first wrong line."""

from __future__ import annotations

import re
import warnings

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import BenchError, advised

SEPARATORS = bytes.maketrans(b",;\t", b"   ")
MARKS = (b",", b";", b"\t", b" ")
BLANK, MINUS, ZERO = b" -0"  # codes
PLAIN = bytes([*range(32, 127), *b"\t\n"])
BOM = b"\xef\xbb\xbf"
LARGE = 1 << 20  # bytes: the longest real file has 0.4 MB
ROW_LIMIT, LINE_LIMIT = 1_000_000, 10_000  # lines, and bytes of one: LasHeR has 734,785 frames in all
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # what Windows tools write


@advised("look at that line: a row is x,y,w,h or four corners, and there is one a frame")
def parse_rows(data: bytes, where: str, columns: tuple[int, ...], error: type[BenchError]) -> NDArray[np.float64]:
    """Read rows of numbers separated by comma, semicolon, tab or blank; LF, CRLF or CR; (N, C) with C in ``columns``.

    Raises ``error`` with file and line on anything else: no row is ever skipped or guessed. NaN and Inf pass.
    """
    if data.startswith(UTF16):
        data = data.decode("utf-16", errors="replace").encode()
    # A lone CR ends a line too: RGBT234 kite2/infrared.txt has one.
    written = data.removeprefix(BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip()
    if not written:
        raise error("empty file", where=where, expected="one row per frame", found=f"{len(data)} bytes, no numbers")
    if len(written) > LARGE:
        _require_lines(written, where, error)
    one_mark = sum(mark in written for mark in MARKS) == 1  # then the fast reader sees gaps itself
    if one_mark and (rows := _integers(written.translate(SEPARATORS) + b"\n")) is not None and rows.shape[1] in columns:
        return rows
    if fault := _ambiguity(written):
        what, at = fault
        before = written[:at].split(b"\n")
        line = (before[-1] + written[at : at + 60].split(b"\n")[0])[:60].decode("ascii", "replace")
        expected = "numbers with decimal points, separated in one way"
        raise error(what, where=f"{where}:{len(before)}", expected=expected, found=repr(line))
    text = written.translate(SEPARATORS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy may only warn where it stops reading
        rows = _integers(text + b"\n")
        if rows is None:
            rows = _numbers(text)
    if rows is None or rows.shape[1] not in columns:
        raise _first_fault(text, where, columns, error)
    return rows


def _require_lines(text: bytes, where: str, error: type[BenchError]) -> None:
    """Refuse what is large and no list of boxes, before minutes are spent on it."""
    count = text.count(b"\n") + 1
    longest = max(map(len, text.split(b"\n"))) if count <= ROW_LIMIT else 0
    if count > ROW_LIMIT or longest > LINE_LIMIT:
        expected = f"at most {ROW_LIMIT:,} rows of {LINE_LIMIT:,} bytes"
        found = f"{count:,} rows, the longest of {longest:,} bytes" if longest else f"{count:,} rows"
        raise error("file too large for a list of boxes", where=where, expected=expected, found=found)


def _ambiguity(text: bytes) -> tuple[str, int] | None:
    """What could be read as other numbers than were meant, and its place: gaps, decimal commas, control codes."""
    if odd := text.translate(None, PLAIN):
        return ("not a text file of numbers" if max(odd) > 126 or 0 in odd else "control code"), text.index(odd[:1])
    comma = b"," if b"," in text else b";"
    if comma not in text:
        return None
    if comma == b"," and b";" in text:
        return "both commas and semicolons (decimal commas?)", text.index(b";")
    if b" " in text or b"\t" in text:
        if mixed := re.search(rb"(?:[\d.]|nan|inf)[ \t]+(?:[-+.\d]|nan|inf)", text, re.I):  # words are no numbers
            return f"numbers separated by blanks beside {comma.decode()!r} (decimal commas?)", max(
                mixed.start(), text.index(comma)
            )
        if gap := re.search(rb"[,;][ \t]+[,;]|\n[ \t]+[,;]", text):
            return "empty field", gap.start() + 1
    gaps = [text.find(gap) for gap in (comma * 2, b"\n" + comma)]
    if text.startswith(comma) or max(gaps) >= 0:
        return "empty field", 0 if text.startswith(comma) else min(at for at in gaps if at >= 0) + 1
    return None


def _integers(text: bytes) -> NDArray[np.float64] | None:
    """Rows of whole numbers with exactly one separator between them, as most trackers write: twice as fast."""
    if text.translate(None, b"0123456789- \n"):
        return None
    codes = np.frombuffer(text, np.uint8)
    signs = np.flatnonzero(codes == MINUS)  # NumPy would read a sign alone as 0
    if (codes[signs + 1] < ZERO).any() or (codes[signs[signs > 0] - 1] > BLANK).any():
        return None
    ends = np.flatnonzero(codes <= BLANK)
    width = int(np.count_nonzero(ends <= text.index(b"\n")))
    if len(ends) % width or np.diff(ends, prepend=-1).max() > 16:  # longer ones may not fit an integer
        return None
    separators = codes[ends].reshape(-1, width)
    if (separators[:, :-1] != BLANK).any() or (separators[:, -1] != 10).any():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy may only warn where it stops reading
            values = np.fromstring(text, np.int64, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    return values.reshape(-1, width).astype(float) if len(values) == len(ends) else None


def _numbers(text: bytes) -> NDArray[np.float64] | None:
    """Rows of any numbers; None if they are not rows of the same length or a line is blank."""
    try:
        lines = text.decode("ascii").split("\n")
        rows = np.loadtxt(lines, comments=None, ndmin=2)
    except (ValueError, UserWarning):  # UnicodeDecodeError is a ValueError
        return None
    return rows if len(rows) == len(lines) else None


def _first_fault(text: bytes, where: str, columns: tuple[int, ...], error: type[BenchError]) -> BenchError:
    """Find the line that made the fast reader give up."""
    allowed = " or ".join(str(c) for c in columns)
    lines = text.decode("ascii").split("\n")
    width = len(lines[0].split())
    for number, line in enumerate(lines, 1):
        place, fields = f"{where}:{number}", line.split()
        found = repr(line if len(line) <= 60 else line[:57] + "...")
        if not fields:
            return error("blank line between rows", where=place, expected=f"{allowed} numbers", found="nothing")
        for field in fields:
            if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", field, re.I):
                return error("not a number", where=place, expected=f"{allowed} numbers", found=found)
        if len(fields) not in columns:
            return error("wrong number of columns", where=place, expected=allowed, found=f"{len(fields)} in {found}")
        if len(fields) != width:
            return error("rows of different length", where=place, expected=f"{width}, as in line 1", found=found)
    return error("unreadable numbers", where=where, expected=f"rows of {allowed} numbers", found=repr(lines[0][:60]))
