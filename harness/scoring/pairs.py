"""Every two trackers of an Evaluation: who is better than whom, and the ranks that leaves open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rgbtbench.core.boxes import Array, Index
from rgbtbench.core.protocol import Measure

from .statistics import holm, intervals, paired_test

if TYPE_CHECKING:
    from .evaluation import Evaluation

DIGITS = 12  # of a sequence's score in [0, 1]: two that differ by less were added up in another order
EQUAL = 1e-9  # points: an interval that ends nearer to zero than this touches it


@dataclass(frozen=True, slots=True)
class Comparison:
    """First against second tracker in percent: difference with its paired 95 % interval, and p-values.

    ``p`` is that of a sign-flip test over sequences; ``p_holm`` is adjusted for the number of attributes of a metric
    (the overall row stands alone), or for the number of pairs where there are several. ``wins``, ``ties`` and
    ``losses``: on how many sequences the first is better, equal, worse.
    """

    dataset: str
    split: str
    metric: str
    attribute: str
    sequences: int
    frames: int
    first: str
    second: str
    first_value: float
    second_value: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    wins: int
    ties: int
    losses: int


def compare_rows(evaluation: Evaluation) -> list[Comparison]:
    """One row per metric and attribute of an Evaluation of two trackers; Holm's adjustment is over attributes."""
    rows = []
    for measure in evaluation.measures:
        p_values = paired_test(_gains(evaluation, measure), evaluation.weights)
        adjusted = np.column_stack([p_values[:, :1], [holm(row) for row in p_values[:, 1:]]])
        rows += _rows(evaluation, measure, p_values, adjusted)
    return rows


def compare_all(evaluation: Evaluation) -> list[Comparison]:
    """One row per metric, attribute and pair of trackers; Holm's adjustment is over the pairs."""
    rows = []
    for measure in evaluation.measures:
        p_values = paired_test(_gains(evaluation, measure), evaluation.weights)
        rows += _rows(evaluation, measure, p_values, np.column_stack([holm(column) for column in p_values.T]))
    return rows


def rank_ranges(evaluation: Evaluation, measure: Measure) -> list[list[tuple[int, int] | None]]:
    """Best and worst rank of each tracker, for each attribute: a list (A) of lists (K). None for gaps.

    A tracker stands below all those that are better by an interval of paired differences, and above all that are worse;
    the others it may change places with. A single sequence has no interval; there the value itself decides.
    """
    first, second = _pairs(evaluation)
    scores = evaluation.scores(measure) * 100
    bounds = intervals(_gains(evaluation, measure), evaluation.weights)
    alone = np.isnan(bounds) & ~np.isnan(scores[first] - scores[second])[..., None]
    bounds = np.where(alone, (scores[first] - scores[second])[..., None], bounds)
    better = np.zeros((len(scores), *scores.shape), dtype=bool)  # the first than the second, on each attribute
    better[first, second], better[second, first] = bounds[..., 0] > EQUAL, bounds[..., 1] < -EQUAL
    best, worst = 1 + better.sum(axis=0), (~np.isnan(scores)).sum(axis=0) - better.sum(axis=1)
    return [
        [None if math.isnan(scores[k, a]) else (int(best[k, a]), int(worst[k, a])) for k in range(len(scores))]
        for a in range(scores.shape[1])
    ]


def level(values: Array) -> Array:
    """Scores in [0, 1] without the last digits, which depend on the order of additions: ties are equal."""
    rounded: Array = values.round(DIGITS)
    return rounded


def _pairs(evaluation: Evaluation) -> tuple[Index, Index]:
    """First and second of every two trackers (P,)."""
    first, second = np.triu_indices(len(evaluation.trackers), 1)
    return first, second


def _gains(evaluation: Evaluation, measure: Measure) -> Array:
    """Paired differences (P, S) in percent."""
    first, second = _pairs(evaluation)
    values = evaluation.values(measure)
    gains: Array = (values[first] - values[second]) * 100
    return gains


def _rows(evaluation: Evaluation, measure: Measure, p_values: Array, adjusted: Array) -> list[Comparison]:
    """The rows of one metric; ``p_values`` and ``adjusted`` (P, A)."""
    benchmark, has = evaluation.benchmark, evaluation.has
    sequences, frames = has.sum(axis=0).tolist(), (evaluation.frames @ has).tolist()
    scores, gains = evaluation.scores(measure) * 100, _gains(evaluation, measure)
    bounds = intervals(gains, evaluation.weights)
    signs = np.nan_to_num(np.sign(level(gains / 100)), nan=2)  # a missing sequence is neither
    counts = [(signs == sign) @ has.astype(int) for sign in (1, 0, -1)]
    rows = []
    for p, (i, j) in enumerate(zip(*_pairs(evaluation), strict=True)):
        for a, attribute in enumerate(evaluation.attributes):
            wins, ties, losses = (int(count[p, a]) for count in counts)
            rows.append(
                Comparison(
                    dataset=benchmark.spec.name,
                    split=benchmark.split_label,
                    metric=measure.name,
                    attribute=attribute,
                    sequences=sequences[a],
                    frames=frames[a],
                    first=evaluation.trackers[i],
                    second=evaluation.trackers[j],
                    first_value=float(scores[i, a]),
                    second_value=float(scores[j, a]),
                    difference=float(scores[i, a] - scores[j, a]),
                    low=float(bounds[p, a, 0]),
                    high=float(bounds[p, a, 1]),
                    p=float(p_values[p, a]),
                    p_holm=float(adjusted[p, a]),
                    wins=wins,
                    ties=ties,
                    losses=losses,
                )
            )
    return rows
