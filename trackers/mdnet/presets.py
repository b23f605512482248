"""What a tracker of the family is made of, at the paper's size and at one for laptops; constants that several share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .fusion import Fusion
from .parameters import Parameters
from .samplers import Sampler
from .trunk import Architecture, lrn_torch, lrn_window

Make = Callable[[Architecture], Fusion]


@dataclass(frozen=True, slots=True)
class Preset:
    """A network's sizes, its fusion, and how it tracks."""

    architecture: Architecture
    fusion: Make
    tracking: Parameters


ROI = Architecture()
PATCH = replace(ROI, norm=lrn_torch, dropouts=(0.5, 0.5, 0.5))
MANET = replace(PATCH, norm=lrn_window)

RT_MDNET = Parameters(optimiser="sgd")
DAFNET = Parameters()
HALVES = (Sampler("uniform", 1.0, 2.0, 1.1), Sampler("whole", 0.0, 1.2, 1.1))
MDNET = Parameters(
    regime="patch", candidates=512, lost_trans=1.5, keep_lost=True, first_negative=HALVES, distant=0,
    optimiser="sgd", rate=2e-4, first_iterations=30,
)  # fmt: skip

NANO_SIZES: Mapping[str, Any] = {  # half the pixels, a few channels, group norm: from scratch, on a laptop
    "widths": (16, 32, 64), "kernels": (7, 3, 3), "strides": (2, 1), "hidden": 128, "unit": 59, "norm": None,
    "gain": 1 / 64, "dropouts": (0.0, 0.2, 0.2),
}  # fmt: skip
NANO_TRACKING: Mapping[str, Any] = {
    "regime": "roi", "candidates": 256, "distant": 60, "versions": ((0, 0, 1),), "first_positives": 200,
    "first_negatives": 1000, "positives": 20, "negatives": 80, "mined": 256, "optimiser": "adam", "first_rate": 1e-3,
    "rate": 1e-3, "first_iterations": 50, "positive_frames": 50, "regression": 300, "alpha": 10.0,
    "velocity": 0.4,
}  # fmt: skip


def presets(
    fusion: Make, architecture: Architecture, tracking: Parameters, *, nano: Make | None = None, **changes: Any
) -> dict[str, Preset]:
    """A tracker at both sizes; ``nano``: its fusion there, if its own widths are not those of the architecture.

    ``changes`` to the architecture of both.
    """
    full = replace(architecture, **changes)
    small = replace(full, **NANO_SIZES)
    return {
        "paper": Preset(full, fusion, tracking),
        "nano": Preset(small, nano or fusion, replace(tracking, **NANO_TRACKING)),
    }
