"""One tracker on one sequence: decode, time, check every answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from rgbtbench.core.errors import DataError, TrackerError
from rgbtbench.core.messages import safe
from rgbtbench.core.seeds import seed_all as seed_all
from rgbtbench.core.types import Frame, Sequence, Tracker, Trajectory, parts


def track(
    tracker: Tracker, sequence: Sequence, *, frames: Callable[[Sequence], Iterator[Frame]] | None = None
) -> Trajectory:
    """Run a tracker over a sequence of N frames; only its own calls are timed, never the decoding.

    Raises TrackerError naming the frame for an answer that is not four finite numbers, DataError for a bad image;
    whatever the tracker raises passes through.
    """
    with Following(sequence, frames) as following:
        begin = getattr(tracker, "begin", None)
        if begin is not None:
            begin(sequence)
        frame = following.next()
        start = perf_counter()
        tracker.init(frame, following.first.copy())
        following.answered(None, perf_counter() - start)
        while following.goes_on:
            frame = following.next()
            start = perf_counter()
            answer = tracker.update(frame)
            following.answered(answer, perf_counter() - start)
        return following.trajectory()


class Following:
    """One sequence of N frames while it is tracked: its frames as they are decoded, and the answers so far.

    A context: at its end the decoding stops.
    """

    def __init__(self, sequence: Sequence, frames: Callable[[Sequence], Iterator[Frame]] | None = None) -> None:
        if frames is None:
            from rgbtbench.datasets import decode

            frames = decode.frames
        self.sequence, self.first = sequence, sequence.init
        self.count, self.done = len(sequence.truth[0]), 0
        self.boxes, self.seconds = np.empty((self.count, 4)), np.empty(self.count)
        self.confidence = np.full(self.count, np.nan)
        self.remarks: Counter[str] = Counter()
        self.stream = frames(sequence)

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *reason: object) -> None:
        close = getattr(self.stream, "close", None)  # stops the decoding threads of a generator
        if close is not None:
            close()

    @property
    def goes_on(self) -> bool:
        """Whether there are frames left."""
        return self.done < self.count

    def next(self) -> Frame:
        """The next frame. Raises DataError for a bad image, or if there is none though there should be."""
        frame = next(self.stream, None)
        if frame is None:
            expected, found = f"{self.count} frames", f"{self.done} frames"
            raise DataError("sequence ended early", where=self.sequence.name, expected=expected, found=found)
        self.remarks.update(frame.remarks)
        return frame

    def answered(self, answer: Any, seconds: float) -> None:
        """Note the answer to the frame that ``next`` gave last; the first frame's box is the given one.

        Raises TrackerError, naming the frame, for an answer that is not four finite numbers.
        """
        at, self.done = self.done, self.done + 1
        self.seconds[at] = seconds
        if at == 0:
            self.boxes[0] = self.first
            return
        box, given = parts(answer)
        self.boxes[at] = checked_box(box, self.sequence.name, self.done)
        if given is not None:
            self.confidence[at] = checked_number(given, self.sequence.name, self.done)

    def trajectory(self) -> Trajectory:
        """All answers. Raises DataError if there are more frames than there should be."""
        more = sum(1 for _ in self.stream)
        if more or self.goes_on:
            expected, found = f"{self.count} frames", f"{self.done + more} frames"
            raise DataError("sequence ended early", where=self.sequence.name, expected=expected, found=found)
        confidence = None if np.isnan(self.confidence).all() else self.confidence
        return Trajectory(self.boxes, self.seconds, confidence, dict(self.remarks))


def checked_box(answer: Any, name: str, frame: int) -> Any:
    """An answer as an array (4,) of finite numbers. Raises TrackerError naming sequence and frame if it is no box."""
    try:
        box = np.asarray(answer, dtype=float)
    except (TypeError, ValueError, OverflowError):
        box = np.empty(0)
    if box.shape != (4,) or not math.isfinite(sum(map(abs, box.tolist()))):  # scoring adds them, too
        found = safe(repr(answer), 80) if box.size <= 8 else f"an array of shape {box.shape}"
        raise TrackerError(
            f"frame {frame}: the tracker's answer is no box but {found}",
            where=name,
            expected="four finite numbers x y w h, (box, confidence) or {'target_bbox': box, 'best_score': confidence}",
        )
    return box


def checked_number(given: Any, name: str, frame: int) -> float:
    """A confidence as a number. Raises TrackerError naming sequence and frame if it is none."""
    try:
        return float(given)
    except (TypeError, ValueError, OverflowError):
        raise TrackerError(
            f"frame {frame}: the tracker's confidence is no number but {safe(repr(given), 80)}",
            where=name,
            expected="a number, or None",
        ) from None


def one_modality(sequence: Sequence, modality: str | None) -> Sequence:
    """The sequence with one modality in both places: the honest single-modality baseline."""
    if modality is None:
        return sequence
    paths = sequence.rgb if modality == "rgb" else sequence.tir
    return replace(sequence, rgb=paths, tir=paths)
