"""Samples under stress: a network that is to do without a modality has to learn so without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.ranges import is_list
from rgbtbench.core.types import Frame
from rgbtbench.datasets.stress import Sight, chosen, spoiled

from .sources import DRAWS, Footage

STRESSING = 5  # what separates these draws from others of the seed


@dataclass(frozen=True, slots=True)
class Stressing:
    """A ``share`` of samples is stressed, each by one ``of`` these, drawn evenly, then evenly among its severities.

    The default is modality dropout and misalignment (``rgbtbench.datasets.stress``). Raises ConfigError for a share
    out of range and for an unknown stress.
    """

    share: float = 0.0
    of: tuple[str, ...] = ("rgb-black:3", "tir-black:3", "tir-shift", "tir-scale", "tir-rotate")

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError("data.stress: share out of range", expected="0 to 1", found=self.share)
        if not (is_list(self.of) and self.of):
            raise ConfigError("data.stress: of names nothing", expected="names of stresses", found=self.of)
        chosen(self.of)

    def footage(self, footage: Footage, seed: int, index: int) -> Footage:
        """What sample ``index`` of a seed is drawn from. The first frame that it asks for is as it was, as in a run."""
        random = np.random.default_rng((DRAWS, seed, index, STRESSING))
        if random.random() >= self.share:
            return footage
        some = chosen([self.of[random.integers(len(self.of))]])
        sight = Sight(some[random.integers(len(some))], seed, f"sample {index}")
        return replace(footage, frame=_after_the_first(footage.frame, sight))


def _after_the_first(clean: Callable[[int], Frame], sight: Sight) -> Callable[[int], Frame]:
    stressed, first = spoiled(clean, sight), list[int]()

    def frame(index: int) -> Frame:
        first[:] = first or [index]
        return (clean if index == first[0] else stressed)(index)

    return frame
