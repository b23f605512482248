"""What one lane does: sequence after sequence, or several at once where the tracker can."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from rgbtbench.core.errors import BenchError, ConfigError
from rgbtbench.core.messages import describe
from rgbtbench.core.processes import obey
from rgbtbench.core.terminal import log
from rgbtbench.datasets import decode
from rgbtbench.results.lease import Lease
from rgbtbench.results.store import RunFolder

from . import changed_inputs, held_tracker
from .jobs import (
    COMMITTING,
    RESTING,
    TRACKING,
    Device,
    Job,
    Say,
    Unit,
    commit,
    opened,
    track_sequence,
    verified,
    watched,
)
from .lockstep import Batch, Failed, Slot, is_many
from .track import Following

AHEAD = 2  # frames of each of several sequences that are decoded ahead


def run_lane(job: Job, device: Device, say: Say = lambda doing, seconds: None) -> None:
    """Track whatever nobody else has, until a pass over all units finds nothing more."""
    settled = True
    while settled:
        settled = False
        for tracker, group in itertools.groupby(job.units, lambda unit: unit.tracker):
            units = [unit for unit in group if not RunFolder(unit.folder).has_record(unit.sequence)]
            if units and tracker.batch > 1 and job.together:
                some, units = track_together(job, units, device, say)
                settled |= some
            for unit in units:
                settled |= track_sequence(job, unit, device, say)
    held_tracker.discard(say, job.closing)


def track_together(job: Job, units: Sequence[Unit], device: Device, say: Say) -> tuple[bool, list[Unit]]:
    """Track sequences of one tracker, as many at once as its entry says; commit the boxes of those that end well.

    Returns whether there were any, and what is left to be tracked alone. Raises as ``track_sequence`` does.
    """
    held_tracker.discard(say, job.closing)  # it may still follow a target alone
    batch = LaneBatch(job, units, device, say)
    try:
        batch.run()
    except Failed as reason:
        label, count = units[0].tracker.label, len(batch.slots)
        log(f"{label}: failed with {count} sequences at once; they are tracked one at a time: {reason}")
    finally:
        batch.close()
    left = [*batch.alone, *batch.waiting]
    if left:
        held_tracker.discard(say, job.closing)  # who knows what state it is in
    return batch.settled, left


@dataclass(slots=True)
class Claimed(Slot):
    """A sequence that this lane has the lease of. ``images``: stamps of its files as it began."""

    unit: Unit
    lease: Lease
    images: changed_inputs.Stamps
    held: ExitStack  # the lease and the decoding


class LaneBatch(Batch[Claimed]):
    """The batch of a lane. ``alone``: sequences to be tracked alone; ``settled``: whether any has ended well."""

    def __init__(self, job: Job, units: Sequence[Unit], device: Device, say: Say) -> None:
        self.job, self.device, self.say = job, device, say
        self.waiting, self.alone, self.settled = deque(units), list[Unit](), False
        self.first = units[0]
        say(TRACKING, job.timeout)
        self.seen = verified(self.first)
        try:
            tracker: Any = held_tracker.built(job, self.first, device, self.seen)
        except held_tracker.Unmade as reason:
            raise reason.error from None
        if not is_many(tracker):
            expected = "a tracker with init_many, update_many and keep"
            error = ConfigError("this tracker follows one target at a time", expected=expected, next="leave out batch")
            raise held_tracker.at(self.first.tracker, error)
        self.threads = decode.threads()
        super().__init__(tracker, self.first.tracker.batch, job.seed)

    def take(self) -> Claimed | None:
        """Claim the next sequence that nobody else has."""
        obey()
        while self.waiting:
            unit = self.waiting.popleft()
            folder = RunFolder(unit.folder)
            if folder.has_record(unit.sequence):
                continue
            lease = folder.claim(unit.sequence, run=self.job.run, stale=self.job.stale)
            if lease is None:
                continue
            lease.watched = True
            with ExitStack() as held:
                held.enter_context(lease)
                if folder.has_record(unit.sequence):
                    continue
                try:
                    sequence = opened(unit, self.job.seed)
                except (BenchError, OSError):
                    self.alone.append(unit)
                    continue
                frames = partial(decode.frames, ahead=AHEAD, pool=self.threads)
                following = held.enter_context(Following(sequence, frames))
                until = time.monotonic() + self.size * self.job.timeout  # they share the time
                return Claimed(following, until, unit, lease, changed_inputs.image_stamps(sequence), held.pop_all())
        return None

    def leave(self, slot: Claimed, *, whole: bool) -> None:
        """Commit the boxes of a sequence whose inputs did not change; any other is to be tracked alone."""
        with slot.held:
            images = changed_inputs.image_stamps(slot.following.sequence)
            weights = changed_inputs.stamps(path for path, _ in self.first.contents)
            if not whole or (images, weights) != (slot.images, self.seen):
                self.alone.append(slot.unit)
                return
            self.say(COMMITTING, RESTING)
            obey()
            if slot.lease.is_held:
                digest = changed_inputs.image_digest(images)
                commit(slot.unit, self.device, slot.following.trajectory(), digest, self.size)
                self.settled = True

    @contextmanager
    def watch(self) -> Iterator[None]:
        """A time limit on each call; whoever stands first in the batch would be blamed for a crash, if it is alone."""
        self.say(TRACKING, self.job.timeout)
        try:
            with watched(self.slots[0].lease.fd, self.job.timeout):
                yield
        except Failed:
            raise
        except BaseException as reason:
            obey()
            raise Failed(describe(reason)) from None

    def close(self) -> None:
        """Give back what is still held, so that it is tracked alone; stop decoding."""
        for slot in self.slots:
            with slot.held:
                self.alone.append(slot.unit)
        self.threads.shutdown(cancel_futures=True)
