"""Frames a second of several sequences at once: another number than the FPS of one alone, which ``cost`` measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import TrackerError
from rgbtbench.core.types import Frame, parts

from .lockstep import Many, is_many
from .track import checked_box

LESS = 1.05  # a larger batch that is not so many times as fast brings nothing


def can(name: str) -> bool:
    """Whether a tracker, known by its class, follows several targets at once."""
    from rgbtbench.trackers import TRACKERS

    factory = TRACKERS.get(name)
    return is_many(getattr(factory, "func", factory))  # a class, or its partial


def frames_a_second(
    tracker: Many, size: int, clip: Sequence[Frame], boxes: Array, turns: int, warmup: int, wait: Callable[[], None]
) -> float:
    """Of ``size`` targets together, in ``turns`` after ``warmup``; decoding and first frames excluded.

    Every target walks the same clip (boxes (N, 4)) there and back, from a place of its own. ``wait``: for the device.
    Raises TrackerError for an answer that is no box, or not one for each target.
    """
    last = len(clip) - 1
    places = np.linspace(0, last, size, endpoint=False).astype(int)

    def frames(turn: int) -> list[Frame]:
        at = last - abs((places + turn) % (2 * last) - last)
        return [replace(clip[k], index=turn) for k in at.tolist()]

    tracker.init_many(frames(0), boxes[places].astype(float), range(size))
    spent = np.empty(warmup + turns)
    for turn in range(len(spent)):
        images = frames(turn + 1)
        wait()
        start = perf_counter()
        answers = list(tracker.update_many(images))
        wait()
        spent[turn] = perf_counter() - start
        if len(answers) != size:
            raise TrackerError(f"{len(answers)} answers for {size} targets")
        for answer in answers:
            checked_box(parts(answer)[0], "clip", turn + 2)
    tracker.keep([])
    return size * turns / float(spent[warmup:].sum())


def enough(throughputs: Mapping[int, float]) -> int | None:
    """The batch size at which throughput stops growing: no larger one brings 5 % more. None if it may grow on.

    >>> enough({1: 50, 4: 85, 16: 88, 64: 80}), enough({1: 50, 4: 85}), enough({})
    (4, None, None)
    """
    sizes = sorted(throughputs)
    return next(
        (
            k
            for n, k in enumerate(sizes[:-1], 1)
            if max(throughputs[more] for more in sizes[n:]) < LESS * throughputs[k]
        ),
        None,
    )
