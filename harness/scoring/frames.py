"""Tidy tables of an Evaluation: one row per number, in percent, as rows of dataclasses or as a pandas DataFrame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import not_installed, unknown
from rgbtbench.core.protocol import Measure
from rgbtbench.core.terminal import visible

from .statistics import intervals

if TYPE_CHECKING:
    from pandas import DataFrame

    from .evaluation import Evaluation

By: TypeAlias = Literal["overall", "attribute", "sequence"]
REPEATED = {"teller": "repeats"}  # such a field is a column only if some tracker has repeats
COLUMNS: dict[str, tuple[str, ...]] = {
    "overall": ("tracker", "metric", "value", "low", "high", "std", "repeats", "sequences", "frames"),
    "attribute": ("tracker", "metric", "attribute", "value", "low", "high", "std", "repeats", "sequences", "frames"),
    "sequence": ("tracker", "metric", "sequence", "value", "repeats", "frames"),
}


@dataclass(frozen=True, slots=True)
class Score:
    """One score in percent with its 95 % bootstrap interval over sequences (NaN for a single sequence).

    ``std``: standard deviation over the ``repeats`` whose mean this is, NaN for a single run or sequence.
    """

    dataset: str
    split: str
    tracker: str
    metric: str
    attribute: str
    sequence: str  # '' in rows over many sequences
    sequences: int
    frames: int
    value: float
    low: float
    high: float
    repeats: int = field(default=1, metadata=REPEATED)
    std: float = field(default=math.nan, metadata=REPEATED)


def score_rows(evaluation: Evaluation, by: str) -> list[Score]:
    """One row per tracker, metric and attribute, and with ``by="sequence"`` one per sequence."""
    rows = []
    benchmark, has = evaluation.benchmark, evaluation.has
    counts, frames = has.sum(axis=0).tolist(), (evaluation.frames @ has).tolist()
    bounds = _intervals(evaluation)
    for k, tracker in enumerate(evaluation.trackers):
        for measure, bound in zip(evaluation.measures, bounds, strict=True):
            row = partial(
                Score,
                dataset=benchmark.spec.name,
                split=benchmark.split_label,
                tracker=tracker,
                metric=measure.name,
                repeats=evaluation.repeats[k],
            )
            spread = evaluation.spread[measure.name][k] * 100
            spans = zip(evaluation.scores(measure)[k] * 100, *bound[k].T * 100, spread, strict=True)
            for attribute, n, f, span in zip(evaluation.attributes, counts, frames, spans, strict=True):
                value, low, high, std = map(float, span)
                about = partial(row, attribute=attribute, sequence="", sequences=n, frames=f)
                rows.append(about(value=value, low=low, high=high, std=std))
            if by == "sequence":
                values = (evaluation.values(measure)[k] * 100).tolist()
                whole = evaluation.attributes[0]
                for name, f, value in zip(benchmark.names, evaluation.frames.tolist(), values, strict=True):
                    about = partial(row, attribute=whole, sequence=name, sequences=1, frames=f)
                    rows.append(about(value=value, low=math.nan, high=math.nan))
    return rows


def _intervals(evaluation: Evaluation) -> list[Array]:
    """(K, A, 2) for each metric; one call for all of them, so they share their draws and their cost."""
    stacked = np.concatenate([evaluation.values(measure) for measure in evaluation.measures])
    return np.split(intervals(stacked, evaluation.weights), len(evaluation.measures))


def frame(evaluation: Evaluation, by: str) -> DataFrame:
    """See ``Evaluation.to_frame``."""
    if by not in COLUMNS:
        raise unknown("breakdown", by, COLUMNS)
    try:
        from pandas import DataFrame
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    rows = [row for row in score_rows(evaluation, by) if bool(row.sequence) == (by == "sequence")]
    if by == "overall":
        rows = [row for row in rows if row.attribute == evaluation.attributes[0]]
    return DataFrame([asdict(row) for row in rows], columns=list(COLUMNS[by]))


def overall_html(evaluation: Evaluation) -> str:
    """The overall table, best tracker first, for notebooks. Names are strangers': shown as text."""
    rows = [row for row in score_rows(evaluation, "overall") if row.attribute == evaluation.attributes[0]]
    last: Measure = evaluation.measures[-1]
    order = sorted((row for row in rows if row.metric == last.name), key=lambda row: -np.nan_to_num(row.value, nan=-1))
    cells = {(row.tracker, row.metric): row for row in rows}
    names = [measure.name for measure in evaluation.measures]
    body = [(best.tracker, *(_shown(cells[best.tracker, name]) for name in names)) for best in order]
    lines = [_line(("tracker", *names), "th"), *(_line(row, "td") for row in body)]
    return f"<table><caption>{_safe(f'{evaluation.title}; percent [95 % interval]')}</caption>{''.join(lines)}</table>"


def _shown(score: Score) -> str:
    if math.isnan(score.value):
        return "–"
    std = "" if math.isnan(score.std) else f" ± {score.std:.1f}"
    return f"{score.value:.1f}{std}" + ("" if math.isnan(score.low) else f" [{score.low:.1f}, {score.high:.1f}]")


def _line(cells: Iterable[str], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{_safe(cell)}</{kind}>' for cell in cells)}</tr>"


def _safe(text: Any) -> str:
    from html import escape  # not what scripts wait for

    return escape(visible(str(text)))
