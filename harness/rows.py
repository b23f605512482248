"""Text files of numbers, one row per frame: read fast, and explain the first thing that is wrong."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .errors import BenchError

# A lone CR ends a line too: RGBT234 kite2/infrared.txt has one.
SEPARATORS = bytes.maketrans(b",\t\r", b"  \n")
BOM = b"\xef\xbb\xbf"


def parse_rows(
    data: bytes, where: str, columns: tuple[int, ...], error: type[BenchError]
) -> NDArray[np.float64]:
    """Read rows of numbers separated by comma, tab or blank; LF, CRLF or CR; (N, C) with C in ``columns``.

    Raises ``error`` with file and line on anything else: no row is ever skipped or guessed. NaN and Inf pass.
    """
    try:
        text = data.removeprefix(BOM).replace(b"\r\n", b"\n").translate(SEPARATORS).decode("ascii").rstrip()
    except UnicodeDecodeError as bad:
        raise error(
            "not a text file of numbers", where=where, expected="ASCII digits", found=f"byte {data[bad.start]:#04x}"
        ) from None
    if not text:
        raise error("empty file", where=where, expected="one row per frame", found=f"{len(data)} bytes, no numbers")
    lines = text.split("\n")
    try:
        rows = np.loadtxt(lines, comments=None, ndmin=2)
    except ValueError:
        rows = np.empty((0, 0))
    if len(rows) != len(lines) or rows.shape[1] not in columns:
        raise _first_fault(lines, where, columns, error)
    return rows


def _first_fault(lines: list[str], where: str, columns: tuple[int, ...], error: type[BenchError]) -> BenchError:
    """Find the line that made the fast reader give up."""
    allowed = " or ".join(str(c) for c in columns)
    width = len(lines[0].split())
    for number, line in enumerate(lines, 1):
        place, fields = f"{where}:{number}", line.split()
        found = repr(line if len(line) <= 60 else line[:57] + "...")
        if not fields:
            return error("blank line between rows", where=place, expected=f"{allowed} numbers", found="nothing")
        for field in fields:
            if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", field, re.I):
                return error("not a number", where=place, expected=f"{allowed} numbers", found=found)
        if len(fields) not in columns:
            return error("wrong number of columns", where=place, expected=allowed, found=f"{len(fields)} in {found}")
        if len(fields) != width:
            return error("rows of different length", where=place, expected=f"{width}, as in line 1", found=found)
    return error("unreadable numbers", where=where, expected=f"rows of {allowed} numbers", found=repr(lines[0][:60]))
