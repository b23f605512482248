"""The authors' ``_time.txt``: seconds per frame beside their boxes, as pytracking and got10k write them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import BenchError, ResultError
from rgbtbench.files.rows import parse_rows

from .formats import ResultFiles

REPEATS = tuple(range(1, 33))  # columns: got10k writes one for each repeat
SECONDS = (1 / 2000, 10.0)  # per frame, on average; others are milliseconds, frames a second, or a total


def authors_fps(files: ResultFiles, lengths: Mapping[str, int]) -> float | None:
    """Frames a second over all sequences, the first frame of each left out, as their authors timed them.

    ``lengths``: frames by sequence. None where fewer than half of the sequences have what can be seconds per frame.
    """
    spans = [_span(files, name, length) for name, length in lengths.items() if name in files.times]
    known = [span for span in spans if span]
    if 2 * len(known) < len(files.paths) or not known:
        return None
    frames, seconds = np.sum(known, axis=0)
    return float(frames / seconds)


def _span(files: ResultFiles, name: str, length: int) -> tuple[int, float] | None:
    """Frames and seconds of a sequence; None for what is no row of seconds per frame."""
    path = files.times[name]
    try:
        rows = parse_rows(files.tree.read(path), files.tree.where(path), REPEATS, ResultError)
    except BenchError:
        return None
    if len(rows) not in (length, length - 1) or length < 3:
        return None
    spent: Array = rows[len(rows) - length + 1 :]  # without the first frame's, where it is there
    if not (np.isfinite(spent).all() and (spent > 0).all() and SECONDS[0] <= spent.mean() <= SECONDS[1]):
        return None
    if len(spent) > 9 and (np.diff(spent, axis=0) > 0).all():  # a clock, not a duration
        return None
    return spent.size, float(spent.sum())
