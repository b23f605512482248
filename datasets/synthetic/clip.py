"""One generated sequence: boxes, attributes, and frames rendered as they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.core.types import Frame

from .causes import ATTRIBUTES, compatible, labels
from .plan import Plan, make_plan
from .render import render

SMALLEST, LARGEST = (160, 120), (4096, 4096)  # below, a jump of 20 px or a target of 400 has no room


@dataclass(frozen=True, slots=True)
class Clip:
    """N frames. ``truth`` (M, N, 4) as the benchmark annotates, boxes ``x y w h``; iterate for the N frames."""

    plan: Plan
    truth: Array
    attributes: frozenset[str]
    photographs: tuple[Path, Path] | None = None

    @property
    def boxes(self) -> Array:
        """The first annotation (N, 4)."""
        first: Array = self.truth[0]
        return first

    def __len__(self) -> int:
        return len(self.plan.boxes)

    def __iter__(self) -> Iterator[Frame]:
        return render(self.plan, self.photographs)

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Only these frames, in this order, with the pixels they have in the whole clip.

        Raises IndexError for one beyond it.
        """
        return render(self.plan, self.photographs, indices)


def scene(
    seed: int | tuple[int, ...],
    attributes: Iterable[str],
    frames: int,
    size: tuple[int, int],
    *,
    benchmark: str = "LasHeR",
    photographs: tuple[Path, Path] | None = None,
) -> Clip:
    """Plan a clip that shows these attributes of a benchmark; ``size`` is width, height in pixels.

    The clip's own ``attributes`` are those it really shows, often more: a target leaving the view also changes its
    aspect. Raises ConfigError for unknown or contradictory attributes, fewer than 2 frames, or an impossible size.
    """
    benchmark = known(benchmark)
    check(frames, size)
    asked = sorted(set(attributes))
    for name in asked:
        if name not in ATTRIBUTES[benchmark]:
            raise unknown(f"attribute of {benchmark}", name, ATTRIBUTES[benchmark])
    causes = [ATTRIBUTES[benchmark][name] for name in asked]
    if not compatible(causes):
        raise ConfigError("attributes exclude each other", found=" ".join(asked), expected="not both of one pair")
    aligned = benchmark == "LasHeR"
    key = seed if isinstance(seed, tuple) else (seed,)
    plan = make_plan(key, frozenset(causes), frames, size, aligned=aligned)
    shifted = plan.boxes + np.append(plan.parallax, (0, 0))
    if benchmark == "VTUAV":  # which writes 0 0 0 0 for an absent target
        shifted[plan.boxes[:, 2] == 0] = 0
    truth = np.stack([plan.boxes] if aligned else [plan.boxes, shifted]).astype(float)
    return Clip(plan, truth, labels(benchmark, plan), photographs)


def known(benchmark: str) -> str:
    """A benchmark's spelling. Raises ConfigError for one that is not generated."""
    names = {name.lower(): name for name in ATTRIBUTES}
    if benchmark.lower() not in names:
        raise unknown("synthetic benchmark", benchmark, ATTRIBUTES)
    return names[benchmark.lower()]


def check(frames: int, size: tuple[int, int]) -> None:
    """Raise ConfigError for a clip that cannot be."""
    if frames < 2:
        raise ConfigError("a sequence needs frames to track in", expected="at least 2 frames", found=frames)
    if len(size) != 2 or not all(low <= n <= high for low, n, high in zip(SMALLEST, size, LARGEST, strict=True)):
        limits = " to ".join(f"{w}x{h}" for w, h in (SMALLEST, LARGEST))
        raise ConfigError("impossible image size", expected=limits, found="x".join(map(str, size)))
