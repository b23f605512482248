"""Pages to test: generated numbers under names that nobody should trust."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.reports.inputs import Benchmarks, Entry, gather, score
from rgbtbench.reports.page.build import Page
from rgbtbench.scoring.evaluation import Evaluation

HOSTILE = ("<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "A & B_$% {{x}} \u202e ${data}")


def entries_of(generated: Path, labels: tuple[str, ...] = HOSTILE) -> tuple[Benchmark, list[Entry]]:
    """The three generated trackers under other names."""
    benchmarks = Benchmarks([f"LasHeR={generated / 'LasHeR'}"])
    benchmarks.open("LasHeR")
    found = gather([str(path) for path in sorted((generated / "results").iterdir())], benchmarks)
    return found[0].benchmark, [replace(entry, label=label) for entry, label in zip(found, labels, strict=True)]


def make(
    title: str, benchmark: Benchmark, entries: list[Entry], *, allow_missing: bool = False
) -> tuple[bytes, Evaluation]:
    """The page of one benchmark, and what it shows."""
    page = Page(title, {benchmark: entries})
    evaluation = score(
        entries,
        attributes=tuple(benchmark.spec.attributes),
        allow_missing=allow_missing,
        watch=page.watch[benchmark],
    )
    assert evaluation
    return page.html([evaluation]), evaluation


def data_of(html: bytes) -> str:
    """The packed data of a page."""
    return html.decode().partition('id="data">')[2].partition("<")[0]
