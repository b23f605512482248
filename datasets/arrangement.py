"""Where a benchmark's files lie: as published, or wherever else people keep them.

A folder is read as published if that gives all sequences. Else all levels are searched, in any letter case, for files
that end as published (``SEQUENCE/init.txt``, ``annos/SEQUENCE.txt``), and are shown as if they lay where they should.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from rgbtbench.core.errors import DataError
from rgbtbench.files.archive import Folder, Tree, descend, join

from .frames import modalities
from .names import benchmarks_of, every_name, sequence_names

if TYPE_CHECKING:
    from .spec import Spec

DEPTH = 6  # levels of folders below the given one
COINCIDENCE = 5  # as many sequences of another benchmark are none
FOLDERS = 20_000  # that a search may list: LasHeR has 1,224, and 2,448 with images


@dataclass(frozen=True)
class Found:
    """The sequences of a split and their truth files in ``tree``: () where there is none."""

    tree: Tree
    root: str
    truths: dict[str, tuple[str, ...]]

    @property
    def complete(self) -> int:
        """How many sequences have their truth."""
        return sum(map(bool, self.truths.values()))


def find(spec: Spec, tree: Tree, split: str) -> Found:
    """The sequences of a benchmark's split. Raises DataError if there are none, or another benchmark's."""
    official = set(sequence_names(spec.name, split))
    best = _at(spec, tree, descend(tree), split)
    known = {name.lower() for name in official} & {name.lower() for name in best.truths}
    if best.complete < max(len(best.truths), 1) or (known and not official <= best.truths.keys()):
        with suppress(DataError) if best.complete else nullcontext():
            other = _at(spec, Arranged(tree, spec), "", split)
            best = max(best, other, key=lambda found: (len(official & found.truths.keys()), found.complete))
    owners = benchmarks_of(best.truths)
    if not best.complete or (owners and spec.name not in owners and len(best.truths) >= COINCIDENCE):
        raise _not_here(spec, tree, split, benchmarks_of(_words(tree)) or owners)
    for name in best.truths:
        if not name.isprintable():  # no UTF-8, or a control code
            next = "rename it, in the lists too"
            raise DataError("sequence name is no plain text", where=tree.name, found=ascii(name), next=next)
    return best


def _at(spec: Spec, tree: Tree, root: str, split: str) -> Found:
    truths = {}
    for name in sorted(_names(spec, tree, root, split)):  # fingerprints and bootstrap draws must not depend on a list
        alternatives = ([join(root, file.format(name=name)) for file in files] for files in spec.truths)
        truths[name] = next((tuple(paths) for paths in alternatives if tree.exists(paths[0])), ())
    return Found(tree, root, truths)


def _names(spec: Spec, tree: Tree, root: str, split: str) -> list[str]:
    """The sequences that lists name; without lists those that are there, and published names tell the split."""
    lists = {split: _listed(spec, tree, root, split) for split in spec.lists}
    if split == "all" and split not in lists:
        listed = [n for names in lists.values() for n in names] if all(lists.values()) else []
        return listed or _scan(spec, tree, root)
    if lists.get(split):
        return lists[split]
    own, official = set(sequence_names(spec.name, split)), sequence_names(spec.name)
    others = {name for other, names in lists.items() if other != split for name in names}.union(official) - own
    found = _scan(spec, tree, root, split if len(spec.sizes) > 1 else "")
    if not found:
        found = _scan(spec, tree, root)
        found = found if own.union(others).intersection(found) else []  # nothing tells the split
    if own and own <= set(found):  # the whole split as published: no part of it is a name that nobody published
        others |= set(found) - every_name()
    return [name for name in found if name not in others]


def _listed(spec: Spec, tree: Tree, root: str, split: str) -> list[str]:
    paths = (join(root, file) for file in spec.lists[split])
    return next((_read_list(tree, path) for path in paths if tree.exists(path)), [])


def _scan(spec: Spec, tree: Tree, root: str, split: str = "") -> list[str]:
    """Every folder (or file) that holds truth; a split shows as a folder such as ``testingset`` or ``test_ST``."""
    names: dict[str, None] = {}
    for truth, *_ in spec.truths:
        head, _, tail = truth.partition("{name}")
        folder = join(root, head.rstrip("/")) if head else root
        if not re.search(rf"(?:^|_){re.escape(split)}", PurePosixPath(tree.where(folder)).name, re.I):
            continue
        if tail.startswith("/"):
            names |= {n: None for n in tree.folders(folder) if tree.exists(f"{join(folder, n)}{tail}")}
        else:
            names |= {n.removesuffix(tail): None for n in tree.files(folder) if n.endswith(tail)}
    return list(names)


def _read_list(tree: Tree, path: str) -> list[str]:
    """Sequence names, one a line. They become parts of paths, so they may not lead anywhere else."""
    text = tree.read(path).decode("utf-8-sig", errors="replace")
    names: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        if not name:
            continue
        if name in names or name in (".", "..") or set(name) & set("/\\\0"):
            raise DataError(
                "sequence listed twice" if name in names else "sequence name is not a plain name",
                where=f"{tree.where(path)}:{number}",
                found=repr(name),
            )
        names[name] = None
    return list(names)


def _not_here(spec: Spec, tree: Tree, split: str, owners: tuple[str, ...]) -> DataError:
    other = [name for name in owners if name != spec.name]
    return DataError(
        f"these are {' or '.join(other)}'s sequences, not {spec.name}'s"
        if other and spec.name not in owners
        else f"no sequences of {spec.name} (split {split}) found",
        where=tree.name,
        expected=" or ".join(files[0].format(name="SEQUENCE") for files in spec.truths)
        + "; and for splits "
        + " or ".join(file for files in spec.lists.values() for file in files),
        found=", ".join((tree.folders(top := descend(tree)) + tree.files(top))[:8]) or "nothing",
        next=f"name the benchmark {other[0]}, or pass {spec.name}'s folder or archive"
        if other
        else "pass the folder or archive that holds these",
    )


class Arranged:
    """A tree whose files are shown where the benchmark publishes them, wherever they lie. See Tree."""

    def __init__(self, tree: Tree, spec: Spec) -> None:
        self.tree, self.name = tree, tree.name
        self.paths = _arranged(tree, spec)

    @property
    def homes(self) -> dict[str, str]:
        """Sequence -> its folder of images."""
        return {published[:-1]: path for published, path in self.paths.items() if published.endswith("/")}

    def files(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(p.name for path in self.paths if _parent(p := PurePosixPath(path)) == folder)

    def folders(self, folder: str = "") -> list[str]:
        """See Tree."""
        parents = {str(parent) for path in self.paths for parent in PurePosixPath(path).parents}
        return sorted(p.name for path in parents if path != "." and _parent(p := PurePosixPath(path)) == folder)

    def exists(self, path: str) -> bool:
        """See Tree."""
        return path in self.paths

    def read(self, path: str) -> bytes:
        """See Tree."""
        return self.tree.read(self.paths.get(path, path))

    def where(self, path: str) -> str:
        """See Tree."""
        return self.tree.where(self.paths.get(path, path))


class _Place(NamedTuple):
    """A file or folder of images (``PATH/``), as what it is published, and the folder that holds it with its like."""

    path: str
    published: str
    above: str


def _arranged(tree: Tree, spec: Spec) -> dict[str, str]:
    """Published path -> path in the tree. Raises DataError if there are two and nothing tells which is meant."""
    names = (*sequence_names(spec.name), *spec.attributes, "SequencesName")
    spelling = {name.lower(): name for name in names}
    patterns = [(template, _pattern(template)) for template in _templates(spec)]
    arranged: dict[str, list[_Place]] = defaultdict(list)
    for path in _walk(tree):
        for template, pattern in patterns:
            if match := pattern.fullmatch(path):
                name, (head, _, tail) = match["name"], template.partition("{name}")
                published = template.format(name=spelling.get(name.lower(), name))
                above = path[: match.start("name")] if tail else path[: -len(template)]
                arranged[published[len(head) * tail.startswith("/") :]].append(_Place(path, published, above))
                break
    sizes = Counter(place.above for places in arranged.values() for place in places)

    def rank(place: _Place) -> tuple[bool, int, int]:  # a copy of a few files is not the benchmark
        named = spec.name.lower() in place.above.lower().split("/")
        return named, sizes[place.above], -place.path.count("/")

    chosen = {}
    for places in arranged.values():
        best = max(places, key=rank)
        for other in places:
            same = other is best or rank(other) < rank(best)
            if not same and (best.path.endswith("/") or tree.read(other.path) != tree.read(best.path)):
                raise DataError(
                    f"{best.published} of {spec.name} is there twice",
                    where=tree.name,
                    found=f"{best.path} and {other.path}",
                    next="pass the folder that holds only one of them",
                )
        chosen[best.published] = best.path
    return chosen


def _templates(spec: Spec) -> list[str]:
    """Where files are published, the most telling first; ``{name}/`` is a sequence's folder of images."""
    files = {*(f for truth in spec.truths for f in truth), *(f for listed in spec.lists.values() for f in listed)}
    return sorted({*files, *spec.attribute_files, "{name}/"}, key=len, reverse=True)


def _pattern(template: str) -> re.Pattern[str]:
    """Paths that end as published: in any letter case, with other folders above, and below the split's folder."""
    head, name, tail = template.partition("{name}")
    between = "(?:.*/)?" if head and tail.startswith("/") else ""
    anything = "(?P<name>[^/]+)" if name else "(?P<name>)"
    return re.compile(f"(?:.*/)?{re.escape(head)}{between}{anything}{re.escape(tail)}", re.I | re.S)


def _walk(tree: Tree) -> Iterator[str]:
    """Every text file, and every folder (``PATH/``) with images of both kinds, from the top down.

    Folders of images are not entered. Raises DataError where there is too much to be a benchmark.
    """
    level, seen = [""], set()
    for _ in range(DEPTH):
        below: list[str] = []
        for folder in level:
            real = os.path.realpath(f"{tree.root}/{folder}") if isinstance(tree, Folder) else folder
            if real in seen:  # links may lead back
                continue
            seen.add(real)
            try:
                folders, files = tree.folders(folder), tree.files(folder)
            except OSError:  # not ours to read
                continue
            pair = modalities(folders) or ()
            yield from (join(folder, name) for name in files if name.lower().endswith((".txt", ".mat")))
            yield from (f"{folder}/" for _ in pair[:1])
            below += [join(folder, name) for name in folders if name not in pair]
            if len(seen) + len(below) > FOLDERS:
                raise DataError(
                    "too many folders",
                    where=tree.name,
                    expected=f"one benchmark, at most {FOLDERS:,} folders",
                    next="pass the benchmark's own folder",
                )
        level = below


def _words(tree: Tree) -> set[str]:
    """Names of folders and files: some may be sequences'."""
    return {PurePosixPath(part).stem for path in _walk(tree) for part in path.split("/")}


def _parent(path: PurePosixPath) -> str:
    return str(path.parent) if path.parent.name else ""
