"""All figures of a report, one file each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.files import atomic
from rgbtbench.scoring.evaluation import Evaluation

from .attribute_figures import heat_map, pair_map, radar
from .comparison import mean_rank_rows
from .figures import curves, drawn
from .inputs import Entry
from .sequence_figures import critical_differences, distributions
from .speed import Speed, printed_speeds, scatter, with_facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figures(
    folder: Path, form: str, evaluations: Iterable[Evaluation], groups: Mapping[Benchmark, list[Entry]]
) -> list[Path]:
    """Draw whatever the evaluations hold into a folder; returns the paths. Raises ConfigError if it cannot."""
    written = []
    for evaluation in evaluations:
        entries = {entry.label: entry for entry in groups[evaluation.benchmark]}
        for name, made in _figures(evaluation, entries):
            folder.mkdir(parents=True, exist_ok=True)
            stem = re.sub(r"[^\w.+-]+", "-", f"{evaluation.benchmark.title} {name}")  # names of strangers lead nowhere
            written.append(folder / f"{stem}.{form}")
            atomic.save(written[-1], drawn(made, form))
    return written


def _figures(evaluation: Evaluation, entries: Mapping[str, Entry]) -> Iterator[tuple[str, Figure]]:
    single = [name for name in evaluation.attributes[1:] if "+" not in name]
    paired = len(single) < len(evaluation.attributes) - 1
    for measure in evaluation.measures:
        yield f"{measure.name} curves", curves(evaluation, measure)
        if single and not paired:
            yield f"{measure.name} attributes", heat_map(evaluation, measure)
            if len(single) > 2:
                yield f"{measure.name} radar", radar(evaluation, measure)
        yield f"{measure.name} sequences", distributions(evaluation, measure)
        for tracker in evaluation.trackers if paired else ():
            yield f"{measure.name} pairs {tracker}", pair_map(evaluation, measure, tracker)
    if len(evaluation.trackers) > 2:
        rows = mean_rank_rows(evaluation)
        for metric in dict.fromkeys(row.metric for row in rows):
            yield f"{metric} ranks", critical_differences([row for row in rows if row.metric == metric])
    own = list(_own(evaluation, entries))
    benchmark, metric = evaluation.benchmark, evaluation.measures[-1].name
    printed = []
    if benchmark.is_official:  # a generated benchmark has only the name of the printed one
        printed = printed_speeds(benchmark.spec.name, benchmark.split_label, metric, [s.tracker for s in own])
    if own or printed:
        yield f"{metric} speed", scatter(own, printed, benchmark.title, metric)


def _own(evaluation: Evaluation, entries: Mapping[str, Entry]) -> Iterator[Speed]:
    scores = evaluation.scores(evaluation.measures[-1])[:, 0] * 100
    for tracker, score in zip(evaluation.trackers, scores.tolist(), strict=True):
        entry = entries[tracker]
        speed = with_facts(tracker, score, entry.source, entry.fps(), entry.authors_fps())
        if speed and score == score:  # a gap has no place
            yield speed
