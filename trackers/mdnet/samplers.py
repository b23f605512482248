"""Boxes around a box: candidates, positives, negatives; all drawn at once, until enough overlap (MDNet)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rgbtbench.core.boxes import Array, overlap

ROUNDS = 7  # of drawing; each draws twice as many as the one before
SMALLEST = 10.0  # pixels: no side becomes shorter, unless the target's own is
MARGIN = 10.0  # pixels: no side becomes longer than the image less this

Random = np.random.Generator
Noise = Callable[[Random, tuple[int, int]], Array]

NOISES: dict[str, Noise] = {  # values in [-1, 1]
    "gaussian": lambda random, shape: np.clip(0.5 * random.normal(size=shape), -1, 1),
    "uniform": lambda random, shape: random.uniform(-1, 1, shape),
}


class Area(NamedTuple):
    """Where boxes may be: ``centres`` (4,) holds their centres, ``image`` (2,) is the image's width and height."""

    centres: Array
    image: Array


@dataclass(frozen=True, slots=True)
class Sampler:
    """How boxes are drawn. ``trans``: shift of the centre in mean sides; ``scale``, ``aspect``: bases of powers.

    ``kind`` gaussian, uniform, or whole: centres anywhere in the area.
    """

    kind: str
    trans: float
    scale: float
    aspect: float = 1.0

    def draw(self, box: Array, count: int, area: Area, random: Random) -> Array:
        """Boxes (count, 4) ``x y w h`` around ``box`` (4,)."""
        corner, extent = area.centres[:2], area.centres[2:]
        noise = NOISES["uniform" if self.kind == "whole" else self.kind]
        size, centre = box[2:], box[:2] + box[2:] / 2
        if self.kind == "whole":
            centres = corner + extent * random.uniform(0, 1, (count, 2))
        else:
            centres = centre + self.trans * size.mean() * noise(random, (count, 2))
        sizes = size * self.scale ** noise(random, (count, 1))
        sizes = sizes * self.aspect ** (random.uniform(-1, 1, (count, 1)) * (1, -1))
        least = np.minimum(size, SMALLEST)
        sizes = np.clip(sizes, least, np.maximum(least, area.image - MARGIN))
        centres = np.clip(centres, corner, corner + extent)
        return np.concatenate([centres - sizes / 2, sizes], axis=1)

    def within(
        self,
        box: Array,
        count: int,
        area: Area,
        random: Random,
        iou: tuple[float, float],
        growth: tuple[float, float] | None = None,
    ) -> Array:
        """At most ``count`` boxes (n, 4) whose IoU with ``box`` lies in a range, found by drawing ever more.

        ``growth``: range of the larger over the smaller of both areas. Fewer than asked for, even none, where
        the range is hardly or never met: a box of a few pixels, at the border, or larger than the image.
        """
        kept: list[Array] = []
        missing, drawn = count, count
        for _ in range(ROUNDS):
            boxes = self.draw(box, drawn, area, random)
            shared = overlap(boxes, box)
            good = (shared >= iou[0]) & (shared <= iou[1])
            if growth:
                ratio = boxes[:, 2:].prod(1) / box[2:].prod()
                ratio = np.maximum(ratio, 1 / ratio)
                good &= (ratio >= growth[0]) & (ratio <= growth[1])
            kept.append(boxes[good][:missing])
            missing -= len(kept[-1])
            if missing <= 0:
                break
            drawn *= 2
        return np.concatenate(kept)


def filled(boxes: Array, count: int, random: Random) -> Array:
    """As many boxes as asked for (count, 4), by repeating some of those at hand; none if there are none."""
    if not len(boxes) or len(boxes) >= count:
        return boxes[:count]
    return np.concatenate([boxes, boxes[random.integers(0, len(boxes), count - len(boxes))]])
