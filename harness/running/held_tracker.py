"""The tracker that a lane holds: made once for all sequences in a row that need the same tracker."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rgbtbench.core import identity
from rgbtbench.core.errors import BenchError, ConfigError
from rgbtbench.core.messages import portable, trace
from rgbtbench.core.processes import obey
from rgbtbench.core.types import Tracker

from . import changed_inputs
from .experiment import TrackerEntry
from .track import seed_all

if TYPE_CHECKING:
    from .jobs import Device, Job, Say, Unit

METHODS = {"init": ("frame", "box"), "update": ("frame",)}  # of a tracker, and what they are given
CLOSING = 60.0  # seconds for a tracker's close() and __del__


class Unmade(Exception):
    """A tracker that cannot be made: no sequence's fault, so the run stops."""

    def __init__(self, error: BenchError) -> None:
        super().__init__()
        self.error = error


def at(entry: TrackerEntry, error: ConfigError) -> BenchError:
    """The error with the line of the experiment that asks for the tracker."""
    copied = portable(error)
    copied.details["where"] = f"{entry.where} ({copied.details['where'] or entry.label})"
    return copied


_held: list[tuple[tuple[Any, ...], Any]] = []  # at most one tracker: two might not fit on the device
_loaded: dict[Path, str] = {}  # digests of tracker files as they were imported
_home: list[Path] = []  # where a lane was before a tracker moved elsewhere


def _made_for(job: Job, unit: Unit, device: Device) -> tuple[Any, ...]:
    return job.seed, unit.tracker, unit.file, device.name


def keep_only(job: Job, unit: Unit, device: Device, say: Say) -> None:
    """Let go of the tracker, unless it is the one that this sequence asks for."""
    wanted = _made_for(job, unit, device)
    if _held and _held[0][0][: len(wanted)] != wanted:
        discard(say, job.closing)


def built(job: Job, unit: Unit, device: Device, seen: changed_inputs.Stamps) -> Tracker:
    """The tracker, made once for all sequences in a row that ask for the same."""
    from rgbtbench.trackers import TRACKERS

    entry, wanted = unit.tracker, (*_made_for(job, unit, device), seen)
    _require_origin(unit)
    if not _held or _held[0][0] != wanted:
        discard()
        with suppress(OSError):
            _home[:] = [Path.cwd()]
        try:
            _require_file(unit)
            TRACKERS.get(str(entry.spec))
            if entry.file and entry.file not in _loaded:
                _require_file(unit)  # still as it was before it was imported
                _loaded[entry.file] = str(unit.file)
            _held.append((wanted, create(entry, device.name, job.seed)))
        except ConfigError as error:
            raise Unmade(at(entry, error)) from None
    tracker: Tracker = _held[0][1]
    return tracker


def create(entry: TrackerEntry, device: str, seed: int) -> Any:
    """A tracker with its parameters, seeded, on a device if it takes one.

    Raises ConfigError if it cannot be made, or is no tracker.
    """
    from rgbtbench.trackers import TRACKERS

    name, arguments = str(entry.spec), entry.arguments
    factory = TRACKERS.get(name)  # imported before the seeds are set: it may bring torch
    seed_all(seed, "")
    if "device" in _parameters(factory):
        arguments.setdefault("device", device)
    tracker = TRACKERS.create(name, **arguments)
    require_interface(tracker, name)
    return tracker


def require_interface(tracker: object, name: str) -> None:
    """Raise ConfigError if it has no ``init(frame, box)`` or no ``update(frame)``."""
    for method, given in METHODS.items():
        call = f"{method}({', '.join(given)})"
        bound: Any = getattr(tracker, method, None)
        if not callable(bound):
            raise ConfigError(
                f"{name} is no tracker: it has no {call}",
                expected="init(frame, box) and update(frame)",
                found=f"an object of type {type(tracker).__name__}",
                next="docs/add_a_tracker.md",
            )
        try:
            signature = inspect.signature(bound)
        except (TypeError, ValueError):  # written in C
            continue
        try:
            signature.bind(*given)
        except TypeError as reason:
            raise ConfigError(
                f"{name} cannot be called as {call}: {reason}",
                expected=call,
                found=f"{method}{signature}",
                next="docs/add_a_tracker.md",
            ) from None


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
    from rgbtbench.trackers import origin

    try:
        if unit.origin is not None and origin(str(unit.tracker.use), unit.tracker.arguments) != unit.origin:
            raise ConfigError("the repository has changed since the run began", next="run again: it is another run now")
    except ConfigError as error:
        raise Unmade(at(unit.tracker, error)) from None


def _parameters(factory: Callable[..., object]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        return ()


def discard(say: Say = lambda doing, seconds: None, seconds: float = CLOSING) -> None:
    """Let go of the tracker, and go back to where the lane was before it."""
    if not _held:
        return
    say("close()", seconds)
    try:
        close = getattr(_held[0][1], "close", None)
        if close is not None:
            close()
    except BaseException as reason:  # it has failed already, or its work is done
        obey()
        with suppress(Exception):  # it may have closed our stderr
            print(trace(reason), file=sys.stderr)
    _held.clear()
    for home in _home:
        with suppress(OSError):
            os.chdir(home)
