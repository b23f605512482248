"""Which frames of a sequence to learn from, where to cut them, which boxes to rate: as DiMP and ATOM do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array, overlap
from rgbtbench.core.ranges import is_list, is_number, is_positive, out_of_range, require
from rgbtbench.trackers.dimp.parameters import STRIDE

Bools = NDArray[np.bool_]

TRIES, SHRINK = 100, 0.9  # of a proposal, and of its deviation after each that overlaps too little
THIN = (0.15, 0.5)  # of the target's size, for a proposal drawn a pixel wide or less

_LEAST = {"crop": 64, "train": 1, "test": 1, "gap": 2, "widen": 1, "shortest": 2, "proposals": 1}
_FRACTIONS = ("grey", "brightness", "overlap")


@dataclass(frozen=True, slots=True)
class Sampling:
    """DiMP's sampling and augmentation. ``jitter_*``: of train and test frames. Raises ConfigError out of range."""

    crop: int = 288  # side of the network's input
    scale: float = 5.0  # search area: its side in sqrt(w h) of the jittered target

    train: int = 3  # frames of a sequence from which the filter is learnt
    test: int = 3  # frames of a sequence on which the losses are taken
    gap: int = 30  # frames between the first train frame and any other, at most
    widen: int = 5  # the gap grows by so much where too few frames are visible
    shortest: int = 20  # frames of a usable sequence

    jitter_size: tuple[float, float] = (0.25, 0.5)  # sigma of the log of width and height
    jitter_centre: tuple[float, float] = (3.0, 4.5)  # uniform, full width, in sqrt(w h) of the jittered target

    grey: float = 0.05  # probability that all visible images of a sequence lose their colours
    brightness: float = 0.2  # factors from 1 - b to 1 + b, for each image

    proposals: int = 8  # boxes to rate per test frame
    sigmas: tuple[float, ...] = (0.01, 0.05, 0.1, 0.2, 0.3)  # of their centres and sizes, in sqrt(w h)
    overlap: float = 0.1  # with the target: at least so much

    def __post_init__(self) -> None:
        require(self, "sampling", whole=_LEAST, fractions=_FRACTIONS, positive=("scale",))
        two = "two numbers, at least 0: of train and of test frames"
        for name, good, expected in (
            ("crop", self.crop % (2 * STRIDE) == 0, f"a multiple of {2 * STRIDE}, for score maps with a middle"),
            ("sigmas", is_list(self.sigmas) and self.sigmas and all(map(is_positive, self.sigmas)), "positive numbers"),
            ("jitter_size", _is_jitter(self.jitter_size), two),
            ("jitter_centre", _is_jitter(self.jitter_centre), two),
        ):
            if not good:
                raise out_of_range("sampling", name, expected, getattr(self, name))
        if max(self.jitter_centre) >= self.scale:
            expected = f"below scale, {self.scale:g}: the target stays in the crop"
            raise out_of_range("sampling", "jitter_centre", expected, self.jitter_centre)

    @property
    def wanted(self) -> str:
        """What a usable sequence has."""
        return f"{self.shortest} frames, more than {2 * (self.train + self.test)} with a box"

    def usable(self, visible: Bools) -> bool:
        """Whether a sequence of which these frames (N,) show the target is long enough to draw from."""
        return len(visible) >= self.shortest and int(visible.sum()) > 2 * (self.train + self.test)

    def draw(self, visible: Bools, random: np.random.Generator) -> tuple[list[int], list[int]]:
        """Train and test frames of a usable sequence: a base and others before it; frames after it (8.1).

        Others are drawn with replacement from [base - gap, base) and (base, base + gap). The base comes first.
        """
        at = np.flatnonzero(visible)
        bases = at[(at >= self.train - 1) & (at < len(visible) - self.test)]
        gap = self.gap
        while True:
            base = random.choice(bases)
            before, after = at[(at >= base - gap) & (at < base)], at[(at > base) & (at < base + gap)]
            if len(after) and (len(before) or self.train == 1):
                break
            gap += self.widen
        others = random.choice(before, self.train - 1).tolist() if self.train > 1 else []
        return [int(base), *others], random.choice(after, self.test).tolist()

    def windows(self, boxes: Array, test: Bools, random: np.random.Generator) -> tuple[Array, Array]:
        """Where to cut frames with these boxes (F, 4), jittered as train or ``test`` (F,) frames are (8.2).

        Returns centres (F, 2) in image pixels and scales (F,) in image pixels per crop pixel.
        """
        which = test.astype(int)
        size, centre = (np.array(jitter)[which][:, None] for jitter in (self.jitter_size, self.jitter_centre))
        sizes = boxes[:, 2:] * np.exp(random.normal(size=(len(boxes), 2)) * size)
        length = np.sqrt(sizes.prod(axis=1, keepdims=True))
        offsets = random.uniform(-0.5, 0.5, (len(boxes), 2)) * centre * length
        sides = np.ceil(self.scale * length[:, 0])
        return boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + offsets, sides / self.crop

    def propose(self, boxes: Array, random: np.random.Generator) -> tuple[Array, Array]:
        """Proposals (F, P, 4) around boxes (F, 4) in crop pixels, on whole pixels, and their IoU (F, P) (3.3).

        A box that none overlaps enough after 100 tries, being smaller than a pixel, is proposed itself.
        """
        targets = np.repeat(boxes, self.proposals, axis=0)
        proposals, ious = targets.copy(), np.ones(len(targets))
        sd = random.choice(self.sigmas, len(targets)) * np.sqrt(targets[:, 2] * targets[:, 3])
        left = np.arange(len(targets))
        for _ in range(TRIES):
            drawn = _perturbed(targets[left], sd[left], random)
            iou = overlap(drawn, targets[left])
            good = iou > self.overlap
            proposals[left[good]], ious[left[good]] = drawn[good], iou[good]
            left = left[~good]
            if not len(left):
                break
            sd[left] *= SHRINK
        shape = (len(boxes), self.proposals)
        return proposals.reshape(*shape, 4), ious.reshape(shape)


def _perturbed(boxes: Array, sd: Array, random: np.random.Generator) -> Array:
    """Gaussian draws (K, 4) around boxes (K, 4), in whole pixels but for those that would be a pixel wide or less."""
    sizes = boxes[:, 2:]
    moved = np.concatenate([boxes[:, :2] + sizes / 2, sizes], axis=1)
    moved += random.normal(size=boxes.shape) * sd[:, None]
    moved[:, 2:] = _not_thin(moved[:, 2:], sizes, random)
    moved[:, :2] -= moved[:, 2:] / 2
    moved = np.rint(moved)
    moved[:, 2:] = _not_thin(moved[:, 2:], sizes, random)
    return moved


def _not_thin(drawn: Array, sizes: Array, random: np.random.Generator) -> Array:
    return np.where(drawn <= 1, sizes * random.uniform(*THIN, sizes.shape), drawn)


def _is_jitter(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(is_number(v) and v >= 0 for v in value)
