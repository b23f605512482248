"""How a network of each size is trained where a recipe says nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

SAMPLING: Mapping[str, Mapping[str, Any]] = {  # preset -> what differs from DiMP's
    "paper": {},
    "nano": {
        "train": 1,
        "test": 1,  # little jitter, and few frames, as tracking needs no more
        "jitter_size": (0.1, 0.25),
        "jitter_centre": (1.0, 2.0),
        "proposals": 16,  # and wider ones, so that boxes on a neighbour are seen to be bad
        "sigmas": (0.03, 0.1, 0.2, 0.3, 0.6, 0.9),
        "overlap": 0.0,
    },
}

GROUPS = ("initialiser", "optimiser", "features", "iou", "trunk", "fusion", "distill")
SCHEDULES = ("step", "cosine")


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Adam: learning rates by group of parameters, and what they are multiplied by as training goes on."""

    rates: Mapping[str, float]
    schedule: str = "step"
    every: int = 15  # epochs; of schedule "step"
    factor: float = 0.2  # the same
    warmup: int = 0  # steps of linear rise
    clip: float = 0.0  # of the norm of all gradients together; 0: none, as in DiMP

    def scale(self, step: int, per_epoch: int, epochs: int) -> float:
        """What all rates are multiplied by in a step, counted from 0; a cosine ends at 0."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if self.schedule == "cosine":
            return rise * (1 + math.cos(math.pi * step / (per_epoch * epochs))) / 2
        return rise * self.factor ** (step // per_epoch // self.every)


@dataclass(frozen=True, slots=True)
class Course:
    """``batch`` sequences a step, ``samples`` sequences an epoch."""

    batch: int
    samples: int
    epochs: int
    optimiser: Optimiser


def _rates(*values: float) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(GROUPS, values, strict=True)))


R18 = Course(26, 26_000, 50, Optimiser(_rates(5e-5, 5e-4, 5e-5, 1e-3, 2e-4, 2e-4, 2e-4)))
R50 = replace(R18, batch=10, optimiser=Optimiser(_rates(5e-5, 5e-4, 5e-5, 2e-4, 2e-5, 2e-4, 2e-4)))
NANO = Course(  # slow heads: at 2.5 to 20 times their rates the training loss fell more slowly
    16, 1_600, 40, Optimiser(_rates(1e-4, 5e-3, 2e-4, 2e-3, 2e-3, 2e-3, 2e-3), "cosine", warmup=50, clip=10.0)
)

COURSES: Mapping[str, Mapping[int, Course]] = {  # preset -> depth of the ResNet (spec 8.1, 8.3; nano: from scratch)
    "paper": {18: R18, 50: R50},
    "nano": {18: NANO},
}
