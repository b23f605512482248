"""Which rows of results have truth beside them, where only every k-th frame has truth (``Spec.every``).

A tracker answers on all frames. Its files have a row for each of them, or for each frame with truth, as the number of
rows tells: with R rows of truth the one is more than (R - 1) k rows, the other R.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized

from rgbtbench.core.boxes import Reading
from rgbtbench.core.errors import ResultError
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.results.formats import ResultFiles

SHIFTS = {"first-missing": 1, "first-twice": -1}  # rows more, once they are read so


def truth_step(files: ResultFiles, benchmark: Benchmark, rows: Mapping[str, Sized], read: Reading) -> int:
    """From one row with truth to the next in all ``rows`` (by sequence): 1, or ``Spec.every``.

    Raises ResultError if some files are of the one kind and some of the other: one of them may be cut short.
    """
    every = benchmark.spec.every
    if every == 1:
        return 1
    lengths = dict(zip(benchmark.names, benchmark.lengths.tolist(), strict=True))
    counts = {name: len(found) + SHIFTS.get(read.first or "", 0) for name, found in rows.items()}
    thin = [name for name, count in counts.items() if count == lengths[name] > 1]
    full = [name for name, count in counts.items() if count > max(1, (lengths[name] - 1) * every)]
    if thin and full:
        few, many = sorted((thin, full), key=len)
        raise ResultError(
            f"some files of {files.label} have a row per frame, others a row per frame with truth",
            where=files.tree.where(files.paths[few[0]]),
            expected=f"{wanted(lengths[few[0]], every)}, and the same in all files",
            found=f"{counts[few[0]]} rows, as in {len(few)} of {len(rows)} files; not as in {many[0]}",
            next="run the tracker again on these sequences, or score both kinds apart with --allow-missing",
        )
    return 1 if thin else every


def fits(count: int, length: int, every: int) -> bool:
    """Whether so many rows are one per frame, or one per frame with truth, of which there are ``length``."""
    return count == length or count > (length - 1) * every


def wanted(length: int, every: int) -> str:
    """How many rows a file may have, in words."""
    if every == 1:
        return f"{length} rows, one per frame"
    least, most = (length - 1) * every + 1, length * every
    return f"{least} to {most} rows, one per frame, or {length}, one for every {every}th frame, which has truth"


def require_every_frame(files: ResultFiles, benchmark: Benchmark, kit: str) -> None:
    """Raise ResultError for rows at truth alone, if the benchmark's own toolkit would thin them again."""
    if benchmark.spec.every > 1 and kit == benchmark.spec.kit:
        rows = {name: files.read(name, benchmark.given[name]) for name in files.paths}
        if truth_step(files, benchmark, rows, Reading()) == 1:
            raise ResultError(
                f"the toolkit {kit} reads a row per frame, and these are rows of every {benchmark.spec.every}th frame",
                where=files.tree.name,
                expected="one row per frame",
                found=f"one row per frame with truth, in the files of {files.label}",
                next="run the tracker on all frames, or export to another kit (rgbtbench list kits)",
            )
