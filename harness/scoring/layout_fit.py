"""The number of sequences in which a tracker's rows fit the truth, for each layout in which they may be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import DEFAULT_LAYOUT, LAYOUTS, Array, overlap, starts
from rgbtbench.datasets.benchmark import Benchmark

Flags = NDArray[np.bool_]

ROWS = 6  # of each sequence
FIRST = 0.7  # overlap of a first box that is the truth's, on an older truth too
BETTER = 0.15  # by which overlap must grow for another layout to be meant
FOLLOW = 0.3  # median overlap in rows 2 to 6 of a tracker that has not lost its target at once
SPELLED = {"xywh": "x y w h", "ltrb": "left top right bottom", "cxcywh": "centre-x centre-y w h"}
SWAPPED = {  # orders of columns that people write by mistake or from another library
    "xywh": ((1, 0, 3, 2), (1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0)),
    "ltrb": ((1, 0, 3, 2), (0, 2, 1, 3), (1, 3, 0, 2), (2, 3, 0, 1)),
    "cxcywh": ((1, 0, 3, 2),),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """One way to read the rows of S sequences.

    ``first`` (S,): the first box is the truth's; ``second`` (S,): overlap of row 2 with the truth; ``shared`` (S,):
    median overlap of rows 2 to 6. ``layout``: the entry of LAYOUTS that reads so, if there is one. ``known``: nothing
    in it was taken from the truth.
    """

    meaning: str
    first: Flags
    second: Array
    shared: Array
    layout: str | None = None
    known: bool = True

    @property
    def follow(self) -> Flags:
        """In which sequences rows 2 to 6 stay with the truth (S,)."""
        return self.shared > FOLLOW

    def beats(self, other: Fit) -> Flags:
        """In which sequences rows 2 to 6 stay with the truth, and far closer than the other fit has them (S,).

        Row 2 alone must be closer, too: a weak tracker drifts away, another layout jumps. What was fitted to the truth
        is always close: the other fit must have lost it.
        """
        if not self.known:
            return self.follow & ~other.follow & (other.second < FOLLOW)
        closer: Flags = (self.shared > other.shared + BETTER) & (self.second > other.second + BETTER)
        return self.follow & closer


@dataclass(frozen=True, slots=True)
class Sample:
    """The first K rows of all sequences with C columns, (S', K, C); shorter ones repeat their last row.

    ``truth`` (M, S', K, 4); ``at`` (S',) is the place of each among all S sequences.
    """

    rows: Array
    truth: Array
    at: NDArray[np.int64]
    count: int

    @property
    def usual(self) -> str:
        """The layout that every toolkit takes for these columns."""
        return DEFAULT_LAYOUT[self.rows.shape[-1]]

    def boxes(self, layout: str) -> Array:
        """The rows as boxes (S', K, 4)."""
        return self._boxes(layout, self.rows)

    def head(self, layout: str, columns: Sequence[int] | None = None) -> Array:
        """The first ROWS rows, or these columns of them, as boxes (S', ROWS, 4)."""
        rows = self.rows[:, :ROWS]
        return self._boxes(layout, rows if columns is None else rows[..., columns])

    @staticmethod
    def _boxes(layout: str, rows: Array) -> Array:
        return LAYOUTS[layout].to_xywh(rows.reshape(-1, rows.shape[-1])).reshape(*rows.shape[:2], 4)

    def fit(self, meaning: str, boxes: Array, layout: str | None = None) -> Fit:
        """How boxes (S', ROWS, 4) agree with the truth."""
        with np.errstate(all="ignore"):
            shared = np.nan_to_num(overlap(boxes, self.truth[:, :, :ROWS])).max(axis=0)
        first, (second, median) = np.zeros(self.count, dtype=bool), np.zeros((2, self.count))
        first[self.at] = shared[:, 0] > FIRST
        second[self.at] = shared[:, 1]
        median[self.at] = _median(shared[:, 1:], 1)
        return Fit(meaning, first, second, median, layout)


def sample(benchmark: Benchmark, rows: Mapping[str, Array], count: int) -> list[Sample]:
    """The first ``count`` rows of all sequences in ``rows`` (sequence -> (N, C)), one for each number of columns."""
    first = dict(zip(benchmark.names, zip(starts(benchmark.lengths), benchmark.lengths, strict=True), strict=True))
    grouped: dict[int, list[tuple[int, Array, Array]]] = {}
    for at, (name, found) in enumerate(rows.items()):
        start, length = first[name]
        chosen = np.minimum(np.arange(count), min(len(found), length) - 1)
        grouped.setdefault(found.shape[1], []).append((at, found[chosen], start + chosen))
    samples = []
    for group in grouped.values():
        places, picked, frames = zip(*group, strict=True)
        samples.append(Sample(np.stack(picked), benchmark.truth[:, np.stack(frames)], np.array(places), len(rows)))
    return samples


def usual(samples: list[Sample]) -> Fit:
    """The fit of the layouts that every toolkit takes."""
    fits = [part.fit(part.usual, part.head(part.usual)) for part in samples]
    parts = ("first", "second", "shared")
    first, second, shared = (np.max([getattr(fit, part) for fit in fits], axis=0) for part in parts)
    meaning = " or ".join(f"{part.usual} ({LAYOUTS[part.usual].meaning})" for part in samples)
    return Fit(meaning, first, second, shared, samples[0].usual)


def _median(values: Array, axis: int) -> Array:
    """The upper median; np.median would import numpy.ma, which takes longer than all the rest here."""
    middle: Array = np.take(np.sort(values, axis=axis), values.shape[axis] // 2, axis=axis)
    return middle


def jumps(samples: list[Sample]) -> float:
    """Share of sequences in which row 2, read as usual, is far from row 1: a new box, or a new format."""
    heads = np.concatenate([part.head(part.usual)[:, :2] for part in samples])
    with np.errstate(all="ignore"):
        return float((np.nan_to_num(overlap(heads[:, 1], heads[:, 0])) < FOLLOW).mean())


def others(samples: list[Sample]) -> Iterator[Fit]:
    """The fits of all other ways to read the rows: known layouts, images of another size, swapped columns."""
    for part in samples:
        names = [name for name, layout in LAYOUTS.items() if layout.columns == part.rows.shape[-1]]
        for name in names:
            if name != part.usual:
                yield part.fit(f"{name} ({LAYOUTS[name].meaning})", part.head(name), name)
        for name in names:
            yield from _resized(part, name)
        yield from _swapped(part)


def _resized(part: Sample, layout: str) -> Iterator[Fit]:
    """Boxes in images of another size: width and height give the scale, and the position proves it."""
    boxes = part.head(layout)
    with np.errstate(all="ignore"):
        scales = part.truth[0, :, :ROWS, 2:] / boxes[..., 2:]
        scales[:, 1:] = _median(scales[:, 1:], 1)[:, None]
    scales[~(np.isfinite(scales) & (scales > 0))] = 1.0
    typical = _median(scales[:, 1], 0)
    if np.abs(np.log(typical)).max() > 0.1:
        wide, high = 1 / typical
        size = f"in images of another size, {wide:.3g} times as wide and {high:.3g} times as high"
        how = "divided by the image's size (values from 0 to 1)" if typical.min() > 20 else size
        yield replace(part.fit(f"{layout} {how}", boxes * np.tile(scales, 2)), known=False)


def swaps(columns: int) -> list[tuple[str, str, list[int]]]:
    """Rows of so many columns in other orders: what they are, the layout, and which column stands where."""
    if columns == 4:
        return [
            (
                f"swapped columns ({' '.join(SPELLED[name].split()[column] for column in order)})",
                name,
                np.argsort(order).tolist(),
            )
            for name, orders in SWAPPED.items()
            for order in orders
        ]
    return [
        ("swapped columns (y before x)", "polygon", [1, 0, 3, 2, 5, 4, 7, 6]),
        ("xywh with decimal commas", "xywh", [0, 2, 4, 6]),
        *((f"two boxes side by side, each {SPELLED[name]}", name, [0, 1, 2, 3]) for name in ("ltrb", "cxcywh")),
    ]


def _swapped(part: Sample) -> Iterator[Fit]:
    for meaning, layout, order in swaps(part.rows.shape[-1]):
        yield part.fit(meaning, part.head(layout, order))
