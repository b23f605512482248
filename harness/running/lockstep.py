"""Several sequences at once through one tracker: when one ends, the next one takes its place at once.

Whatever goes wrong while several are tracked is left to be tried again with one alone: then it is known whose fault it
is. So one bad sequence costs the others a restart at most.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import BenchError
from rgbtbench.core.seeds import seed_all
from rgbtbench.core.types import Frame

from .track import Following


class Many(Protocol):
    """What a tracker has beside ``init`` and ``update`` if it follows several targets, each in its own sequence."""

    def init_many(self, frames: Sequence[Frame], boxes: Array, seeds: Sequence[int]) -> None:
        """Start on targets ``boxes`` (k, 4) in k first frames, a seed each; they stand behind those being tracked."""

    def update_many(self, frames: Sequence[Frame]) -> Sequence[Any]:
        """One answer, as ``update`` gives it, to the next frame of each target, in their order."""

    def keep(self, which: Sequence[int]) -> None:
        """Go on with these targets only, in this order: the others have ended."""


def is_many(tracker: object) -> bool:
    """Whether a tracker follows several targets at once."""
    return all(callable(getattr(tracker, name, None)) for name in ("init_many", "update_many", "keep"))


class Failed(Exception):
    """A tracker raised something while it followed several targets, or did not answer for each."""


@dataclass(slots=True)
class Slot:
    """A sequence in the batch. ``until``: when it must have ended, by the monotonic clock."""

    following: Following
    until: float


S = TypeVar("S", bound=Slot)


class Batch(ABC, Generic[S]):
    """At most ``size`` sequences in lock-step. Random numbers of each come from (``seed``, its name)."""

    def __init__(self, tracker: Many, size: int, seed: int) -> None:
        self.tracker, self.size, self.seed = tracker, size, seed
        self.slots: list[S] = []

    @abstractmethod
    def take(self) -> S | None:
        """The next sequence, None if there is none."""

    @abstractmethod
    def leave(self, slot: S, *, whole: bool) -> None:
        """A sequence's end. Not ``whole``: its images or the answers to them are bad, or it is overdue."""

    @abstractmethod
    def watch(self) -> AbstractContextManager[None]:
        """What is around each call of the tracker; raises Failed for whatever it raises."""

    def run(self) -> None:
        """Track until nothing is left."""
        while self._fill():
            frames = self._frames()
            if not self.slots:
                continue
            start = perf_counter()
            with self.watch():
                answers = list(self.tracker.update_many(frames))
                if len(answers) != len(frames):
                    raise Failed(f"{len(answers)} answers for {len(frames)} targets")
            seconds = (perf_counter() - start) / len(frames)
            ends = {k: self._noted(k, answer, seconds) for k, answer in enumerate(answers)}
            self._drop({k: whole for k, whole in ends.items() if whole is not None})

    def _fill(self) -> bool:
        """Let further sequences join; whether there are any."""
        while len(self.slots) < self.size:
            fresh = self._fresh(self.size - len(self.slots))
            if not fresh:
                break
            seeds = []
            for slot, _ in fresh:
                seed_all(self.seed, slot.following.sequence.name)
                seeds.append(int(np.random.randint(2**31)))  # drawn as by a tracker of one target
            self.slots += [slot for slot, _ in fresh]
            boxes = np.array([slot.following.first for slot, _ in fresh])
            with self.watch():
                self.tracker.init_many([frame for _, frame in fresh], boxes, seeds)
            for slot, _ in fresh:
                slot.following.answered(None, 0.0)
            self._drop({k: True for k, slot in enumerate(self.slots) if not slot.following.goes_on})
        return bool(self.slots)

    def _fresh(self, count: int) -> list[tuple[S, Frame]]:
        fresh: list[tuple[S, Frame]] = []
        while len(fresh) < count and (slot := self.take()) is not None:
            if (frame := _next(slot)) is None:
                self.leave(slot, whole=False)
            else:
                fresh.append((slot, frame))
        return fresh

    def _frames(self) -> list[Frame]:
        """The next frame of each sequence; those without one leave."""
        frames = [_next(slot) for slot in self.slots]
        self._drop({k: False for k, frame in enumerate(frames) if frame is None})
        return [frame for frame in frames if frame is not None]

    def _noted(self, k: int, answer: Any, seconds: float) -> bool | None:
        """Keep an answer. True if it was the last, False if it is bad, else None."""
        following = self.slots[k].following
        try:
            following.answered(answer, seconds)
        except BenchError:
            return False
        return None if following.goes_on else True

    def _drop(self, ends: dict[int, bool]) -> None:
        if not ends:
            return
        stay = [k for k in range(len(self.slots)) if k not in ends]
        with self.watch():
            self.tracker.keep(stay)
        gone = [(self.slots[k], whole) for k, whole in ends.items()]
        self.slots = [self.slots[k] for k in stay]
        for slot, whole in gone:
            self.leave(slot, whole=whole)


def _next(slot: Slot) -> Frame | None:
    """The next frame; None if it is bad, or its sequence overdue."""
    try:
        return slot.following.next() if monotonic() < slot.until else None
    except (BenchError, OSError):
        return None
