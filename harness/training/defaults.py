"""How a network of each size is trained where a recipe says nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from rgbtbench.core.errors import ConfigError

_NANO: Mapping[str, Any] = {
    "train": 1,
    "test": 1,  # little jitter, and few frames, as tracking needs no more
    "jitter_size": (0.1, 0.25),
    "jitter_centre": (1.0, 1.5),
    "proposals": 16,  # and wider ones, so that boxes on a neighbour are seen to be bad
    "sigmas": (0.03, 0.1, 0.2, 0.3, 0.6, 0.9),
    "overlap": 0.0,
}
SAMPLING: Mapping[str, Mapping[str, Any]] = {  # preset -> what differs from DiMP's
    "paper": {}, "nano": _NANO, "nano-fused": _NANO,
}  # fmt: skip

GROUPS = ("initialiser", "optimiser", "features", "iou", "trunk", "fusion", "distill")
SCHEDULES = ("step", "cosine")


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Learning rates by group of parameters, and what they are multiplied by as training goes on.

    Adam; with a ``momentum`` SGD; with ``muon``, Muon for convolution kernels, at so many times their group's rate.
    """

    rates: Mapping[str, float]
    schedule: str = "step"
    every: int = 15  # epochs; of schedule "step"
    factor: float = 0.2  # the same
    warmup: int = 0  # steps of linear rise
    clip: float = 0.0  # of the norm of all gradients together; 0: none, as in DiMP
    momentum: float = 0.0
    decay: float = 0.0  # of weights; not of those that Muon moves
    muon: float = 0.0

    def __post_init__(self) -> None:
        if self.momentum and self.muon:
            raise ConfigError(
                "optimiser: SGD or Muon",
                expected="momentum 0 or muon 0",
                found=f"momentum {self.momentum:g}, muon {self.muon:g}",
                next="--set optimiser.muon=0",
            )

    def scale(self, step: int, per_epoch: int, epochs: int) -> float:
        """What all rates are multiplied by in a step, counted from 0; a cosine ends at 0."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if self.schedule == "cosine":
            return rise * (1 + math.cos(math.pi * step / (per_epoch * epochs))) / 2
        return rise * self.factor ** (step // per_epoch // self.every)

    def make(self, groups: Mapping[str, Iterable[Any]]) -> Any:
        """Torch's optimiser of these parameters; each group knows its rate as ``base``."""
        import torch

        from .muon import Muon

        parts = [{"params": list(group), "base": self.rates[name]} for name, group in groups.items()]
        if self.momentum:
            return torch.optim.SGD(parts, lr=1.0, momentum=self.momentum, weight_decay=self.decay)
        if self.muon:
            return Muon(parts, kernels=self.muon, weight_decay=self.decay)
        return torch.optim.Adam(parts, weight_decay=self.decay)


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
NANO = Course(  # slow heads: with Adam, at half these, the loss fell more slowly at 2.5 to 20 times their rates
    8, 1_600, 20, Optimiser(_rates(2e-4, 5e-3, 4e-4, 2e-3, 2e-3, 2e-3, 2e-3), "cosine", warmup=50, clip=10.0, muon=10.0)
)

COURSES: Mapping[str, Mapping[int, Course]] = {  # preset -> depth of the ResNet (DiMP-18, DiMP-50; nano: from scratch)
    "paper": {18: R18, 50: R50},
    "nano": {18: NANO},
    "nano-fused": {18: NANO},
}

# MDNet's family (MDNet, RT-MDNet), by preset and regime: SGD, gradients clipped at 10; nano from scratch with Adam
DOMAIN_SAMPLING: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("paper", "patch"): {"positives": 4, "negatives": 12, "mean": False},  # of each of 8 frames: 32 and 96 a step
    ("paper", "roi"): {"inter": 0.1},
    ("nano", "roi"): {"domains": 50, "frames": 3, "positives": 12, "negatives": 48, "inter": 0.1, "span": 3.2},
}
_MDNET = MappingProxyType({"trunk": 1e-4, "fusion": 1e-4, "head": 1e-4, "branches": 1e-4})
_MDNET_NANO = MappingProxyType({"trunk": 2e-3, "fusion": 2e-3, "head": 2e-3, "branches": 2e-2})  # seen for few steps
DOMAIN_COURSES: Mapping[tuple[str, str], Course] = {
    ("paper", "patch"): Course(1, 979, 100, Optimiser(_MDNET, every=1000, clip=10.0, momentum=0.9, decay=5e-4)),
    ("paper", "roi"): Course(50, 979, 1000, Optimiser(_MDNET, every=1000, clip=10.0, momentum=0.9, decay=5e-4)),
    ("nano", "roi"): Course(4, 400, 12, Optimiser(_MDNET_NANO, "cosine", warmup=50, clip=10.0)),
}
