"""One tracker's boxes as the protocol scores them; whatever it changes is reported, and what it cannot is an error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, Index, Reading, by_columns, reading, starts
from rgbtbench.core.errors import ResultError
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.spec import Spec
from rgbtbench.results.formats import ResultFiles

from .format_check import Doubt, doubts
from .given import published_names
from .truth_rows import fits, truth_step, wanted


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


def require_all(files: ResultFiles, benchmark: Benchmark, allow_missing: bool) -> None:
    """Raise ResultError for missing sequences, unless they are allowed."""
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


def boxes_of(
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


def kept(lengths: Index, compared: Index) -> Index:
    """Indices of the compared frames among all frames."""
    first = starts(lengths)
    return np.concatenate([np.arange(at, at + n) for at, n in zip(first, compared, strict=True)])


def require_finite(boxes: Array, files: ResultFiles, lengths: Index) -> None:
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


def report(repairs: list[Repair], files: ResultFiles, what: str, rows: NDArray[np.bool_], lengths: Index) -> None:
    """Note the rows (C,) that were changed, if any were."""
    counts = np.add.reduceat(rows, starts(lengths), dtype=np.int64)
    if counts.any():
        names = tuple(name for name, count in zip(files.paths, counts, strict=True) if count)
        repairs.append(Repair(files.label, what, int(counts.sum()), names))
