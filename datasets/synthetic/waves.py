"""Smooth curves and random streams that are the same to the last bit on every machine.

Only ``+ - * /``, ``floor`` and ``sqrt`` are used: IEEE fixes these, but not ``sin`` or ``exp``, whose last bit depends
on the vector unit. Random numbers are integers of PCG64 or exact fractions of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

STREAMS = ("design", "motion", "distractors", "events", "background", "objects", "occluders", "noise")


def stream(seed: tuple[int, ...], name: str) -> np.random.Generator:
    """The generator of one ingredient of one scene: what one draws never moves another."""
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name),))
    return np.random.Generator(np.random.PCG64(sequence))


def wave(turns: Floats) -> Floats:
    """A sine's look-alike of period 1 in [-1, 1]; its steepest slope is 6 per period."""
    saw: Floats = 4 * np.abs(turns - np.floor(turns) - 0.5) - 1
    return saw * (1.5 - 0.5 * saw * saw)


def ease(x: Floats) -> Floats:
    """From 0 to 1 with flat ends."""
    x = np.minimum(np.maximum(x, 0), 1)
    return x * x * (3 - 2 * x)


def bump(time: Floats, peak: float, half: float) -> Floats:
    """1 at ``peak``, 0 from ``half`` frames away."""
    return ease(1 - np.abs(time - peak) / max(half, 1))


def octaves(random: np.random.Generator, shape: tuple[int, int], cell: float, count: int = 4) -> NDArray[np.float32]:
    """Fractal value noise (h, w) in [0, 1]: lattices of ``cell``, ``cell / 2``, ... pixels, each half as strong."""
    total = np.zeros(shape, np.float32)
    for level in range(count):
        step = max(cell / 2**level, 2.0)
        rows, columns = (np.arange(n, dtype=np.float32) / np.float32(step) for n in shape)
        lattice = random.integers(0, 256, (int(rows[-1]) + 2, int(columns[-1]) + 2)).astype(np.float32)
        wide = _between(lattice.T, columns).T
        total += _between(wide, rows) * np.float32(0.5 ** (level + 1) / 255)
    return total / np.float32(1 - 0.5**count)


def _between(lattice: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    low = np.floor(at).astype(np.int64)
    share = ease(at - low.astype(np.float32)).astype(np.float32)[:, None]
    mixed: NDArray[np.float32] = lattice[low] * (1 - share) + lattice[low + 1] * share
    return mixed
