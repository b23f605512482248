"""Data of MDNet's family: K sequences that come round again and again, boxes on and beside their targets (MDNet)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import DataError, unknown
from rgbtbench.core.ranges import is_number, out_of_range, require
from rgbtbench.trackers.mdnet.learn import Batch
from rgbtbench.trackers.mdnet.network import CONTEXT
from rgbtbench.trackers.mdnet.parameters import REGIMES
from rgbtbench.trackers.mdnet.samplers import Area, Sampler, filled
from rgbtbench.trackers.mdnet.views import within
from rgbtbench.trackers.mdnet.windows import images, resample

from .samples import augmented
from .sampling import Bools
from .sources import DRAWS, Footage, Source

ORDER = 3  # what separates the draws of an order of sequences from others of the seed

_LEAST = {"unit": 32, "frames": 1, "positives": 1, "negatives": 1, "hardest": 0, "shortest": 2, "domains": 0}
_FRACTIONS = ("jitter_centre", "jitter_size", "grey", "brightness", "inter")


@dataclass(frozen=True, slots=True)
class DomainSampling:
    """MDNet's sampling. Raises ConfigError out of range."""

    unit: int = 107  # side of the target, or of a patch, in the network's pixels
    regime: str = "roi"
    span: float = 4.2  # side of a scene, in targets
    domains: int = 0  # sequences, each with its branch; 0: all of a benchmark's

    frames: int = 8  # of a sequence in each step
    positives: int = 64  # boxes of each frame
    negatives: int = 196
    hardest: int = 0  # negatives of a sequence that count, those of the highest scores; 0: all
    shortest: int = 20  # frames of a usable sequence
    mean: bool = True  # loss: mean over boxes, or MANet's sum
    inter: float = 0.0  # weight of the loss between domains

    jitter_centre: float = 0.3  # of the scene: uniform to each side, in mean sides of the target
    jitter_size: float = 0.1  # sigma of the log of the scene's size
    grey: float = 0.05  # probability that the visible images of a sequence lose their colours
    brightness: float = 0.2  # factors from 1 - b to 1 + b, for each image

    def __post_init__(self) -> None:
        require(self, "sampling", whole=_LEAST, fractions=_FRACTIONS, positive=("span",))
        if self.regime not in REGIMES:
            raise unknown("regime of sampling", self.regime, REGIMES)
        if not (is_number(self.span) and self.span >= 3):
            raise out_of_range("sampling", "span", "at least 3: negatives need room around the target", self.span)

    @property
    def wanted(self) -> str:
        """What a usable sequence has."""
        return f"{self.shortest} frames, {self.frames} with a box"

    def usable(self, visible: Bools) -> bool:
        """Whether a sequence of which these frames (N,) show the target is long enough to draw from."""
        return len(visible) >= self.shortest and int(visible.sum()) >= self.frames


POSITIVE, IOU_POSITIVE = Sampler("gaussian", 0.1, 1.2, 1.1), (0.7, 1.0)
NEGATIVE, IOU_NEGATIVE = Sampler("uniform", 1.0, 1.5, 1.1), (0.0, 0.5)


class Domains:
    """The first K sequences of a source as domains: stream number n is a sequence of the n // K-th random order.

    Which they are depends on ``seed`` alone; a loader's own seed orders them and draws their frames.
    """

    def __init__(self, source: Source, seed: int, count: int) -> None:
        there = source.sequences
        self.count = min(count or there or 0, there or count)
        if not self.count:
            raise DataError(
                "how many sequences shall have a branch?",
                expected="a number, since generated scenes have no end",
                found="data.sampling.domains: 0",
                next="--set data.sampling.domains=100",
            )
        self.source, self.seed, self.reuse = source, seed, source.reuse

    @property
    def sequences(self) -> int | None:
        """How many there are."""
        return self.count

    def footage(self, seed: int, number: int) -> Footage:
        """Sequence ``number`` of the endless stream of a seed, with its ``domain``."""
        turn, at = divmod(number, self.count)
        k = int(np.random.default_rng((DRAWS, seed, turn, ORDER)).permutation(self.count)[at])
        return replace(self.source.nth(self.seed, k), domain=k)

    def nth(self, seed: int, k: int) -> Footage:
        """Domain k."""
        return replace(self.source.nth(self.seed, k), domain=k)

    def describe(self) -> dict[str, Any]:
        """The source, and how much of it."""
        return self.source.describe() | {"domains": self.count, "domains_seed": self.seed}


def sample(footage: Footage, sampling: DomainSampling, seed: int, index: int) -> Batch:
    """Sample ``index`` of a seed from one sequence: a batch of one, its images uint8.

    Raises DataError for too few visible frames or a bad image.
    """
    s = sampling
    if not s.usable(footage.visible):
        found = f"{len(footage.visible)} frames, {footage.visible.sum()} visible"
        raise DataError("too few frames of a sequence show the target", expected=s.wanted, found=found)
    random = np.random.default_rng((DRAWS, seed, index, 1))
    chosen = random.choice(np.flatnonzero(footage.visible), s.frames, replace=False)
    grey = random.random() < s.grey
    gains = random.uniform(1 - s.brightness, 1 + s.brightness, (len(chosen), 2))
    looked = [_frame(footage, int(t), s, random) for t in chosen]
    shown = torch.stack([augmented(x, tuple(g), grey) for (x, _, _), g in zip(looked, gains.tolist(), strict=True)])
    rgb, tir = shown.to(torch.uint8).split(1, dim=-4)
    positive, negative = (torch.stack([torch.from_numpy(one[k]).float() for one in looked])[None] for k in (1, 2))
    return Batch(rgb.squeeze(-4)[None], tir.squeeze(-4)[None], positive, negative, torch.tensor([footage.domain]))


def _frame(footage: Footage, t: int, s: DomainSampling, random: np.random.Generator) -> tuple[Tensor, Array, Array]:
    """Images (..., 2, 3, h, w) of one frame, and boxes on (p, 4) and beside (n, 4) its target in their pixels."""
    frame, box = footage.frame(t), np.maximum(footage.boxes[t], (-np.inf, -np.inf, 1, 1))
    seen = images(frame)
    size = box[2:] * np.exp(random.normal(size=2) * s.jitter_size)
    middle = box[:2] + box[2:] / 2 + random.uniform(-1, 1, 2) * s.jitter_centre * box[2:].mean()
    extent = size * s.span
    low = middle - extent / 2
    height, width = seen.shape[1:]
    all_of_it = Area(np.array([0.0, 0.0, width, height]), np.array([width, height], float))
    area = within(all_of_it, np.concatenate([low + size / 2, extent - size]))
    positive, negative = drawn(box, area, s, random)
    if s.regime == "patch":
        boxes = np.concatenate([positive, negative])
        wide = boxes[:, 2:] * CONTEXT
        windows = np.concatenate([boxes[:, :2] + boxes[:, 2:] / 2 - wide / 2, wide], axis=1)
        return resample(seen, windows, (s.unit, s.unit)).unflatten(1, (2, 3)), positive, negative
    side = round(s.span * s.unit)
    scene = resample(seen, np.concatenate([low, extent])[None], (side, side)).view(2, 3, side, side)
    scale = np.tile(side / extent, 2)
    positive, negative = (
        np.concatenate([boxes[:, :2] - low, boxes[:, 2:]], axis=1) * scale for boxes in (positive, negative)
    )
    return scene, positive, negative


def drawn(box: Array, area: Area, s: DomainSampling, random: np.random.Generator) -> tuple[Array, Array]:
    """Boxes on (p, 4) and beside (n, 4) a target; where none fits, the target itself, and its middle quarter."""
    positive = POSITIVE.within(box, s.positives, area, random, IOU_POSITIVE)
    negative = NEGATIVE.within(box, s.negatives, area, random, IOU_NEGATIVE)
    quarter = np.concatenate([box[:2] + box[2:] / 4, box[2:] / 2])
    positive = positive if len(positive) else box[None]
    negative = negative if len(negative) else quarter[None]
    return filled(positive, s.positives, random), filled(negative, s.negatives, random)


def collate(batches: Sequence[Batch]) -> Batch:
    """Sequences of several batches side by side."""
    return Batch(*(torch.cat(parts) for parts in zip(*batches, strict=True)))


def split(batch: Batch, parts: int) -> Iterator[tuple[float, Batch]]:
    """The sequences in ``parts`` of about the same number, each with its share of them."""
    for tensors in zip(*(tensor.tensor_split(parts) for tensor in batch), strict=True):
        own = Batch(*tensors)
        yield len(own.domains) / len(batch.domains), own


def normalise(batch: Batch) -> Batch:
    """The same: the network itself turns grey levels into what it sees."""
    return batch
