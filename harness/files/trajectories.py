"""Trajectories of the VOT toolkit: one region a frame, as text or in its binary form (``.bin``).

Binary form: ``vot/region/io.py`` of the toolkit. A version (1) and the number of frames, then a kind and numbers for
each frame, all little-endian. Only rectangles are boxes. The first frame's region is a code: the box was given.
"""

from __future__ import annotations

import re
import struct

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import BenchError

GIVEN = re.compile(rb"\A1(\.0*)?[ \t]*\r?\n")  # row 1 of a text: the box was given, so the first frame has no row
BINARY = re.compile(rb"\A\x01\x00(....)(?=\x00\x01\x00\x00\x00)", re.S)  # the same in the binary form
HEAD, CODE = struct.Struct("<hI"), struct.Struct("<BI")
RECTANGLE = np.dtype([("kind", "u1"), ("box", "<f4", 4)])
KINDS = ("a code", "a rectangle", "a polygon", "a mask", "a point")
CODES = ("no answer", "the start", "a failure")


def given_first(data: bytes) -> bool:
    """Whether a file says, instead of the first frame's box, that it was given."""
    return bool(GIVEN.match(data) or BINARY.match(data))


def read_trajectory(data: bytes, where: str, error: type[BenchError]) -> NDArray[np.float64]:
    """Rectangles (N, 4) ``x y w h`` of a binary trajectory, without the first frame if its box was given.

    Raises ``error`` naming the frame for regions of other kinds, and for a damaged file.
    """
    version, frames = HEAD.unpack_from(data) if len(data) >= HEAD.size else (0, 0)
    if version != 1:
        raise error("no trajectory of the VOT toolkit, or damaged", where=where, expected="version 1", found=version)
    skipped = int(given_first(data))
    rest = data[HEAD.size + skipped * CODE.size :]
    whole = np.frombuffer(rest, RECTANGLE, count=len(rest) // RECTANGLE.itemsize)
    odd = np.flatnonzero(whole["kind"] != 1)
    at = int(odd[0]) if len(odd) else len(whole)
    left = rest[at * RECTANGLE.itemsize :]
    if left or at + skipped != frames:
        kind = left[0] if left and at + skipped < frames else len(KINDS)
        found = KINDS[kind] if kind < len(KINDS) else f"{len(data):,} bytes"
        if kind == 0 and len(left) >= CODE.size and (code := CODE.unpack_from(left)[1]) < len(CODES):
            found = f"the code {code}: {CODES[code]}"
        what = "a region that is no box" if kind in (0, 2, 3, 4) else "damaged trajectory"
        raise error(what, where=f"{where}, frame {at + skipped + 1}", expected=f"{frames:,} rectangles", found=found)
    with np.errstate(invalid="ignore"):  # a NaN that signals is one like any other
        return whole["box"].astype(float)
