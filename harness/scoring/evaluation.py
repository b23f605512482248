"""Result files and truth in, curves out; every score is one weighted mean over the sequence axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, Index, starts
from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.core.protocol import Measure, meant
from rgbtbench.core.terminal import visible
from rgbtbench.datasets.benchmark import Benchmark

from . import metrics
from .format_check import Doubt
from .frames import By, frame, overall_html
from .given import Results, opened, runs_on
from .pairs import Comparison, compare_rows, rank_ranges
from .repairs import Repair, boxes_of, kept, report, require_all, require_finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Draw: TypeAlias = "Callable[[Evaluation, Measure, str], Figure]"
ALL = "ALL"  # the row over all sequences


@dataclass(frozen=True, slots=True)
class Aligned:
    """One tracker's boxes as they are scored, frame by frame, after all repairs.

    ``boxes`` (C, 4) and ``truth`` (M, C, 4) of the C compared frames; ``frames`` (C,) says which of all F frames of the
    benchmark these are.
    """

    tracker: str
    boxes: Array
    truth: Array
    frames: Index


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """Curves of K trackers on S sequences.

    ``curves[metric]`` (K, S, T) in [0, 1], NaN for a missing sequence; ``frames`` (S,); ``has`` (S, A) bool says which
    sequence has which of ``attributes``, the first being ALL. ``repeats`` (K): of how many runs the curves are the
    mean; ``spread[metric]`` (K, A): the standard deviation of their scores (n - 1), NaN for a single run.
    """

    benchmark: Benchmark
    measures: tuple[Measure, ...]
    trackers: tuple[str, ...]
    attributes: tuple[str, ...]
    frames: Index
    has: NDArray[np.bool_]
    curves: Mapping[str, Array]
    repairs: tuple[Repair, ...]
    repeats: tuple[int, ...]
    spread: Mapping[str, Array]
    notes: tuple[Doubt, ...] = ()
    draw: ClassVar[Draw | None] = None  # rgbtbench.api sets it: drawings are of a higher floor

    @property
    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """Sequences without results, by tracker."""
        gaps = np.isnan(self.curves[self.measures[0].name][:, :, 0])
        return {
            label: tuple(name for name, gap in zip(self.benchmark.names, row, strict=True) if gap)
            for label, row in zip(self.trackers, gaps, strict=True)
            if row.any()
        }

    @property
    def weights(self) -> Array:
        """Weight of each sequence in each attribute row, (A, S)."""
        weighted: Array = self.has.T * metrics.weights(self.benchmark.spec.protocol, self.frames)
        return weighted

    def values(self, measure: Measure) -> Array:
        """Score (K, S) in [0, 1] of each tracker on each sequence."""
        scored: Array = self.curves[measure.name] @ measure.weights()
        return scored

    def scores(self, measure: Measure) -> Array:
        """Score (K, A) in [0, 1] of each tracker on each attribute; NaN where a sequence of it is missing."""
        values = np.where(self.weights > 0, self.values(measure)[:, None, :], 0.0)
        return metrics.reduce(values, self.weights)

    def curve(self, measure: Measure) -> Array:
        """Curve (K, A, T) in [0, 1] of each tracker on each attribute."""
        curves = np.moveaxis(self.curves[measure.name], 1, -1)[:, None]
        weights = self.weights[:, None, :]
        return metrics.reduce(np.where(weights > 0, curves, 0.0), weights)

    @property
    def title(self) -> str:
        """For example ``LasHeR test: 245 sequences, 220,703 frames``."""
        return f"{self.benchmark.title}: {len(self.benchmark.names)} sequences, {int(self.frames.sum()):,} frames"

    def __repr__(self) -> str:
        rows = ("  ".join(f"{m.name} {100 * self.scores(m)[k, 0]:.1f}" for m in self.measures)
                for k in range(len(self.trackers)))  # fmt: skip
        lines = [f"  {visible(label)}  {row}" for label, row in zip(self.trackers, rows, strict=True)]
        return "\n".join([f"<Evaluation of {self.title}; percent", *lines]) + ">"

    def _repr_html_(self) -> str:
        return overall_html(self)

    @overload
    def score(self, measure: str, attribute: str = ALL, tracker: None = None) -> dict[str, float]: ...
    @overload
    def score(self, measure: str, attribute: str = ALL, *, tracker: str) -> float: ...
    @overload
    def score(self, measure: str, attribute: str, tracker: str) -> float: ...
    def score(self, measure: str, attribute: str = ALL, tracker: str | None = None) -> dict[str, float] | float:
        """Scores in percent by tracker, or that of one ``tracker``; NaN where a sequence is missing.

        Raises ConfigError for an unknown name; attributes are those that were evaluated.
        """
        column = 100 * self.scores(self.measure(measure))[:, self._attribute(attribute)]
        if tracker is not None:
            return float(column[self._tracker(tracker)])
        return dict(zip(self.trackers, column.tolist(), strict=True))

    def to_frame(self, by: By = "overall") -> DataFrame:
        """Scores as a tidy pandas DataFrame, one row per tracker, metric and (by) attribute or sequence.

        Columns: ``tracker``, ``metric``, ``attribute`` or ``sequence``; ``value`` with its 95 % interval ``low`` and
        ``high``, and ``std`` over the ``repeats``, all in percent; ``sequences`` and ``frames`` that count. Rows of
        sequences have no interval. Missing is NaN. For a wide table:
        ``.pivot(index="tracker", columns="metric", values="value")``. Raises ConfigError without pandas.
        """
        return frame(self, by)

    def compare(self, first: str, second: str) -> list[Comparison]:
        """Is tracker ``first`` better than ``second``? A row per metric and attribute, as the verb ``compare`` has.

        ``pandas.DataFrame`` takes the list. Raises ConfigError for unknown or equal labels.
        """
        pair = [self._tracker(first), self._tracker(second)]
        if first == second:
            raise ConfigError("compare needs two different labels", found=first, expected=", ".join(self.trackers))
        return compare_rows(self._of(pair))

    def ranks(self, measure: str | None = None, attribute: str = ALL) -> dict[str, tuple[int, int] | None]:
        """Best and worst rank of each tracker, as on the leaderboard: what paired 95 % intervals leave open.

        ``measure``: by default the last, SR. None for a tracker with missing sequences. Raises ConfigError.
        """
        ranks = rank_ranges(self, self.measure(measure or self.measures[-1].name))
        return dict(zip(self.trackers, ranks[self._attribute(attribute)], strict=True))

    def plot(self, measure: str | None = None, attribute: str = ALL) -> Figure:
        """Curves of one metric, best first, as a matplotlib Figure, which a notebook shows.

        The drawing is that of reports. ``measure``: by default the last, SR. Raises ConfigError for an unknown name,
        and without matplotlib.
        """
        chosen = self.measure(measure or self.measures[-1].name)
        a = self.attributes[self._attribute(attribute)]
        draw = type(self).draw
        if draw is None:
            raise ConfigError("nothing draws here", expected="the package's functions", next="import rgbtbench.api")
        return draw(self, chosen, a)

    def measure(self, name: str) -> Measure:
        """One of ``measures`` by name. Raises ConfigError."""
        return self.measures[_index("metric", meant(name), [measure.name for measure in self.measures])]

    def _tracker(self, label: str) -> int:
        return self.trackers.index(label) if label in self.trackers else _index("tracker", label, self.trackers)

    def _attribute(self, name: str) -> int:
        names = {known.lower() for known in self.attributes}
        own = name if name.lower() in names or name == ALL else self._spelled(name)
        return _index("attribute of this evaluation", own, self.attributes)

    def _spelled(self, name: str) -> str:
        """An attribute's usual name for another one, such as SV on RGBT234."""
        try:
            return self.benchmark.spec.attribute(name)
        except ConfigError:
            return name

    def _of(self, chosen: list[int]) -> Evaluation:
        """Only these trackers, in this order."""
        return replace(
            self,
            trackers=tuple(self.trackers[k] for k in chosen),
            curves={name: curves[chosen] for name, curves in self.curves.items()},
            repeats=tuple(self.repeats[k] for k in chosen),
            spread={name: spread[chosen] for name, spread in self.spread.items()},
        )


def _index(kind: str, name: str, known: Sequence[str]) -> int:
    """Where a name stands, in any letter case. Raises ConfigError that tells the known ones."""
    lowered = [other.lower() for other in known]
    if not isinstance(name, str) or name.lower() not in lowered:
        raise unknown(kind, str(name), known)
    return lowered.index(name.lower())


def evaluate(
    benchmark: Benchmark,
    results: Mapping[str, Results] | str | Path,
    *,
    attributes: tuple[str, ...] = (),
    measures: tuple[str, ...] | None = None,
    layouts: Mapping[str, str] | None = None,
    round_corners: bool | None = None,
    allow_missing: bool = False,
    watch: Callable[[Aligned], None] | None = None,
) -> Evaluation:
    """Score trackers on a benchmark; repeats of one become one row.

    ``results``: for each label a folder, an archive or a file of arrays; ``{sequence: array}`` with rows (N, 4) or
    (N, 8); or a run of ours, as its folder or as the store that it lies in. A store alone stands for all its runs on
    this benchmark, of which sequences that are not settled or not sound count as missing.
    ``layouts`` says by label how rows are read (``boxes.reading``) and switches the check of the format off;
    ``round_corners`` overrides the protocol's rule for 8-column rows. ``watch`` is shown each tracker's boxes, which
    are not kept. Raises BenchError for anything malformed.
    """
    for what, given in (("attributes", attributes), ("measures", measures)):
        if isinstance(given, str):
            raise ConfigError(
                f"{what} is one text", expected="a tuple of names", found=repr(given), next=f"({given!r},)"
            )
    if isinstance(results, str | Path):
        results = runs_on(benchmark, results)
    if not results:
        raise ConfigError("no results to score", expected='{"LABEL": results}', found="no tracker")
    protocol, attributes = benchmark.spec.protocol, tuple(dict.fromkeys(map(benchmark.spec.attribute, attributes)))
    rounding = protocol.round_corners if round_corners is None else round_corners
    has = np.ones((len(benchmark.names), 1 + len(attributes)), dtype=bool)
    if attributes:
        has[:, 1:] = benchmark.membership(attributes)
    chosen = protocol.select(measures)
    curves: dict[str, list[Array]] = {measure.name: [] for measure in chosen}
    repaired: dict[Repair, list[str]] = {}  # in which repeats
    notes: list[Doubt] = []
    owners: list[str] = []  # of the curves: repeats of a tracker follow one another
    for files in opened(results, benchmark):
        owners.append(files.label)
        repairs: list[Repair] = []
        require_all(files, benchmark, allow_missing)
        layout = (layouts or {}).get(files.label, files.layout)
        boxes, compared = boxes_of(files, benchmark, layout, rounding, repairs, notes)
        truth, gaps = benchmark.truth, compared == 0
        if (compared != benchmark.lengths).any():
            truth = truth[:, kept(benchmark.lengths, compared)]
        lengths = compared[~gaps]
        if protocol.repair:
            broken = metrics.repair(boxes, lengths)
            report(repairs, files, "rows with NaN, w <= 0 or h <= 0, which repeat the row before", broken, lengths)
        if protocol.first_frame == "truth":
            first = starts(lengths)
            other = np.zeros(len(boxes), dtype=bool)
            other[first] = (boxes[first] != truth[0, first]).any(axis=1)
            report(repairs, files, "first rows that are not the truth, replaced by it", other, lengths)
            boxes[first] = truth[0, first]
        require_finite(boxes, files, lengths)
        if watch and owners.count(files.label) == 1:
            watch(Aligned(files.label, boxes, truth, kept(benchmark.lengths, compared)))
        for measure in chosen:
            table = np.full((len(benchmark.names), len(measure.thresholds)), np.nan)
            table[~gaps] = metrics.curves(measure, protocol, boxes, truth, lengths)
            curves[measure.name].append(table)
        for repair in repairs:
            repaired.setdefault(repair, []).extend([files.run] if files.run else ())
    groups = [[at for at, owner in enumerate(owners) if owner == label] for label in results]
    stacked = {name: np.stack(tables) for name, tables in curves.items()}
    weights = has.T * metrics.weights(protocol, benchmark.lengths)
    return Evaluation(
        benchmark=benchmark,
        measures=chosen,
        trackers=tuple(results),
        attributes=(ALL, *attributes),
        frames=benchmark.lengths,
        has=has,
        curves={name: np.stack([found[group].mean(axis=0) for group in groups]) for name, found in stacked.items()},
        repairs=tuple(replace(r, what=f"{r.what} ({', '.join(at)})") if at else r for r, at in repaired.items()),
        notes=tuple(notes),
        repeats=tuple(map(len, groups)),
        spread={m.name: np.stack([_spread(stacked[m.name][g] @ m.weights(), weights) for g in groups]) for m in chosen},
    )


def _spread(values: Array, weights: Array) -> Array:
    """Standard deviation (A,) of the scores of R runs; ``values`` (R, S), ``weights`` (A, S)."""
    if len(values) == 1:
        return np.full(len(weights), np.nan)
    scores = metrics.reduce(np.where(weights > 0, values[:, None], 0.0), weights)
    deviation: Array = scores.std(axis=0, ddof=1)
    return deviation
