"""From score maps to where the targets went, and how sure that is (DiMP)."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array

from .parameters import STRIDE, Parameters


class Flag(IntEnum):
    """What a score map says about the target."""

    NORMAL = 0
    UNCERTAIN = 1  # two peaks, and the last position does not tell which: the box moves, nothing is learned
    HARD_NEGATIVE = 2  # there is a distractor, and it is known which peak that is: learned at a higher rate
    NOT_FOUND = 3  # nothing is learned and the box stays


def localise(
    scores: NDArray[np.floating[Any]],
    target_size: Array,
    previous_position: Array,
    sample_position: Array,
    sample_scale: Array,
    p: Parameters,
) -> tuple[Array, NDArray[np.int64], Array]:
    """Choose a peak in each score map (S, R, C).

    Target sizes w h, previous and sample positions x y are (S, 2) in image pixels, sample scales (S,). Returns the
    displacement x y (S, 2) from the sample position in image pixels, to be ignored where NOT_FOUND, a ``Flag`` (S,)
    and the score of the chosen peak (S,). A map with NaN is NOT_FOUND.
    """
    shape = np.array(scores.shape[:0:-1])
    maps: Array = (_softmax(scores) if p.softmax else scores) * window(shape, p.window)
    cell = STRIDE * sample_scale[:, None]
    first, peak = highest(maps)
    second, other = highest(np.where(_around(peak, p.neighbourhood * target_size / cell, shape), 0.0, maps))

    middle = (shape - 1) / 2
    expected = (previous_position - sample_position) / cell + middle
    near, other_near = (np.hypot(*(at - expected).T) < p.radius for at in (peak, other))
    far, other_far = (np.hypot(*(at - expected).T) > p.radius for at in (peak, other))

    rivals = second > p.distractor * first
    take_other = rivals & other_near & far
    told_apart = rivals & other_far & near | take_other
    distracted = ~rivals & (second > p.hard * first) & (second > p.not_found)
    sure = first >= p.not_found
    flags = np.select(
        [~sure, told_apart | distracted, rivals],
        [int(Flag.NOT_FOUND), int(Flag.HARD_NEGATIVE), int(Flag.UNCERTAIN)],
        int(Flag.NORMAL),
    )
    take_other &= sure
    chosen = np.where(take_other[:, None], other, peak)
    if p.between_cells:
        chosen = chosen + _tops(maps, chosen)
    return (chosen - middle) * cell, flags.astype(np.int64), np.where(take_other, second, first)


def stay_near(positions: Array, sizes: Array, images: Array, p: Parameters) -> Array:
    """Positions (S, 2) clamped so that a share ``inside`` of the targets (S, 2) w h stays in images (S, 2) w h."""
    beyond = (0.5 - p.inside) * sizes
    return np.clip(positions, -beyond, images + beyond)


def window(shape: NDArray[np.int64], weight: float) -> Array:
    """Factors (R, C): 1 in the middle, falling along a cosine to 1 - ``weight`` beyond the border."""
    across, down = (np.hanning(n + 2)[1:-1] for n in shape)
    return 1 - weight * (1 - down[:, None] * across)


def highest(maps: Array) -> tuple[Array, Array]:
    """Highest values (S,) of maps (S, R, C) and their cells, column row (S, 2)."""
    flat = maps.reshape(len(maps), -1)
    at = flat.argmax(axis=1)
    row, column = np.divmod(at, maps.shape[2])
    return flat[np.arange(len(flat)), at], np.stack([column, row], axis=1).astype(np.float64)


def _softmax(scores: NDArray[np.floating[Any]]) -> Array:
    """Maps (S, R, C) as densities: each sums to 1."""
    powers: Array = np.exp(scores - scores.max((1, 2), keepdims=True))
    return powers / powers.sum((1, 2), keepdims=True)


def _tops(maps: Array, at: Array) -> Array:
    """From cells (S, 2), column row, to the tops of parabolas through their scores and the neighbours', at most 0.5.

    0 at the border of the maps (S, R, C), and where a cell is not higher than its neighbours.
    """
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    which, (column, row) = np.arange(len(maps)), at.astype(int).T + 1
    here = padded[which, row, column]
    tops = []
    for across, down in ((1, 0), (0, 1)):
        before, after = padded[which, row - down, column - across], padded[which, row + down, column + across]
        bend = before - 2 * here + after
        with np.errstate(invalid="ignore", divide="ignore"):
            top = (before - after) / (2 * bend)
        tops.append(np.where(bend < 0, np.clip(top, -0.5, 0.5), 0.0))
    return np.stack(tops, axis=1)


def _around(peak: Array, size: Array, shape: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Masks (S, R, C) of rectangles of a size x y in cells (S, 2) around peaks (S, 2), halves rounded to even."""
    begin, end = np.rint(peak - size / 2), np.rint(peak + size / 2 + 1)
    columns, rows = (
        (begin[:, k, None] <= np.arange(shape[k])) & (np.arange(shape[k]) < end[:, k, None]) for k in (0, 1)
    )
    mask: NDArray[np.bool_] = rows[:, :, None] & columns[:, None]
    return mask
