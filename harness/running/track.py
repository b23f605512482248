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
    if frames is None:
        from rgbtbench.datasets import decode

        frames = decode.frames
    count = len(sequence.rgb)
    boxes, seconds = np.empty((count, 4)), np.empty(count)
    confidence = np.full(count, np.nan)
    begin = getattr(tracker, "begin", None)
    if begin is not None:
        begin(sequence)
    done, first = 0, sequence.init
    remarks: Counter[str] = Counter()
    stream = frames(sequence)
    try:
        for done, frame in enumerate(stream, 1):
            remarks.update(frame.remarks)
            answer: Any
            if done == 1:
                start = perf_counter()
                tracker.init(frame, first.copy())
                seconds[0] = perf_counter() - start
                boxes[0] = first
                continue
            start = perf_counter()
            answer = tracker.update(frame)
            seconds[done - 1] = perf_counter() - start
            box, given = parts(answer)
            boxes[done - 1] = checked_box(box, sequence.name, done)
            if given is not None:
                confidence[done - 1] = checked_number(given, sequence.name, done)
    finally:
        close = getattr(stream, "close", None)  # stops the decoding threads of a generator
        if close is not None:
            close()
    if done != count:
        raise DataError("sequence ended early", where=sequence.name, expected=f"{count} frames", found=f"{done} frames")
    return Trajectory(boxes, seconds, None if np.isnan(confidence).all() else confidence, dict(remarks))


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
