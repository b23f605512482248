"""Figures by attribute: heat map, radar chart, and a forest plot of what sets two trackers apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rgbtbench.core.boxes import Array, Index
from rgbtbench.core.protocol import Measure
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .colours import Looks, looks_of
from .comparison import Comparison
from .figures import BOTH_COLUMNS, COLUMN, figure, label, legend_below, line_of, lines_of, ranked, seaborn, styled
from .scores import SMALL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNSURE, GREY, PALE = "pale: Holm's p > 0.05", "#999999", 0.35
LEVEL = 0.05  # of Holm's p
ON_RADAR = 7  # trackers: more cannot be told apart


def _counted(evaluation: Evaluation) -> list[str]:
    """Attributes with their numbers of sequences, small ones flagged."""
    counts = evaluation.has.sum(axis=0).tolist()
    return [f"{name}\n{n}{'*' if n < SMALL else ''}" for name, n in zip(evaluation.attributes, counts, strict=True)]


def _few(evaluation: Evaluation) -> bool:
    return bool((evaluation.has.sum(axis=0) < SMALL).any())


def heat_map(evaluation: Evaluation, measure: Measure) -> Figure:
    """Tracker x attribute in percent, best tracker first; counts under the attributes.

    A cell's colour says how far it is behind the best of its column: attributes are not equally hard.
    """
    order = ranked(evaluation, measure)
    values = evaluation.scores(measure)[order] * 100
    names = [label(evaluation.trackers[k], 18) for k in order]
    title = f"{measure.name} by attribute, {evaluation.benchmark.title}; colour: points behind the column's best; "
    title += "below: sequences" + (f" (*\u00a0fewer than {SMALL})" if _few(evaluation) else "")
    best = np.where(np.isnan(values), -np.inf, values).max(axis=0)
    return _grid(values, names, _counted(evaluation), title, shades=values - np.where(np.isinf(best), np.nan, best))


def pair_map(evaluation: Evaluation, measure: Measure, tracker: str) -> Figure:
    """One tracker on sequences that have both attributes, the row's and the column's; their numbers above."""
    spec = evaluation.benchmark.spec
    names = list(spec.attributes)
    scores = dict(
        zip(evaluation.attributes, evaluation.scores(measure)[evaluation.trackers.index(tracker)], strict=True)
    )
    counts = dict(zip(evaluation.attributes, evaluation.has.sum(axis=0).tolist(), strict=True))
    values, sizes = np.full((len(names), len(names)), np.nan), np.zeros((len(names), len(names)), dtype=int)
    for r, row in enumerate(names):
        for c, column in enumerate(names[: r + 1]):
            key = row if r == c else f"{column}+{row}"
            values[r, c], sizes[r, c] = scores.get(key, np.nan) * 100, counts.get(key, 0)
    title = f"{measure.name} of {label(tracker)} by two attributes, {evaluation.benchmark.title}"
    return _grid(values, names, names, f"{title}; above: sequences (* fewer than {SMALL})", sizes)


def _grid(
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    sizes: Index | None = None,
    shades: Array | None = None,
) -> Figure:
    """Numbers in cells, coloured by themselves or by ``shades``; ``sizes`` are written above the diagonal."""
    with styled():
        wide = len(columns) > 10
        width = BOTH_COLUMNS if wide else COLUMN
        made = figure(width, 0.75 + 0.19 * len(rows))
        axes = made.subplots()
        texts = np.char.mod("%.1f", values)
        if sizes is not None:
            texts = np.where(sizes < SMALL, np.char.add(texts, "*"), texts)
            for r, c in zip(*np.triu_indices(len(rows), 1), strict=True):
                axes.text(c + 0.5, r + 0.5, str(sizes[c, r]), ha="center", va="center", fontsize=5.5, color="#666666")
        shown = {"annot": texts, "fmt": "", "annot_kws": {"fontsize": 5.5 if wide else 5}, "cmap": "cividis"}
        plain = {"cbar": False, "xticklabels": False, "yticklabels": False}
        seaborn().heatmap(values if shades is None else shades, mask=~np.isfinite(values), ax=axes, **shown, **plain)
        axes.set_title(lines_of(title, width))
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=5.5)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.tick_params(length=0)
        return made


def radar(evaluation: Evaluation, measure: Measure, looks: Looks | None = None) -> Figure:
    """The best trackers' scores in percent, an axis per attribute.

    At its tip: how many sequences have it, and the best and the lowest score of those drawn.
    """
    with styled() as matplotlib:
        looks = looks or looks_of(evaluation.trackers)
        order = ranked(evaluation, measure)[:ON_RADAR]
        values = evaluation.scores(measure)[:, 1:] * 100
        names, counts = evaluation.attributes[1:], evaluation.has.sum(axis=0).tolist()[1:]
        angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
        made = figure(COLUMN, 3.3 + 0.14 * ((len(order) + 1) // 2))
        axes: Any = made.subplots(subplot_kw={"projection": "polar"})
        axes.set_theta_zero_location("N")
        axes.set_theta_direction(-1)
        handles, shown = [], []
        for k in order:
            name = evaluation.trackers[k]
            ring = np.append(angles, angles[0]), np.append(values[k], values[k][0])
            handles.append(line_of(axes, *ring, looks[name]))
            shown.append(label(name))
        heads = [f"{name} ({n}{'*' if n < SMALL else ''})" for name, n in zip(names, counts, strict=True)]
        tips = [f"{head}\n{_span(column)}" for head, column in zip(heads, values[order].T, strict=True)]
        axes.set_xticks(angles, tips, fontsize=5.5)
        for tick, angle in zip(axes.get_xticklabels(), angles, strict=True):
            side = np.sin(angle)
            tick.set_horizontalalignment("center" if abs(side) < 0.05 else "left" if side > 0 else "right")
        axes.tick_params(axis="x", pad=0)
        lowest, highest = (np.nanmin(values[order]), np.nanmax(values[order])) if np.isfinite(values).any() else (0, 1)
        middle = max(0, int(lowest // 10) * 10 - 10)  # not always 0: there all lines would lie on one another
        step = 10 if highest - middle < 60 else 20
        axes.yaxis.set_major_locator(matplotlib.ticker.MultipleLocator(step))
        axes.set_ylim(middle, None)
        axes.set_yticklabels([])  # a number there would lie on the lines
        axes.spines["polar"].set_visible(False)
        legend = [f"centre {middle}, rings {step} points apart"]
        legend += ["at the tips: best and lowest"]
        legend += [f"best {ON_RADAR}"] if len(evaluation.trackers) > len(order) else []
        legend += [f"* fewer than {SMALL} sequences"] if _few(evaluation) else []
        whole = [words.replace(" ", "\u00a0") for words in legend]  # lines end between them only
        axes.set_title(
            f"{measure.name} by attribute, {evaluation.benchmark.title}\n{lines_of('; '.join(whole), COLUMN)}"
        )
        legend_below(made, handles, shown)
        return made


def _span(values: Array) -> str:
    known = values[np.isfinite(values)]
    return f"{known.max():.1f}, {known.min():.1f}" if len(known) else "–"


def forest(rows: list[Comparison], looks: Looks | None = None) -> Figure:
    """First minus second tracker in points with 95 % intervals, a panel per metric, the last one's largest gain on top.

    Its colour is that of the better tracker, pale where Holm's p is above 0.05. Each panel has its own range.
    """
    with styled():
        first = rows[0]
        looks = looks or looks_of((first.first, first.second))
        metrics = list(dict.fromkeys(row.metric for row in rows))
        names = _by_effect(rows, metrics[-1])
        made = figure(COLUMN if len(metrics) == 1 else BOTH_COLUMNS, 1.2 + 0.17 * len(names))
        panels = made.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
        for axes, metric in zip(panels, metrics, strict=True):
            axes.axvline(0, color="#888888", linewidth=0.7)
            for row in (row for row in rows if row.metric == metric):
                at = names.index(row.attribute)
                tint = looks[row.first if row.difference > 0 else row.second].colour
                style = {"color": tint, "alpha": 1.0 if row.p_holm <= LEVEL else PALE}
                axes.plot([row.low, row.high], [at, at], linewidth=1.4, **style)
                mark, size = ("D", 5) if row.attribute == ALL else ("o", 3.2)
                axes.plot(row.difference, at, mark, markersize=size, markeredgewidth=0, **style)
            axes.set_title(metric)
            axes.set_xlabel("points")
            axes.grid(True, axis="x")
        counts = {row.attribute: row.sequences for row in rows}
        panels[0].set_yticks(range(len(names)), [f"{n} ({counts[n]}{'*' * (counts[n] < SMALL)})" for n in names])
        panels[0].invert_yaxis()
        title = " ".join(filter(None, (first.dataset, first.split)))
        title = f"{label(first.first)} minus {label(first.second)}, {title}"
        made.suptitle(lines_of(title, made.get_figwidth()), fontsize=8)
        keys = {f"{label(name)} better": (looks[name].colour, 1.0) for name in (first.first, first.second)}
        keys |= {UNSURE: (GREY, PALE)}
        dots = [panels[0].plot([], [], color=c, alpha=a, marker="o", markersize=3.2)[0] for c, a in keys.values()]
        legend_below(made, dots, list(keys), columns=len(metrics))
        return made


def _by_effect(rows: list[Comparison], metric: str) -> list[str]:
    """Attributes, that of all sequences first, then from the largest difference down; unknown ones last."""
    effects = {row.attribute: row.difference for row in rows if row.metric == metric}
    return sorted(effects, key=lambda name: (name != ALL, -np.nan_to_num(effects[name], nan=-np.inf)))
