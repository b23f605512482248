"""What ``score`` prints: rows for machines and tables for people, from one Evaluation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from rgbtbench import __version__
from rgbtbench.core.identity import truth_digest
from rgbtbench.core.protocol import Measure
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.scoring.evaluation import ALL, Evaluation
from rgbtbench.scoring.frames import REPEATED, Score, score_rows

from .tables import Table, marked, number, spanned

__all__ = [
    "BREAKDOWNS",
    "HTML",
    "REPEATED",
    "SMALL",
    "CurvePoint",
    "Score",
    "attributes_of",
    "curve_points",
    "score_rows",
    "score_tables",
]
BREAKDOWNS = ("overall", "attribute", "sequence", "pair")
HTML = "html"  # a format, and its breakdown: every attribute that the benchmarks' files tell
SMALL = 10  # sequences: rows over fewer are flagged


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Share of hits in percent at one threshold."""

    dataset: str
    split: str
    tracker: str
    metric: str
    attribute: str
    sequence: str
    threshold: float
    value: float


def attributes_of(benchmark: Benchmark, by: str, chosen: Collection[str] | None = None) -> tuple[str, ...]:
    """The rows of a table: chosen attributes, all of them, or every two together."""
    if chosen is not None:
        return tuple(dict.fromkeys(map(benchmark.spec.attribute, chosen)))
    if by == HTML and benchmark.labels is None:
        return ()  # a page is worth having without them
    names = tuple(benchmark.spec.attributes)
    pairs = benchmark.pairs() if by == "pair" else ()
    return {"attribute": names, HTML: names, "pair": (*names, *pairs)}.get(by, ())


def curve_points(evaluation: Evaluation, by: str) -> Iterator[CurvePoint]:
    """Every point of every curve."""
    benchmark = evaluation.benchmark
    for measure in evaluation.measures:
        curves, single = evaluation.curve(measure) * 100, evaluation.curves[measure.name] * 100
        for k, tracker in enumerate(evaluation.trackers):
            point = partial(
                CurvePoint,
                dataset=benchmark.spec.name,
                split=benchmark.split_label,
                tracker=tracker,
                metric=measure.name,
            )
            lines = [(name, "", curves[k, a]) for a, name in enumerate(evaluation.attributes)]
            if by == "sequence":
                lines += [(ALL, name, single[k, s]) for s, name in enumerate(benchmark.names)]
            for attribute, sequence, line in lines:
                for threshold, value in zip(measure.thresholds, line.tolist(), strict=True):
                    yield point(attribute=attribute, sequence=sequence, threshold=threshold, value=value)


def score_tables(evaluation: Evaluation, rows: list[Score], by: str) -> list[Table]:
    """The leaderboard, and under it one table per metric with a row per attribute or sequence."""
    ranking = _ranking(evaluation)
    tables = [_leaderboard(evaluation, rows, ranking)]
    title = evaluation.benchmark.title
    if by != "overall":
        tables += [_breakdown(title, rows, measure, by, ranking) for measure in evaluation.measures]
    return tables


def _ranking(evaluation: Evaluation) -> list[str]:
    """Trackers by the last metric (SR), best first; those with gaps last."""
    scores = evaluation.scores(evaluation.measures[-1])[:, 0]
    order = np.argsort(-np.nan_to_num(scores, nan=-1.0), kind="stable")
    return [evaluation.trackers[k] for k in order]


def _leaderboard(evaluation: Evaluation, rows: list[Score], ranking: list[str]) -> Table:
    benchmark, missing = evaluation.benchmark, evaluation.missing
    cells = {(row.tracker, row.metric): row for row in rows if row.attribute == ALL and not row.sequence}
    body, grid = [], []
    for tracker in ranking:
        own = [cells[tracker, measure.name] for measure in evaluation.measures]
        grid.append([cell.value for cell in own])
        shown = (spanned(c.value, c.low, c.high, c.std) for c in own)
        scored = len(benchmark.names) - len(missing.get(tracker, ()))
        body.append((tracker, *shown, f"{scored} of {len(benchmark.names)}" if tracker in missing else str(scored)))
    best, second = marked(np.array(grid), axis=0)
    names = tuple(m.name if m.published else f"{m.name} (our extension)" for m in evaluation.measures)
    return Table(
        title=f"{benchmark.title}: {len(benchmark.names)} sequences, {int(evaluation.frames.sum()):,} frames; "
        "percent [95 % interval]",
        header=("tracker", *names, "sequences"),
        rows=tuple(body),
        note=_repeats(evaluation),
        provenance=f"truth {truth_digest(benchmark.names, benchmark.lengths, benchmark.truth)[:12]}, "
        f"rgbtbench {__version__}",
        best=best,
        second=second,
    )


def _repeats(evaluation: Evaluation) -> str:
    counts = [f"{name}: {n}" for name, n in zip(evaluation.trackers, evaluation.repeats, strict=True) if n > 1]
    return f"mean ± standard deviation over repeats ({', '.join(counts)})" if counts else ""


def _breakdown(title: str, rows: list[Score], measure: Measure, by: str, ranking: list[str]) -> Table:
    chosen = [row for row in rows if row.metric == measure.name and bool(row.sequence) == (by == "sequence")]
    cells = {(row.sequence or row.attribute, row.tracker): row for row in chosen}
    keys = list(dict.fromkeys(key for key, _ in cells))
    grid = np.array([[cells[key, tracker].value for tracker in ranking] for key in keys])
    sizes = [cells[key, ranking[0]] for key in keys]
    best, second = marked(grid, axis=1)
    flags = [by != "sequence" and size.sequences < SMALL for size in sizes]
    return Table(
        title=f"{title}: {measure.name} by {by}",
        header=(by, *ranking, "frames" if by == "sequence" else "sequences"),
        rows=tuple(
            (key, *map(number, line), f"{size.frames if by == 'sequence' else size.sequences}{'*' if small else ''}")
            for key, line, size, small in zip(keys, grid.tolist(), sizes, flags, strict=True)
        ),
        note=f"* fewer than {SMALL} sequences: a single one moves the score by points" if any(flags) else "",
        best=best,
        second=second,
    )
