"""Raw result files of one tracker: which file belongs to which sequence, and its rows as boxes.

Any folder or archive, any prefix that is constant within it, 4 or 8 columns, comma, tab or blank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.archive import Tree, join, open_tree
from rgbtbench.boxes import Array, reading
from rgbtbench.errors import ResultError
from rgbtbench.rows import parse_rows

TIMES = "_time.txt"  # seconds per frame, written beside the boxes by pytracking and got10k


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """One tracker's files: sequence name -> path in ``tree``."""

    label: str
    tree: Tree
    paths: Mapping[str, str]
    ignored: int  # text files that belong to no sequence asked for

    def read(self, name: str) -> Array:
        """Rows (N, 4) or (N, 8) of a sequence exactly as written. Raises ResultError with file and line."""
        path = self.paths[name]
        return parse_rows(self.tree.read(path), self.tree.where(path), (4, 8), ResultError)


def find_results(label: str, path: str | Path, names: Sequence[str]) -> ResultFiles:
    """Match the text files of a folder or archive with sequences.

    The prefix (``APFNet_afterrain.txt``) is found by asking which one names the most sequences, never from the
    tail of one file: ``easy_blackboy`` and ``blackboy`` are both sequences.
    """
    tree = open_tree(path, ResultError, next=f"--results {label}=FOLDER_OR_ARCHIVE")
    best: list[tuple[int, str, str]] = []  # matches, folder, prefix
    stems = {}
    for folder in _folders_with_text(tree):
        stems[folder] = [n.removesuffix(".txt") for n in tree.files(folder) if n.endswith(".txt") and TIMES not in n]
        best += [(count, folder, prefix) for prefix, count in _prefixes(stems[folder], names)]
    best.sort(key=lambda match: (-match[0], match[1:]))
    if not best:
        raise ResultError(
            f"no result files of {label} match the benchmark's sequences",
            where=tree.name,
            expected=f"{names[0]}.txt or PREFIX{names[0]}.txt, {len(names)} files",
            found=", ".join([stem for found in stems.values() for stem in found][:3]) or "no .txt files",
            next="rgbtbench list benchmarks",
        )
    if len(best) > 1 and best[1][0] == best[0][0]:
        places = " and ".join(repr(join(folder, f"{prefix}*.txt")) for _, folder, prefix in best[:2])
        raise ResultError(
            f"two sets of results of {label}", where=tree.name, found=places, next="pass one of them alone"
        )
    count, folder, prefix = best[0]
    present = set(stems[folder])
    paths = {name: join(folder, f"{prefix}{name}.txt") for name in names if prefix + name in present}
    return ResultFiles(label, tree, paths, ignored=len(present) - count)


def _folders_with_text(tree: Tree) -> list[str]:
    """The nearest folders that hold text files: the root, else those one level down, and so on to three."""
    found, level = [], [""]
    for _ in range(4):
        found = [folder for folder in level if any(name.endswith(".txt") for name in tree.files(folder))]
        level = [join(folder, inner) for folder in level for inner in tree.folders(folder)]
        if found:
            break
    return found


def _prefixes(stems: Sequence[str], names: Sequence[str]) -> list[tuple[str, int]]:
    """How many sequences each plausible prefix names, best first."""
    present = set(stems)
    count = sum(name in present for name in names)
    if count == len(names):
        return [("", count)]
    candidates = Counter(stem[: -len(name)] for name in names for stem in stems if stem.endswith(name))
    counts = {prefix: sum(prefix + name in present for name in names) for prefix, _ in candidates.most_common(8)}
    top = max(counts.values(), default=0)
    if counts.get("") == top or top == 1:  # no prefix is the plainest reading of a tie
        return [(min(counts, key=lambda prefix: (-counts[prefix], len(prefix))), top)]
    return [(prefix, count) for prefix, count in counts.items() if count == top]


def to_xywh(rows: Array, layout: str | None, *, round_corners: bool) -> Array:
    """Rows (N, C) to boxes (N, 4) ``x y w h``.

    ``layout``: see ``boxes.reading``; None takes what every toolkit takes, ``xywh`` for 4 columns, ``corners`` for 8.
    Corner rows are rounded to whole pixels, after the subtraction, if ``round_corners``.
    """
    return reading(layout).boxes(rows, round_corners=round_corners)
