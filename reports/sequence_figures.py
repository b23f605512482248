"""Figures over sequences: how scores are spread, and which trackers' mean ranks can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rgbtbench.core.protocol import Measure
from rgbtbench.results.study_record import Training
from rgbtbench.scoring.evaluation import Evaluation

from .colours import PALETTE, Looks, looks_of
from .comparison import MeanRank
from .figures import COLUMN, figure, label, lines_of, ranked, seaborn, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def distributions(evaluation: Evaluation, measure: Measure, looks: Looks | None = None) -> Figure:
    """Each sequence's score in percent as a dot, a row per tracker, the best one on top; the line is the median."""
    with styled():
        looks, order = looks or looks_of(evaluation.trackers), ranked(evaluation, measure)
        values = [evaluation.values(measure)[k] * 100 for k in order]
        made = figure(COLUMN, 0.6 + 0.26 * len(order))
        axes = made.subplots()
        at = np.repeat(np.arange(len(order)), [len(row) for row in values])
        palette = {k: looks[evaluation.trackers[row]].colour for k, row in enumerate(order)}
        style = {"inner": None, "cut": 0, "linewidth": 0, "alpha": 0.35, "density_norm": "width", "legend": False}
        seaborn().violinplot(x=np.concatenate(values), y=at, hue=at, palette=palette, orient="h", ax=axes, **style)
        apart = np.random.default_rng(0).uniform(-0.18, 0.18, len(at))  # seaborn's own would differ each time
        axes.plot(np.concatenate(values), at + apart, ".", color="black", markersize=1.1, alpha=0.5)
        for k, row in enumerate(values):
            axes.plot([np.nanmedian(row)] * 2, [k - 0.35, k + 0.35], color="black", linewidth=1)
        title = f"{measure.name} of each sequence, {evaluation.benchmark.title}; line: median"
        axes.set(title=lines_of(title, COLUMN), xlabel="percent", ylabel="", xlim=(0, 100))
        axes.set_yticks(range(len(order)), [label(evaluation.trackers[k], 18) for k in order])
        axes.grid(True, axis="x")
        return made


def critical_differences(rows: Sequence[MeanRank], looks: Looks | None = None) -> Figure:
    """Mean ranks of one metric on a line; a bar joins trackers that Nemenyi's test does not tell apart.

    Source: Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 2006, Fig. 1.
    """
    with styled():
        looks = looks or looks_of(row.tracker for row in rows)
        rows = sorted(rows, key=lambda row: row.mean_rank)
        ranks = [row.mean_rank for row in rows]
        first, critical = rows[0], rows[0].critical_difference
        bars = _cliques(ranks, critical)
        half = (len(rows) + 1) // 2
        made = figure(COLUMN, 0.9 + 0.13 * len(bars) + 0.17 * half)
        axes = made.subplots()
        low, high = 1, len(rows)
        for k, (start, end) in enumerate(bars):
            axes.plot([ranks[start] - 0.05, ranks[end] + 0.05], [-0.5 - 0.6 * k] * 2, color="black", linewidth=2.2)
        floor = -0.9 - 0.6 * len(bars)
        for k, row in enumerate(rows):  # the better half is named on the left, from the top down
            left = k < half
            height = floor - 0.9 * (k if left else len(rows) - 1 - k)
            edge = low - 0.04 * (high - low) if left else high + 0.04 * (high - low)
            axes.plot(
                [row.mean_rank, row.mean_rank, edge],
                [0, height, height],
                color=looks[row.tracker].colour,
                linewidth=0.9,
            )
            text = f"{label(row.tracker, 16)} {row.mean_rank:.2f}"
            axes.text(edge, height, f"{text} " if left else f" {text}", ha="right" if left else "left", va="center",
                      fontsize=6.5)  # fmt: skip
        axes.plot([low, low + critical], [1.0, 1.0], "|-", color="black", linewidth=1)
        text = f"critical difference {critical:.2f}"
        axes.text(low + critical, 1.0, f"  {text}", ha="left", va="center", fontsize=6.5)
        axes.plot([low, high], [0, 0], color="black", linewidth=0.8)
        for rank in range(low, high + 1):
            axes.plot([rank, rank], [0, 0.18], color="black", linewidth=0.6)
            if rank != low and rank % (1 if high <= 12 else 5):  # more numbers would cover one another
                continue
            axes.text(rank, 0.22, str(rank), ha="center", va="bottom", fontsize=5.5)
        axes.set_axis_off()
        axes.set_xlim(low - 0.45 * (high - low), high + 0.45 * (high - low))
        place = " ".join(filter(None, (first.dataset, first.split)))
        title = f"Mean rank by {first.metric} over {first.sequences} sequences, {place}; p = {first.p:.2g} (Friedman)"
        axes.set_title(lines_of(title, COLUMN))
        return made


def _cliques(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """First and last index of each longest run of sorted ranks within the critical difference."""
    ends = [max(k for k, rank in enumerate(ranks) if rank - start <= critical) for start in ranks]
    return [(k, end) for k, end in enumerate(ends) if end > k and (k == 0 or ends[k - 1] < end)]


def seeds(trainings: Sequence[Training]) -> Figure:
    """Each training's score in percent as a dot, a row per recipe; the line is its 95 % interval over sequences."""
    with styled():
        recipes = list(dict.fromkeys(one.recipe for one in trainings))
        made = figure(COLUMN, 0.6 + 0.26 * len(recipes))
        axes = made.subplots()
        for at, recipe in enumerate(recipes):
            own = [one for one in trainings if one.recipe == recipe]
            heights = at + 0.2 * (np.arange(len(own)) - (len(own) - 1) / 2)
            axes.hlines(heights, [one.low for one in own], [one.high for one in own], color=PALETTE[0], linewidth=0.7)
            axes.plot([one.value for one in own], heights, "o", color=PALETTE[0], markersize=2.5)
        axes.set_yticks(range(len(recipes)), [label(recipe, 18) for recipe in recipes])
        axes.invert_yaxis()
        first = trainings[0]
        title = f"{first.metric} of each training, {first.setting.sequences} generated sequences; line: 95 % interval"
        axes.set(title=lines_of(title, COLUMN), xlabel="percent")
        axes.grid(True, axis="x")
        return made
