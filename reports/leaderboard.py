"""Ranks with what is not known about them: trackers whose intervals overlap share a range of ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from rgbtbench.results.published.sources import SOURCES, cells, facts
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .inputs import Entry
from .records import optional
from .scores import REPEATED, Score, score_rows
from .tables import GAP, Table, marked, number, spanned

HERE, AUTHORS = "here", "authors' files"  # who says how fast a tracker is


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tracker's score in percent and the ranks it may have; None for printed ones, which tell no interval.

    ``others``: what else is in print for this cell. ``missing``: sequences without results. ``std``: standard deviation
    over the ``repeats``. ``fps``: frames a second, ``fps_by`` whom: measured here, or by the authors' files.
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
    year: str
    reference: str
    others: str = ""
    repeats: int = field(default=1, metadata=REPEATED)
    std: float = field(default=math.nan, metadata=REPEATED)
    fps: float = field(default=math.nan, metadata=optional("fps_by"))
    fps_by: str = field(default="", metadata=optional("fps_by"))

    @property
    def title(self) -> str:
        """The benchmark's, such as ``LasHeR test``."""
        return f"{self.dataset} {self.split}".strip()


def rank_ranges(bounds: Sequence[tuple[float, float]]) -> list[tuple[int, int] | None]:
    """Best and worst rank of each interval: it may change places with whatever it overlaps. None for gaps.

    >>> rank_ranges([(60, 62), (50, 54), (53, 57), (10, 20), (math.nan, math.nan)])
    [(1, 1), (2, 3), (2, 3), (4, 4), None]
    """
    known = [bound for bound in bounds if not math.isnan(bound[0])]
    found: list[tuple[int, int] | None] = []
    for low, high in bounds:
        above, below = sum(other[0] > high for other in known), sum(other[1] < low for other in known)
        found.append(None if math.isnan(low) else (above + 1, len(known) - below))
    return found


def ranked(evaluation: Evaluation, entries: Iterable[Entry]) -> list[Ranked]:
    """Every tracker, metric and attribute of an evaluation."""
    scores = score_rows(evaluation, "overall")
    about = {entry.label: entry for entry in entries}
    speeds = {name: _speed(about[name]) for name in evaluation.trackers}
    gaps = {label: len(names) for label, names in evaluation.missing.items()}
    cells: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        cells.setdefault((score.metric, score.attribute), []).append(score)
    rows = []
    for found in cells.values():
        for score, ranks in zip(found, rank_ranges([_bounds(s) for s in found]), strict=True):
            entry = about[score.tracker]
            head = (score.dataset, score.split, score.tracker, score.metric, score.attribute)
            year = str(entry.year or facts(score.tracker).year)
            told = (score.sequences, gaps.get(score.tracker, 0), SOURCES[entry.source], year, entry.origin.name)
            best, worst = ranks or (None, None)
            more = ("", score.repeats, score.std, *speeds[score.tracker])
            rows.append(Ranked(*head, best, worst, score.value, score.low, score.high, *told, *more))
    return rows


def _speed(entry: Entry) -> tuple[float, str]:
    """Frames a second and who says so; NaN and '' where nobody does."""
    if (fps := entry.fps()) is not None:
        return fps, HERE
    authors = entry.authors_fps()
    return (math.nan, "") if authors is None else (authors, AUTHORS)


def _bounds(score: Score) -> tuple[float, float]:
    """The interval, or where a single sequence has none the value itself."""
    return (score.value, score.value) if math.isnan(score.low) else (score.low, score.high)


def printed_rows(dataset: str, split: str, metric: str, *, untrusted: bool = False) -> list[Ranked]:
    """Printed scores of a benchmark, best first, where others print something else that too."""
    rows = []
    for (tracker, measured), cell in cells(dataset, split, untrusted=untrusted).items():
        if measured == metric:
            value, none = float(cell.best.value), math.nan
            others = ", ".join(dict.fromkeys(entry.value for entry in cell.others))
            told = (None, 0, SOURCES[cell.best.source], facts(tracker, untrusted=untrusted).year, cell.best.reference)
            rows.append(Ranked(dataset, split, tracker, metric, ALL, None, None, value, none, none, *told, others))
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
                title=f"{rows[0].title}, {metric}: ranks; a range where 95 % intervals overlap",
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
    """One row per tracker and source, two columns per benchmark; those on most benchmarks and with best ranks first.

    A printed number and a measured one of the same tracker are two rows.
    """
    benchmarks = list(dict.fromkeys(row.title for row in rows))
    speed = ("FPS",) if any(row.fps_by for row in rows) else ()
    found: dict[tuple[str, str], dict[str, Ranked]] = {}
    for row in rows:
        found.setdefault((row.tracker, row.source), {})[row.title] = row
    order = sorted(found, key=lambda key: _place(found[key], benchmarks))
    body, grid = [], []
    for tracker, source in order:
        own = found[tracker, source]
        shown = [text for title in benchmarks for text in _shown(own.get(title))]
        year = next((row.year for row in own.values() if row.year), "")
        told = dict.fromkeys(_fps(row) for row in own.values() if row.fps_by)
        fps = (", ".join(told) or GAP,) if speed else ()
        counted = f"{len(own)} of {len(benchmarks)}"
        body.append((tracker, *shown, mean_rank(own.values()), counted, *fps, year, source))
        scored = [own[t].value if t in own and own[t].rank is not None else math.nan for t in benchmarks]
        grid.append([value for score in scored for value in (score, math.nan)])
    best, second = marked(np.array(grid), axis=0)
    metric = rows[0].metric
    notes = ["ranks and marks are of what is scored here; a range where 95 % intervals overlap; – none"]
    notes += ["(also ...): what others print"] if any(row.others for row in rows) else []
    notes += [f"†: by the {AUTHORS}, on their hardware"] if any(row.fps_by == AUTHORS for row in rows) else []
    notes += [
        f"{r.tracker}, {r.title}: mean ± standard deviation of {r.repeats} repeats" for r in rows if r.repeats > 1
    ]
    notes += [f"{r.tracker}, {r.title}: {r.missing} sequences missing" for r in rows if r.missing]
    return Table(
        title=f"Leaderboard by {metric}, percent",
        header=(
            "tracker",
            *([metric, "rank"] * len(benchmarks)),
            "mean rank",
            "benchmarks",
            *speed,
            "year",
            "source",
        ),
        rows=tuple(body),
        note="\n".join(notes),
        best=best,
        second=second,
        groups=("", *(title for title in benchmarks for _ in range(2)), "", "", *("" for _ in speed), "", ""),
    )


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


def _fps(row: Ranked) -> str:
    return number(row.fps) + "†" * (row.fps_by == AUTHORS)
