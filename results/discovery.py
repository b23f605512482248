"""Everything in a folder or archive that may be results: files by folder and format, and arrays inside files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import BenchError, ResultError
from rgbtbench.files.archive import BESIDE, FILES, Archive, Tree, join
from rgbtbench.files.arrays import TEXTS, Npy, ending, looks_like_boxes, pickled, read_leaves
from rgbtbench.files.paths import walk
from rgbtbench.files.trajectories import GIVEN

from .matching import Match, Shelf

TIMES = ("_time", "_times", "-time")  # ends of names of files with seconds per frame, written beside the boxes
TRUTHS = ("init", "visible", "infrared", "groundtruth", "anno", "gt")  # a benchmark's own files, one in each folder
WHOLE = (".npz", ".json", ".mat")  # files that may hold all sequences
WHOLE_LIMIT = 64  # such files looked into
KEPT_LIMIT = 512 << 20  # bytes of memory for their arrays: numbers of a JSON file take about 8 times their text
FOLDER_LIMIT = 50  # files in a folder that belongs to one sequence


@dataclass(slots=True)
class Library:
    """What there is.

    ``times``: path without its end, in lower case -> file with seconds. ``twins``: path -> another of the same name.
    ``strangers`` counts files of other formats by ending; ``failure`` is why a file could not be looked into.
    """

    tree: Tree
    shelves: list[Shelf] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, Any] = field(default_factory=dict)
    strangers: Counter[str] = field(default_factory=Counter)
    failure: BenchError | None = None

    def has_boxes(self, match: Match) -> bool:
        """Whether the first file of a match may hold boxes, right or not: times and records have such names, too."""
        path = next(iter(match.found.values()))
        if path in self.leaves:
            return True
        try:
            data = self.tree.read(path)
            if ending(path) in TEXTS:
                return len(re.split(rb"[,;\s]+", GIVEN.sub(b"", data).strip().partition(b"\n")[0].strip())) > 2
            return any(map(looks_like_boxes, read_leaves(path, data, path, ResultError).values()))
        except BenchError:  # it is said when it is read
            return True

    def look_inside(self, known: set[str]) -> None:
        """Add the arrays of files that hold many, nearest first; files in ``known`` hold one sequence each."""
        kept = 0
        for path in [path for path in self.whole if path not in known][:WHOLE_LIMIT]:
            try:
                data = self.tree.read(path)
                leaves = read_leaves(path, data, self.tree.where(path), ResultError)
                kept += 8 * len(data) + sum(len(leaf.data) for leaf in leaves.values() if isinstance(leaf, Npy))
                if kept > KEPT_LIMIT:
                    raise ResultError(
                        "too many files of arrays to search",
                        where=self.tree.where(path),
                        expected=f"at most {KEPT_LIMIT >> 20} MiB of arrays",
                        next="pass the file that holds the results",
                    )
            except BenchError as reason:  # a stranger's file is worth a word only if there is nothing else
                self.failure = self.failure or reason
                continue
            if any(isinstance(leaf, Npy) and leaf.dtype.hasobject for leaf in leaves.values()):
                self.failure = self.failure or pickled(self.tree.where(path), ResultError)
            boxes = {f"{path}:{name}": leaf for name, leaf in leaves.items() if looks_like_boxes(leaf)}
            self.leaves |= boxes
            groups: dict[str, dict[str, str]] = {}
            for place in boxes:
                *outer, name = place.removeprefix(f"{path}:").split("/")
                groups.setdefault(f"{path}:{'/'.join([*outer, '*'])}", {})[name] = place
                if outer:  # an object for each sequence, its boxes under the same name in all
                    groups.setdefault(f"{path}:{'/'.join([*outer[:-1], '*', name])}", {})[outer[-1]] = place
            self.shelves += [Shelf(pattern, len(FILES), things) for pattern, things in groups.items()]


def of_arrays(label: str, arrays: Mapping[str, Any]) -> Library:
    """Boxes in memory, by sequence, as if they lay in one file. Raises ResultError for what holds no numbers.

    Numbers under a mask become NaN.
    """
    if odd := [name for name in arrays if not isinstance(name, str)]:
        raise ResultError("a sequence is named by a text", where=label, found=repr(odd[0])[:60])
    tree = Archive(label, {}, ResultError, ())
    leaves = {name: _numbers(rows, tree.where(name)) for name, rows in arrays.items()}
    return Library(tree, [Shelf("*", len(FILES), {name: name for name in arrays})], leaves=leaves)


def _numbers(rows: Any, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(rows)
    except Exception as reason:  # rows of unequal lengths; a tensor on a GPU, or anything else that only looks like one
        problem = f"{type(reason).__name__}: {reason}".splitlines()[0][:100]
        raise ResultError("not an array", where=where, expected="(N, 4) or (N, 8) numbers", found=problem) from None
    if array.dtype.kind not in "fiu":
        raise ResultError(
            "not an array of numbers",
            where=where,
            expected="(N, 4) or (N, 8) real numbers",
            found=f"{type(rows).__name__} of {array.dtype}",
        )
    return np.ma.filled(rows.astype(float), np.nan) if isinstance(rows, np.ma.MaskedArray) else array


def catalogue(tree: Tree) -> Library:
    """Look at the names of all files, at any depth; nothing is read."""
    library = Library(tree)
    by_folder: dict[tuple[str, str], dict[str, str]] = {}
    for folder, files in walk(tree, ResultError):
        kinds: dict[str, dict[str, str]] = {}
        for end, file in sorted((ending(file), file) for file in files):
            path, name = join(folder, file), file[: len(file) - len(end)]
            kind = TEXTS[0] if end in TEXTS else end  # text files of both endings belong together
            if end not in (*FILES, *BESIDE):
                library.strangers[end or "without an ending"] += 1
            elif name.lower().endswith("_confidence"):
                continue  # of a tracker in its boxes, as our store keeps them: no boxes themselves
            elif name.lower().endswith(TIMES):
                word = next(word for word in TIMES if name.lower().endswith(word))
                library.times[join(folder, name[: -len(word)]).lower()] = path
            elif end in BESIDE:
                continue
            elif name not in kinds.setdefault(kind, {}):
                kinds[kind][name] = path
            elif ending(kinds[kind][name]) == end:  # a.txt and a.TXT
                library.twins[kinds[kind][name]] = path
            elif end == TEXTS[0]:  # plainer than a.csv
                kinds[kind][name] = path
        for end, things in kinds.items():
            library.shelves.append(Shelf(join(folder, f"*{end}"), FILES.index(end), things))
            library.whole += things.values() if end in (*WHOLE, ".npy") else ()
            if folder and len(things) <= FOLDER_LIMIT:
                _file_by_folder(folder, end, things, by_folder)
    library.shelves += [Shelf(pattern, FILES.index(end), things) for (pattern, end), things in by_folder.items()]
    if isinstance(tree, Archive):
        library.strangers.update(ending(path) or "without an ending" for path in tree.skipped)
    return library


def _file_by_folder(
    folder: str, end: str, things: dict[str, str], found: dict[tuple[str, str], dict[str, str]]
) -> None:
    """Add ``SEQ/SEQ_001.txt`` and its kind: a file of the same name in the folder of each sequence."""
    outer, _, own = folder.rpartition("/")
    for name, path in things.items():
        at = name.lower().find(own.lower())
        if at >= 0:
            name = f"{name[:at]}*{name[at + len(own) :]}"
        elif name.lower().startswith(TRUTHS):
            continue
        found.setdefault((join(outer, f"*/{name}{end}"), end), {})[own] = path
