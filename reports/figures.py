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

from .colours import colour, dashes
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


def curves(evaluation: Evaluation, measure: Measure, attribute: str = ALL) -> Figure:
    """One metric's curves, best first; scores in the legend as the kits print them: fractions with three digits."""
    with styled():
        a = evaluation.attributes.index(attribute)
        scores, lines = evaluation.scores(measure)[:, a], evaluation.curve(measure)[:, a]
        order = [int(k) for k in np.argsort(-np.nan_to_num(scores, nan=-1.0), kind="stable")]
        rows = math.ceil(len(order) / 2)
        made = figure(COLUMN, 2.2 + 0.14 * rows)
        axes: Axes = made.subplots()
        dash = dashes(evaluation.trackers)
        handles, names = [], []
        for k in order:
            name = evaluation.trackers[k]
            [line] = axes.plot(measure.thresholds, lines[k], color=colour(name))
            if dash[name]:
                line.set_dashes(dash[name])
            handles.append(line)
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


def legend_below(made: Figure, handles: Sequence[Any], names: Sequence[str], columns: int = 2) -> None:
    """A legend that covers nothing, read row by row. Names are set last: matplotlib hides those that start with _."""
    rows = math.ceil(len(names) / columns)
    order = [r * columns + c for c in range(columns) for r in range(rows) if r * columns + c < len(names)]
    tight: dict[str, Any] = {"handlelength": 2.2, "columnspacing": 1.2, "labelspacing": 0.25, "borderpad": 0.0}
    shown, numbers = [handles[k] for k in order], [str(k) for k in order]
    legend = made.legend(shown, numbers, loc="outside lower center", ncols=columns, frameon=False, **tight)
    for text, k in zip(legend.get_texts(), order, strict=True):
        text.set_text(names[k])


def bars(exhibit: Exhibit, cells: list[Filled]) -> Figure:
    """Bars of an exhibit, a panel per group; printed ones hatched, and what is missing said."""
    with styled():
        groups = list(dict.fromkeys(cell.title for cell in cells))
        metrics = list(dict.fromkeys(cell.metric for cell in cells))
        rows = [row.label for row in exhibit.rows]
        made = figure(COLUMN, 1.75 * len(groups) + 0.25)
        panels = made.subplots(len(groups), 1, squeeze=False)[:, 0]
        tints = dict(zip(metrics, ("#0072B2", "#E69F00", "#009E73"), strict=False))
        for axes, group in zip(panels, groups, strict=True):
            width = 0.8 / len(metrics)
            for cell in (c for c in cells if c.title == group):
                at = rows.index(cell.row) + (metrics.index(cell.metric) - (len(metrics) - 1) / 2) * width
                known = not math.isnan(cell.measured)
                value = cell.measured if known else float(cell.printed or "nan")
                if math.isnan(value):
                    axes.text(at, 1, "missing", rotation=90, ha="center", va="bottom", color="#666666", fontsize=5.5)
                    continue
                style = {"color": tints[cell.metric]} if known else {"facecolor": "white", "hatch": "//////"}
                axes.bar(at, value, width * 0.92, edgecolor=tints[cell.metric], linewidth=0.6, **style)
                spread = 0.0 if math.isnan(cell.deviation) else cell.deviation
                if spread:
                    axes.errorbar(at, value, spread, color="black", linewidth=0.7, capsize=1.5)
                axes.text(at, value + spread + 1, f"{value:.1f}", ha="center", va="bottom", fontsize=5.5, rotation=90)
            measured = any(not math.isnan(c.measured) for c in cells if c.title == group)
            source = "measured here" if measured else "printed" if _printed(cells, group) else "missing"
            axes.set_title(lines_of(f"{group} ({source})", COLUMN))
            top = max([_height(c) for c in cells if c.title == group], default=0.0)
            axes.set(xticks=range(len(rows)), ylim=(0, top * 1.35 or 100), xlim=(-0.6, len(rows) - 0.4))
            axes.set_xticklabels([label(row, 12) for row in rows], rotation=30, ha="right", rotation_mode="anchor")
            axes.grid(True, axis="y")
        from matplotlib.patches import Patch

        made.legend([Patch(color=tints[m]) for m in metrics], metrics, loc="outside upper right", ncols=len(metrics),
                    frameon=False, handlelength=1.0, borderpad=0.0)  # fmt: skip
        return made


def _printed(cells: Sequence[Filled], group: str) -> bool:
    return any(cell.printed for cell in cells if cell.title == group)


def _height(cell: Filled) -> float:
    heights = [value for value in (cell.measured, float(cell.printed or "nan")) if not math.isnan(value)]
    return max(heights, default=0.0)
