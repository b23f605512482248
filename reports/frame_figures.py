"""Figures that look into sequences: two trackers on each of them, overlaps, and how long targets are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rgbtbench.core.boxes import Array, Index
from rgbtbench.core.errors import not_installed
from rgbtbench.core.protocol import Measure
from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.losses import FRAMES, OVERLAP, lost_at

from .colours import Looks, looks_of
from .figures import BOTH_COLUMNS, COLUMN, figure, label, legend_below, line_of, lines_of, ranked, seaborn, styled
from .scores import SMALL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OTHERS = 8  # panels: more are too small to read
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8)  # of overlaps


def scatter_pairs(evaluation: Evaluation, measure: Measure, looks: Looks | None = None) -> Figure:
    """The best tracker against each of the next ones: a dot per sequence, above the line where the best is better.

    In the title of a panel: on how many sequences the best is better, equal, worse.
    """
    with styled():
        looks, order = looks or looks_of(evaluation.trackers), ranked(evaluation, measure)
        values = evaluation.values(measure) * 100
        best, others = order[0], order[1 : 1 + OTHERS]
        columns = min(len(others), 4)
        rows = math.ceil(len(others) / max(columns, 1))
        wide = COLUMN if columns == 1 else BOTH_COLUMNS
        made = figure(wide, (wide / columns + 0.25) * rows + 0.5)
        panels = made.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in panels.flat[len(others) :]:
            axes.set_axis_off()
        for axes, k in zip(panels.flat, others, strict=False):
            x, y = values[k], values[best]
            gains = np.round(y - x, 10)  # the last digits depend on the order of additions
            winner = np.where(gains > 0, looks[evaluation.trackers[best]].colour, looks[evaluation.trackers[k]].colour)
            axes.plot([0, 100], [0, 100], color="#888888", linewidth=0.7)
            axes.scatter(x, y, s=5, c=np.where(gains == 0, "#888888", winner), linewidths=0, alpha=0.7)
            wins = f"{int((gains > 0).sum())} / {int((gains == 0).sum())} / {int((gains < 0).sum())}"
            axes.set_title(f"{label(evaluation.trackers[k], 20)}\n{wins}", color=looks[evaluation.trackers[k]].colour)
            axes.set(xlim=(-2, 102), ylim=(-2, 102), aspect="equal")
            axes.grid(True)
        name = label(evaluation.trackers[best], 20)
        made.supylabel(f"{name}, {measure.name} in percent", fontsize=7.5)
        made.supxlabel(f"the other, {measure.name} in percent", fontsize=7.5)
        title = f"{name} on each sequence of {evaluation.benchmark.title}: better / equal / worse"
        made.suptitle(lines_of(title, wide), fontsize=7.5)
        return made


def overlap_shares(evaluation: Evaluation, measure: Measure) -> Array:
    """Shares (K, 6) in percent of frames by overlap: none, up to 0.2, 0.4, 0.6, 0.8, and more.

    These are the steps of the success curve, averaged over sequences as it is, so that they are those of the score.
    """
    at = [int(np.argmin(np.abs(np.asarray(measure.thresholds) - edge))) for edge in EDGES]
    above = evaluation.curve(measure)[:, 0, at] * 100
    shares: Array = -np.diff(above, axis=1, prepend=100, append=0)
    return shares


def overlaps(evaluation: Evaluation, measure: Measure) -> Figure:
    """How overlaps are distributed: a bar per tracker, the best on top, cut into shares of frames."""
    with styled():
        order = ranked(evaluation, measure)
        shares = overlap_shares(evaluation, measure)[order]
        made = figure(COLUMN, 0.9 + 0.2 * len(order))
        axes = made.subplots()
        tints = ["#bbbbbb", *seaborn().color_palette("cividis", len(EDGES))]
        names = ["0 or absent", *(f"to {edge:g}" for edge in EDGES[1:]), "to 1"]
        left, rows = np.zeros(len(order)), np.arange(len(order))
        handles = []
        for k, (tint, share) in enumerate(zip(tints, shares.T, strict=True)):
            handles.append(axes.barh(rows, share, 0.8, left=left, color=tint))
            for row in rows[share >= 7]:
                ink = "white" if 1 <= k <= 3 else "black"
                place = left[row] + share[row] / 2, row
                axes.text(*place, f"{share[row]:.0f}", ha="center", va="center", fontsize=5.5, color=ink)
            left = left + share
        axes.set_yticks(rows, [label(evaluation.trackers[k], 18) for k in order])
        axes.set_ylim(len(order) - 0.5, -0.5)
        title = f"Overlap with the truth, {evaluation.benchmark.title}"
        axes.set(title=lines_of(title, COLUMN), xlabel="percent of frames, as the success curve counts", xlim=(0, 100))
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        legend_below(made, handles, names, columns=3)
        return made


@dataclass(frozen=True, slots=True)
class Survival:
    """``shares`` of sequences not yet lost after ``frames``: steps. How many were ``lost``, of ``sequences``.

    After the frame ``until`` fewer than 10 sequences are left, and a single one moves the share by much.
    """

    frames: Array
    shares: Array
    lost: int
    sequences: int
    until: int


def survival(overlaps: Array, lengths: Index) -> Survival:
    """Kaplan and Meier's estimate: a sequence that ends before its target is lost counts as long as it lasts.

    ``overlaps`` (F,) of one tracker, ``lengths`` (S,); sequences without any are left out. When a target is lost, says
    ``losses.lost_at``. Raises ConfigError where SciPy is not installed.
    """
    try:
        from scipy import stats
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    there = np.logical_or.reduceat(~np.isnan(overlaps), np.cumsum(lengths) - lengths)
    at = lost_at(overlaps, lengths)[there]
    kept = at == lengths[there]
    curve = stats.ecdf(stats.CensoredData.right_censored(at, kept)).sf
    until = int(np.sort(at)[-SMALL]) if len(at) >= SMALL else int(at.max(initial=1))
    steps = np.append(0, curve.quantiles), np.append(1, curve.probabilities)
    return Survival(*steps, int((~kept).sum()), len(at), until)


def survival_curves(
    evaluation: Evaluation, overlaps: Mapping[str, Any], lengths: Index, looks: Looks | None = None
) -> Figure:
    """Which share of sequences is not yet lost after so many frames; in the legend: how many are lost in the end.

    A line ends where fewer than 10 sequences are left.
    """
    with styled() as matplotlib:
        looks = looks or looks_of(evaluation.trackers)
        found = {name: survival(overlaps[name].astype(float), lengths) for name in evaluation.trackers}
        order = sorted(found, key=lambda name: (found[name].lost / max(found[name].sequences, 1), name))
        made = figure(COLUMN, 2.4 + 0.14 * math.ceil(len(order) / 2))
        axes = made.subplots()
        handles, names = [], []
        for name in order:
            one, style = found[name], {"drawstyle": "steps-post"}
            shown = one.frames <= one.until
            x, y = np.append(one.frames[shown], one.until), np.append(one.shares[shown], one.shares[shown][-1:])
            handles.append(line_of(axes, np.maximum(x, 1), y * 100, looks[name], **style))
            names.append(f"{label(name, 20)} [{one.lost}/{one.sequences}]")
        title = f"Sequences not yet lost, {evaluation.benchmark.title}; [lost/all]"
        axes.set(title=lines_of(title, COLUMN), ylabel="percent of sequences", ylim=(0, 101), xscale="log")
        axes.set_xlabel(f"frames; lost: overlap of {OVERLAP} or less for {FRAMES} frames")
        axes.set_xlim(1, max(2, *(one.until for one in found.values())))
        axes.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        axes.grid(True)
        legend_below(made, handles, names)
        return made
