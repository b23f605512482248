"""From scored benchmarks to one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.spec import Spec
from rgbtbench.reports.colours import PALETTE, looks_of
from rgbtbench.reports.columns import COLUMNS
from rgbtbench.reports.inputs import Entry
from rgbtbench.reports.latex import LATIN, MARKS
from rgbtbench.reports.scores import SMALL, score_rows, score_tables
from rgbtbench.results.published.sources import SOURCES
from rgbtbench.scoring.evaluation import Aligned, Evaluation

from .boards import board, printed_board
from .document import document
from .filmstrips import Album
from .origins import here
from .packing import Pack
from .pairs import random_numbers
from .prints import bibtex
from .traces import Traces, choose_points
from .truth import limits, truth

FORMAT = 1
FIRST = "LasHeR"  # the benchmark to open with, if it is there: the largest that everybody prints


class Page:
    """Collects what evaluations show, then writes the page.

    ``watch[benchmark]`` is for ``evaluate``; every benchmark that has images gets pictures unless ``frames`` is False.
    Of the benchmarks in ``printed`` only prints are shown; ``untrusted``: also those of lists and reading notes.
    ``with_truth``: it scores what is dropped onto it; not on benchmarks of which only some frames have truth.
    """

    def __init__(
        self,
        title: str,
        groups: Mapping[Benchmark, list[Entry]],
        printed: Iterable[Spec] = (),
        *,
        untrusted: bool = False,
        frames: bool = True,
        with_truth: bool = False,
    ) -> None:
        self.title, self.groups, self.untrusted, self.with_truth = title, groups, untrusted, with_truth
        scored = {benchmark.spec.name for benchmark in groups}
        self.printed = [spec for spec in printed if spec.name not in scored]
        points = choose_points((len(entries), benchmark.lengths) for benchmark, entries in groups.items())
        self.traces = {
            benchmark: Traces(benchmark, points, frames=frames and any(benchmark.images(benchmark.names[0])))
            for benchmark in groups
        }
        self.watch: dict[Benchmark, Callable[[Aligned], None]] = {b: t.watch for b, t in self.traces.items()}

    def html(self, evaluations: list[Evaluation]) -> bytes:
        """The whole file."""
        pack = Pack()
        album = Album(pack)
        evaluations = sorted(evaluations, key=lambda e: e.benchmark.spec.name != FIRST)
        boards = [
            board(e, self.groups[e.benchmark], self.traces[e.benchmark], album, untrusted=self.untrusted)
            for e in evaluations
        ]
        scoring = [e for e in evaluations if self.with_truth and e.benchmark.spec.every == 1]
        for shown, evaluation in zip(boards, evaluations, strict=True):
            shown |= {"scoring": truth(evaluation, pack)} if evaluation in scoring else {}
        printed = sorted(self.printed, key=lambda spec: spec.name != FIRST)
        boards += [printed_board(spec, untrusted=self.untrusted) for spec in printed]
        words = {
            "format": FORMAT,
            "title": self.title,
            "made": date.today().isoformat(),
            "here": here(),
            "small": SMALL,
            "sources": dict(SOURCES),
            "columns": [{"key": c.key, "title": c.title, "printed": c.printed} for c in COLUMNS],
            "colours": {
                name: look.place % len(PALETTE)
                for name, look in looks_of(name for e in evaluations for name in e.trackers).items()
            },
            "latex": {"marks": MARKS, "letters": "".join(sorted(LATIN))},
            "bibtex": bibtex(row["name"] for board in boards for row in (*board["scored"], *board["printed"])),
            "random": random_numbers(),
            "boards": boards,
        }
        words |= {"dropping": limits()} if scoring else {}
        tables = [score_tables(e, score_rows(e, "overall"), "overall")[0] for e in evaluations]
        return document(self.title, pack.text(words), tables, scores=bool(scoring))
