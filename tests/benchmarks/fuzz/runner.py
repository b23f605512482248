"""Broken inputs by the thousand, each kind in a process of its own that may crash, hang or eat memory.

A kind is a module of this folder with ``one(rng, folder)``: it makes an input from the random numbers, in ``folder`` if
it needs files, and gives it to the package. It returns when the input was taken and raises BenchError when it was
refused. Whatever else it does is a fault: another exception, the end of the process, more than HANG seconds or ROOM
bytes. Input ``index`` of a seed is always the same, so a fault comes again: ``--only INDEX``.
"""

from __future__ import annotations

import importlib
import multiprocessing
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from rgbtbench.core.errors import BenchError

HANG = 5.0  # seconds
ROOM = 1 << 30  # bytes beyond what the process needs anyway


@dataclass(slots=True)
class Tally:
    """What became of a kind's inputs. ``mute``: refusals by their first words that say no next step."""

    kind: str
    taken: int = 0
    refused: int = 0
    mute: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)  # (index, what)
    slowest: tuple[float, int] = (0.0, 0)  # (seconds, index)
    peak: int = 0  # bytes the process grew by

    def add(self, other: Tally) -> None:
        """Count another part of the same kind."""
        self.taken += other.taken
        self.refused += other.refused
        self.mute += other.mute
        self.faults += other.faults
        self.slowest, self.peak = max(self.slowest, other.slowest), max(self.peak, other.peak)


def kinds() -> list[str]:
    """Names of all kinds."""
    own = {"__main__", Path(__file__).stem}
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in own)


def one(kind: str, seed: int, index: int, folder: Path) -> None:
    """Make and try one input; raises what it raises."""
    _module(kind).one(Random(f"{seed}/{kind}/{index}"), folder)


def here(kind: str, count: int, seed: int, first: int = 0) -> Iterator[Tally]:
    """Try inputs in this process: the tally after each of them."""
    tally, before = Tally(kind), _used()
    with TemporaryDirectory() as folder:
        for index in range(first, first + count):
            start = time.perf_counter()
            try:
                one(kind, seed, index, Path(folder))
                tally.taken += 1
            except BenchError as error:
                tally.refused += 1
                text = str(error)  # which must not fail either
                if not error.details["next"]:
                    tally.mute[text.splitlines()[0][:60]] += 1
            except Exception as reason:
                at = traceback.extract_tb(reason.__traceback__)[-1]
                tally.faults.append(
                    (index, f"{type(reason).__name__}: {str(reason)[:80]!a} ({at.filename}:{at.lineno})")
                )
            seconds = time.perf_counter() - start
            tally.slowest = max(tally.slowest, (seconds, index))
            tally.peak = max(tally.peak, _used() - before)
            if seconds > HANG:
                tally.faults.append((index, f"took {seconds:.1f} s"))
            if tally.peak > ROOM:
                tally.faults.append((index, f"took {tally.peak >> 20} MiB"))
                before = _used()
                tally.peak = 0
            yield tally


def watched(kind: str, count: int, seed: int) -> Tally:
    """Try inputs in processes that are ended when they hang, and begun again behind the input that ended them."""
    _module(kind)  # here, where a package that is missing can be said
    total, first = Tally(kind), 0
    while first < count:
        tally, bad, reason = _child(kind, count - first, seed, first)
        if tally is None and bad > first:  # what it had counted is lost: count again what is known to end
            tally = _child(kind, bad - first, seed, first)[0]
        total.add(tally or Tally(kind))
        if reason:
            total.faults.append((bad, reason))
        first = bad + 1 if reason else count
    return total


def _child(kind: str, count: int, seed: int, first: int) -> tuple[Tally | None, int, str]:
    """The tally, or None, the input that ended the process, and how."""
    fork = multiprocessing.get_context("fork")
    at, (ours, theirs) = fork.Value("q", first), fork.Pipe(duplex=False)
    process = fork.Process(target=_work, args=(kind, count, seed, first, at, theirs))
    process.start()
    theirs.close()
    seen, since, reason = -1, time.monotonic(), ""
    while process.is_alive() and not ours.poll(0.2):
        if at.value != seen:
            seen, since = at.value, time.monotonic()
        elif time.monotonic() - since > 2 * HANG:
            reason = f"hung for {2 * HANG:.0f} s"
            process.kill()
            process.join()
    try:
        return ours.recv(), at.value, ""
    except EOFError:
        process.join()
        return None, at.value, reason or f"ended the process: {process.exitcode}"
    finally:
        process.join()


def _work(kind: str, count: int, seed: int, first: int, at: Any, pipe: Any) -> None:
    with _bounded():
        for tally in here(kind, count, seed, first):  # noqa: B007  the last one is sent
            at.value += 1
    pipe.send(tally)


@contextmanager
def _bounded() -> Iterator[None]:
    """No more address space than there is in use and twice the room: what asks for more gets a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    before = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2 * ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _used() -> int:
    """The most memory this process ever had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _module(kind: str) -> Any:
    return importlib.import_module(f".{kind}", __package__)
