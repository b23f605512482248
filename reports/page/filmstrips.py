"""Pictures of the moments at which trackers disagree most: visible and thermal, cut to where the boxes are."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array, starts
from rgbtbench.core.errors import DataError
from rgbtbench.core.types import Frame
from rgbtbench.datasets.decode import pair

from .packing import Pack
from .traces import Traces

MOMENTS = 4  # of a sequence
APART = 8  # moments lie at least a sequence's length / APART from one another
WIDTH, SHAPE, QUALITY = 224, 4 / 3, 62  # of a picture: pixels, width by height, JPEG
BUDGET = 700_000  # bytes of all pictures of a page, which then stays under 3 MB
MARGIN = 1.3  # a picture is wider than its boxes by this
WIDEST = 3.0  # boxes further out than this many sizes of the cut are left out of it, to see the target at all


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of those with truth: truths (M, 4) and boxes (K, 4), NaN where there are none."""

    index: int
    truth: Array
    boxes: Array


class Album:
    """Pictures go into the pack until the budget is spent: where trackers disagree most first."""

    def __init__(self, pack: Pack) -> None:
        self.pack, self.left = pack, BUDGET

    def strips(self, traces: Traces, trackers: tuple[str, ...]) -> tuple[dict[int, list[dict[str, Any]]], list[str]]:
        """Pictures by index of the sequence, and why there are none of some sequences."""
        benchmark, strips, notes = traces.benchmark, {}, []
        overlaps = np.stack([traces.overlaps[name] for name in trackers]).astype(np.float64)
        boxes = np.stack([traces.boxes[name] for name in trackers]).astype(np.float64)
        first = starts(benchmark.lengths)
        spread = disagreement(overlaps)
        order = np.argsort(-np.maximum.reduceat(spread, first), kind="stable")
        full = 0
        for s in order.tolist():
            if self.left <= 0:
                full += 1
                continue
            at, length = int(first[s]), int(benchmark.lengths[s])
            visible, thermal = benchmark.images(benchmark.names[s])
            every = benchmark.spec.every
            if len(visible) != len(thermal) or not benchmark.spec.has_rows_for(len(visible), length):
                notes.append(f"{benchmark.names[s]}: {len(visible)} and {len(thermal)} images of {length} frames")
                continue
            try:
                strips[s] = [
                    self._picture(pair(m.index, visible[m.index * every], thermal[m.index * every]), m)
                    for k in moments(spread[at : at + length])
                    for m in [Moment(k, benchmark.truth[:, at + k], boxes[:, at + k])]
                ]
            except DataError as error:
                notes.append(f"{benchmark.names[s]}: {error.args[0]}")
        if full:
            notes.append(f"{full} sequences on which trackers differ less: no room")
        return strips, notes

    def _picture(self, frame: Frame, moment: Moment) -> dict[str, Any]:
        x, y, width, height = cut(moment, frame.rgb.shape[1], frame.rgb.shape[0])
        files = [picture_bytes(image[y : y + height, x : x + width]) for image in (frame.rgb, frame.tir)]
        self.left -= sum(map(len, files))
        return {
            "frame": moment.index,
            "cut": [x, y, width, height],
            "truth": [_rounded(box) for box in moment.truth],
            "boxes": [_rounded(box) for box in moment.boxes],
            "images": [self.pack.add_bytes(data) for data in files],
        }


def disagreement(overlaps: Array) -> Array:
    """How far apart trackers (K, F) are in every frame; of one alone: how far off it is. 0 where nothing is known."""
    known = ~np.isnan(overlaps)
    low = np.where(known, overlaps, np.inf).min(axis=0) if len(overlaps) > 1 else np.nan_to_num(overlaps[0], nan=1.0)
    high = np.where(known, overlaps, -np.inf).max(axis=0) if len(overlaps) > 1 else np.ones(overlaps.shape[1])
    spread: Array = np.where(known.any(axis=0), high - low, 0.0)
    return spread


def moments(spread: Array) -> list[int]:
    """Frames of the largest values, in order, not too near one another.

    >>> moments(np.array([0.0, 0.9, 1.0, 0.9] + [0.0] * 20 + [0.5]))
    [2, 24]
    """
    chosen: list[int] = []
    left = spread.copy()
    gap = max(1, -(-len(spread) // APART))
    while len(chosen) < MOMENTS and left.max() > 0:
        k = int(left.argmax())
        chosen.append(k)
        left[max(0, k - gap + 1) : k + gap] = 0
    return sorted(chosen)


def cut(moment: Moment, width: int, height: int) -> tuple[int, int, int, int]:
    """The part ``x y w h`` of an image to show: target and trackers, as far as these are not too far away."""
    around = _union(moment.truth)
    size = max(around[2], around[3] * SHAPE, 16) * WIDEST
    center = around[:2] + around[2:] / 2
    far = np.abs(moment.boxes[:, :2] + moment.boxes[:, 2:] / 2 - center).max(axis=1)
    near = moment.boxes[far < size]  # NaN is not
    around = _union(np.array([*moment.truth, *near]))
    wide = min(max(around[2] * MARGIN, around[3] * MARGIN * SHAPE, width / 4), width, height * SHAPE)
    wide, high = round(wide), round(wide / SHAPE)
    x, y = around[:2] + around[2:] / 2 - (wide / 2, high / 2)
    return int(min(max(x, 0), width - wide)), int(min(max(y, 0), height - high)), wide, min(high, height)


def _union(boxes: Array) -> Array:
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + np.maximum(boxes[:, 2:], 0)).max(axis=0)
    return np.concatenate([low, high - low])


def _rounded(box: Array) -> list[float] | None:
    return [round(float(value), 1) for value in box] if np.isfinite(box).all() else None


def picture_bytes(image: Any) -> bytes:
    """A small JPEG of an image (H, W, 3)."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.thumbnail((WIDTH, WIDTH))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
