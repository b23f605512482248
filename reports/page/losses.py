"""Where a tracker has lost its target, by VOT's rule, and for how long."""

from __future__ import annotations

from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array, Index, starts
from rgbtbench.scoring.losses import FRAMES, OVERLAP

from .packing import Pack


def losses(overlaps: Array, lengths: Index) -> Index:
    """Losses (L, 3), in order: sequence, first frame, frames.

    ``overlaps`` (F,) of the frames of all sequences; NaN where the truth tells nothing, which ends a loss.

    >>> losses(np.array([1.0] + [0.0] * 12 + [0.5] * 3 + [0.0] * 14), np.array([20, 10])).tolist()
    [[0, 1, 12], [1, 0, 10]]
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    off = np.zeros(len(owner) + len(lengths) + 1, dtype=bool)  # with a frame before each sequence, and one at the end
    off[np.arange(len(owner)) + owner + 1] = overlaps <= OVERLAP
    edges = np.flatnonzero(off[1:] != off[:-1])
    first, frames = edges[::2], edges[1::2] - edges[::2]
    begins = starts(lengths) + np.arange(len(lengths))
    sequence = np.searchsorted(begins, first, side="right") - 1
    found: Index = np.column_stack([sequence, first - begins[sequence], frames])[frames >= FRAMES]
    return found


def packed(found: list[Index], sequences: int, pack: Pack) -> dict[str, Any]:
    """Losses of K trackers: how many (K, S), and all of them one after the other: first frames, then frames (2, N)."""
    counts = np.stack([np.bincount(own[:, 0], minlength=sequences) for own in found])
    return {
        "row": FRAMES,
        "counts": pack.add(counts, "u2"),
        "runs": pack.add(np.concatenate(found)[:, 1:].T, "i4", differences=True),
    }
