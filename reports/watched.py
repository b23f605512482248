"""What figures need of the boxes themselves: overlaps and boxes of every tracker in every frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.protocol import SR21
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.scoring import metrics
from rgbtbench.scoring.evaluation import Aligned


class Watched:
    """Give ``watch`` to ``evaluate``. Of a tracker with repeats its first run is kept.

    ``overlaps`` (F,) of each tracker on all F frames, NaN where the truth is invalid or there is no box; where there
    are images, ``boxes`` (F, 4), too.
    """

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.has_images = any(benchmark.images(benchmark.names[0]))
        self.overlaps: dict[str, NDArray[np.float32]] = {}
        self.boxes: dict[str, NDArray[np.float32]] = {}

    def watch(self, aligned: Aligned) -> None:
        """Take one tracker's boxes."""
        size = int(self.benchmark.lengths.sum())
        values = metrics.quantities(SR21, self.benchmark.spec.protocol, aligned.boxes, aligned.truth)
        overlaps = np.full(size, np.nan, dtype=np.float32)
        overlaps[aligned.frames] = np.where(values < 0, np.nan, values)
        self.overlaps[aligned.tracker] = overlaps
        if self.has_images:
            boxes = np.full((size, 4), np.nan, dtype=np.float32)
            boxes[aligned.frames] = aligned.boxes
            self.boxes[aligned.tracker] = boxes
