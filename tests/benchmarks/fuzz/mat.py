"""Files of MATLAB 5: a sound one with some bytes changed, as it is and unpacked, so that every level is reached."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from random import Random

from rgbtbench.core.errors import DataError
from rgbtbench.files.mat import read_mat

ODD = (0, 1, 4, 8, 14, 15, 16, 127, 128, 255)


def element(kind: int, body: bytes) -> bytes:
    """An element with its tag, padded."""
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(name: str, kind: int, shape: tuple[int, ...], content: bytes) -> bytes:
    """A variable of a class."""
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name.encode()) + content)


@cache
def sound() -> tuple[bytes, bytes]:
    """GTOT's AttrMat.mat in small: names, flags, boxes, a struct; as written, and with packed variables."""
    names = b"".join(matrix("", 4, (1, 5), element(16, b"Seq%02d" % k)) for k in range(9))
    variables = [
        matrix("seqName", 1, (9, 1), names),
        *(matrix(name, 6, (9, 1), element(2, bytes(k % 2 for k in range(9)))) for name in ("OCC", "LSV")),
        matrix("boxes", 6, (4, 4), element(9, struct.pack("<16d", *range(16)))),
        matrix("text", 4, (2, 3), element(4, "abcdef".encode("utf-16-le"))),
        matrix(
            "other",
            2,
            (1, 1),
            element(5, b"\4\0\0\0") + element(1, b"x\0\0\0") + matrix("", 6, (0, 0), element(9, b"")),
        ),
    ]
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    packed = (zlib.compress(variable) for variable in variables)
    return header + b"".join(variables), header + b"".join(struct.pack("<II", 15, len(p)) + p for p in packed)


def one(rng: Random, folder: Path) -> None:
    """A file with changed, lost or repeated bytes."""
    data = bytearray(rng.choice(sound()))
    for _ in range(rng.choice((0, 1, 1, 2, 5, 30))):
        at = rng.randrange(124, len(data))
        data[at] = rng.choice(ODD) if rng.random() < 0.7 else rng.randrange(256)
    if rng.random() < 0.15:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.1:
        at = rng.randrange(128, len(data)) if len(data) > 128 else 0
        data[at:at] = data[at : at + 64] * rng.randrange(1, 50)
    for value in read_mat(bytes(data), "x.mat", DataError).values():
        assert isinstance(value, list) or value.ndim == 2
