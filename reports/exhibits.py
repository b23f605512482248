"""The paper's own tables and figures, as specs in ``paper/*.yaml``: printed beside measured, and missing said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rgbtbench.errors import ConfigError, unknown
from rgbtbench.evaluation import Evaluation
from rgbtbench.located import Document, Section
from rgbtbench.results.published import Printed, erratum, printed_scores, read_table
from rgbtbench.results.study import MEASURED, Setting, Training, average, read_rows, read_study, settings

from .scores import Score, score_rows

SPECS = Path(__file__).with_name("paper")
PAPER = "CMD paper (CVPR 2023)"
QUANTITIES = ("score", "study", "params", "fps", "year")
SHOWN = ("printed", "measured", "difference", "filled", "plain")
# filled: measured where there is one, else printed and marked; plain: as printed, without a mark
SYNTHETIC = "synthetic benchmark"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper: its names in our data."""

    label: str
    recipe: str = ""
    network: str = ""
    print: str = ""  # the tracker in Table 5
    files: tuple[str, ...] = ()  # labels of raw results, if not ``print``; the first that is there counts


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
    ablation: str = ""  # number of the table whose other columns cmd_ablations.csv has
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """One cell: what is printed ('' if not known to us or not printed at all) and what is measured (NaN if missing).

    ``low``, ``high``: 95 % interval; ``deviation``: over ``seeds``; ``difference``: measured minus printed.
    """

    exhibit: str
    row: str
    group: str
    metric: str
    printed: str = ""
    printed_source: str = ""
    measured: float = math.nan
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan
    seeds: int | None = None
    sequences: int | None = None
    difference: float = field(init=False, default=math.nan)
    measured_source: str = "missing"
    note: str = ""

    def __post_init__(self) -> None:
        if self.printed:
            object.__setattr__(self, "difference", self.measured - float(self.printed))


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
    top = document.section((), ("title", "note", "ablation", "rows", "columns", "show", "draw"))
    show = _names(top, "show", SHOWN) or SHOWN[:3]
    rows = []
    for index in range(len(top.inside("rows", list))):
        section = document.section(("rows", index), ("label", "recipe", "network", "print", "files"))
        texts = {key: section.get(key, str, "") for key in ("recipe", "network", "print")}
        rows.append(Row(section.need("label", str), **texts, files=tuple(section.get("files", list, []))))
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
    if draw not in ("", "bars"):
        raise ConfigError("unknown way to draw", where=top.where("draw"), expected="bars", found=draw)
    ablation = str(top.get("ablation", int, ""))
    note = " ".join(top.get("note", str, "").split())
    return Exhibit(path.stem, top.need("title", str), note, tuple(rows), tuple(columns), ablation, bool(draw))


def _names(section: Section, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(section.get(key, list, []))
    for name in names:
        if name not in known:
            error = unknown(key, str(name), known)
            error.details["where"] = section.where(key)
            raise error
    return names


def collect(
    evaluations: Iterable[Evaluation], standings: Mapping[tuple[str, str], str], study: Path | None
) -> Evidence:
    """What evaluations and a study's file tell. ``standings``: (title, label) -> where its boxes come from.

    Raises ConfigError for a benchmark that has only the name of a published one.
    """
    scores: dict[tuple[str, str, str], Score] = {}
    for evaluation in evaluations:
        benchmark = evaluation.benchmark
        if not benchmark.is_official:
            raise ConfigError(
                f"scores on a {benchmark.title} that is not the published one do not belong in the paper's tables",
                where=benchmark.tree.name,
                expected="{} sequences with {:,} frames".format(*benchmark.spec.sizes[benchmark.split]),
                found=f"{len(benchmark.names)} with {int(benchmark.lengths.sum()):,}",
                next="leave it out, or give the published one's truth with --truth",
            )
        scores |= {(benchmark.title, s.tracker, s.metric): s for s in score_rows(evaluation, "overall")}
    return Evidence(scores, standings, tuple(read_study(study)))


def fill(exhibit: Exhibit, evidence: Evidence) -> list[Filled]:
    """Every cell, row by row."""
    return [
        cell for row in exhibit.rows for column in exhibit.columns for cell in _cells(exhibit, row, column, evidence)
    ]


def _cells(exhibit: Exhibit, row: Row, column: Column, evidence: Evidence) -> Iterator[Filled]:
    head = (exhibit.name, row.label)
    if column.quantity == "score":
        for metric in column.metrics:
            yield _score(head, row, column, metric, evidence)
    elif column.quantity == "study":
        for group, setting in named_settings(column.group, evidence.study):
            for metric in column.metrics:
                yield _trained((*head, group, metric), row.recipe, setting, evidence)
    else:
        yield OTHERS[column.quantity]((*head, column.group, ""), exhibit, row)


def named_settings(group: str, study: Iterable[Training]) -> list[tuple[str, Setting | None]]:
    """Column groups of a study: their names, told apart by what sets them apart."""
    found = settings(study)
    if not found:
        return [(group, None)]
    names = [f"{group}, {s.preset}, {s.sequences} sequences" for s in found]
    return [
        (name if names.count(name) == 1 else f"{name}, truth {s.test_truth[:12]}", s)
        for name, s in zip(names, found, strict=True)
    ]


def _score(head: tuple[str, str], row: Row, column: Column, metric: str, evidence: Evidence) -> Filled:
    here = (*head, column.group, metric)
    source = f"{PAPER} Table 5"
    key = (source, column.benchmark, column.split, row.print, metric, "ALL")
    entry = next((p for p in printed_scores() if key == _key(p)), None)
    printed, source = (entry.value, source) if entry else ("", "")
    title = " ".join(filter(None, (column.benchmark, column.split)))
    labels = row.files or (row.print,)
    found = next((s for label in labels if (s := evidence.scores.get((title, label, metric)))), None)
    if found is None or math.isnan(found.value):
        return Filled(*here, printed, source)
    wrong = entry and not entry.agrees(found.value) and erratum(entry)
    files = f" ({found.tracker})" if found.tracker != row.print else ""
    return Filled(
        *here,
        printed,
        source,
        found.value,
        low=found.low,
        high=found.high,
        sequences=found.sequences,
        measured_source=evidence.sources[title, found.tracker] + files,
        note=f"the print {wrong.note}: {wrong.evidence}" if wrong else "",
    )


def _key(p: Printed) -> tuple[str, ...]:
    return p.source, p.dataset, p.split, p.tracker, p.metric, p.attribute


def _trained(here: tuple[str, str, str, str], recipe: str, setting: Setting | None, evidence: Evidence) -> Filled:
    found = average(evidence.study, setting, recipe, here[-1]) if setting and recipe else None
    if found is None or setting is None:
        return Filled(*here)
    left = f"; left out: trainings of {', '.join(found.others)} steps" if found.others else ""
    return Filled(
        *here,
        measured=found.value,
        low=found.low,
        high=found.high,
        deviation=found.deviation,
        seeds=found.seeds,
        sequences=int(setting.sequences) if setting.sequences.isdigit() else None,
        measured_source="measured here",
        note=f"recipe {recipe}, {found.steps} steps on {found.train_data}{left}",
    )


def _params(here: tuple[str, str, str, str], exhibit: Exhibit, row: Row) -> Filled:
    printed = _printed_column(exhibit, row)
    counted = next((r for r in read_rows(MEASURED / "parameters.csv") if r["tracker"] == row.network), None)
    value, standing = (int(counted["params_paper"]) / 1e6, "measured here") if counted else (math.nan, "missing")
    told = (*here, printed["params_m"], printed["source"], value)
    return Filled(*told, measured_source=standing, note=printed["note"])


def _fps(here: tuple[str, str, str, str], exhibit: Exhibit, row: Row) -> Filled:
    printed = _printed_column(exhibit, row)
    return Filled(*here, printed=printed["fps"], printed_source=printed["source"], note=printed["note"])


def _year(here: tuple[str, str, str, str], exhibit: Exhibit, row: Row) -> Filled:
    printed = _printed_column(exhibit, row)
    return Filled(*here, printed=printed["year"], printed_source=f"{printed['venue']}; {printed['note']}")


OTHERS = {"params": _params, "fps": _fps, "year": _year}


def _printed_column(exhibit: Exhibit, row: Row) -> dict[str, str]:
    """The paper's other columns of a row."""
    if exhibit.ablation:
        rows, key = read_table("cmd_ablations.csv"), (exhibit.ablation, row.label)
        found = next((r for r in rows if (r["table"], r["row"]) == key), None)
    else:
        found = next((r for r in read_table("cmd_trackers.csv") if r["tracker"] == row.print), None)
    if found is None:
        raise ConfigError(f"{exhibit.title} prints no row {row.label!r}", where=SPECS / f"{exhibit.name}.yaml")
    return {**found, "source": f"{PAPER} Table {exhibit.ablation or 5}"}
