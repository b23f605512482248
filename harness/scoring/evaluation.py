"""Result files and truth in, curves out; every score is one weighted mean over the sequence axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, Index, Reading, by_columns, reading, starts
from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.protocol import Measure
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.names import sequence_names
from rgbtbench.datasets.spec import Spec
from rgbtbench.results.formats import ResultFiles, find_results

from . import metrics
from .format_check import Doubt, doubts
from .truth_rows import fits, truth_step, wanted

ALL = "ALL"  # the row over all sequences


@dataclass(frozen=True, slots=True)
class Repair:
    """Something the protocol changes in a tracker's rows before scoring; always reported."""

    tracker: str
    what: str
    rows: int
    sequences: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.sequences[:3]) + (", ..." if len(self.sequences) > 3 else "")
        return f"{self.tracker}: {self.rows:,} {self.what} in {len(self.sequences)} sequences ({shown})"


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


@dataclass(frozen=True, slots=True)
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

    def score(self, measure: Measure) -> Array:
        """Score (K, A) in [0, 1] of each tracker on each attribute; NaN where a sequence of it is missing."""
        values = np.where(self.weights > 0, self.values(measure)[:, None, :], 0.0)
        return metrics.reduce(values, self.weights)

    def curve(self, measure: Measure) -> Array:
        """Curve (K, A, T) in [0, 1] of each tracker on each attribute."""
        curves = np.moveaxis(self.curves[measure.name], 1, -1)[:, None]
        weights = self.weights[:, None, :]
        return metrics.reduce(np.where(weights > 0, curves, 0.0), weights)


def evaluate(
    benchmark: Benchmark,
    results: Mapping[str, str | Path],
    *,
    attributes: tuple[str, ...] = (),
    measures: tuple[str, ...] | None = None,
    layouts: Mapping[str, str] | None = None,
    round_corners: bool | None = None,
    allow_missing: bool = False,
    watch: Callable[[Aligned], None] | None = None,
) -> Evaluation:
    """Score trackers (label -> folder, archive or file of arrays) on a benchmark; repeats of one become one row.

    ``layouts`` says by label how rows are read (``boxes.reading``) and switches the check of the format off;
    ``round_corners`` overrides the protocol's rule for 8-column rows. ``watch`` is shown each tracker's boxes, which
    are not kept. Raises BenchError for anything malformed.
    """
    for what, given in (("attributes", attributes), ("measures", measures)):
        if isinstance(given, str):
            raise ConfigError(
                f"{what} is one text", expected="a tuple of names", found=repr(given), next=f"({given!r},)"
            )
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
    for files in _opened(results, benchmark):
        owners.append(files.label)
        repairs: list[Repair] = []
        _require_all(files, benchmark, allow_missing)
        boxes, compared = _boxes(files, benchmark, (layouts or {}).get(files.label), rounding, repairs, notes)
        truth, gaps = benchmark.truth, compared == 0
        if (compared != benchmark.lengths).any():
            truth = truth[:, _kept(benchmark.lengths, compared)]
        lengths = compared[~gaps]
        if protocol.repair:
            broken = metrics.repair(boxes, lengths)
            _report(repairs, files, "rows with NaN, w <= 0 or h <= 0, which repeat the row before", broken, lengths)
        if protocol.first_frame == "truth":
            first = starts(lengths)
            other = np.zeros(len(boxes), dtype=bool)
            other[first] = (boxes[first] != truth[0, first]).any(axis=1)
            _report(repairs, files, "first rows that are not the truth, replaced by it", other, lengths)
            boxes[first] = truth[0, first]
        _require_finite(boxes, files, lengths)
        if watch and owners.count(files.label) == 1:
            watch(Aligned(files.label, boxes, truth, _kept(benchmark.lengths, compared)))
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


def find(label: str, path: str | Path, benchmark: Benchmark) -> ResultFiles:
    """Files of one tracker; ``find_results`` that knows the published benchmarks."""
    return find_results(label, path, benchmark.names, published_names)


def published_names() -> dict[str, tuple[str, ...]]:
    """Sequences of every benchmark as published."""
    return {name: sequence_names(name) for name in BENCHMARKS.names()}


def _opened(results: Mapping[str, str | Path], benchmark: Benchmark) -> Iterator[ResultFiles]:
    """Files of each tracker, repeat by repeat; the next archive is unpacked meanwhile, without the interpreter lock."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        after = None
        for label, path in results.items():
            now, after = after, pool.submit(find, label, path, benchmark)
            if now:
                yield from now.result().runs
        if after:
            yield from after.result().runs


def _require_all(files: ResultFiles, benchmark: Benchmark, allow_missing: bool) -> None:
    missing = [name for name in benchmark.names if name not in files.paths]
    if missing and not allow_missing:
        whole = [name for name, names in published_names().items() if set(names) == set(files.paths)]
        raise ResultError(
            f"{files.title} has no results for {len(missing)} of {len(benchmark.names)} sequences of {benchmark.title}",
            where=files.tree.name,
            expected=f"files like {next(iter(files.paths.values()))}",
            found=f"none for {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}"
            + (f"; {files.ignored} text files of other names" if files.ignored else ""),
            next=f"rgbtbench score {whole[0]}: all of its sequences are here"
            if whole
            else "add them, choose another --split, or score the rest with --allow-missing",
        )


def _boxes(
    files: ResultFiles,
    benchmark: Benchmark,
    layout: str | None,
    round_corners: bool,
    repairs: list[Repair],
    notes: list[Doubt],
) -> tuple[Array, Index]:
    """Boxes of all sequences, one after the other, and how many rows of each are compared (0: missing)."""
    read = reading(layout)
    given = benchmark.given
    rows = {name: files.read(name, read.start(given[name])) for name in benchmark.names if name in files.paths}
    step = truth_step(files, benchmark, rows, read)
    for doubt in doubts(files, benchmark, rows, layout):
        if doubt.error and (doubt.final or layout is None):
            raise doubt.error
        notes.append(doubt)
    surplus, short, converted = {}, [], []
    compared = np.zeros(len(benchmark.names), dtype=np.int64)
    for index, (name, length) in enumerate(zip(benchmark.names, benchmark.lengths.tolist(), strict=True)):
        if name not in rows:
            continue
        boxes = read.aligned(read.boxes(rows[name], round_corners=round_corners), given[name])
        require_length(files, name, len(boxes), length, benchmark.spec, read)
        boxes = boxes[::step]
        if len(boxes) > length:
            surplus[name] = len(boxes) - length
        elif len(boxes) < length:
            short.append(name)
        converted.append(boxes[:length])
        compared[index] = len(converted[-1])
    if surplus:
        repairs.append(Repair(files.label, "surplus rows, cut off", sum(surplus.values()), tuple(surplus)))
    if short:
        repairs.append(Repair(files.label, "missing last rows, frames left out", len(short), tuple(short)))
    return by_columns(np.concatenate(converted)), compared


def require_length(files: ResultFiles, name: str, found: int, length: int, spec: Spec, read: Reading) -> None:
    """Raise ResultError if a sequence has too few rows; see ``Protocol.one_short`` and ``truth_rows``."""
    may_lack = name in spec.protocol.one_short or read.first == "first-twice"
    if found < length - may_lack or not (spec.every == 1 or fits(found, length, spec.every)):
        raise ResultError(
            f"too few rows for {name}" if spec.every == 1 else f"a number of rows that does not fit {name}",
            where=f"{files.tree.where(files.paths[name])}:{found}",
            expected=wanted(length, spec.every),
            found=f"{found} rows",
            next="run the tracker again on this sequence",
        )


def _kept(lengths: Index, compared: Index) -> Index:
    """Indices of the compared frames among all frames."""
    first = starts(lengths)
    return np.concatenate([np.arange(at, at + n) for at, n in zip(first, compared, strict=True)])


def _require_finite(boxes: Array, files: ResultFiles, lengths: Index) -> None:
    """No rule of any toolkit covers these numbers, so they are the tracker's fault, not ours to mend."""
    bad = np.flatnonzero(~np.isfinite(boxes.sum(axis=1)))
    if len(bad):
        owner = int(np.searchsorted(np.cumsum(lengths), bad[0], side="right"))
        path = list(files.paths.values())[owner]
        line = int(bad[0] - starts(lengths)[owner]) + 1
        raise ResultError(
            "box is not finite",
            where=f"{files.tree.where(path)}:{line}",
            expected="finite numbers",
            found=f"{' '.join(map(str, boxes[bad[0]].tolist()))} ({len(bad)} such rows)",
            next="run the tracker again on this sequence",
        )


def _report(repairs: list[Repair], files: ResultFiles, what: str, rows: NDArray[np.bool_], lengths: Index) -> None:
    counts = np.add.reduceat(rows, starts(lengths), dtype=np.int64)
    if counts.any():
        names = tuple(name for name, count in zip(files.paths, counts, strict=True) if count)
        repairs.append(Repair(files.label, what, int(counts.sum()), names))
