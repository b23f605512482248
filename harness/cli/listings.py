"""What ``rgbtbench list`` shows: a header and rows of each kind of thing there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from rgbtbench.core.boxes import FIRST_ROWS, LAYOUTS, OFFSETS
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.stress import STRESSES
from rgbtbench.reports.claims import HEADER, checked
from rgbtbench.results.export import KITS
from rgbtbench.results.published import errata
from rgbtbench.results.published.claims import evidence
from rgbtbench.results.published.sources import SOURCES, TRUSTED, Source, prints
from rgbtbench.results.study_record import read_study
from rgbtbench.trackers import MEANINGS, TRACKERS, codebase, fidelity
from rgbtbench.training import shipped

Rows = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def _benchmarks(_: str | None) -> Rows:
    rows = []
    for name in BENCHMARKS.names():
        spec = BENCHMARKS.get(name)
        for split, (sequences, frames) in spec.sizes.items():
            metrics = ", ".join(m.name for m in spec.protocol.select(None))
            size = "–" if frames is None else f"{frames:,}"
            rows.append((name, split, str(sequences), size, metrics, str(len(spec.attributes))))
    return ("benchmark", "split", "sequences", "frames", "metrics", "attributes"), rows


def _attributes(benchmark: str | None) -> Rows:
    specs = [BENCHMARKS.get(name) for name in ([benchmark] if benchmark else BENCHMARKS.names())]
    rows = [(spec.name, name, meaning) for spec in specs for name, meaning in spec.attributes.items()]
    return ("benchmark", "attribute", "meaning"), rows


def _trackers(_: str | None) -> Rows:
    """What can be run, then what else is in the CMD paper's Table 5: each of its rows says its fidelity."""
    rows = []
    for name, owners in TRACKERS.owners().items():
        known = fidelity.rows_of(name)
        meaning = MEANINGS.get(name, " and ".join(owners.values()))
        rows.append(_tracker(name, known or [fidelity.Row("", name, "", "")], " and ".join(owners), meaning))
    absent = [row for row in fidelity.rows() if not row.tracker]
    for name in dict.fromkeys(row.printed.rstrip("*") for row in absent):
        known = [row for row in absent if row.printed.rstrip("*") == name]
        rows.append(_tracker(name, known, "", fidelity.FIDELITIES[known[0].fidelity]))
    return ("tracker", "fidelity", "in Table 5", "owner", "meaning", "why"), rows


def _tracker(name: str, known: list[fidelity.Row], owner: str, meaning: str) -> tuple[str, ...]:
    printed, why = (
        filter(None, dict.fromkeys(words)) for words in zip(*((r.printed, r.why) for r in known), strict=True)
    )
    return name, known[0].fidelity, ", ".join(printed), owner, meaning, "; ".join(why)


def _stresses(kind: str | None) -> Rows:
    """What ``stress:`` can do to frames, with the parameters of its severities."""
    rows = []
    for name, stress in STRESSES.items():
        levels = [str(one) for one in stress.described]
        if kind in (None, stress.kind):
            rows.append((name, stress.kind, " and ".join(stress.changes), stress.does, *levels, stress.source))
    return ("stress", "kind", "changes", "what happens", "severity 1", "severity 2", "severity 3", "source"), rows


def _boxes(_: str | None) -> Rows:
    rows = [(name, str(layout.columns), layout.meaning) for name, layout in LAYOUTS.items()]
    rows += [(f"+{name}", "", offset.meaning) for name, offset in OFFSETS.items()]
    return ("layout", "columns", "meaning"), rows + [(f"+{name}", "", meaning) for name, meaning in FIRST_ROWS.items()]


def _kits(_: str | None) -> Rows:
    return ("kit", "columns", "files", "meaning"), [(n, str(k.columns), k.path, k.meaning) for n, k in KITS.items()]


def _published(benchmark: str | None, sources: Collection[Source] = TRUSTED) -> Rows:
    header = ("dataset", "split", "tracker", "year", "metric", "attribute", "value", "source", "reference", "note")
    rows = []
    for p in prints():
        if p.source in sources and (benchmark is None or p.dataset.lower() == benchmark.lower()):
            head = (p.dataset, p.split, p.tracker, p.year, p.metric, p.attribute, p.value)
            rows.append((*head, SOURCES[p.source], p.reference, p.note))
    return header, rows


def _quoted(benchmark: str | None) -> Rows:
    """What others than its authors say: papers, community lists, reading notes. Only the papers' count elsewhere."""
    return _published(benchmark, ("quoted", "list", "notes"))


def _errata(benchmark: str | None) -> Rows:
    shown = [e for e in errata() if benchmark is None or e.dataset.lower() == benchmark.lower()]
    rows = [(e.dataset, e.split, e.tracker, e.metric, e.where, e.note, evidence(e)) for e in shown]
    return ("dataset", "split", "tracker", "metric", "reference", "what is wrong", "evidence"), rows


def _claims(benchmark: str | None) -> Rows:
    """What the CMD paper says of its tables, computed again from the printed cells, beside our study."""
    shown = [c for c in checked(read_study()) if benchmark is None or c.dataset.lower() == benchmark.lower()]
    return HEADER, [(c.section, c.claim, c.cells, c.said, c.recomputed, c.verdict, c.measured) for c in shown]


def _recipes(_: str | None) -> Rows:
    rows = []
    for name, path in shipped().items():
        rows.append((name, path.read_text().splitlines()[0].removeprefix("#").strip()))
    return ("recipe", "trains"), rows


def _codebases(folder: str | None) -> Rows:
    """What ``use: codebase`` can run of a checkout."""
    rows = []
    for name, offer in codebase.offers(Path(folder or ".").expanduser()).items():
        file = offer.shape.tracker.format(name=name)
        rows += [(name, config, file) for config in offer.configs or ("",)]
    return ("tracker", "config", "file"), rows


def named(header: Sequence[str], row: Sequence[str]) -> str:
    """By what a row is called: its first cell, and those of trackers and attributes."""
    return " ".join(cell for k, cell in enumerate(row) if k == 0 or header[k] in ("tracker", "attribute"))


LISTS = {
    "benchmarks": _benchmarks,
    "attributes": _attributes,
    "trackers": _trackers,
    "stresses": _stresses,
    "recipes": _recipes,
    "boxes": _boxes,
    "kits": _kits,
    "published": _published,
    "quoted": _quoted,
    "errata": _errata,
    "claims": _claims,
    "codebases": _codebases,
}
