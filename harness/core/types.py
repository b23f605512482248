"""What modules hand to one another: frames, sequences, trajectories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .boxes import Array


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of a sequence: ``rgb`` and ``tir`` as stored, both uint8 (H, W, 3) of the same size.

    ``remarks``: what was odd about its files, but harmless.
    """

    index: int
    rgb: NDArray[np.uint8]
    tir: NDArray[np.uint8]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """One video pair of a benchmark with its truth.

    ``rgb`` and ``tir`` are N image paths, paired by rank. ``truth`` (M, N, 4): one annotation per annotated modality,
    boxes ``x y w h`` in pixels, NaN for a frame without truth. ``init`` (4,) is the box a tracker starts from.
    ``sight``: what spoils a decoded frame before a tracker sees it (``rgbtbench.datasets.stress``).
    """

    name: str
    rgb: tuple[Path, ...]
    tir: tuple[Path, ...]
    truth: Array
    attributes: frozenset[str]
    sight: Callable[[Frame], Frame] | None = None

    @property
    def init(self) -> Array:
        """The first box of the first annotation."""
        first: Array = self.truth[0, 0]
        return first


class Tracker(Protocol):
    """What a tracker is: two methods (and ``close()``, if it holds something). No base class is needed."""

    def init(self, frame: Frame, box: Array) -> None:
        """Start on the first frame with the target's box ``x y w h`` in pixels."""

    def update(self, frame: Frame) -> Any:
        """Find the target in the next frame: its box ``x y w h``, or ``(box, confidence)``.

        pytracking's ``{"target_bbox": box, "best_score": confidence}`` will do too.
        """


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A tracker's answer on one sequence.

    ``boxes`` (N, 4), the first being the given one; ``seconds`` (N,) of ``init`` and each ``update``, no decoding;
    ``confidence`` (N,) or None where the tracker gives none. ``remarks``: how often its images had what
    harmless oddity.
    """

    boxes: Array
    seconds: Array
    confidence: Array | None = None
    remarks: Mapping[str, int] = field(default_factory=dict)


BOX, CONFIDENCE = ("target_bbox", "box"), ("best_score", "confidence")  # keys of an answer: pytracking's, and ours


def parts(answer: Any) -> tuple[Any, Any]:
    """Box and confidence (None: none given) of what trackers answer, unchecked.

    >>> parts(([1, 2, 3, 4], 0.5)), parts({"target_bbox": [1, 2, 3, 4], "best_score": 0.5}), parts([1, 2, 3, 4])
    (([1, 2, 3, 4], 0.5), ([1, 2, 3, 4], 0.5), ([1, 2, 3, 4], None))
    """
    if isinstance(answer, tuple) and len(answer) == 2:
        return answer
    if isinstance(answer, dict) and (key := next((key for key in BOX if key in answer), None)):
        return answer[key], next((answer[key] for key in CONFIDENCE if key in answer), None)
    return answer, None
