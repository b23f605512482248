"""What ``report --stress`` prints: what stays of a tracker's score when its frames fail.

Of a clean score C and scores S under stress, the relative drop is the mean of (C - S) / C; one less it is the mean
resilience rate of Kong et al. 2023 (RoboDepth, NeurIPS). Each stress counts once, as the mean over its severities, as
in Hendrycks and Dietterich 2019 (ImageNet-C, ICLR). Intervals are of paired differences: both scores see the same draws
of sequences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.protocol import Measure
from rgbtbench.core.terminal import log
from rgbtbench.datasets.stress import KINDS, STRESSES, Chosen
from rgbtbench.scoring.evaluation import ALL, Evaluation
from rgbtbench.scoring.statistics import intervals, ratio_interval

from .inputs import Entry
from .tables import GAP, Table, marked, number

MEAN = "mean"
RELIANCE = {"without RGB": "rgb-black", "without thermal": "tir-black", "without both": "both-black"}  # at severity 3


@dataclass(frozen=True, slots=True)
class StressScore:
    """A tracker under a stress, in percent: score, its difference to the clean one, the drop relative to that.

    ``stress``: a name, a kind (the mean over its stresses) or ``mean`` (over all); ``severity`` 0: the mean over
    those that there are. ``low``, ``high``: 95 % interval of the difference; ``drop_low``, ``drop_high``: of the drop.
    """

    dataset: str
    split: str
    tracker: str
    metric: str
    stress: str
    severity: int
    attribute: str
    sequences: int
    clean: float
    value: float
    difference: float
    low: float
    high: float
    drop: float
    drop_low: float
    drop_high: float


def stress_rows(evaluation: Evaluation, entries: Iterable[Entry]) -> list[StressScore]:
    """Each tracker under each stress, then the means over what all of them were run under."""
    runs = _runs(evaluation, entries)
    common = set.intersection(*(set(under) for _, under in runs.values()))
    odd = sorted({str(one) for _, under in runs.values() for one in under if one not in common})
    if odd:
        log(f"not in the means, since not all trackers were run under them: {', '.join(odd)}")
    rows = []
    for measure in evaluation.measures:
        values = evaluation.values(measure)
        for tracker, (clean, under) in runs.items():
            shown = {(one.name, one.severity): values[k] for one, k in sorted(under.items(), key=_of_table)}
            shown |= _means({one: values[k] for one, k in under.items() if one in common})
            for (name, severity), value in shown.items():
                rows += _scored(evaluation, measure, tracker, name, severity, values[clean], value)
    return rows


def _runs(evaluation: Evaluation, entries: Iterable[Entry]) -> dict[str, tuple[int, dict[Chosen, int]]]:
    """Of each tracker that was run with and without stress: the places of its scores in the evaluation."""
    at = {name: k for k, name in enumerate(evaluation.trackers)}
    under: dict[str, dict[Chosen, int]] = {}
    for entry in entries:
        if entry.stress and entry.label in at:
            under.setdefault(entry.base, {})[entry.stress] = at[entry.label]
    runs = {name: (at[name], places) for name, places in under.items() if name in at}
    if not runs:
        raise ConfigError(
            "no tracker was run both with and without stress",
            found=", ".join(evaluation.trackers),
            next="rgbtbench run EXPERIMENT.yaml --stress all",
        )
    return runs


def _of_table(item: tuple[Chosen, int]) -> tuple[int, int]:
    return list(STRESSES).index(item[0].name), item[0].severity


def _means(values: Mapping[Chosen, Array]) -> dict[tuple[str, int], Array]:
    """Means (S,) over the severities of each stress, over each kind's stresses, and over all of them."""
    single = {
        name: np.mean([value for one, value in values.items() if one.name == name], axis=0)
        for name in dict.fromkeys(one.name for one in values)
    }
    kinds = {kind: [v for name, v in single.items() if STRESSES[name].kind == kind] for kind in KINDS}
    means = single | {kind: np.mean(some, axis=0) for kind, some in kinds.items() if some}
    if single:
        means[MEAN] = np.mean(list(single.values()), axis=0)
    return {(name, 0): mean for name, mean in means.items()}


def _scored(
    evaluation: Evaluation, measure: Measure, tracker: str, name: str, severity: int, clean: Array, value: Array
) -> list[StressScore]:
    """A row for each attribute, of per-sequence scores (S,)."""
    weights = evaluation.weights
    bounds = intervals((value - clean)[None], weights)[0] * 100
    rows = []
    for a, attribute in enumerate(evaluation.attributes):
        w, some = weights[a], weights[a] > 0
        one, other = (
            float((v[some] * w[some]).sum() / w.sum()) * 100 if some.any() else math.nan for v in (clean, value)
        )
        enough = some.sum() > 1 and one > 0 and not math.isnan(other)
        drop = ratio_interval(((clean - value) * w)[some], (clean * w)[some]) if enough else (math.nan, math.nan)
        low, high = bounds[a].tolist()
        rows.append(
            StressScore(
                dataset=evaluation.benchmark.spec.name,
                split=evaluation.benchmark.split_label,
                tracker=tracker,
                metric=measure.name,
                stress=name,
                severity=severity,
                attribute=attribute,
                sequences=int(some.sum()),
                clean=one,
                value=other,
                difference=other - one,
                low=low,
                high=high,
                drop=100 * (one - other) / one if one > 0 else math.nan,
                drop_low=drop[0] * 100,
                drop_high=drop[1] * 100,
            )
        )
    return rows


def stress_tables(evaluation: Evaluation, rows: Sequence[StressScore]) -> list[Table]:
    """For each metric: trackers side by side, how they rely on modalities, each tracker under each stress."""
    tables = []
    for measure in evaluation.measures:
        own = [row for row in rows if row.metric == measure.name]
        whole = [row for row in own if row.attribute == ALL]
        trackers = sorted(dict.fromkeys(row.tracker for row in whole), key=lambda name: -_mean_of(whole, name))
        tables += [_summary(evaluation, measure, whole, trackers), *_reliance(measure, whole, trackers)]
        tables += [_of_tracker(measure, whole, name) for name in trackers]
        if len(evaluation.attributes) > 1:
            tables.append(_by_attribute(measure, own, trackers))
    return tables


def _mean_of(rows: Iterable[StressScore], tracker: str) -> float:
    return next((row.value for row in rows if row.tracker == tracker and row.stress == MEAN), -1.0)


def _summary(evaluation: Evaluation, measure: Measure, rows: Sequence[StressScore], trackers: Sequence[str]) -> Table:
    kinds = [kind for kind in KINDS if any(row.stress == kind for row in rows)]
    body, grid = [], []
    for name in trackers:
        cells = {row.stress: row for row in rows if row.tracker == name and row.severity == 0}
        mean = cells.get(MEAN)
        if mean is None:
            continue
        shown = [mean.clean, mean.value, *(cells[kind].value for kind in kinds)]
        grid.append([*shown, -mean.drop])
        drop = f"{number(mean.drop)} [{number(mean.drop_low)}, {number(mean.drop_high)}]"
        body.append((name, *map(number, shown), drop))
    best, second = marked(np.array(grid), axis=0) if grid else (frozenset(), frozenset())
    return Table(
        title=f"{evaluation.benchmark.title}, {measure.name} under stress: percent",
        header=("tracker", "clean", "mean under stress", *kinds, "relative drop"),
        rows=tuple(body),
        note="relative drop: share of the clean score that is lost, mean over stresses [95 % interval, paired]",
        best=best,
        second=second,
    )


def _reliance(measure: Measure, rows: Sequence[StressScore], trackers: Sequence[str]) -> list[Table]:
    body = []
    for name in trackers:
        found = {row.stress: row for row in rows if row.tracker == name and row.severity == 3}
        if any(stress in found for stress in RELIANCE.values()):
            body.append((name, *(_change(found.get(stress)) for stress in RELIANCE.values())))
    if not body:
        return []
    return [
        Table(
            title=f"{measure.name} that each modality carries: difference to the clean score [95 % interval, paired]",
            header=("tracker", *RELIANCE),
            rows=tuple(body),
            note="black after the first frame",
        )
    ]


def _of_tracker(measure: Measure, rows: Sequence[StressScore], tracker: str) -> Table:
    cells = {(row.stress, row.severity): row for row in rows if row.tracker == tracker}
    names = [name for name in (*STRESSES, *KINDS, MEAN) if any(stress == name for stress, _ in cells)]
    clean = next(iter(cells.values())).clean
    return Table(
        title=f"{tracker}, {measure.name} under each stress; clean: {number(clean)}",
        header=("stress", "severity 1", "severity 2", "severity 3", "mean"),
        rows=tuple((name, *(_both(cells.get((name, severity))) for severity in (1, 2, 3, 0))) for name in names),
        note="score, difference to the clean one [95 % interval, paired]",
    )


def _by_attribute(measure: Measure, rows: Sequence[StressScore], trackers: Sequence[str]) -> Table:
    cells = {(row.attribute, row.tracker): row for row in rows if row.stress == MEAN}
    names = dict.fromkeys(row.attribute for row in rows)
    return Table(
        title=f"{measure.name}, mean under stress by attribute",
        header=("attribute", *trackers),
        rows=tuple((name, *(_both(cells.get((name, tracker))) for tracker in trackers)) for name in names),
        note="score, difference to the clean one [95 % interval, paired]",
    )


def _both(row: StressScore | None) -> str:
    return f"{number(row.value)} {_change(row)}" if row else GAP


def _change(row: StressScore | None) -> str:
    if row is None:
        return GAP
    span = "" if math.isnan(row.low) else f" [{number(row.low, sign=True)}, {number(row.high, sign=True)}]"
    return number(row.difference, sign=True) + span
