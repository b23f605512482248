"""The nouns everything else speaks in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .boxes import Array


@dataclass(frozen=True, slots=True)
class Sequence:
    """One video pair of a benchmark with its truth.

    ``rgb`` and ``tir`` are N image paths, paired by rank. ``truth`` (M, N, 4): one annotation per annotated modality,
    boxes ``x y w h`` in pixels. ``init`` (4,) is the box a tracker starts from.
    """

    name: str
    rgb: tuple[Path, ...]
    tir: tuple[Path, ...]
    truth: Array
    attributes: frozenset[str]

    @property
    def init(self) -> Array:
        """The first box of the first annotation."""
        first: Array = self.truth[0, 0]
        return first
