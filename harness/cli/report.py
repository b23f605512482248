"""The verb ``report``: tables, figures, a page, the paper's exhibits."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.terminal import log, visible

from .options import BREAKDOWNS, FORMATS, HTML, Verbs, add, add_inputs, breakdown, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rgbtbench.datasets.benchmark import Benchmark
    from rgbtbench.reports.inputs import Entry
    from rgbtbench.scoring.evaluation import Aligned, Evaluation

EXAMPLES = (
    "report experiment.yaml --by attribute --figures figures/",
    "report runs Other=results/ --truth LasHeR=LasHeR/ --format html --out page.html",
)
FIGURE_FORMATS = ("svg", "pdf", "png")


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    report = add(verbs, "report", counted(_report), "tables and figures of experiments, stores and raw results",
                 EXAMPLES)  # fmt: skip
    add_inputs(report)
    report.add_argument("--by", choices=BREAKDOWNS, help="default: attribute with --attributes, else overall; "
                        "pair: every two attributes together")  # fmt: skip
    report.add_argument("--ranks", action="store_true", help="ranks instead of scores; ties where intervals overlap")
    report.add_argument("--attributes", metavar="A,B", help="only these; LI+TC: both together")
    report.add_argument("--metrics", metavar="PR,NPR,SR", help="default: those that papers print")
    report.add_argument("--format", choices=(*FORMATS, HTML), default="table", help="html: a page to explore and send")
    report.add_argument("--figures", metavar="DIR", type=Path, help="also draw curves, attributes and speed")
    report.add_argument("--figure-format", choices=FIGURE_FORMATS, default="svg")
    report.add_argument("--paper", action="store_true", help="the CMD paper's Tables 1 to 5 and Fig. 2, into --out")
    report.add_argument("--study", type=Path, metavar="FILE.csv", help="our measured trainings, instead of the shipped")
    report.add_argument("--out", type=Path, metavar="PATH", help="folder of --paper, else a file (default: stdout)")


def counted(verb: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The verb, whose status is 1 at least if a run was left out because it could not be read."""

    def run(arguments: argparse.Namespace) -> int:
        arguments.unread = []
        return verb(arguments) or int(bool(arguments.unread))

    return run


def attributes_of(benchmark: Benchmark, by: str, chosen: str | None) -> tuple[str, ...]:
    """The rows of a table: chosen attributes, all of them, or every two together."""
    if chosen:
        return tuple(dict.fromkeys(benchmark.spec.attribute(name) for name in names_in(chosen) or ()))
    if by == HTML and benchmark.labels is None:
        return ()  # a page is worth having without them
    names = tuple(benchmark.spec.attributes)
    pairs = benchmark.pairs() if by == "pair" else ()
    return {"attribute": names, HTML: names, "pair": (*names, *pairs)}.get(by, ())


def gathered(arguments: argparse.Namespace, *, versions: bool = False) -> dict[Benchmark, list[Entry]]:
    """The entries that the command line names, by benchmark, complete unless that is waived.

    ``versions``: runs of one label are told apart by their hashes, not refused.
    """
    from rgbtbench.core.boxes import reading
    from rgbtbench.reports.comparable import require_complete, together, told_apart
    from rgbtbench.reports.inputs import Benchmarks, gather

    layouts = dict(text.rpartition("=")[::2] for text in arguments.boxes)
    for layout in layouts.values():
        reading(layout)
    entries = gather(
        arguments.inputs,
        Benchmarks(arguments.truth, arguments.benchmark, arguments.split),
        runs=arguments.runs,
        changes=arguments.set,
        only=names_in(arguments.only) or (),
        without=names_in(arguments.without) or (),
        layouts=layouts,
        unread=arguments.unread,
    )
    for told in arguments.unread:
        log(f"left out: {told}")
    if odd := set(layouts) - {entry.label for entry in entries}:
        raise ConfigError(
            f"no results labelled {min(odd)!r}", expected=", ".join(dict.fromkeys(e.label for e in entries))
        )
    if not arguments.allow_missing:
        require_complete(entries, _run_command(arguments))
    return together(told_apart(entries) if versions else entries)


def evaluated(
    arguments: argparse.Namespace,
    groups: dict[Benchmark, list[Entry]],
    watch: Mapping[Benchmark, Callable[[Aligned], None]] | None = None,
) -> list[Evaluation]:
    """Score every benchmark's entries, and say on stderr what a reader must know. Raises ResultError for nothing."""
    from rgbtbench.reports.inputs import score

    evaluations = []
    for benchmark, entries in groups.items():
        evaluation = score(
            entries,
            attributes=attributes_of(benchmark, arguments.by, arguments.attributes),
            measures=names_in(arguments.metrics),
            allow_missing=arguments.allow_missing,
            watch=watch[benchmark] if watch else None,
        )
        if evaluation:
            evaluations.append(evaluation)
            for repair in evaluation.repairs:
                log(f"repaired as the toolkit does: {repair}")
            for doubt in evaluation.notes:
                log(f"doubtful: {doubt}")
            for label, names in evaluation.missing.items():
                log(f"missing: {benchmark.title}/{label}: {len(names)} sequences ({', '.join(names[:3])})")
        for entry in entries:
            if not evaluation or entry.label not in evaluation.trackers:
                log(f"missing: {entry.title}: all {len(entry.missing)} sequences")
    if not evaluations:
        raise ResultError("nothing to score yet", where=" ".join(arguments.inputs), next=_run_command(arguments))
    return evaluations


def has_gaps(evaluations: list[Evaluation], groups: dict[Benchmark, list[Entry]]) -> bool:
    """Whether any sequence of any tracker is missing."""
    shown = sum(len(evaluation.trackers) for evaluation in evaluations)
    return any(e.missing for e in evaluations) or shown < sum(map(len, groups.values()))


def _report(arguments: argparse.Namespace) -> int:
    if arguments.paper:
        return _paper(arguments)
    from rgbtbench.reports.records import show
    from rgbtbench.reports.scores import Score, score_rows, score_tables

    arguments.by = breakdown(arguments)
    groups = gathered(arguments)
    if arguments.format == HTML:
        return page(arguments, groups)
    evaluations = evaluated(arguments, groups)
    if arguments.ranks:
        return _ranks(arguments, evaluations, groups)
    rows, tables = [], []
    for evaluation in evaluations:
        found = score_rows(evaluation, arguments.by)
        rows += found
        tables += score_tables(evaluation, found, arguments.by)
    show(arguments.format, rows, Score, tables, arguments.out)
    if arguments.figures:
        from rgbtbench.reports.figure_files import write_figures

        for path in write_figures(arguments.figures, arguments.figure_format, evaluations, groups):
            log(f"figure: {path}")
    return int(has_gaps(evaluations, groups))


def _ranks(arguments: argparse.Namespace, evaluations: list[Evaluation], groups: dict[Benchmark, list[Entry]]) -> int:
    from rgbtbench.reports.leaderboard import Ranked, rank_tables, ranked
    from rgbtbench.reports.records import show

    found = [ranked(evaluation, groups[evaluation.benchmark]) for evaluation in evaluations]
    tables = [table for rows in found for table in rank_tables(rows)]
    show(arguments.format, [row for rows in found for row in rows], Ranked, tables, arguments.out)
    return int(has_gaps(evaluations, groups))


def _paper(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.paper_files import write_paper
    from rgbtbench.reports.paper_tables import collect
    from rgbtbench.results.published.sources import SOURCES

    if arguments.out is None:
        raise ConfigError("--paper writes files", next="--out DIR")
    if arguments.study and not arguments.study.exists():
        raise ConfigError("no such file", where=arguments.study)
    arguments.attributes, arguments.by, arguments.metrics = None, "overall", None
    groups = gathered(arguments) if arguments.inputs else {}
    evaluations = evaluated(arguments, groups) if groups else []
    sources = {(b.title, e.label): SOURCES[e.source] for b, entries in groups.items() for e in entries}
    for path in write_paper(arguments.out, collect(evaluations, sources, arguments.study)):
        print(visible(str(path)))
    return int(has_gaps(evaluations, groups))


def page(arguments: argparse.Namespace, groups: dict[Benchmark, list[Entry]]) -> int:
    """One HTML file: every metric that papers print and every attribute that the benchmarks' files tell."""
    from rgbtbench.datasets import BENCHMARKS
    from rgbtbench.files.atomic import save
    from rgbtbench.reports.page.build import Page

    printed = [BENCHMARKS.get(name) for name in names_in(getattr(arguments, "printed", None)) or ()]
    if not groups and not printed:
        raise ConfigError("nothing to show", expected="experiments, stores, results, or --printed BENCHMARK")
    if not arguments.out and sys.stdout.isatty():
        raise ConfigError("a page is not to be read in a terminal", next="--out FILE.html")
    if "metric" in arguments:  # the leaderboard's: a page has them all
        arguments.metrics = None
    arguments.by = HTML
    title, untrusted = arguments.title or page_title(arguments.inputs), getattr(arguments, "untrusted", False)
    page = Page(title, groups, printed, untrusted=untrusted)
    evaluations = evaluated(arguments, groups, page.watch) if groups else []
    html = page.html(evaluations)
    if arguments.out:
        save(arguments.out, html)
        log(f"page: {arguments.out} ({len(html) / 1e6:.1f} MB)")
    else:
        sys.stdout.buffer.write(html)
    return int(has_gaps(evaluations, groups))


def page_title(inputs: list[str]) -> str:
    """The names of what is reported on, without their folders."""
    from rgbtbench.files.archive import stem

    names = [stem(Path(text.partition("=")[2] or text).expanduser().resolve()) for text in inputs]
    return ", ".join(dict.fromkeys(name.removesuffix(".yaml").removesuffix(".yml") for name in names)) or "Leaderboard"


def _run_command(arguments: argparse.Namespace) -> str:
    experiments = [text for text in arguments.inputs if text.endswith((".yaml", ".yml"))]
    words = ["rgbtbench", "run", *(experiments[:1] or ["EXPERIMENT.yaml"])]
    words += ["--runs", str(arguments.runs)] if arguments.runs else []
    return shlex.join(words + [word for change in arguments.set for word in ("--set", change)])
