"""How an MDNet-type tracker behaves online: one table for the whole family (released codes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rgbtbench.core.errors import unknown
from rgbtbench.core.ranges import is_list, is_number, is_positive, out_of_range, require

from .samplers import Sampler

REGIMES = ("patch", "roi")
OPTIMISERS = ("sgd", "adam")

POSITIVE, NEGATIVE = Sampler("gaussian", 0.1, 1.2), Sampler("uniform", 1.5, 1.2)
FIRST_NEGATIVE, REGRESSED = Sampler("uniform", 1.0, 2.0, 1.1), Sampler("uniform", 0.3, 1.6, 1.1)

_LEAST = {
    "candidates": 1, "best": 1, "first_positives": 1, "first_negatives": 1, "positives": 1, "negatives": 1,
    "first_iterations": 0, "iterations": 0, "every": 1, "collect": 1, "batch_positives": 1, "batch_negatives": 1,
    "mined": 1, "positive_frames": 1, "negative_frames": 1, "short_frames": 1, "regression": 0, "distant": 0,
}  # fmt: skip
_POSITIVE = ("rate", "first_rate", "fc4_rate", "fc5_rate", "fc6_rate", "alpha", "widest", "trans", "scale")
_RANGES = ("iou_positive", "iou_first_negative", "iou_negative", "iou_regression")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Numbers of samples, ranges, rates. The defaults are RT-MDNet's and DAFNet's. Raises ConfigError out of range.

    IoU and ``growth`` (larger over smaller area) are ranges; ``trans`` is in mean sides of the box.
    """

    regime: str = "roi"  # candidates pooled from one scene's map; patch: each is an image of its own
    candidates: int = 256  # per frame
    best: int = 5  # of them averaged
    trans: float = 0.6
    scale: float = 1.05
    lost_trans: float = 1.4  # search range after a failure
    lost_growth: float = 0.0  # above 0: the range grows by this factor with each failure, to lost_trans
    keep_lost: bool = False  # a box that scores too low is not moved to
    velocity: float = 0.0  # share of the last step in the velocity with which the target goes on; 0: none, as in MDNet

    first_positives: int = 500
    first_negatives: int = 5000
    positives: int = 50  # of each frame to learn from
    negatives: int = 200
    positive: Sampler = POSITIVE
    first_negative: tuple[Sampler, ...] = (FIRST_NEGATIVE,)  # equal shares
    negative: Sampler = NEGATIVE
    iou_positive: tuple[float, float] = (0.7, 1.0)
    iou_first_negative: tuple[float, float] = (0.0, 0.5)
    iou_negative: tuple[float, float] = (0.0, 0.3)
    versions: tuple[tuple[float, float, float], ...] = (  # of the first scene: shifts in its pixels, zoom
        (0, 0, 1), (4, 0, 1), (0, 4, 1), (0, 0, 1.1**-2), (0, 0, 1.1**-1), (0, 0, 1.1), (0, 0, 1.1**2)
    )  # fmt: skip
    distant: int = 100  # negatives from all over the first image, beside those of the scene
    widest: float = 6.0  # side of a scene in the target's, at most

    optimiser: str = "adam"
    first_rate: float = 1e-4
    rate: float = 3e-4
    decay: float = 5e-4
    fc4_rate: float = 1.0  # times the rate
    fc5_rate: float = 1.0
    fc6_rate: float = 10.0
    first_iterations: int = 50
    iterations: int = 15
    every: int = 10  # frames between two long-term updates
    collect: int = 1  # frames between two from which samples are kept
    batch_positives: int = 32
    batch_negatives: int = 96  # the hardest of ``mined``
    mined: int = 1024
    positive_frames: int = 100  # in memory
    negative_frames: int = 20
    short_frames: int = 20  # whose positives a short-term update sees

    regression: int = 1000  # samples; 0: none
    regressed: Sampler = REGRESSED
    iou_regression: tuple[float, float] = (0.6, 1.0)
    growth: tuple[float, float] = (1.0, 2.0)
    alpha: float = 1000.0

    def __post_init__(self) -> None:
        require(self, "mdnet", whole=_LEAST, positive=_POSITIVE)
        for name, known in (("regime", REGIMES), ("optimiser", OPTIMISERS)):
            if getattr(self, name) not in known:
                raise unknown(f"{name} of mdnet", str(getattr(self, name)), known)
        for name in _RANGES:
            if not (_is_range(value := getattr(self, name)) and value[1] <= 1):
                raise out_of_range("mdnet", name, "two numbers between 0 and 1, the smaller first", value)
        for name, good, expected in (
            ("growth", _is_range(self.growth) and self.growth[0] >= 1, "two numbers from 1, the smaller first"),
            ("decay", is_number(self.decay) and self.decay >= 0, "at least 0"),
            ("velocity", is_number(self.velocity) and 0 <= self.velocity <= 1, "between 0 and 1"),
            ("lost_trans", is_positive(self.lost_trans), "a positive number"),
            ("lost_growth", is_number(self.lost_growth) and self.lost_growth >= 0, "at least 0"),
            ("versions", is_list(self.versions) and self.versions, "at least one: shift x, shift y, zoom"),
            ("candidates", self.candidates >= self.best, f"at least best, {self.best}"),
            ("mined", self.mined >= self.batch_negatives, f"at least batch_negatives, {self.batch_negatives}"),
        ):
            if not good:
                raise out_of_range("mdnet", name, expected, getattr(self, name))


def _is_range(value: Any) -> bool:
    return is_list(value) and len(value) == 2 and all(map(is_number, value)) and 0 <= value[0] <= value[1]
