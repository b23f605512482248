"""What ``rgbtbench list`` shows: a header and rows of each kind of thing there is."""

from __future__ import annotations

from collections.abc import Sequence

from .boxes import LAYOUTS
from .datasets import BENCHMARKS
from .results.export import KITS
from .results.published import errata
from .results.published.standing import STANDINGS, TRUSTED, prints
from .trackers import MEANINGS, TRACKERS
from .training import shipped

Rows = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def _benchmarks(_: str | None) -> Rows:
    rows = []
    for name in BENCHMARKS.names():
        spec = BENCHMARKS.get(name)
        for split, (sequences, frames) in spec.sizes.items():
            metrics = ", ".join(m.name for m in spec.protocol.select(None))
            rows.append((name, split, str(sequences), f"{frames:,}", metrics, str(len(spec.attributes))))
    return ("benchmark", "split", "sequences", "frames", "metrics", "attributes"), rows


def _attributes(benchmark: str | None) -> Rows:
    specs = [BENCHMARKS.get(name) for name in ([benchmark] if benchmark else BENCHMARKS.names())]
    rows = [(spec.name, name, meaning) for spec in specs for name, meaning in spec.attributes.items()]
    return ("benchmark", "attribute", "meaning"), rows


def _trackers(_: str | None) -> Rows:
    rows = []
    for name, owners in TRACKERS.owners().items():
        rows.append((name, " and ".join(owners), MEANINGS.get(name, " and ".join(owners.values()))))
    return ("tracker", "from", "meaning"), rows


def _boxes(_: str | None) -> Rows:
    return ("layout", "columns", "meaning"), [(n, str(k.columns), k.meaning) for n, k in LAYOUTS.items()]


def _kits(_: str | None) -> Rows:
    return ("kit", "columns", "files", "meaning"), [(n, str(k.columns), k.path, k.meaning) for n, k in KITS.items()]


def _published(benchmark: str | None, *, trusted: bool = True) -> Rows:
    header = ("dataset", "split", "tracker", "year", "metric", "attribute", "value", "standing", "source", "note")
    rows = []
    for p in prints():
        if (p.standing in TRUSTED) == trusted and (benchmark is None or p.dataset.lower() == benchmark.lower()):
            told = STANDINGS[p.standing], p.source, p.note
            rows.append((p.dataset, p.split, p.tracker, p.year, p.metric, p.attribute, p.value, *told))
    return header, rows


def _hearsay(benchmark: str | None) -> Rows:
    """What only community lists and reading notes say, which everything else leaves out."""
    return _published(benchmark, trusted=False)


def _errata(benchmark: str | None) -> Rows:
    shown = [e for e in errata() if benchmark is None or e.dataset.lower() == benchmark.lower()]
    rows = [(e.dataset, e.split, e.tracker, e.metric, e.source, e.note, e.evidence) for e in shown]
    return ("dataset", "split", "tracker", "metric", "source", "what is wrong", "evidence"), rows


def _recipes(_: str | None) -> Rows:
    rows = []
    for name, path in shipped().items():
        rows.append((name, path.read_text().splitlines()[0].removeprefix("#").strip()))
    return ("recipe", "trains"), rows


LISTS = {
    "benchmarks": _benchmarks,
    "attributes": _attributes,
    "trackers": _trackers,
    "recipes": _recipes,
    "boxes": _boxes,
    "kits": _kits,
    "published": _published,
    "hearsay": _hearsay,
    "errata": _errata,
}
