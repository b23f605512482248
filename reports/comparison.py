"""What ``compare`` prints: is one tracker better than another, or is it chance? And among many?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.statistics import holm, intervals, mean_ranks, paired_test

from .tables import GAP, Table, number


@dataclass(frozen=True, slots=True)
class Comparison:
    """First against second tracker in percent: difference with its paired 95 % interval, and p-values.

    ``p`` is that of a sign-flip test over sequences; ``p_holm`` is adjusted for the number of attributes of a metric
    (the overall row stands alone).
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


def compare_rows(evaluation: Evaluation) -> list[Comparison]:
    """One row per metric and attribute of an Evaluation of two trackers."""
    rows = []
    benchmark, has, weights = evaluation.benchmark, evaluation.has, evaluation.weights
    for measure in evaluation.measures:
        scores = evaluation.score(measure) * 100
        gain = np.subtract(*evaluation.values(measure)) * 100
        bounds = intervals(gain[None], weights)[0]
        p_values = paired_test(gain, weights)
        adjusted = np.concatenate([p_values[:1], holm(p_values[1:])])
        for a, attribute in enumerate(evaluation.attributes):
            head = (benchmark.spec.name, benchmark.split_label, measure.name, attribute)
            counts = (int(has[:, a].sum()), int(evaluation.frames[has[:, a]].sum()))
            found = (*scores[:, a], scores[0, a] - scores[1, a], *bounds[a], p_values[a], adjusted[a])
            first, second = evaluation.trackers
            rows.append(Comparison(*head, *counts, first, second, *map(float, found)))
    return rows


def compare_tables(evaluation: Evaluation, rows: list[Comparison]) -> list[Table]:
    """One table per metric."""
    tables = []
    for measure in evaluation.measures:
        body = []
        for row in (row for row in rows if row.metric == measure.name):
            span = f"[{number(row.low, sign=True)}, {number(row.high, sign=True)}]"
            gain = f"{number(row.difference, sign=True)} {span}"
            values = number(row.first_value), number(row.second_value)
            body.append((row.attribute, *values, gain, number(row.p, 4), number(row.p_holm, 4), str(row.sequences)))
        tables.append(
            Table(
                title=f"{evaluation.benchmark.title}, {measure.name}: percent, difference [95 % interval]",
                header=("attribute", *evaluation.trackers, "difference", "p", "p (Holm)", "sequences"),
                rows=tuple(body),
            )
        )
    return tables


@dataclass(frozen=True, slots=True)
class MeanRank:
    """One of at least three trackers: score in percent, and mean rank over the sequences that all of them have.

    ``p``: of Friedman's test that all are alike. ``alike``: trackers whose mean ranks are within Nemenyi's
    ``critical_difference`` at 5 %, which no test here tells apart from this one.
    """

    dataset: str
    split: str
    metric: str
    tracker: str
    value: float
    mean_rank: float
    critical_difference: float
    p: float
    sequences: int
    alike: str


def mean_rank_rows(evaluation: Evaluation) -> list[MeanRank]:
    """One row per metric and tracker, best mean rank first. Raises ConfigError for fewer than three trackers."""
    rows = []
    for measure in evaluation.measures:
        values = evaluation.values(measure)
        whole = ~np.isnan(values).any(axis=0)
        result = mean_ranks(values[:, whole])
        scores = evaluation.score(measure)[:, 0] * 100
        for k in np.argsort(result.ranks, kind="stable"):
            near = np.abs(result.ranks - result.ranks[k]) <= result.critical_difference
            rows.append(
                MeanRank(
                    dataset=evaluation.benchmark.spec.name,
                    split=evaluation.benchmark.split_label,
                    metric=measure.name,
                    tracker=evaluation.trackers[k],
                    value=float(scores[k]),
                    mean_rank=float(result.ranks[k]),
                    critical_difference=result.critical_difference,
                    p=result.p,
                    sequences=int(whole.sum()),
                    alike=", ".join(evaluation.trackers[other] for other in np.flatnonzero(near) if other != k),
                )
            )
    return rows


def mean_rank_tables(evaluation: Evaluation, rows: list[MeanRank]) -> list[Table]:
    """One table per metric."""
    tables = []
    for measure in evaluation.measures:
        own = [row for row in rows if row.metric == measure.name]
        first = own[0]
        tables.append(
            Table(
                title=f"{evaluation.benchmark.title}, {measure.name}: mean ranks over {first.sequences} sequences",
                header=("tracker", measure.name, "mean rank", "not told apart from"),
                rows=tuple((r.tracker, number(r.value), number(r.mean_rank, 2), r.alike or GAP) for r in own),
                note=f"all alike: p = {first.p:.2g} (Friedman); "
                f"mean ranks {number(first.critical_difference, 2)} apart differ at 5 % (Nemenyi)",
            )
        )
    return tables
