"""What a tracker sees of a sequence under stress: earlier frames by their files, spoiled pixels after decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

from rgbtbench.core.types import Frame, Sequence

from .pixels import Draws, Image
from .table import Chosen


@dataclass(frozen=True, slots=True)
class Sight:
    """A stress on one sequence. All that is random follows from ``seed``, the names of stress and sequence, the index.

    The severity draws nothing: a shift at severity 3 goes where it went at 1, only further. ``alone``: the modality
    that stands in both places of a frame.
    """

    chosen: Chosen
    seed: int
    sequence: str
    alone: str | None = None

    def shown(self, index: int) -> tuple[int, int]:
        """The indices of the RGB and of the thermal frame that are seen at an index."""
        stress, times = self.chosen.stress, self.chosen.stress.times[self.chosen.severity - 1]
        shows = stress.shows
        if shows is None:
            return index, index
        other = shows(index, self._fixed[6], *times)
        rgb, tir = (other if one in stress.changes else index for one in ("rgb", "tir"))
        return rgb, tir

    def __call__(self, frame: Frame) -> Frame:
        """The frame as it is seen: the images that are hit are new, the others are the same."""
        stress, level = self.chosen.stress, self.chosen.severity - 1
        if stress.pixels is None or frame.index == 0:
            return frame
        fixed = self._fixed
        hit = set(stress.hits(frame.index, fixed[6], *stress.times[level])) & set(stress.changes)
        now = (*draws(self.seed, self.chosen.name, self.sequence, frame.index), frame.index)

        def seen(image: Image, modality: str) -> Image:
            return stress.pixels(image, fixed, now, **stress.parameters[level]) if modality in hit else image  # type: ignore[misc]

        if self.alone:
            image = seen(frame.rgb, self.alone)
            return replace(frame, rgb=image, tir=image)
        return replace(frame, rgb=seen(frame.rgb, "rgb"), tir=seen(frame.tir, "tir"))

    @property
    def _fixed(self) -> Draws:
        return draws(self.seed, self.chosen.name, self.sequence)


def draws(*parts: object) -> Draws:
    """Eight numbers below 2**32 that follow from texts and numbers, the same on every machine."""
    digest = sha256("/".join(map(str, parts)).encode(errors="surrogateescape")).digest()
    return tuple(int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4))


def stressed(sequence: Sequence, one: Chosen, seed: int, modality: str | None = None) -> Sequence:
    """The sequence as a tracker sees it under a stress; its truth is the same.

    ``modality``: the only one that the tracker is to see.
    """
    sight = Sight(one, seed, sequence.name, modality)
    shown = [sight.shown(k) for k in range(len(sequence.rgb))]
    rgb, tir = (tuple(paths[pair[at]] for pair in shown) for at, paths in enumerate((sequence.rgb, sequence.tir)))
    return replace(sequence, rgb=rgb, tir=tir, sight=sight if one.stress.pixels else None)


def spoiled(frame: Callable[[int], Frame], sight: Sight) -> Callable[[int], Frame]:
    """The same for frames that are asked for by their number."""

    def seen(index: int) -> Frame:
        rgb, tir = sight.shown(index)
        one = frame(rgb)
        other = one if tir == rgb else frame(tir)
        return sight(Frame(index, one.rgb, other.tir, one.remarks))

    return seen
