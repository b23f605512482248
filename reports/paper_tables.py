"""The paper's own tables and figures, as specs in ``paper/*.yaml``: printed cells beside measured ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.files.yaml_lines import Document, Section
from rgbtbench.results.published import cmd, erratum, read_table
from rgbtbench.results.published.cmd import DASH, PAPER
from rgbtbench.results.study_record import (
    MEASURED,
    Setting,
    Training,
    average,
    of_one_length,
    read_rows,
    read_study,
    settings,
)
from rgbtbench.scoring.evaluation import Evaluation

from .scores import Score, score_rows

SPECS = Path(__file__).with_name("paper")
QUANTITIES = ("score", "study", "params", "fps", "year", "origin")
SHOWN = ("printed", "measured", "difference", "beside", "plain")
# beside: printed, and measured where there is one; plain: without a mark
ROW = ("label", "table", "print", "recipe", "network", "tracker", "files", "added")
SYNTHETIC = "synthetic benchmark"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper: its names in the paper and in our data."""

    label: str
    table: str  # number of the paper's table that prints it
    print: str  # its name there
    recipe: str = ""
    network: str = ""
    tracker: str = ""  # label of its raw results
    files: tuple[str, ...] = ()  # their labels, if not ``tracker``; the first that is there counts
    added: bool = False  # by us: below a rule, out of the ranking


@dataclass(frozen=True, slots=True)
class Column:
    """One or several neighbouring columns of the same kind."""

    group: str
    quantity: str
    metrics: tuple[str, ...]
    benchmark: str
    split: str
    show: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A table or figure of the paper."""

    name: str
    title: str
    note: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """One cell: what the paper prints ('' if it has no such cell, '-' if it prints that) and what is measured (or NaN).

    ``setting``: of a study, '' elsewhere. ``low``, ``high``: 95 % interval; ``deviation``: over ``seeds``;
    ``difference``: measured minus printed. ``erratum``: what is wrong with the print, where that explains it.
    """

    exhibit: str
    row: str
    quantity: str
    group: str
    metric: str
    setting: str = ""
    printed: str = ""
    reference: str = ""
    measured: float = math.nan
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan
    seeds: int | None = None
    sequences: int | None = None
    difference: float = field(init=False, default=math.nan)
    source: str = "missing"
    note: str = ""
    erratum: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "difference", self.measured - self.printed_value)

    @property
    def title(self) -> str:
        """What stands over the cell."""
        return ", ".join(filter(None, (self.group, self.setting)))

    @property
    def printed_value(self) -> float:
        """The printed number; NaN if there is none."""
        return float(self.printed) if self.printed not in ("", DASH) else math.nan


@dataclass(frozen=True, slots=True)
class Evidence:
    """What may fill cells: scores on the published benchmarks and where each is from, and our study."""

    scores: Mapping[tuple[str, str, str], Score]  # (benchmark's title, label, metric)
    sources: Mapping[tuple[str, str], str]  # (title, label)
    study: tuple[Training, ...]


def exhibits(folder: Path = SPECS) -> list[Exhibit]:
    """All of them, by file name."""
    return [load_exhibit(path) for path in sorted(folder.glob("*.yaml"))]


def load_exhibit(path: Path) -> Exhibit:
    """Read a spec. Raises ConfigError with file and line."""
    document = Document(path, path, kind="exhibit")
    top = document.section((), ("title", "note", "table", "rows", "columns", "show", "draw"))
    show = _names(top, "show", SHOWN) or SHOWN[:3]
    table = top.need("table", int)
    rows = [_row(document.section(("rows", k), ROW), table) for k in range(len(top.inside("rows", list)))]
    columns = []
    for index in range(len(top.inside("columns", list))):
        section = document.section(("columns", index), ("group", "quantity", "benchmark", "split", "metrics", "show"))
        quantity = section.need("quantity", str)
        if quantity not in QUANTITIES:
            raise unknown("quantity", quantity, QUANTITIES)
        metrics = tuple(section.get("metrics", list, [""]))
        texts = {key: section.get(key, str, "") for key in ("benchmark", "split")}
        shown = _names(section, "show", SHOWN) or show
        columns.append(Column(section.need("group", str), quantity, metrics, **texts, show=shown))
    draw = top.get("draw", str, "")
    if draw not in ("", "dots"):
        raise ConfigError("unknown way to draw", where=top.where("draw"), expected="dots", found=draw)
    note = " ".join(top.get("note", str, "").split())
    return Exhibit(path.stem, top.need("title", str), note, tuple(rows), tuple(columns), bool(draw))


def _row(section: Section, table: int) -> Row:
    label = section.need("label", str)
    printed_in, name = str(section.get("table", int, table)), section.get("print", str, label)
    if name not in (known := cmd.rows(printed_in)):
        error = unknown(f"row of Table {printed_in}", name, known)
        error.details["where"] = section.where("print" if section.get("print", str, "") else "label")
        raise error
    texts = {key: section.get(key, str, "") for key in ("recipe", "network", "tracker")}
    files, added = tuple(section.get("files", list, [])), section.get("added", bool, False)
    return Row(label, printed_in, name, **texts, files=files, added=added)


def _names(section: Section, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(section.get(key, list, []))
    for name in names:
        if name not in known:
            error = unknown(key, str(name), known)
            error.details["where"] = section.where(key)
            raise error
    return names


def collect(evaluations: Iterable[Evaluation], sources: Mapping[tuple[str, str], str], study: Path | None) -> Evidence:
    """What evaluations and a study's file tell. ``sources``: (title, label) -> where its boxes come from.

    Raises ConfigError for a benchmark that has only the name of a published one.
    """
    scores: dict[tuple[str, str, str], Score] = {}
    for evaluation in evaluations:
        benchmark = evaluation.benchmark
        if not benchmark.is_official:
            raise ConfigError(
                f"scores on a {benchmark.title} that is not the published one do not belong in the paper's tables",
                where=benchmark.tree.name,
                expected=benchmark.published_size,
                found=benchmark.size,
                next="leave it out, or give the published one's truth with --truth",
            )
        scores |= {(benchmark.title, s.tracker, s.metric): s for s in score_rows(evaluation, "overall")}
    return Evidence(scores, sources, tuple(read_study(study)))


def fill(exhibit: Exhibit, evidence: Evidence) -> list[Filled]:
    """Every cell, row by row."""
    return [
        cell for row in exhibit.rows for column in exhibit.columns for cell in _cells(exhibit, row, column, evidence)
    ]


def _cells(exhibit: Exhibit, row: Row, column: Column, evidence: Evidence) -> Iterator[Filled]:
    def empty(metric: str, setting: str = "") -> Filled:
        return Filled(
            exhibit=exhibit.name,
            row=row.label,
            quantity=column.quantity,
            group=column.group,
            metric=metric,
            setting=setting,
        )

    if column.quantity == "study":
        for name, setting in named_settings(evidence.study):
            for metric in column.metrics:
                yield _trained(empty(metric, name), row.recipe, setting, evidence)
    elif column.quantity == "score":
        for metric in column.metrics:
            yield _score(empty(metric), row, column, evidence)
    else:
        yield OTHERS[column.quantity](empty(""), row)


def seeded(exhibit: Exhibit, study: Iterable[Training]) -> list[Training]:
    """A study's trainings of an exhibit's rows, in their order, in one setting; [] where none has several seeds."""
    known = [one for one in study if one.metric == "PR"]
    setting = next(iter(settings(known)), None)
    rows = [of_one_length(known, setting, row.recipe, "PR") for row in exhibit.rows if setting and row.recipe]
    return [one for own in rows for one in own] if any(len(own) > 1 for own in rows) else []


def named_settings(study: Iterable[Training]) -> list[tuple[str, Setting | None]]:
    """What a study was measured on, in words that tell its settings apart; one without a name if there is none."""
    known = settings(study)
    if not known:
        return [("", None)]
    names = [f"{s.preset}, {s.sequences} sequences" for s in known]
    return [
        (name if names.count(name) == 1 else f"{name}, truth {s.test_truth[:12]}", s)
        for name, s in zip(names, known, strict=True)
    ]


def _score(empty: Filled, row: Row, column: Column, evidence: Evidence) -> Filled:
    key = cmd.Key(row.table, row.print, column.benchmark, empty.metric)
    cell = replace(empty, printed=cmd.cells().get(key, ""), reference=f"{PAPER} Table {row.table}")
    title = " ".join(filter(None, (column.benchmark, column.split)))
    labels = row.files or (row.tracker,)
    score = next((s for label in labels if (s := evidence.scores.get((title, label, cell.metric)))), None)
    if score is None or math.isnan(score.value):
        return cell
    entry = cmd.as_score(key)
    wrong = entry and not entry.agrees(score.value) and erratum(entry)
    files = f" ({score.tracker})" if score.tracker != row.tracker else ""
    return replace(
        cell,
        measured=score.value,
        low=score.low,
        high=score.high,
        sequences=score.sequences,
        source=evidence.sources[title, score.tracker] + files,
        erratum=f"{wrong.note}: {wrong.evidence}" if wrong else "",
    )


def _trained(empty: Filled, recipe: str, setting: Setting | None, evidence: Evidence) -> Filled:
    mean = average(evidence.study, setting, recipe, empty.metric) if setting and recipe else None
    if mean is None or setting is None:
        return empty
    left = f"; left out: trainings of {', '.join(mean.others)} steps" if mean.others else ""
    return replace(
        empty,
        measured=mean.value,
        low=mean.low,
        high=mean.high,
        deviation=mean.deviation,
        seeds=mean.seeds,
        sequences=int(setting.sequences) if setting.sequences.isdigit() else None,
        source="measured here",
        note=f"recipe {recipe}, {mean.steps} steps on {mean.train_data}{left}",
    )


def _other(empty: Filled, row: Row, metric: str) -> Filled:
    printed = cmd.cells()[cmd.Key(row.table, row.print, "", metric)]
    return replace(empty, printed=printed, reference=f"{PAPER} Table {row.table}")


def _params(empty: Filled, row: Row) -> Filled:
    cell = _other(empty, row, cmd.PARAMS)
    counted = next((r for r in read_rows(MEASURED / "parameters.csv") if r["tracker"] == row.network), None)
    if counted is None:
        return cell
    return replace(cell, measured=int(counted["params_paper"]) / 1e6, source="measured here")


def _origin(empty: Filled, row: Row) -> Filled:
    """Our own word for it, so neither printed nor measured."""
    own = next(r for r in read_table("cmd_trackers.csv") if r["printed_as"] == row.print)
    return replace(empty, note=f"{own['venue']} {own['year']}")


OTHERS: Mapping[str, Callable[[Filled, Row], Filled]] = {
    "params": _params,
    "fps": partial(_other, metric=cmd.FPS),
    "year": partial(_other, metric=cmd.YEAR),
    "origin": _origin,
}
