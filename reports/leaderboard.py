"""Ranks with their uncertainty: trackers that paired differences do not tell apart share a range of ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rgbtbench.results.published.sources import SOURCES, cells, facts
from rgbtbench.scoring.evaluation import ALL, Evaluation
from rgbtbench.scoring.pairs import rank_ranges

from .columns import About, about, known, shown
from .inputs import Entry
from .records import several
from .scores import REPEATED, Score, score_rows
from .tables import GAP, Table, marked, spanned

OURS = (SOURCES["measured"], SOURCES["scored"])


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tracker's score in percent and the ranks it may have; None for printed ones, which tell no interval.

    ``others``: what else is in print for this cell. ``missing``: sequences without results. ``std``: standard deviation
    over the ``repeats``. ``about``: what columns.py knows of the tracker.
    """

    dataset: str
    split: str
    tracker: str
    metric: str
    attribute: str
    rank: int | None
    rank_high: int | None
    value: float
    low: float
    high: float
    sequences: int | None
    missing: int
    source: str
    reference: str
    others: str = ""
    repeats: int = field(default=1, metadata=REPEATED)
    std: float = field(default=math.nan, metadata=REPEATED)
    about: About = field(default_factory=dict, metadata=several(known))

    @property
    def title(self) -> str:
        """The benchmark's, such as ``LasHeR test``."""
        return f"{self.dataset} {self.split}".strip()


def ranked(evaluation: Evaluation, entries: Iterable[Entry]) -> list[Ranked]:
    """Every tracker, metric and attribute of an evaluation."""
    scores = score_rows(evaluation, "overall")
    by_label = {entry.label: entry for entry in entries}
    abouts = {name: about(facts(name), by_label[name]) for name in evaluation.trackers}
    gaps = {label: len(names) for label, names in evaluation.missing.items()}
    cells: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        cells.setdefault((score.metric, score.attribute), []).append(score)
    ranges = {
        (measure.name, attribute): ranks
        for measure in evaluation.measures
        for attribute, ranks in zip(evaluation.attributes, rank_ranges(evaluation, measure), strict=True)
    }
    rows = []
    for cell, same in cells.items():
        for score, ranks in zip(same, ranges[cell], strict=True):
            entry = by_label[score.tracker]
            best, worst = ranks or (None, None)
            rows.append(
                Ranked(
                    dataset=score.dataset,
                    split=score.split,
                    tracker=score.tracker,
                    metric=score.metric,
                    attribute=score.attribute,
                    rank=best,
                    rank_high=worst,
                    value=score.value,
                    low=score.low,
                    high=score.high,
                    sequences=score.sequences,
                    missing=gaps.get(score.tracker, 0),
                    source=SOURCES[entry.source],
                    reference=entry.origin.name,
                    repeats=score.repeats,
                    std=score.std,
                    about=abouts[score.tracker],
                )
            )
    return rows


def printed_rows(dataset: str, split: str, metric: str, *, untrusted: bool = False) -> list[Ranked]:
    """Printed scores of a benchmark, best first, where others print something else that too."""
    rows = []
    for (tracker, measured), cell in cells(dataset, split, untrusted=untrusted).items():
        if measured == metric:
            rows.append(
                Ranked(
                    dataset=dataset,
                    split=split,
                    tracker=tracker,
                    metric=metric,
                    attribute=ALL,
                    rank=None,
                    rank_high=None,
                    value=float(cell.best.value),
                    low=math.nan,
                    high=math.nan,
                    sequences=None,
                    missing=0,
                    source=SOURCES[cell.best.source],
                    reference=cell.best.reference,
                    others=", ".join(dict.fromkeys(entry.value for entry in cell.others)),
                    about=about(facts(tracker, untrusted=untrusted)),
                )
            )
    return sorted(rows, key=lambda row: (-row.value, row.tracker))


def rank_tables(rows: Sequence[Ranked]) -> list[Table]:
    """Ranks of one benchmark: a table per metric, a row per attribute."""
    tables = []
    for metric in dict.fromkeys(row.metric for row in rows):
        cells = {(row.attribute, row.tracker): row for row in rows if row.metric == metric}
        attributes = list(dict.fromkeys(attribute for attribute, _ in cells))
        names = sorted({tracker for _, tracker in cells}, key=lambda name: _order(cells[ALL, name]))
        body = [
            (a, *(_ranks(cells[a, name]) for name in names), str(max(cells[a, n].sequences or 0 for n in names)))
            for a in attributes
        ]
        first = {(r, c + 1) for r, a in enumerate(attributes) for c, n in enumerate(names) if cells[a, n].rank == 1}
        tables.append(
            Table(
                title=f"{rows[0].title}, {metric}: ranks; a range where paired differences leave it open",
                header=("attribute", *names, "sequences"),
                rows=tuple(body),
                best=frozenset(first),
            )
        )
    return tables


def _ranks(row: Ranked) -> str:
    if row.rank is None:
        return GAP
    return str(row.rank) if row.rank == row.rank_high else f"{row.rank}-{row.rank_high}"


def _order(row: Ranked) -> tuple[float, str]:
    return -(row.value if not math.isnan(row.value) else -1.0), row.tracker


def board(rows: Sequence[Ranked]) -> Table:
    """One row per tracker, two columns per benchmark; those on most benchmarks and with best ranks first.

    Printed numbers and measured ones of the same tracker are two rows, each with its sources.
    """
    benchmarks = list(dict.fromkeys(row.title for row in rows))
    by_tracker: dict[tuple[str, str], dict[str, Ranked]] = {}
    for row in rows:
        kind = row.source if row.source in OURS else "printed"
        by_tracker.setdefault((row.tracker, kind), {})[row.title] = row
    columns = known(row.about for row in rows)
    body, grid = [], []
    for tracker, kind in sorted(by_tracker, key=lambda key: _place(by_tracker[key], benchmarks)):
        own = by_tracker[tracker, kind]
        scores = [text for title in benchmarks for text in _shown(own.get(title))]
        texts = [shown(row.about) for row in own.values()]
        more = [", ".join(dict.fromkeys(t[c.key] for t in texts if c.key in t)) or GAP for c in columns]
        place = mean_rank(own.values()), f"{len(own)} of {len(benchmarks)}"
        body.append((tracker, *scores, *place, *more, _sources(own)))
        scored = [own[t].value if t in own and own[t].rank is not None else math.nan for t in benchmarks]
        grid.append([value for score in scored for value in (score, math.nan)])
    best, second = marked(np.array(grid), axis=0)
    metric = rows[0].metric
    tail = ("mean rank", "benchmarks", *(column.title for column in columns), "source")
    notes = ["ranks and marks are of what is scored here; a range where paired differences leave it open; – none"]
    notes += ["(also ...): what others print"] if any(row.others for row in rows) else []
    notes += [
        f"{r.tracker}, {r.title}: mean ± standard deviation of {r.repeats} repeats" for r in rows if r.repeats > 1
    ]
    notes += [f"{r.tracker}, {r.title}: {r.missing} sequences missing" for r in rows if r.missing]
    return Table(
        title=f"Leaderboard by {metric}, percent",
        header=("tracker", *([metric, "rank"] * len(benchmarks)), *tail),
        rows=tuple(body),
        note="\n".join(notes),
        best=best,
        second=second,
        groups=("", *(title for title in benchmarks for _ in range(2)), *("" for _ in tail)),
    )


def _sources(own: Mapping[str, Ranked]) -> str:
    """Who says the numbers of a row; with the benchmarks, if not all are of one source."""
    sources: dict[str, list[str]] = {}
    for title, row in own.items():
        sources.setdefault(row.source, []).append(title)
    several = len(sources) > 1
    return "; ".join(f"{source} ({', '.join(titles)})" if several else source for source, titles in sources.items())


def mean_rank(rows: Iterable[Ranked]) -> str:
    """The mean of the middles of the ranks, a gap where there are none."""
    middles = [(row.rank + row.rank_high) / 2 for row in rows if row.rank and row.rank_high]
    return f"{sum(middles) / len(middles):.1f}" if middles else GAP


def _place(own: dict[str, Ranked], benchmarks: Sequence[str]) -> tuple[object, ...]:
    scored = [row for row in own.values() if row.rank is not None]
    mean = float(mean_rank(scored)) if scored else math.inf
    values = [-own[t].value if t in own and not math.isnan(own[t].value) else 0.0 for t in benchmarks]
    return -len(scored), mean, values, next(iter(own.values())).tracker


def _shown(row: Ranked | None) -> tuple[str, str]:
    if row is None:
        return GAP, GAP
    also = f" (also {row.others})" if row.others else ""
    return spanned(row.value, row.low, row.high, row.std) + also, _ranks(row)
