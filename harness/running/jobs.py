"""The unit of work, and the lane that does one after the other. Runs in lanes of our own and in a cluster's workers."""

from __future__ import annotations

import faulthandler
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rgbtbench.core import identity
from rgbtbench.core.errors import BenchError, ConfigError, DataError
from rgbtbench.core.messages import describe, portable, trace
from rgbtbench.core.processes import obey
from rgbtbench.core.registry import require_own_packages
from rgbtbench.core.types import Sequence, Tracker, Trajectory
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark, load
from rgbtbench.results.lease import STALE
from rgbtbench.results.store import RunFolder
from rgbtbench.trackers import TRACKERS, origin

from . import changed_inputs
from .experiment import DatasetEntry, TrackerEntry
from .plan import Run, truth_of
from .track import one_modality, seed_all, track

DEATHS = 3  # processes that may die on a sequence in a cluster before that is its result
TRIES = 3  # at a sequence whose inputs change while it is tracked
TRACKING, COMMITTING = "tracking", "commit"
CLOSING, RESTING = 60.0, 600.0  # seconds: for a tracker's close() and __del__; for our own work between two sequences
Say = Callable[[str, float], None]  # told to a watcher: what is done now, and that it takes so many seconds at most


@dataclass(frozen=True, slots=True)
class Unit:
    """One sequence for one tracker."""

    folder: Path
    dataset: DatasetEntry
    truth: str  # fingerprint of the dataset
    tracker: TrackerEntry
    file: str | None  # sha256 of the tracker's file
    origin: Mapping[str, Any] | None  # what is known of the tracker's repository
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
    closing: float = CLOSING  # seconds for a tracker's close()
    retake: bool = False  # a scheduler hands out lost work again, rather than a parent watching over lanes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no boxes of a sequence."""

    error: str
    traceback: str | None = None


def run_lane(job: Job, device: Device, say: Say = lambda doing, seconds: None) -> None:
    """Settle whatever nobody else has, until a pass over all units finds nothing more."""
    found = True
    while found:
        found = False
        for unit in job.units:
            if not RunFolder(unit.folder).has_record(unit.sequence):
                found |= settle(job, unit, device, say)
    _discard(say, job.closing)


def settle(job: Job, unit: Unit, device: Device, say: Say = lambda doing, seconds: None) -> bool:
    """Claim a sequence, track it, commit the boxes or the failure; False if it is settled or somebody else's.

    Trackers are let go of while no lease is held: no sequence is to blame for a ``close`` that never ends.

    Raises StoreError if the disk does not take it, ConfigError if the tracker cannot be made or its files changed.
    """
    obey()
    folder = RunFolder(unit.folder)
    if folder.has_record(unit.sequence):
        return False
    if _kept and _kept[0][0][: len(_made_for(job, unit, device))] != _made_for(job, unit, device):
        _discard(say, job.closing)
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
        if outcome is None and lease.attempt > DEATHS:
            outcome = Failure(f"{DEATHS} processes died on this sequence (killed, or out of memory)")
        if outcome is None:
            say(TRACKING, job.timeout)
            with _watched(lease.fd, job.timeout):
                outcome, images = _attempt(job, unit, device)
            say(COMMITTING, RESTING)
            obey()
        name, where, shared = unit.sequence, device.name, device.shared
        if lease.is_held and isinstance(outcome, Failure):
            folder.fail(name, outcome.error, outcome.traceback, frames=unit.frames, device=where, shared=shared)
        elif lease.is_held and isinstance(outcome, Trajectory):
            folder.note_machine()
            folder.commit(
                name,
                outcome.boxes,
                outcome.seconds,
                device=where,
                shared=shared,
                confidence=outcome.confidence,
                images=images,
                remarks=outcome.remarks,
            )
    if isinstance(outcome, Failure):
        _discard(say, job.closing)  # who knows what state it is in
    return True


def post_mortem(text: str) -> Failure | None:
    """Reason and details from what the fault handler wrote into a lease; None for nothing."""
    if hung := re.search(r"^Timeout \((.*)\)!", text, re.M):
        return Failure(f"no answer within {hung[1]} (h:mm:ss)", text)
    if crash := re.search(r"^Fatal Python error: (.*)", text, re.M):
        return Failure(f"crashed the interpreter: {crash[1]}", text)
    return None


@contextmanager
def _watched(fd: int, timeout: float) -> Iterator[None]:
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
    benchmark = _benchmark(unit.dataset, unit.truth)
    for trial in range(TRIES):
        try:
            seen = changed_inputs.verify(unit.contents)
        except ConfigError as error:
            raise _at(unit.tracker, error) from None
        try:
            sequence = one_modality(benchmark.sequence(unit.sequence), unit.tracker.modality)
        except (BenchError, OSError) as reason:
            return Failure(describe(reason), trace(reason)), None
        images = changed_inputs.image_stamps(sequence)
        outcome = _track(job, unit, device, sequence, seen)
        exact = trial < TRIES - 1  # a file system may change a time for reasons of its own
        after = changed_inputs.image_stamps(sequence), changed_inputs.stamps(path for path, _ in unit.contents)
        if all(changed_inputs.same(*both, exact=exact) for both in zip((images, seen), after, strict=True)):
            return outcome, changed_inputs.image_digest(images)
        _discard()
    changed_inputs.verify(unit.contents)
    return Failure("images, weights or files of its parameters were written to while they were read"), None


def _track(
    job: Job, unit: Unit, device: Device, sequence: Sequence, seen: changed_inputs.Stamps
) -> Trajectory | Failure:
    """Whatever a tracker raises is its sequence's failure; what the user sends is not."""
    unmade: BenchError | None = None
    try:
        tracker = _built(job, unit, device, seen)
        seed_all(job.seed, unit.sequence)
        outcome: Trajectory | Failure = track(tracker, sequence)
    except _Unmade as reason:
        unmade = reason.error
    except BaseException as reason:
        obey()
        outcome = Failure(describe(reason), trace(reason))
    try:
        if unit.tracker.file:  # the likeliest reason of an error, and worse without one
            require_own_packages(unit.tracker.file)
    except ConfigError as error:
        raise _at(unit.tracker, error) from None
    if unmade:
        raise unmade
    return outcome


class _Unmade(Exception):
    """A tracker that cannot be made: no sequence's fault, so the run stops."""

    def __init__(self, error: BenchError) -> None:
        super().__init__()
        self.error = error


def _at(entry: TrackerEntry, error: ConfigError) -> BenchError:
    """The error with the line of the experiment that asks for the tracker."""
    found = portable(error)
    found.details["where"] = f"{entry.where} ({found.details['where'] or entry.label})"
    return found


_kept: list[tuple[tuple[Any, ...], Any]] = []  # at most one tracker: two might not fit on the device
_loaded: dict[Path, str] = {}  # digests of tracker files as they were imported
_home: list[Path] = []  # where a lane was before a tracker moved elsewhere


def _made_for(job: Job, unit: Unit, device: Device) -> tuple[Any, ...]:
    return job.seed, unit.tracker, unit.file, device.name


def _built(job: Job, unit: Unit, device: Device, seen: changed_inputs.Stamps) -> Tracker:
    """The tracker, made once for all sequences in a row that ask for the same."""
    entry, wanted = unit.tracker, (*_made_for(job, unit, device), seen)
    _require_origin(unit)
    if not _kept or _kept[0][0] != wanted:
        _discard()
        name, arguments = str(entry.spec), entry.arguments
        with suppress(OSError):
            _home[:] = [Path.cwd()]
        try:
            _require_file(unit)
            factory = TRACKERS.get(name)  # imported before the seeds are set: it may bring torch
            if entry.file and entry.file not in _loaded:
                _require_file(unit)  # still as it was before it was imported
                _loaded[entry.file] = str(unit.file)
            seed_all(job.seed, "")
            if "device" in _parameters(factory):
                arguments.setdefault("device", device.name)
            _kept.append((wanted, TRACKERS.create(name, **arguments)))
        except ConfigError as error:
            raise _Unmade(_at(entry, error)) from None
    tracker: Tracker = _kept[0][1]
    return tracker


def _require_file(unit: Unit) -> None:
    """Raise ConfigError if the tracker's file, as it was loaded, is not the one the run is named after."""
    file = unit.tracker.file
    if file and (_loaded.get(file) or identity.path_digest(file)) != unit.file:
        raise ConfigError(
            "the tracker's file has changed since it was loaded",
            where=file,
            next="run again; on a cluster, restart the workers",
        )


def _require_origin(unit: Unit) -> None:
    """Stop the run if the tracker's repository is not what it was: it may read files again for each sequence."""
    if unit.origin is None:
        return
    try:
        if origin(str(unit.tracker.use), unit.tracker.arguments) != unit.origin:
            raise ConfigError("the repository has changed since the run began", next="run again: it is another run now")
    except ConfigError as error:
        raise _Unmade(_at(unit.tracker, error)) from None


def _parameters(factory: Callable[..., object]) -> tuple[str, ...]:
    import inspect

    try:
        return tuple(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        return ()


def _discard(say: Say = lambda doing, seconds: None, seconds: float = CLOSING) -> None:
    """Let go of the tracker, and go back to where the lane was before it."""
    if not _kept:
        return
    say("close()", seconds)
    try:
        close = getattr(_kept[0][1], "close", None)
        if close is not None:
            close()
    except BaseException as reason:  # it has failed already, or its work is done
        obey()
        with suppress(Exception):  # it may have closed our stderr
            print(trace(reason), file=sys.stderr)
    _kept.clear()
    for home in _home:
        with suppress(OSError):
            os.chdir(home)


@lru_cache(maxsize=4)
def _benchmark(entry: DatasetEntry, truth: str) -> Benchmark:
    benchmark = load(BENCHMARKS.get(entry.name), entry.root, entry.split)
    if truth_of(benchmark) != truth:
        raise DataError("the dataset has changed since the run began", where=entry.root, next="run again")
    return benchmark


def make_units(runs: Iterable[Run]) -> tuple[Unit, ...]:
    """What is left to do: grouped by tracker, longest sequence first."""
    units = []
    for run in runs:
        frames = dict(zip(run.benchmark.names, run.benchmark.lengths.tolist(), strict=True))
        truth, contents = run.identity["dataset"]["truth"], run.contents
        file, origin = (run.identity.get(key) for key in ("file", "origin"))
        for name in run.todo if run.tracker.use else ():
            what = run.dataset, truth, run.tracker, file, origin, contents
            units.append(Unit(run.folder.path, *what, name, frames[name]))
    order = list(dict.fromkeys(unit.tracker.label for unit in units))
    return tuple(sorted(units, key=lambda u: (order.index(u.tracker.label), -u.frames, u.sequence)))
