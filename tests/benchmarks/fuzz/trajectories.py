"""Trajectories of the VOT toolkit: a sound one with some bytes changed, lost or repeated."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

from rgbtbench.core.errors import ResultError
from rgbtbench.files.arrays import read_rows

ODD = (0, 1, 2, 3, 4, 5, 127, 255)


def sound(rng: Random) -> bytes:
    """Rectangles, with or without the code for the given box."""
    boxes = [struct.pack("<Bffff", 1, *(rng.uniform(0, 640) for _ in range(4))) for _ in range(rng.randrange(1, 9))]
    regions = ([struct.pack("<BI", 0, 1)] if rng.random() < 0.8 else []) + boxes
    return struct.pack("<hI", 1, len(regions)) + b"".join(regions)


def one(rng: Random, folder: Path) -> None:
    """A file with changed, lost or repeated bytes."""
    data = bytearray(sound(rng))
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        data[rng.randrange(len(data))] = rng.choice(ODD) if rng.random() < 0.7 else rng.randrange(256)
    if rng.random() < 0.15:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.1:
        data[6:6] = data[6 : 6 + rng.choice((5, 17, 34))]
    rows = read_rows("x.bin", bytes(data), "x.bin", ResultError)
    assert rows.ndim == 2
    assert rows.shape[1] == 4
