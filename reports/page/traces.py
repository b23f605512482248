"""Overlap and centre error over time, of every tracker on every sequence, small enough to send."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, Index, starts
from rgbtbench.core.protocol import PR20, SR21, Measure
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.scoring import metrics
from rgbtbench.scoring.evaluation import Aligned

from .losses import losses

VALUES = 1_200_000  # of each quantity in one page: about 1.7 MB
MOST, FEWEST = 400, 16  # points of a line: a screen shows no more, and fewer tell nothing
FAR = 1e6  # pixels: a box that ran away is drawn no further out, and numbers stay numbers
GAP = 255  # no value: the target is absent, or the tracker has no boxes
OVERLAP_STEPS = 50  # an overlap is told in steps of 0.02
ERROR_STEPS = 12.5  # an error in steps of 6 %: of log2(1 + pixels)
TRUTH = 0.98  # overlap: boxes that never have less are the truth itself, given as a tracker
DRAWN: tuple[Measure, ...] = (SR21, PR20)


def choose_points(sizes: Iterable[tuple[int, Index]]) -> int:
    """How many points a line may have so that all lines fit; ``sizes``: trackers and lengths (S,) of each benchmark."""
    sizes = list(sizes)

    def total(points: int) -> int:
        return sum(count * int(np.minimum(lengths, points).sum()) for count, lengths in sizes)

    return next((points for points in range(MOST, FEWEST, -1) if total(points) <= VALUES), FEWEST)


def first_frames(lengths: Index, points: int) -> Index:
    """First frame (P,) of every point of every sequence; a point covers the frames up to the next one's.

    Frame 0 is a point of its own, for its box is given; the others share the frames that are left.

    >>> first_frames(np.array([3, 11]), 4).tolist()
    [0, 1, 2, 3, 4, 7, 10]
    """
    counts = np.minimum(lengths, points)
    owner = np.repeat(np.arange(len(lengths)), counts)
    within = np.arange(len(owner)) - starts(counts)[owner]
    left = np.maximum(counts - 1, 1)[owner]
    first: Index = starts(lengths)[owner] + np.where(within, 1 + (within - 1) * (lengths[owner] - 1) // left, 0)
    return first


class Traces:
    """What a page needs of the boxes of one benchmark; give ``watch`` to ``evaluate``.

    ``overlap`` and ``error`` hold a line (P,) of uint8 for each tracker. With ``frames``, ``boxes`` (F, 4) and
    ``overlaps`` (F,) of each tracker are kept too, NaN where there are none.
    """

    def __init__(self, benchmark: Benchmark, points: int, *, frames: bool) -> None:
        self.benchmark, self.points, self.frames = benchmark, points, frames
        self.first = first_frames(benchmark.lengths, points)
        self.overlap: dict[str, NDArray[np.uint8]] = {}
        self.error: dict[str, NDArray[np.uint8]] = {}
        self.truths: set[str] = set()  # trackers whose boxes are the truth's
        self.lost: dict[str, Index] = {}
        self.boxes: dict[str, NDArray[np.float32]] = {}
        self.overlaps: dict[str, NDArray[np.float32]] = {}

    def watch(self, aligned: Aligned) -> None:
        """Take one tracker's boxes."""
        size, protocol = int(self.benchmark.lengths.sum()), self.benchmark.spec.protocol
        full = []
        for measure in DRAWN:
            values = metrics.quantities(measure, protocol, aligned.boxes, aligned.truth)
            values[values < 0] = np.nan  # truth that the protocol calls invalid
            spread = np.full(size, np.nan)
            spread[aligned.frames] = values
            full.append(spread)
        if not (full[0] < TRUTH).any() and not np.isnan(full[0]).all():
            self.truths.add(aligned.tracker)
        self.lost[aligned.tracker] = losses(full[0], self.benchmark.lengths)
        overlap, error = (self._means(values) for values in full)
        self.overlap[aligned.tracker] = _bytes(overlap * OVERLAP_STEPS)
        self.error[aligned.tracker] = _bytes(np.log2(1 + error) * ERROR_STEPS)
        if self.frames:
            self.overlaps[aligned.tracker] = full[0].astype(np.float32)
            boxes = np.full((size, 4), np.nan, dtype=np.float32)
            boxes[aligned.frames] = np.clip(aligned.boxes, -FAR, FAR)
            self.boxes[aligned.tracker] = boxes

    def _means(self, values: Array) -> Array:
        there = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            means: Array = np.add.reduceat(np.where(there, values, 0.0), self.first)
            means /= np.add.reduceat(there, self.first, dtype=float)
        return means


def _bytes(values: Array) -> NDArray[np.uint8]:
    return np.where(np.isnan(values), GAP, np.clip(np.rint(values), 0, GAP - 1)).astype(np.uint8)
