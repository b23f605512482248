"""Raw result files of one tracker: which file belongs to which sequence, and its rows as boxes.

Any folder or archive, files at any depth, anything constant before and behind the names, 4 or 8 columns, in any format
of ``arrays.READERS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array, to_corners
from rgbtbench.core.errors import ResultError
from rgbtbench.files.archive import FILES, Tree, open_tree
from rgbtbench.files.arrays import read_rows, rows_of
from rgbtbench.files.trajectories import given_first

from .discovery import WHOLE, Library, catalogue, of_arrays
from .matching import Match, Shelf, choose, matches, number_of

Known = Callable[[], Mapping[str, Collection[str]]]  # benchmark -> its sequences; called if it is needed
SHELVES = 5_000  # looked at, the largest first
FEW = 10  # sequences: fewer may have a benchmark's names by chance
FORMATS = f"a file per sequence ({' '.join(FILES)}), or one of all ({' '.join(WHOLE)})"
ADVICE = {  # endings of formats that are not read -> what to do
    **dict.fromkeys(
        (".zip", ".tar", ".gz", ".xz", ".bz2", ".tgz", ".txz", ".rar", ".7z"),
        "pass one archive, or unpack what is inside",
    ),
    **dict.fromkeys((".pkl", ".pickle", ".pth", ".pt"), "such files may run code: save the boxes as text or .npz"),
    **dict.fromkeys((".xlsx", ".xls", ".h5", ".hdf5", ".yaml", ".yml", ".xml"), "save the boxes as text"),
}


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """One tracker's files: sequence name -> path in ``tree``.

    ``leaves``: arrays by sequence, where one file holds all of them. ``times``: sequence name -> path of the authors'
    seconds per frame. ``run``: which repeat this is, '' for the only one; ``others``: the other repeats.
    ``layout``: of the rows, where it is known.
    """

    label: str
    tree: Tree
    paths: Mapping[str, str]
    ignored: int  # files of the same kind beside them that belong to no sequence asked for
    leaves: Mapping[str, Any] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    run: str = ""
    others: tuple[ResultFiles, ...] = ()
    layout: str | None = None

    @property
    def title(self) -> str:
        """The label, and which repeat it is."""
        return f"{self.label}, {self.run}" if self.run else self.label

    @property
    def runs(self) -> tuple[ResultFiles, ...]:
        """Every repeat, this one first."""
        return (self, *self.others)

    def read(self, name: str, given: Array | None = None) -> Array:
        """Rows (N, 4) or (N, 8) of a sequence exactly as written. Raises ResultError with file and line.

        ``given`` (4,): the box that the tracker started from, which becomes row 1 where the file has VOT's code for it.
        """
        path = self.paths[name]
        if name in self.leaves:
            return rows_of(self.leaves[name], self.tree.where(path), ResultError)
        data = self.tree.read(path)
        rows = read_rows(path, data, self.tree.where(path), ResultError)
        if given is None or not given_first(data):
            return rows
        first = given[None] if rows.shape[1] == 4 else to_corners(given[None])
        return np.concatenate([first, rows])

    def only(self) -> ResultFiles:
        """These files where there are no repeats. Raises ResultError if there are: one has to be chosen."""
        if self.others:
            raise ResultError(
                f"{len(self.runs)} repeats of {self.label}, where one is needed",
                where=self.tree.name,
                found=", ".join(run.run for run in self.runs),
                next="pass the folder of one of them, or copy its files into a folder of their own",
            )
        return self


def find_results(
    label: str, given: str | Path | Mapping[str, Any], names: Sequence[str], known: Known | None = None
) -> ResultFiles:
    """Match the files of a folder or archive with sequences, or the arrays of a mapping by their keys.

    Takes whatever names the most sequences, wherever it lies. Repeats of one tracker (``run1/``, ``SEQ_001.txt``) are
    found together. ``known``: sequences of published benchmarks. Raises ResultError if nothing fits, if two sets fit
    alike, or if the files are those of another benchmark.
    """
    if isinstance(given, Mapping):
        library = of_arrays(label, given)
    else:
        library = catalogue(open_tree(given, ResultError, next=f"--results {label}=FOLDER_OR_ARCHIVE"))
    candidates = _matched(library.shelves, names)
    chosen, ties = choose(candidates)
    if not chosen or len(chosen[0].found) < len(names):
        seen = len(library.shelves)
        library.look_inside({path for match in chosen for path in match.found.values()})
        candidates += _matched(library.shelves[seen:], names)
        chosen, ties = choose(candidates)
    if chosen and (ties or not library.has_boxes(chosen[0])):
        likely = [
            match for match in candidates if 2 * len(match.found) >= len(chosen[0].found) and library.has_boxes(match)
        ]
        chosen, ties = choose(_named(likely, names, known()) if known else likely) if likely else (chosen, ties)
    count = len(chosen[0].found) if chosen else 0
    if known and 2 * count < len(names):
        _require_own(label, library, count, names, known())
    if not chosen:
        raise _nothing(label, library, names)
    if ties:
        raise ResultError(
            f"two sets of results of {label}",
            where=library.tree.name,
            found=" and ".join(repr(match.pattern) for match in (chosen[0], ties[0])),
            next="pass one of them alone; repeats of one tracker are called run1, run2, ...",
        )
    runs = [_files(label, library, match, chosen) for match in chosen]
    return replace(runs[0], others=tuple(runs[1:]))


def whose(path: str | Path, known: Known) -> dict[str, frozenset[str]]:
    """Which of the ``known`` benchmarks' sequences these files are named after, most first.

    RGBT210's sequences are all RGBT234's too: among equals the smaller benchmark, which they fill, comes first.
    """
    library, benchmarks = catalogue(open_tree(path, ResultError)), known()
    owners = _owners(library, benchmarks)
    if not owners:
        library.look_inside(set())
        owners = _owners(library, benchmarks)
    return owners


def _owners(library: Library, known: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    owners: dict[str, frozenset[str]] = {}
    for benchmark, names in known.items():
        best = max(_matched(library.shelves, tuple(names)), key=lambda m: len(m.found), default=None)
        if best:
            owners[benchmark] = frozenset(best.found)
    return dict(sorted(owners.items(), key=lambda item: (-len(item[1]), len(known[item[0]]))))


def _matched(shelves: Iterable[Shelf], names: Sequence[str]) -> list[Match]:
    """Matches of the shelves that hold enough, largest first: one of ten times fewer things decides nothing."""
    candidates: list[Match] = []
    best = 0
    for shelf in sorted(shelves, key=lambda shelf: -len(shelf.things))[:SHELVES]:
        if 10 * len(shelf.things) < best:
            break
        own = matches(shelf, names)
        best = max([best, *(len(match.found) for match in own)])
        candidates += own
    return candidates


def _named(found: list[Match], names: Sequence[str], known: Mapping[str, Collection[str]]) -> list[Match]:
    """Those in a folder of the benchmark's name, where there are any: all of RGBT210's sequences are RGBT234's, too."""
    owners = [name for name, theirs in known.items() if set(names) <= set(theirs)]
    own = min(owners, key=lambda name: len(known[name]), default="").lower()
    return [match for match in found if own in match.pattern.lower().split("/")] or found


def _files(label: str, library: Library, match: Match, runs: list[Match]) -> ResultFiles:
    if twin := next(((path, library.twins[path]) for path in match.found.values() if path in library.twins), None):
        raise ResultError("two files of one sequence", where=library.tree.where(twin[0]), found=twin[1])
    leaves = {name: library.leaves[path] for name, path in match.found.items() if path in library.leaves}
    ignored = len(match.shelf.things) - sum(len(run.found) for run in runs if run.shelf is match.shelf)
    times = {}
    for name, path in match.found.items():
        stem = path.rpartition(".")[0].lower()
        if time := library.times.get(stem) or library.times.get(re.sub(r"_\d{3}$", "", stem)):
            times[name] = time
    other = next((run for run in runs if run is not match), None)
    number = number_of(match.pattern, other.pattern) if other else ""
    return ResultFiles(
        label, library.tree, match.found, max(ignored, 0), leaves, times, f"run{int(number)}" if number else ""
    )


def _require_own(
    label: str, library: Library, count: int, names: Sequence[str], known: Mapping[str, Collection[str]]
) -> None:
    """Raise ResultError if far more of another benchmark's sequences are there."""
    for benchmark, theirs in _owners(library, known).items():
        if len(theirs) >= max(2 * count + 1, FEW) and not set(known[benchmark]) <= set(names):
            raise ResultError(
                f"these results of {label} are {benchmark}'s",
                where=library.tree.name,
                expected=f"files named after {len(names)} sequences such as {names[0]}",
                found=f"{len(theirs)} of {len(known[benchmark])} sequences of {benchmark}, {count} of those asked for",
                next=f"rgbtbench score {benchmark} --results {label}=PATH, or another --split",
            )


def _nothing(label: str, library: Library, names: Sequence[str]) -> ResultError:
    """Build the error for a place without results."""
    if library.failure:
        return ResultError(library.failure.what, **library.failure.details)
    stems = [name for shelf in library.shelves for name in shelf.things]
    others = ", ".join(f"{count} {end}" for end, count in library.strangers.most_common(4))
    advice = next((ADVICE[end] for end, _ in library.strangers.most_common(4) if end in ADVICE and not stems), None)
    return ResultError(
        f"no result files of {label} match the benchmark's sequences",
        where=library.tree.name,
        expected=f"{names[0]}.txt or PREFIX{names[0]}.txt, {len(names)} sequences; {FORMATS}",
        found="; ".join(part for part in (", ".join(stems[:3]), others and f"other files: {others}") if part)
        or "no files",
        next=advice or "rgbtbench list benchmarks",
    )
