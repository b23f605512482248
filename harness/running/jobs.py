"""The unit of work: one sequence with one tracker, from claim to record. Lanes and cluster workers do it."""

from __future__ import annotations

import faulthandler
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rgbtbench.core.errors import BenchError, ConfigError, DataError
from rgbtbench.core.messages import describe, trace
from rgbtbench.core.processes import obey
from rgbtbench.core.registry import require_own_packages
from rgbtbench.core.types import Sequence, Trajectory
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark, load
from rgbtbench.datasets.stress import stressed
from rgbtbench.results.lease import STALE
from rgbtbench.results.store import RunFolder

from . import changed_inputs, held_tracker
from .experiment import DatasetEntry, TrackerEntry
from .plan import Run, truth_of
from .track import one_modality, seed_all, track

CLUSTER_DEATHS = 3  # processes that may die on a sequence in a cluster before that is its result
TRIES = 3  # at a sequence whose inputs change while it is tracked
TRACKING, COMMITTING = "tracking", "commit"
RESTING = 600.0  # seconds for our own work between two sequences
Say = Callable[[str, float], None]  # told to a watcher: what is done now, and that it takes so many seconds at most


@dataclass(frozen=True, slots=True)
class Unit:
    """One sequence for one tracker."""

    folder: Path
    dataset: DatasetEntry
    truth: str  # fingerprint of the dataset
    tracker: TrackerEntry
    file: str | None  # sha256 of the tracker's file
    origin: Mapping[str, object] | None  # what is known of the tracker's repository
    contents: changed_inputs.Contents  # sha256 of weights, and of what its parameters name
    sequence: str
    frames: int

    @property
    def title(self) -> str:
        """``DATASET/LABEL/SEQUENCE``."""
        return f"{self.folder.parent.name}/{self.tracker.label}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class Device:
    """Where a lane computes, and whether other lanes do so too."""

    name: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What all lanes of one invocation know."""

    units: tuple[Unit, ...]
    seed: int
    timeout: float  # seconds for one sequence
    run: str  # names this invocation
    stale: float = STALE
    closing: float = held_tracker.CLOSING  # seconds for a tracker's close()
    together: bool = True  # trackers that follow several sequences at once may
    retake: bool = False  # a scheduler hands out lost work again, rather than a parent watching over lanes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no boxes of a sequence."""

    error: str
    traceback: str | None = None


def track_sequence(job: Job, unit: Unit, device: Device, say: Say = lambda doing, seconds: None) -> bool:
    """Claim a sequence, track it, commit the boxes or the failure; False if it is settled or somebody else's.

    Trackers are let go of while no lease is held: no sequence is to blame for a ``close`` that never ends.

    Raises StoreError if the disk does not take it, ConfigError if the tracker cannot be made or its files changed.
    """
    obey()
    folder = RunFolder(unit.folder)
    if folder.has_record(unit.sequence):
        return False
    held_tracker.keep_only(job, unit, device, say)
    say("between sequences", RESTING)
    lease = folder.claim(unit.sequence, run=job.run, stale=job.stale, retake=job.retake)
    if lease is None:
        return False
    lease.watched = True
    with lease:
        if folder.has_record(unit.sequence):
            return False
        outcome: Trajectory | Failure | None = post_mortem(lease.post_mortem)
        images = None
        if outcome is None and lease.attempt > CLUSTER_DEATHS:
            outcome = Failure(f"{CLUSTER_DEATHS} processes died on this sequence (killed, or out of memory)")
        if outcome is None:
            say(TRACKING, job.timeout)
            with watched(lease.fd, job.timeout):
                outcome, images = _attempt(job, unit, device)
            say(COMMITTING, RESTING)
            obey()
        if lease.is_held and isinstance(outcome, Failure):
            reason = outcome.error, outcome.traceback
            folder.fail(unit.sequence, *reason, frames=unit.frames, device=device.name, shared=device.shared)
        elif lease.is_held and isinstance(outcome, Trajectory):
            commit(unit, device, outcome, images)
    if isinstance(outcome, Failure):
        held_tracker.discard(say, job.closing)  # who knows what state it is in
    return True


def post_mortem(text: str) -> Failure | None:
    """Reason and details from what the fault handler wrote into a lease; None for nothing."""
    if hung := re.search(r"^Timeout \((.*)\)!", text, re.M):
        return Failure(f"no answer within {hung[1]} (h:mm:ss)", text)
    if crash := re.search(r"^Fatal Python error: (.*)", text, re.M):
        return Failure(f"crashed the interpreter: {crash[1]}", text)
    return None


@contextmanager
def watched(fd: int, timeout: float) -> Iterator[None]:
    """End the process if it crashes or takes too long, saying so in the lease.

    This watchdog is written in C and does not need the interpreter's lock, so it ends any loop. A tracker can silence
    it; then whoever watches over this process ends it.
    """
    faulthandler.enable(fd, all_threads=False)
    faulthandler.dump_traceback_later(timeout, exit=True, file=fd)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()


def _attempt(job: Job, unit: Unit, device: Device) -> tuple[Trajectory | Failure, str | None]:
    """Boxes, or the reason of the failure; and the digest of the images. Only what was found on unchanged inputs."""
    for trial in range(TRIES):
        seen = verified(unit)
        try:
            sequence = opened(unit, job.seed)
        except (BenchError, OSError) as reason:
            return Failure(describe(reason), trace(reason)), None
        images = changed_inputs.image_stamps(sequence)
        outcome = _track(job, unit, device, sequence, seen)
        exact = trial < TRIES - 1  # a file system may change a time for reasons of its own
        after = changed_inputs.image_stamps(sequence), changed_inputs.stamps(path for path, _ in unit.contents)
        if all(changed_inputs.same(*both, exact=exact) for both in zip((images, seen), after, strict=True)):
            return outcome, changed_inputs.image_digest(images)
        held_tracker.discard()
    changed_inputs.verify(unit.contents)
    return Failure("images, weights or files of its parameters were written to while they were read"), None


def verified(unit: Unit) -> changed_inputs.Stamps:
    """The stamps of a tracker's files. Raises ConfigError, with its line, if one changed since the run began."""
    try:
        return changed_inputs.verify(unit.contents)
    except ConfigError as error:
        raise held_tracker.at(unit.tracker, error) from None


def opened(unit: Unit, seed: int) -> Sequence:
    """The sequence as its tracker sees it. Raises BenchError or OSError if it cannot be opened."""
    sequence, tracker = _benchmark(unit.dataset, unit.truth).sequence(unit.sequence), unit.tracker
    if tracker.stress:
        sequence = stressed(sequence, tracker.stress, seed, tracker.modality)
    return one_modality(sequence, tracker.modality)


def commit(unit: Unit, device: Device, boxes: Trajectory, images: str | None, batch: int = 1) -> None:
    """File a tracker's boxes under its run. ``images``: digest of their files."""
    folder = RunFolder(unit.folder)
    folder.note_machine()
    folder.commit(
        unit.sequence,
        boxes.boxes,
        boxes.seconds,
        device=device.name,
        shared=device.shared,
        confidence=boxes.confidence,
        images=images,
        remarks=boxes.remarks,
        batch=batch,
    )


def _track(
    job: Job, unit: Unit, device: Device, sequence: Sequence, seen: changed_inputs.Stamps
) -> Trajectory | Failure:
    """Whatever a tracker raises is its sequence's failure; what the user sends is not."""
    unmade: BenchError | None = None
    try:
        tracker = held_tracker.built(job, unit, device, seen)
        seed_all(job.seed, unit.sequence)
        outcome: Trajectory | Failure = track(tracker, sequence)
    except held_tracker.Unmade as reason:
        unmade = reason.error
    except BaseException as reason:
        obey()
        outcome = Failure(describe(reason), trace(reason))
    try:
        if unit.tracker.file:  # the likeliest reason of an error, and worse without one
            require_own_packages(unit.tracker.file)
    except ConfigError as error:
        raise held_tracker.at(unit.tracker, error) from None
    if unmade:
        raise unmade
    return outcome


@lru_cache(maxsize=4)
def _benchmark(entry: DatasetEntry, truth: str) -> Benchmark:
    benchmark = load(BENCHMARKS.get(entry.reference), entry.root, entry.split)
    if truth_of(benchmark) != truth:
        raise DataError("the dataset has changed since the run began", where=entry.root, next="run again")
    return benchmark


def make_units(runs: Iterable[Run]) -> tuple[Unit, ...]:
    """What is left to do: grouped by tracker, longest sequence first."""
    units = []
    for run in runs:
        truth, contents = run.identity["dataset"]["truth"], run.contents
        file, origin = (run.identity.get(key) for key in ("file", "origin"))
        for name in run.todo if run.tracker.use else ():
            frames, what = run.benchmark.frame_count(name), (run.dataset, truth, run.tracker, file, origin, contents)
            units.append(Unit(run.folder.path, *what, name, frames))
    order = list(dict.fromkeys(unit.tracker.label for unit in units))
    return tuple(sorted(units, key=lambda u: (order.index(u.tracker.label), -u.frames, u.sequence)))
