"""Figures of trackers under stress: a heat map, and a radar with an axis for each stress."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rgbtbench.files import atomic
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .attribute_figures import ON_RADAR
from .colours import looks_of
from .figures import BOTH_COLUMNS, COLUMN, drawn, figure, label, legend_below, line_of, lines_of, seaborn, styled
from .stress import MEAN, StressScore

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_stress_figures(
    folder: Path, form: str, evaluations: Iterable[Evaluation], rows: Iterable[list[StressScore]]
) -> list[Path]:
    """Draw the figures of each benchmark and metric into a folder; returns the paths."""
    written = []
    for evaluation, own in zip(evaluations, rows, strict=True):
        for name, made in _figures(evaluation.benchmark.title, own):
            folder.mkdir(parents=True, exist_ok=True)
            stem = re.sub(r"[^\w.+-]+", "-", f"{evaluation.benchmark.title} {name}")
            written.append(folder / f"{stem}.{form}")
            atomic.save(written[-1], drawn(made, form))
    return written


def _figures(title: str, rows: list[StressScore]) -> Iterator[tuple[str, Figure]]:
    for metric in dict.fromkeys(row.metric for row in rows):
        own = [row for row in rows if row.metric == metric and row.attribute == ALL]
        yield f"{metric} stress map", stress_map(own, title)
        if len({row.stress for row in _means(own)}) > 2:
            yield f"{metric} stress radar", stress_radar(own, title)


def stress_map(rows: Sequence[StressScore], title: str) -> Figure:
    """Stress x tracker: the share of the clean score that is lost, in percent."""
    trackers, cells = _grid(rows)
    columns = [*dict.fromkeys((row.stress, row.severity) for row in rows if row.severity), (MEAN, 0)]
    values = np.array([[cells[name].get(key, np.nan) for name in trackers] for key in columns])
    width = BOTH_COLUMNS if len(trackers) > 4 else COLUMN
    with styled():
        made = figure(width, 0.75 + 0.17 * len(columns))
        axes = made.subplots()
        shown = {"annot": np.char.mod("%.1f", values), "fmt": "", "annot_kws": {"fontsize": 5.5}, "cmap": "cividis_r"}
        seaborn().heatmap(
            values, mask=~np.isfinite(values), ax=axes, cbar=False, xticklabels=False, yticklabels=False, **shown
        )
        axes.set_title(lines_of(f"{rows[0].metric}, {title}: percent of the clean score that is lost", width))
        axes.set_xticks(np.arange(len(trackers)) + 0.5, [label(name, 18) for name in trackers])
        axes.set_yticks(np.arange(len(columns)) + 0.5, [f"{name} {level or ''}".strip() for name, level in columns])
        axes.tick_params(length=0)
    return made


def stress_radar(rows: Sequence[StressScore], title: str) -> Figure:
    """The most robust trackers' scores in percent, an axis per stress, the mean over its severities."""
    trackers = _grid(rows)[0][:ON_RADAR]
    scores = {(row.tracker, row.stress): row.value for row in _means(rows)}
    names = list(dict.fromkeys(stress for _, stress in scores))
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    with styled():
        made = figure(COLUMN, 3.4)
        axes: Any = made.subplots(subplot_kw={"projection": "polar"})
        looks, handles = looks_of(trackers), []
        for name in trackers:
            line = np.array([scores.get((name, stress), np.nan) for stress in names])
            ring = np.append(angles, angles[0]), np.append(line, line[0])
            handles.append(line_of(axes, *ring, looks[name]))
        axes.set_xticks(angles, names, fontsize=6)
        axes.set_ylim(0, None)
        axes.set_title(lines_of(f"{rows[0].metric} under stress, {title}; centre 0", COLUMN))
        legend_below(made, handles, [label(name) for name in trackers])
    return made


def _means(rows: Iterable[StressScore]) -> list[StressScore]:
    """Those of one stress over its severities."""
    from rgbtbench.datasets.stress import STRESSES

    return [row for row in rows if row.severity == 0 and row.stress in STRESSES]


def _grid(rows: Iterable[StressScore]) -> tuple[list[str], dict[str, dict[tuple[str, int], float]]]:
    """Trackers, the most robust first, and what each loses under what."""
    cells: dict[str, dict[tuple[str, int], float]] = {}
    for row in rows:
        cells.setdefault(row.tracker, {})[row.stress, row.severity] = row.drop
    return sorted(cells, key=lambda name: cells[name].get((MEAN, 0), np.inf)), cells
