"""A whole report: what its inputs name is gathered, scored, and made into tables, ranks or a page."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rgbtbench.core.boxes import reading
from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.terminal import log
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.spec import Spec
from rgbtbench.scoring.evaluation import Aligned, Evaluation

from .comparable import by_benchmark, require_complete, told_apart
from .inputs import Benchmarks, Entry, gather, score
from .leaderboard import Ranked, rank_tables, ranked
from .records import render
from .scores import HTML, Score, attributes_of, score_rows, score_tables
from .stress import StressScore, stress_rows, stress_tables
from .tables import Table

EXPERIMENTS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What was asked for: text, or the bytes of a page; and the scores in it.

    ``complete``: every sequence of every tracker is in it, and every run could be read.
    """

    content: str | bytes
    evaluations: tuple[Evaluation, ...]
    complete: bool

    def __str__(self) -> str:
        return repr(self) if isinstance(self.content, bytes) else self.content

    def __repr__(self) -> str:
        scored = ", ".join(f"{len(e.trackers)} trackers on {e.benchmark.title}" for e in self.evaluations)
        return f"<Report: {scored or 'prints alone'}{'' if self.complete else '; with gaps'}>"


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is made of: trackers' boxes by benchmark, and ``unread``, which runs cannot be read and why."""

    inputs: tuple[str, ...] = ()
    groups: Mapping[Benchmark, list[Entry]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    allow_missing: bool = False
    command: str = ""  # runs what is missing

    def evaluate(
        self,
        by: str = "overall",
        attributes: Collection[str] | None = None,
        measures: tuple[str, ...] | None = None,
        watch: Mapping[Benchmark, Callable[[Aligned], None]] | None = None,
    ) -> list[Evaluation]:
        """Score every benchmark's entries, and log what a reader must know. Raises ResultError if nothing is there."""
        evaluations = []
        for benchmark, entries in self.groups.items():
            evaluation = score(
                entries,
                attributes=attributes_of(benchmark, by, attributes),
                measures=measures,
                allow_missing=self.allow_missing,
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
        if self.groups and not evaluations:
            raise ResultError("nothing to score yet", where=" ".join(self.inputs), next=self.command)
        return evaluations

    def is_complete(self, evaluations: Sequence[Evaluation]) -> bool:
        """Whether no sequence of any tracker is missing, and no run was left out."""
        shown = sum(len(evaluation.trackers) for evaluation in evaluations)
        gaps = any(e.missing for e in evaluations) or shown < sum(map(len, self.groups.values()))
        return not gaps and not self.unread


def collect_material(
    inputs: Sequence[str],
    benchmarks: Benchmarks,
    *,
    runs: Path | None = None,
    changes: Sequence[str] = (),
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    layouts: Mapping[str, str] | None = None,
    allow_missing: bool = False,
    versions: bool = False,
    stressed: bool = False,
) -> Material:
    """Gather what ``inputs.gather`` finds, complete unless ``allow_missing``; what cannot be read is logged.

    ``stressed``: with runs under stress. ``versions``: runs of one label are told apart by their hashes, not refused.
    Raises BenchError.
    """
    for layout in (layouts or {}).values():
        reading(layout)
    unread: list[str] = []
    entries = gather(
        inputs,
        benchmarks,
        runs=runs,
        changes=changes,
        only=only,
        without=without,
        layouts=layouts,
        unread=unread,
        stressed=stressed,
    )
    for reason in unread:
        log(f"left out: {reason}")
    if odd := set(layouts or {}) - {entry.label for entry in entries}:
        labels = ", ".join(dict.fromkeys(entry.label for entry in entries))
        raise ConfigError(f"no results labelled {min(odd)!r}", expected=labels)
    command = _run_command(inputs, runs, changes)
    if not allow_missing:
        require_complete(entries, command)
    groups = by_benchmark(told_apart(entries) if versions else entries)
    return Material(tuple(inputs), groups, tuple(unread), allow_missing, command)


def make_tables(
    material: Material,
    form: str = "table",
    *,
    by: str = "overall",
    ranks: bool = False,
    attributes: Collection[str] | None = None,
    measures: tuple[str, ...] | None = None,
    width: int | None = None,
    dress: Callable[[Table], Table] = lambda table: table,
    watch: Mapping[Benchmark, Callable[[Aligned], None]] | None = None,
) -> Report:
    """Scores, or ``ranks`` instead, in one of the formats of ``records.render``, to which ``width`` goes.

    ``dress``: what is made of each table before. ``watch`` sees the boxes.
    """
    evaluations = material.evaluate(by, attributes, measures, watch)
    if ranks:
        boards = [ranked(evaluation, material.groups[evaluation.benchmark]) for evaluation in evaluations]
        text = render(
            form,
            [row for rows in boards for row in rows],
            Ranked,
            [dress(table) for rows in boards for table in rank_tables(rows)],
            width,
        )
    else:
        scores = [score_rows(evaluation, by) for evaluation in evaluations]
        both = zip(evaluations, scores, strict=True)
        tables = [dress(table) for evaluation, rows in both for table in score_tables(evaluation, rows, by)]
        text = render(form, [row for rows in scores for row in rows], Score, tables, width)
    return Report(text, tuple(evaluations), material.is_complete(evaluations))


def make_stress(
    material: Material,
    form: str,
    *,
    by: str = "overall",
    attributes: Collection[str] | None = None,
    measures: tuple[str, ...] | None = None,
    width: int | None = None,
    dress: Callable[[Table], Table] = lambda table: table,
) -> tuple[Report, list[list[StressScore]]]:
    """The report in one of the formats of ``records.render``, to which ``width`` goes, and its rows by benchmark.

    ``dress``: what is made of each table before. Raises ConfigError if no tracker was run both with and without stress.
    """
    evaluations = material.evaluate(by, attributes, measures)
    rows = [stress_rows(e, material.groups[e.benchmark]) for e in evaluations]
    tables = [dress(table) for e, own in zip(evaluations, rows, strict=True) for table in stress_tables(e, own)]
    text = render(form, [row for own in rows for row in own], StressScore, tables, width)
    return Report(text, tuple(evaluations), material.is_complete(evaluations)), rows


def make_page(
    material: Material,
    *,
    title: str | None = None,
    attributes: Collection[str] | None = None,
    measures: tuple[str, ...] | None = None,
    printed: Sequence[Spec] = (),
    untrusted: bool = False,
    with_truth: bool = False,
) -> Report:
    """One HTML file of everything that is there, and of what is ``printed`` of further benchmarks.

    ``with_truth``: it scores results that are dropped onto it.
    """
    if not material.groups and not printed:
        raise ConfigError("nothing to show", expected="experiments, stores, results, or --printed BENCHMARK")
    from .page.build import Page

    title = title or page_title(material, printed)
    page = Page(title, material.groups, printed, untrusted=untrusted, with_truth=with_truth)
    evaluations = material.evaluate(HTML, attributes, measures, page.watch)
    return Report(page.html(evaluations), tuple(evaluations), material.is_complete(evaluations))


def page_title(material: Material, printed: Sequence[Spec] = ()) -> str:
    """The experiments' names if there is nothing else, or the benchmarks': a folder's name says nothing."""
    from .page.build import FIRST

    if material.inputs and all(text.endswith(EXPERIMENTS) for text in material.inputs):
        names = [Path(text).expanduser().resolve().stem for text in material.inputs]
        return ", ".join(dict.fromkeys(names))
    names = [f"{'generated ' * b.is_generated}{b.spec.name}" for b in material.groups]
    names += [spec.name for spec in printed]
    *most, last = sorted(dict.fromkeys(names), key=lambda name: FIRST not in name)  # as the page shows them
    return f"Trackers on {', '.join(most)}{' and ' * bool(most)}{last}"


def _run_command(inputs: Iterable[str], runs: Path | None, changes: Iterable[str]) -> str:
    experiments = [text for text in inputs if text.endswith(EXPERIMENTS)]
    words = ["rgbtbench", "run", *(experiments[:1] or ["EXPERIMENT.yaml"])]
    words += ["--runs", str(runs)] if runs else []
    return shlex.join(words + [word for change in changes for word in ("--set", change)])
