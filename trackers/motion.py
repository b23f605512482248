"""A target is expected to go on as it moved: beside both DiMP and MDNet, neither of which knows of motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array

STEADY = 0.4  # target sizes: whoever is farther from where it was expected has jumped, which is no velocity


def velocities(
    last: Array, before: Array, expected: Array, now: Array, sizes: Array, seen: NDArray[np.bool_], share: float
) -> Array:
    """Velocities x y (S, 2) in pixels a frame, to which the last step of the targets ``seen`` (S,) adds its ``share``.

    Positions ``before`` that step, ``expected`` and found ``now``, and sizes w h, are (S, 2) in pixels.
    """
    steady = seen & (np.linalg.norm(now - expected, axis=1) < STEADY * np.sqrt(sizes.prod(axis=1)))
    return np.where(steady[:, None], last + share * (now - before - last), last)
