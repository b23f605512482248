"""Boxes: the layouts found in files, overlap, and centre error. Pure NumPy, float64.

A box is ``x y w h`` in pixels, (x, y) the top left corner, exactly as annotated. Sources: docs/scoring.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .errors import ResultError, unknown

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def starts(lengths: Index) -> Index:
    """Index of each sequence's first frame, where frames of all sequences lie one after another."""
    first: Index = np.cumsum(lengths) - lengths
    return first


def _ltrb(b: Array) -> Array:
    return np.stack([b[:, 0], b[:, 1], b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]], axis=1)


def _cxcywh(b: Array) -> Array:
    return np.stack([b[:, 0] - b[:, 2] / 2, b[:, 1] - b[:, 3] / 2, b[:, 2], b[:, 3]], axis=1)


def _corners(b: Array) -> Array:
    return np.stack([b[:, 0], b[:, 1], b[:, 2] - b[:, 0], b[:, 5] - b[:, 1]], axis=1)


def _polygon(b: Array) -> Array:
    x, y = b[:, 0::2], b[:, 1::2]
    left, top = x.min(axis=1), y.min(axis=1)
    return np.stack([left, top, x.max(axis=1) - left, y.max(axis=1) - top], axis=1)


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of writing a box in a row of numbers."""

    columns: int
    to_xywh: Callable[[Array], Array]
    meaning: str
    rounded: bool = False  # by the toolkits, to whole pixels


LAYOUTS = {
    "xywh": Layout(4, lambda b: b, "left top width height"),
    "ltrb": Layout(4, _ltrb, "left top right bottom"),
    "cxcywh": Layout(4, _cxcywh, "centre-x centre-y width height"),
    "corners": Layout(8, _corners, "x1 y1 x2 y1 x2 y2 x1 y2, clockwise from top left", rounded=True),
    "polygon": Layout(8, _polygon, "four corners in any order; the box around them", rounded=True),
    "first-of-two": Layout(8, lambda b: b[:, :4], "two boxes x y w h side by side, the first (visible) is taken"),
    "second-of-two": Layout(8, lambda b: b[:, 4:], "two boxes x y w h side by side, the second (thermal) is taken"),
}
DEFAULT_LAYOUT = {4: "xywh", 8: "corners"}  # by number of columns, as every toolkit reads them


@dataclass(frozen=True, slots=True)
class Offset:
    """What is added to x and y, and to w and h, in pixels, and what is wrong without it."""

    place: float
    size: float
    meaning: str


OFFSETS = {
    "inclusive": Offset(0, 1, "right = left + width - 1: sizes are 1 px too small"),
    "oversize": Offset(0, -1, "sizes are 1 px too large"),
    "one-based": Offset(-1, 0, "the first pixel is 1: boxes are 1 px too far right and down"),
    "half-more": Offset(-0.5, 0, "boxes are 0.5 px too far right and down"),
    "half-less": Offset(0.5, 0, "boxes are 0.5 px too far left and up"),
    "one-less": Offset(1, 0, "boxes are 1 px too far left and up"),
}
FIRST_ROWS = {  # what is done to row 1, and when
    "first-missing": "row 1 belongs to frame 2: the given box is put before it",
    "first-twice": "rows 1 and 2 both belong to frame 1: row 1 is dropped",
    "first-given": "row 1 is the given box in another layout: the given box takes its place",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows of numbers become boxes: a layout, what is added to it, and what row 1 is.

    ``layout``: an entry of LAYOUTS, None for what every toolkit takes: ``xywh`` for 4 columns, ``corners`` for 8.
    ``offsets``: entries of OFFSETS. ``first``: an entry of FIRST_ROWS or None.
    """

    layout: str | None = None
    offsets: tuple[str, ...] = ()
    first: str | None = None

    @property
    def offset(self) -> tuple[float, float, float, float]:
        """Pixels added to x, y, w, h."""
        place, size = (sum(getattr(OFFSETS[word], part) for word in self.offsets) for part in ("place", "size"))
        return place, place, size, size

    def boxes(self, rows: Array, *, round_corners: bool) -> Array:
        """Rows (N, C) to boxes (N, 4) ``x y w h``; corners are rounded after the subtraction if ``round_corners``.

        Raises ResultError if the layout has another number of columns.
        """
        chosen = LAYOUTS[self.layout or DEFAULT_LAYOUT[rows.shape[1]]]
        if rows.shape[1] != chosen.columns:
            raise ResultError(
                "wrong number of columns for this layout",
                expected=f"{chosen.columns} ({chosen.meaning})",
                found=rows.shape[1],
                next="rgbtbench list boxes",
            )
        boxes = chosen.to_xywh(rows)
        if self.offsets:
            boxes = boxes + self.offset
        return round_half_away(boxes) if round_corners and chosen.rounded else boxes

    def start(self, given: Array) -> Array | None:
        """The box that takes the place of VOT's code for it, unless ``first-missing`` puts it there."""
        return None if self.first == "first-missing" else given

    def aligned(self, boxes: Array, given: Array) -> Array:
        """Boxes (N, 4) with row 1 at frame 1; ``given`` (4,) is the box that the tracker started from."""
        if self.first == "first-missing":
            return np.concatenate([given[None], boxes])
        if self.first == "first-twice":
            return boxes[1:]
        return np.concatenate([given[None], boxes[1:]]) if self.first else boxes


@lru_cache(maxsize=64)
def reading(text: str | None) -> Reading:
    """Parse ``LAYOUT``, ``LAYOUT+CHANGE+...`` or ``CHANGE``, such as ``ltrb+inclusive``; None: as toolkits read.

    Raises ConfigError for a word that is in none of LAYOUTS, OFFSETS and FIRST_ROWS, and for two of a kind.

    >>> reading("ltrb+inclusive+one-based")
    Reading(layout='ltrb', offsets=('inclusive', 'one-based'), first=None)
    """
    words = [word.strip().lower() for word in text.split("+")] if text else []
    known = (*LAYOUTS, *OFFSETS, *FIRST_ROWS)
    if odd := [word for word in words if word not in known]:
        raise unknown("box layout", odd[0], known, next="rgbtbench list boxes")
    layouts, firsts = ([word for word in words if word in table] for table in (LAYOUTS, FIRST_ROWS))
    if len(layouts) > 1 or len(firsts) > 1 or len(set(words)) < len(words):
        raise unknown("combination of box layouts", str(text), known, next="rgbtbench list boxes")
    offsets = tuple(word for word in words if word in OFFSETS)
    return Reading(next(iter(layouts), None), offsets, next(iter(firsts), None))


def to_corners(boxes: Array) -> Array:
    """(N, 4) ``x y w h`` to (N, 8) corners, clockwise from top left, without the +1 some kits add."""
    x, y = boxes[:, 0], boxes[:, 1]
    right, bottom = x + boxes[:, 2], y + boxes[:, 3]
    return np.stack([x, y, right, y, right, bottom, x, bottom], axis=1)


def by_columns(boxes: Array) -> Array:
    """The same (..., 4) boxes with each column contiguous in memory: arithmetic on columns is 3 times as fast."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(boxes, -1, 0)), 0, -1)


def round_half_away(values: Array) -> Array:
    """Round as MATLAB does, halves away from zero (NumPy rounds halves to even).

    >>> round_half_away(np.array([0.5, 1.5, -2.5, 0.49999999999999994])).tolist()
    [1.0, 2.0, -3.0, 0.0]
    """
    whole = np.trunc(values)
    rounded: Array = whole + np.where(np.abs(values - whole) >= 0.5, np.sign(values), 0.0)
    return rounded


def overlap(result: Array, truth: Array) -> Array:
    """Intersection over union of (..., 4) boxes, in [0, 1]; NaN where neither has an area.

    The -1 and +1 cancel on paper. They stay because they decide ties to the last bit (the toolkits' order).

    >>> overlap(np.array([0.0, 0, 10, 10]), np.array([5.0, 0, 10, 10])).round(6).item()
    0.333333
    """
    left, top, width, height = np.moveaxis(result, -1, 0)
    g_left, g_top, g_width, g_height = np.moveaxis(truth, -1, 0)
    across = np.minimum(left + width - 1, g_left + g_width - 1) - np.maximum(left, g_left) + 1
    down = np.minimum(top + height - 1, g_top + g_height - 1) - np.maximum(top, g_top) + 1
    shared = np.maximum(0, across) * np.maximum(0, down)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio: Array = shared / (width * height + g_width * g_height - shared)
    return ratio


def centers(boxes: Array, *, inclusive: bool) -> Array:
    """Centres (..., 2) of (..., 4) boxes: ``x + (w-1)/2`` if pixel indices are inclusive, else ``x + w/2``."""
    center: Array = boxes[..., :2] + (boxes[..., 2:] - inclusive) / 2
    return center


def center_error(result: Array, truth: Array, *, inclusive: bool) -> Array:
    """Euclidean distance in pixels between the centres of (..., 4) boxes."""
    off = centers(result, inclusive=inclusive) - centers(truth, inclusive=inclusive)
    with np.errstate(over="ignore", invalid="ignore"):
        distance: Array = np.sqrt(off[..., 0] ** 2 + off[..., 1] ** 2)
    return distance


def normalized_error(result: Array, truth: Array, *, inclusive: bool) -> Array:
    """Centre distance in units of the truth's width and height (each centre is divided first, then subtracted)."""
    size = truth[..., 2:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        off = centers(result, inclusive=inclusive) / size - centers(truth, inclusive=inclusive) / size
        distance: Array = np.sqrt(off[..., 0] ** 2 + off[..., 1] ** 2)
    return distance
