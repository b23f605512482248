"""A benchmark's scoring rules as data: no metric code ever asks which benchmark it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import unknown


def colon(step: float, count: int) -> tuple[float, ...]:
    """MATLAB's ``0:step:step*count``, bit for bit: it counts up in the first half and down from the end in the second.

    >>> colon(0.05, 20)[13], 13 * 0.05
    (0.6499999999999999, 0.65)
    """
    end = round(step * count, 9)
    return tuple(k * step if k <= count // 2 else end - (count - k) * step for k in range(count + 1))


SYNONYMS = {"auc": "sr", "success": "sr", "precision": "pr"}  # of one-pass evaluation (Wu et al., CVPR 2013)


def meant(name: str) -> str:
    """A metric's own name in small letters: papers also print SR, the area under the success curve, as AUC."""
    return SYNONYMS.get(name.lower(), name.lower())


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: what is measured in a frame, when that is a hit, and how its curve becomes a score."""

    name: str
    quantity: Literal["center", "normalized", "overlap"]
    hit: Literal["<", "<=", ">"]  # a frame is a hit at t if `quantity hit t`
    thresholds: tuple[float, ...]
    score: Literal["at", "mean", "trapezoid"]  # one threshold, mean of all values, or area under the curve
    at: int = 0  # index of the reported threshold, if score == "at"
    published: bool = True  # False: our extension by the same rule; no paper prints it for this benchmark

    def weights(self) -> NDArray[np.float64]:
        """Weights (T,) that turn a curve into its score: ``score = curve @ weights``."""
        grid = np.asarray(self.thresholds)
        if self.score == "at":
            chosen: NDArray[np.float64] = np.eye(len(grid))[self.at]
            return chosen
        if self.score == "mean":
            return np.full(len(grid), 1 / len(grid))
        steps = np.diff(grid, prepend=grid[0], append=grid[-1])
        area: NDArray[np.float64] = (steps[:-1] + steps[1:]) / 2
        return area


@dataclass(frozen=True, slots=True)
class Protocol:
    """How one benchmark is scored. Each quirk is a field; where it comes from is in docs/scoring.md."""

    measures: tuple[Measure, ...]
    average: Literal["sequence", "frame"] = "sequence"  # mean over sequences, or pooled over all their frames
    inclusive: bool = True  # centre at x + (w-1)/2 rather than x + w/2: cancels, but for the last bits
    first_frame: Literal["result", "truth"] = "result"  # whether row 1 is replaced by the truth
    round_corners: bool = True  # 8-column rows are rounded to whole pixels after the conversion to x y w h
    repair: bool = False  # rows 2..N with a NaN, w <= 0 or h <= 0 repeat the row before them
    border_is_invalid: bool = False  # truth with any of x y w h <= 0: a hit for errors, a miss for overlap
    one_short: tuple[str, ...] = ()  # sequences whose truth has a row too many: results with one less are compared

    def select(self, names: tuple[str, ...] | None) -> tuple[Measure, ...]:
        """Measures by name; without names those that papers print. Raises ConfigError for a name it does not have."""
        known = {measure.name.lower(): measure for measure in self.measures}
        if names is None:
            return tuple(m for m in self.measures if m.published)
        if odd := [name for name in names if meant(name) not in known]:
            raise unknown("metric", odd[0], [measure.name for measure in self.measures])
        return tuple(dict.fromkeys(known[meant(name)] for name in names))


NPR_GRID = tuple(k / 100 for k in range(51))
PR20 = Measure("PR", "center", "<=", tuple(float(k) for k in range(51)), "at", at=20)
NPR20 = Measure("NPR", "normalized", "<=", NPR_GRID, "at", at=20)
SR21 = Measure("SR", "overlap", ">", colon(0.05, 20), "mean")
