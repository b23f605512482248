"""From boxes to curves to scores: pure functions over arrays; the rules come in as a Protocol.

Frames of all sequences lie one after another (F of them); ``lengths`` (S,) cuts them into sequences.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, Index, center_error, normalized_error, overlap, starts
from rgbtbench.core.protocol import Measure, Protocol


def repair(boxes: Array, lengths: Index) -> NDArray[np.bool_]:
    """Let rows with a NaN, w <= 0 or h <= 0 repeat the row before them (never a sequence's first row), in place.

    Returns the (F,) mask of replaced rows of ``boxes`` (F, 4). Source: LasHeR toolkit.
    """
    x, y, width, height = boxes.T
    broken: NDArray[np.bool_] = ~((width > 0) & (height > 0)) | np.isnan(x) | np.isnan(y)
    broken[starts(lengths)] = False
    source = np.maximum.accumulate(np.where(broken, 0, np.arange(len(boxes))))[broken]
    boxes[broken] = boxes[source]
    return broken


def invalid_truth(truth: Array) -> NDArray[np.bool_]:
    """Mask (F,) of truth boxes (F, 4) that the LasHeR toolkit calls invalid: any of x, y, w, h <= 0."""
    x, y, width, height = np.moveaxis(truth, -1, 0)
    mask: NDArray[np.bool_] = (x <= 0) | (y <= 0) | (width <= 0) | (height <= 0)
    return mask


def quantities(measure: Measure, protocol: Protocol, boxes: Array, truths: Array) -> Array:
    """Per-frame values (F,) of one measure; ``truths`` (M, F, 4): the best of the M annotations counts.

    NaN where a value is undefined, which is never a hit.
    """
    if measure.quantity == "overlap":
        values: Array = np.maximum.reduce([overlap(boxes, truth) for truth in truths])
    else:
        error = center_error if measure.quantity == "center" else normalized_error
        values = np.minimum.reduce([error(boxes, truth, inclusive=protocol.inclusive) for truth in truths])
    if protocol.border_is_invalid:
        values[invalid_truth(truths).any(axis=0)] = -1.0
    return values


def hit_counts(measure: Measure, values: Array, lengths: Index) -> Index:
    """Number of hits (S, T) of each sequence at each threshold.

    One binary search per frame instead of T comparisons: the searches use the same ``<``, ``<=`` on the same bits.
    """
    grid, count = np.asarray(measure.thresholds), len(measure.thresholds)
    if measure.hit == ">":  # hit at every threshold below the value
        bins = np.searchsorted(grid, np.where(np.isnan(values), -1.0, values), side="left")
    else:  # hit from the first threshold not below the value; NaN sorts last, so it never hits
        bins = np.searchsorted(grid, values, side="right" if measure.hit == "<" else "left")
    owner = np.repeat(np.arange(len(lengths)) * (count + 1), lengths)
    table = np.bincount(owner + bins, minlength=len(lengths) * (count + 1)).reshape(len(lengths), count + 1)
    if measure.hit == ">":
        above: Index = table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        return above
    below: Index = table.cumsum(axis=1)[:, :-1]
    return below


def curves(measure: Measure, protocol: Protocol, boxes: Array, truths: Array, lengths: Index) -> Array:
    """Share of hits (S, T) in [0, 1] of each sequence at each threshold.

    >>> from rgbtbench.core.protocol import SR21
    >>> still = np.array([[0.0, 0, 10, 10]] * 4)
    >>> curve = curves(SR21, Protocol((SR21,)), still, still[None], np.array([4]))
    >>> round(float((curve @ SR21.weights()).item()), 6)   # 20/21, not 1: an overlap above 1 does not exist
    0.952381
    """
    share: Array = hit_counts(measure, quantities(measure, protocol, boxes, truths), lengths) / lengths[:, None]
    return share


def weights(protocol: Protocol, frames: Index) -> Array:
    """Weight (S,) of each sequence before normalisation: 1, or its frames if the protocol pools them."""
    return frames.astype(float) if protocol.average == "frame" else np.ones(len(frames))


def reduce(values: Array, weight: Array) -> Array:
    """Weighted mean over the sequence axis, the one reduction behind every table.

    values (..., S), weight (..., S) of any sign-free scale, broadcast; NaN where the weights sum to zero.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = (values * weight).sum(axis=-1) / weight.sum(axis=-1)
    return mean
