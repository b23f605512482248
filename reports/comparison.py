"""What ``compare`` prints: is one tracker better than another, or is it chance? And among many?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.pairs import Comparison, compare_all, compare_rows, level
from rgbtbench.scoring.statistics import mean_ranks

from .tables import GAP, Table, number, p_value

__all__ = [
    "Comparison",
    "MeanRank",
    "compare_all",
    "compare_rows",
    "compare_tables",
    "mean_rank_rows",
    "mean_rank_tables",
    "pair_tables",
]


def compare_tables(evaluation: Evaluation, rows: list[Comparison]) -> list[Table]:
    """One table per metric."""
    tables = []
    for measure in evaluation.measures:
        body = []
        for row in (row for row in rows if row.metric == measure.name):
            values = number(row.first_value), number(row.second_value)
            body.append((row.attribute, *values, *_told(row), str(row.sequences)))
        tables.append(
            Table(
                title=f"{evaluation.benchmark.title}, {measure.name}: percent, difference [95 % interval]",
                header=("attribute", *evaluation.trackers, *TOLD, "sequences"),
                rows=tuple(body),
            )
        )
    return tables


def pair_tables(evaluation: Evaluation, rows: list[Comparison]) -> list[Table]:
    """One table per metric and attribute: every two trackers."""
    tables = []
    for measure in evaluation.measures:
        for attribute in evaluation.attributes:
            own = [row for row in rows if (row.metric, row.attribute) == (measure.name, attribute)]
            tables.append(
                Table(
                    title=f"{evaluation.benchmark.title}, {measure.name}, {attribute}, "
                    f"{own[0].sequences} sequences: percent, difference [95 % interval]",
                    header=("first", "second", *TOLD),
                    rows=tuple((row.first, row.second, *_told(row)) for row in own),
                    note=f"p (Holm): for {len(own)} pairs",
                )
            )
    return tables


TOLD = ("difference", "wins / ties / losses", "p", "p (Holm)")


def _told(row: Comparison) -> tuple[str, ...]:
    gain = f"{number(row.difference, sign=True)} [{number(row.low, sign=True)}, {number(row.high, sign=True)}]"
    return gain, f"{row.wins} / {row.ties} / {row.losses}", p_value(row.p), p_value(row.p_holm)


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
        values = level(evaluation.values(measure))
        whole = ~np.isnan(values).any(axis=0)
        result = mean_ranks(values[:, whole])
        scores = evaluation.scores(measure)[:, 0] * 100
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
