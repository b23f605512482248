"""Figures for papers: column width, selectable by suffix, the same bytes for the same numbers. Needs matplotlib."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rgbtbench.core.errors import ConfigError, not_installed
from rgbtbench.core.protocol import Measure
from rgbtbench.core.terminal import visible
from rgbtbench.files import atomic
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .colours import Look, Looks, looks_of
from .paper_tables import Exhibit, Filled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, BOTH_COLUMNS = 3.4, 7.0  # inches: one column of a two-column paper, and both
SUFFIXES = ("svg", "pdf", "png")
STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "grid.linewidth": 0.4,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "text.parse_math": False,  # a stranger's $ is a $
    "svg.hashsalt": "rgbtbench",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
}
UNDATED: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
AXES = {
    "center": ("Precision", "Location error threshold, pixels"),
    "normalized": ("Normalised precision", "Normalised location error threshold"),
    "overlap": ("Success rate", "Overlap threshold"),
}


@contextmanager
def styled() -> Iterator[Any]:
    """matplotlib in our style; raises ConfigError where it is not installed."""
    try:
        import matplotlib
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    with matplotlib.rc_context(STYLE):
        yield matplotlib


def seaborn() -> Any:
    """The library, for figures of distributions and grids; raises ConfigError where it is not installed."""
    try:
        import seaborn
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    return seaborn


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches. It is laid out with SVG's and PDF's 72 dots, where hinted letters are widest."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=72, layout="constrained")
    made._repr_png_ = partial(_shown, made)  # type: ignore[attr-defined]  # notebooks show pyplot's figures alone
    return made


def _shown(made: Figure) -> tuple[bytes, dict[str, int]]:
    """A PNG file, and how many pixels wide a notebook shows it."""
    return drawn(made, "png"), {"width": round(140 * made.get_figwidth())}


def drawn(made: Figure, form: str) -> bytes:
    """A figure as the bytes of an SVG, PDF or PNG file, without a date."""
    data = io.BytesIO()
    with styled():
        made.savefig(data, format=form, metadata=UNDATED[form])
    return data.getvalue()


def save(made: Figure, path: Path) -> None:
    """Write a figure in the format of its path's suffix. Raises ConfigError for another one."""
    form = path.suffix.lower().removeprefix(".")
    if form not in SUFFIXES:
        raise ConfigError("unknown figure format", where=path, expected=", ".join(f".{s}" for s in SUFFIXES))
    atomic.save(path, drawn(made, form))


def label(name: str, size: int = 26) -> str:
    """A stranger's name as text that fits."""
    text = visible(name)
    return text if len(text) <= size else text[: size - 1] + "…"


def lines_of(text: str, width: float) -> str:
    """A title in as many lines as a figure of so many inches needs."""
    return textwrap.fill(text, int(13 * width))


def ranked(evaluation: Evaluation, measure: Measure, a: int = 0) -> list[int]:
    """Indices of trackers, best first; those with gaps last. ``a``: which attribute."""
    scores = np.nan_to_num(evaluation.scores(measure)[:, a], nan=-1.0)
    return [int(k) for k in np.argsort(-scores, kind="stable")]


def curves(evaluation: Evaluation, measure: Measure, attribute: str = ALL, looks: Looks | None = None) -> Figure:
    """One metric's curves, best first; scores in the legend as the kits print them: fractions with three digits."""
    with styled():
        looks = looks or looks_of(evaluation.trackers)
        a = evaluation.attributes.index(attribute)
        scores, lines = evaluation.scores(measure)[:, a], evaluation.curve(measure)[:, a]
        order = ranked(evaluation, measure, a)
        rows = math.ceil(len(order) / 2)
        made = figure(COLUMN, 2.2 + 0.14 * rows)
        axes: Axes = made.subplots()
        handles, names = [], []
        for k in order:
            name = evaluation.trackers[k]
            handles.append(line_of(axes, measure.thresholds, lines[k], looks[name]))
            names.append(f"{label(name)} [{'–' if np.isnan(scores[k]) else f'{scores[k]:.3f}'}]")
        if measure.score == "at":
            axes.axvline(measure.thresholds[measure.at], color="#888888", linewidth=0.6, zorder=0)
        what, threshold = AXES[measure.quantity]
        title = evaluation.benchmark.title + ("" if attribute == ALL else f", {attribute}")
        axes.set(title=lines_of(f"{measure.name}, {title}", COLUMN), xlabel=threshold, ylabel=what, ylim=(0, 1))
        axes.set_xlim(measure.thresholds[0], measure.thresholds[-1])
        axes.grid(True)
        legend_below(made, handles, names)
        return made


def line_of(axes: Axes, x: Any, y: Any, look: Look, **style: Any) -> Any:
    """A tracker's line."""
    [line] = axes.plot(x, y, color=look.colour, **style)
    if look.dashes:
        line.set_dashes(look.dashes)
    return line


def legend_below(made: Figure, handles: Sequence[Any], names: Sequence[str], columns: int = 2) -> None:
    """A legend that covers nothing, read row by row. Names are set last: matplotlib hides those that start with _."""
    rows = math.ceil(len(names) / columns)
    order = [r * columns + c for c in range(columns) for r in range(rows) if r * columns + c < len(names)]
    tight: dict[str, Any] = {"handlelength": 2.2, "columnspacing": 1.2, "labelspacing": 0.25, "borderpad": 0.0}
    shown, numbers = [handles[k] for k in order], [str(k) for k in order]
    legend = made.legend(shown, numbers, loc="outside lower center", ncols=columns, frameon=False, **tight)
    for text, k in zip(legend.get_texts(), order, strict=True):
        text.set_text(names[k])


TINTS = ("#0072B2", "#D55E00", "#009E73")  # of metrics


def dots(exhibit: Exhibit, cells: Sequence[Filled], texts: Sequence[str]) -> Figure:
    """An exhibit as dots, a panel per group: filled what is measured, hollow what is printed.

    Beside each stands its cell of the exhibit's table, from ``texts``: so what is missing is said as there.
    """
    with styled():
        groups = list(dict.fromkeys(cell.title for cell in cells))
        metrics = list(dict.fromkeys(cell.metric for cell in cells))
        rows, tints = [row.label for row in exhibit.rows], dict(zip(metrics, TINTS, strict=False))
        made = figure(COLUMN, 0.3 + (0.4 + 0.15 * len(rows) * len(metrics)) * len(groups))
        panels = made.subplots(len(groups), 1, squeeze=False)[:, 0]
        for axes, group in zip(panels, groups, strict=True):
            for cell, text in ((c, t) for c, t in zip(cells, texts, strict=True) if c.title == group):
                at = rows.index(cell.row) + 0.8 * ((metrics.index(cell.metric) + 0.5) / len(metrics) - 0.5)
                style = {"color": tints[cell.metric], "markersize": 3.5, "markeredgewidth": 0.8}
                axes.plot(cell.printed_value, at, "o", markerfacecolor="white", **style)
                spread = 0.0 if math.isnan(cell.deviation) else cell.deviation
                axes.errorbar(cell.measured, at, xerr=spread, fmt="o", elinewidth=0.8, **style)
                ends = [x for x in (cell.printed_value, cell.measured + spread) if not math.isnan(x)]
                place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 5.5}
                if ends:
                    axes.annotate(text, (max(ends), at), **place)
                else:
                    axes.annotate(text, (0, at), xycoords=("axes fraction", "data"), color="#666666", **place)
            axes.set_title(lines_of(group, COLUMN))
            axes.set_yticks(range(len(rows)), [label(row, 18) for row in rows])
            axes.set_ylim(len(rows) - 0.4, -0.6)
            low, high = axes.get_xlim()
            axes.set_xlim(low, high + 0.35 * (high - low))  # room for the last text
            axes.grid(True, axis="x")
        panels[-1].set_xlabel("percent")
        from matplotlib.lines import Line2D

        point: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 3.5}
        keys = [Line2D([], [], color=tints[m], **point) for m in metrics]
        keys += [Line2D([], [], color="#555555", markerfacecolor=c, **point) for c in ("#555555", "white")]
        legend_below(made, keys, [*metrics, "measured here", "printed †"], columns=len(keys))
        return made
