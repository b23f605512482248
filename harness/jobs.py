"""The unit of work, and the lane that does one after the other. Runs in lanes of our own and in a cluster's workers."""

from __future__ import annotations

import faulthandler
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import fingerprint
from .core import Tracker, Trajectory
from .datasets import BENCHMARKS
from .datasets.benchmark import Benchmark, load
from .errors import BenchError, ConfigError, DataError, StoreError
from .experiment import DatasetEntry, TrackerEntry
from .plan import Run, truth_of
from .results.lease import STALE
from .results.store import RunFolder
from .track import one_modality, seed_all, track

DEATHS = 3  # processes that may die on a sequence in a cluster before that is its result


@dataclass(frozen=True, slots=True)
class Unit:
    """One sequence for one tracker."""

    folder: Path
    dataset: DatasetEntry
    truth: str  # fingerprint of the dataset
    tracker: TrackerEntry
    file: str | None  # sha256 of the tracker's file
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
    retake: bool = False  # a scheduler hands out lost work again, rather than a parent watching over lanes


def run_lane(job: Job, device: Device) -> None:
    """Settle whatever nobody else has, until a pass over all units finds nothing more."""
    found = True
    while found:
        found = False
        for unit in job.units:
            if not RunFolder(unit.folder).has_record(unit.sequence):
                found |= settle(job, unit, device)
    _discard()


def settle(job: Job, unit: Unit, device: Device) -> bool:
    """Claim a sequence, track it, commit the boxes or the failure; False if it is settled or somebody else's.

    Raises StoreError if the disk does not take it and ConfigError if the tracker cannot be made.
    """
    folder = RunFolder(unit.folder)
    lease = folder.claim(unit.sequence, run=job.run, stale=job.stale, retake=job.retake)
    if lease is None:
        return False
    with lease:
        if folder.has_record(unit.sequence):
            return False
        failure: tuple[str, str | None] | None = post_mortem(lease.post_mortem)
        if failure is None and lease.attempt > DEATHS:
            failure = f"{DEATHS} processes died on this sequence (killed, or out of memory)", None
        if failure is None:
            with _watched(lease.fd, job.timeout):
                outcome = _attempt(job, unit, device)
            if isinstance(outcome, Trajectory):
                if lease.is_held:
                    folder.note_machine()
                    boxes, seconds = outcome.boxes, outcome.seconds
                    folder.commit(unit.sequence, boxes, seconds, device=device.name, shared=device.shared)
                return True
            failure = outcome
        if lease.is_held:
            folder.fail(unit.sequence, *failure, frames=unit.frames, device=device.name, shared=device.shared)
        return True


def post_mortem(text: str) -> tuple[str, str] | None:
    """Reason and details from what the fault handler wrote into a lease; None for nothing."""
    if hung := re.search(r"^Timeout \((.*)\)!", text, re.M):
        return f"no answer within {hung[1]} (h:mm:ss)", text
    if crash := re.search(r"^Fatal Python error: (.*)", text, re.M):
        return f"crashed the interpreter: {crash[1]}", text
    return None


@contextmanager
def _watched(fd: int, timeout: float) -> Iterator[None]:
    """End the process if it crashes or takes too long, saying so in the lease.

    This watchdog is written in C and does not need the interpreter's lock, so it ends any loop.
    """
    faulthandler.enable(fd, all_threads=False)
    faulthandler.dump_traceback_later(timeout, exit=True, file=fd)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()


def _attempt(job: Job, unit: Unit, device: Device) -> Trajectory | tuple[str, str]:
    """Boxes, or the reason of the failure and the end of its traceback."""
    benchmark = _benchmark(unit.dataset, unit.truth)
    try:
        sequence = one_modality(benchmark.sequence(unit.sequence), unit.tracker.modality)
        tracker = _built(job.seed, unit, device)
        seed_all(job.seed, unit.sequence)
        return track(tracker, sequence)
    except _Unmade as reason:
        raise reason.error from None
    except (StoreError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as reason:
        _discard()  # who knows what state it is in
        told = str(reason) if isinstance(reason, BenchError) else f"{type(reason).__name__}: {reason}"
        return told, "".join(traceback.format_exception(reason)[-12:])


class _Unmade(Exception):
    """A tracker that cannot be made: no sequence's fault, so the run stops."""

    def __init__(self, error: BenchError) -> None:
        super().__init__()
        self.error = error


_kept: list[tuple[object, Any]] = []  # at most one tracker: two might not fit on the device
_loaded: dict[Path, str] = {}  # digests of tracker files as they were imported


def _built(seed: int, unit: Unit, device: Device) -> Tracker:
    """The tracker, made once for all sequences in a row that ask for the same."""
    from .trackers import TRACKERS

    entry = unit.tracker
    wanted = (seed, entry, unit.file, device.name)
    if not _kept or _kept[0][0] != wanted:
        _discard()
        name, arguments = str(entry.spec), entry.arguments
        try:
            if entry.file:
                loaded = _loaded.setdefault(entry.file, fingerprint.path_digest(entry.file))
                if loaded != unit.file:  # its boxes would lie under the other version's hash
                    raise ConfigError(
                        "the tracker's file has changed since it was loaded",
                        where=entry.file,
                        next="run again; on a cluster, restart the workers",
                    )
            factory = TRACKERS.get(name)  # imported before the seeds are set: it may bring torch
            seed_all(seed, "")
            if "device" in _parameters(factory):
                arguments.setdefault("device", device.name)
            _kept.append((wanted, TRACKERS.create(name, **arguments)))
        except ConfigError as error:
            error.details["where"] = f"{entry.where} ({error.details['where'] or entry.label})"
            raise _Unmade(error) from None
    tracker: Tracker = _kept[0][1]
    return tracker


def _parameters(factory: Callable[..., object]) -> tuple[str, ...]:
    import inspect

    try:
        return tuple(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        return ()


def _discard() -> None:
    """Let go of the tracker."""
    while _kept:
        close = getattr(_kept.pop()[1], "close", None)
        if close is not None:
            try:
                close()
            except Exception:  # it has failed already, or its work is done
                traceback.print_exc()


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
        truth, file = run.identity["dataset"]["truth"], run.identity.get("file")
        for name in run.todo if run.tracker.use else ():
            units.append(Unit(run.folder.path, run.dataset, truth, run.tracker, file, name, frames[name]))
    order = list(dict.fromkeys(unit.tracker.label for unit in units))
    return tuple(sorted(units, key=lambda u: (order.index(u.tracker.label), -u.frames, u.sequence)))
