"""When a tracker lost its target: VOT's rule of failure, on any benchmark."""

from __future__ import annotations

import numpy as np

from rgbtbench.core.boxes import Array, Index, starts

OVERLAP, FRAMES = 0.1, 10


def lost_at(overlaps: Array, lengths: Index) -> Index:
    """The frame, from 0, at which each sequence (S,) was lost; its length where it was not.

    A target is lost at the first of ``FRAMES`` frames in a row whose overlap is ``OVERLAP`` or less. ``overlaps`` (F,)
    of all sequences, one after the other; frames with NaN, where the truth knows no target, are passed over.
    Source: Kristan et al., The Eighth Visual Object Tracking VOT2020 Challenge Results (failure, of robustness).

    >>> lost_at(np.array([0.9] * 3 + [0.1] * 10 + [0.9] + [0.0] * 9), np.array([13, 10])).tolist()
    [3, 10]
    """
    lost = lengths.copy()
    for s, (first, length) in enumerate(zip(starts(lengths).tolist(), lengths.tolist(), strict=True)):
        own = overlaps[first : first + length]
        known = np.flatnonzero(~np.isnan(own))
        if len(known) < FRAMES:
            continue
        low = np.lib.stride_tricks.sliding_window_view(own[known] <= OVERLAP, FRAMES).all(axis=1)
        if low.any():
            lost[s] = known[low.argmax()]
    return lost
