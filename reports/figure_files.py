"""All figures of a report, one file each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.files import atomic
from rgbtbench.scoring.evaluation import Aligned, Evaluation

from .attribute_figures import heat_map, pair_map, radar
from .colours import Looks, looks_of
from .comparison import mean_rank_rows
from .figures import curves, drawn, ranked
from .frame_figures import overlaps, scatter_pairs, survival_curves
from .inputs import Entry
from .sequence_figures import critical_differences, distributions
from .speed import Speed, printed_speeds, scatter, with_facts
from .strips import MOST, chosen_strips, draw_strip
from .watched import Watched

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Subject:
    """What is drawn: one benchmark's evaluation. ``strips``: sequences asked for."""

    evaluation: Evaluation
    entries: Mapping[str, Entry]
    looks: Looks
    watched: Watched
    strips: Sequence[str] = ()

    @property
    def single(self) -> list[str]:
        """Attributes, without pairs of them."""
        return [name for name in self.evaluation.attributes[1:] if "+" not in name]

    @property
    def paired(self) -> bool:
        """Whether every two attributes were evaluated together."""
        return len(self.single) < len(self.evaluation.attributes) - 1


Named: TypeAlias = "Iterator[tuple[str, Figure]]"


def _curves(of: Subject) -> Named:
    for measure in of.evaluation.measures:
        yield f"{measure.name} curves", curves(of.evaluation, measure, looks=of.looks)


def _attributes(of: Subject) -> Named:
    for measure in of.evaluation.measures if of.single and not of.paired else ():
        yield f"{measure.name} attributes", heat_map(of.evaluation, measure)


def _radar(of: Subject) -> Named:
    for measure in of.evaluation.measures if len(of.single) > 2 and not of.paired else ():
        yield f"{measure.name} radar", radar(of.evaluation, measure, of.looks)


def _pairs(of: Subject) -> Named:
    for measure in of.evaluation.measures if of.paired else ():
        for tracker in of.evaluation.trackers:
            yield f"{measure.name} pairs {tracker}", pair_map(of.evaluation, measure, tracker)


def _sequences(of: Subject) -> Named:
    for measure in of.evaluation.measures:
        yield f"{measure.name} sequences", distributions(of.evaluation, measure, of.looks)


def _ranks(of: Subject) -> Named:
    rows = mean_rank_rows(of.evaluation) if len(of.evaluation.trackers) > 2 else []
    for metric in dict.fromkeys(row.metric for row in rows):
        yield f"{metric} ranks", critical_differences([row for row in rows if row.metric == metric], of.looks)


def _speed(of: Subject) -> Named:
    own = list(_own_speeds(of.evaluation, of.entries))
    benchmark, metric = of.evaluation.benchmark, of.evaluation.measures[-1].name
    printed = []
    if benchmark.is_official:  # a generated benchmark has only the name of the printed one
        printed = printed_speeds(benchmark.spec.name, benchmark.split_label, metric, [s.tracker for s in own])
    if own or printed:
        yield f"{metric} speed", scatter(own, printed, benchmark.title, metric, of.looks)


def _own_speeds(evaluation: Evaluation, entries: Mapping[str, Entry]) -> Iterator[Speed]:
    scores = evaluation.scores(evaluation.measures[-1])[:, 0] * 100
    for tracker, score in zip(evaluation.trackers, scores.tolist(), strict=True):
        entry = entries[tracker]
        speed = with_facts(tracker, score, entry.source, entry.fps(), entry.authors_fps())
        if speed and score == score:  # a gap has no place
            yield speed


def _scatter(of: Subject) -> Named:
    for measure in of.evaluation.measures if len(of.evaluation.trackers) > 1 else ():
        yield f"{measure.name} scatter", scatter_pairs(of.evaluation, measure, of.looks)


def _overlaps(of: Subject) -> Named:
    for measure in of.evaluation.measures:
        if measure.quantity == "overlap":
            yield f"{measure.name} overlaps", overlaps(of.evaluation, measure)


def _survival(of: Subject) -> Named:
    if of.watched.overlaps:
        yield "survival", survival_curves(of.evaluation, of.watched.overlaps, of.watched.benchmark.lengths, of.looks)


def _strips(of: Subject) -> Named:
    best = ranked(of.evaluation, of.evaluation.measures[-1])[:MOST]
    trackers = [of.evaluation.trackers[k] for k in best]
    for strip in chosen_strips(of.watched, trackers, of.strips) if of.watched.overlaps else ():
        if made := draw_strip(of.watched, strip, trackers, of.looks):
            yield f"strip {strip.sequence}", made


FIGURES: Mapping[str, Callable[[Subject], Named]] = {
    "curves": _curves,
    "attributes": _attributes,
    "radar": _radar,
    "pairs": _pairs,
    "sequences": _sequences,
    "ranks": _ranks,
    "speed": _speed,
    "scatter": _scatter,
    "overlaps": _overlaps,
    "survival": _survival,
    "strip": _strips,
}


class Figures:
    """Draws whatever evaluations hold. ``watch`` is for ``Material.evaluate``.

    ``kinds``: some of ``FIGURES``, else all. ``strips``: ``SEQUENCE`` or ``SEQUENCE:FRAME,FRAME``, frames from 1.
    Raises ConfigError for an unknown kind.
    """

    def __init__(
        self, groups: Mapping[Benchmark, list[Entry]], kinds: Iterable[str] | None = None, strips: Sequence[str] = ()
    ) -> None:
        self.kinds = list(FIGURES if kinds is None else dict.fromkeys(kinds))
        if odd := [kind for kind in self.kinds if kind not in FIGURES]:
            raise unknown("kind of figure", odd[0], FIGURES)
        if strips and len(groups) > 1:
            found = ", ".join(benchmark.title for benchmark in groups)
            raise ConfigError("which benchmark's sequence?", found=found, next="--only BENCHMARK")
        self.groups, self.strips = groups, strips
        self.watched = {benchmark: Watched(benchmark) for benchmark in groups}
        self.watch: dict[Benchmark, Callable[[Aligned], None]] = {b: w.watch for b, w in self.watched.items()}

    def write(self, folder: Path, form: str, evaluations: Sequence[Evaluation]) -> list[Path]:
        """Write a file for each figure; returns the paths. Raises ConfigError if it cannot."""
        looks = looks_of(name for evaluation in evaluations for name in evaluation.trackers)
        written = []
        for evaluation in evaluations:
            benchmark = evaluation.benchmark
            entries = {entry.label: entry for entry in self.groups[benchmark]}
            subject = Subject(evaluation, entries, looks, self.watched[benchmark], self.strips)
            for name, made in (named for kind in self.kinds for named in FIGURES[kind](subject)):
                folder.mkdir(parents=True, exist_ok=True)
                stem = re.sub(r"[^\w.+-]+", "-", f"{benchmark.title} {name}")  # names of strangers lead nowhere
                written.append(folder / f"{stem}.{form}")
                atomic.save(written[-1], drawn(made, form))
        return written
