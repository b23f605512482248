"""A dask cluster does the work: one task per sequence, given out again when its worker dies.

A worker's own threads draw from Python's global generator, so nothing is tracked in its process: each worker keeps one
child, which keeps its tracker. That child is also what a tracker may hang, crash or end without a loss to the cluster.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from queue import SimpleQueue
from typing import IO, Any

from rgbtbench.core.errors import BenchError, ConfigError, not_installed
from rgbtbench.core.messages import describe, portable
from rgbtbench.core.processes import end_group

from .held_tracker import CLOSING
from .jobs import RESTING, Device, Job, Unit, track_sequence
from .lanes import GRACE, LANE_DEATHS, Tick, one_thread_each, record_death


def run_cluster(job: Job, devices: tuple[Device, ...], address: str, tick: Tick) -> None:
    """Settle all units on a dask cluster: one task per sequence, given out again when its worker dies."""
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    device = devices[0]
    if any(unit.tracker.batch > 1 for unit in job.units):
        raise ConfigError("a cluster's workers track one sequence at a time", next="leave out batch, or --cluster")
    if len({d.name for d in devices}) > 1:
        raise ConfigError("a cluster's workers all use one device", expected="cpu or cuda", found=len(devices))
    try:
        client: Any = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as reason:
        raise ConfigError("no scheduler answers", where=address, found=reason, next="dask scheduler") from None
    resources = {"GPU": 1} if device.name.startswith("cuda") else None
    settle_unit = partial(settle_apart, replace(job, units=(), retake=True), device=device)
    try:
        with client, _ticking(tick):  # closing the client takes back what is not done
            client.gather(client.map(settle_unit, job.units, pure=False, resources=resources))
    except BenchError:
        raise
    except Exception as reason:  # the scheduler went away, or gave up on a task
        found = describe(reason)
        raise BenchError("the cluster gave up", where=address, found=found, next="run the same command again") from None


class _Child:
    """A process that tracks one sequence after the other. Pickles go through its standard input and output."""

    def __init__(self, device: Device) -> None:
        start = [sys.executable, "-c", "from rgbtbench.running.cluster import serve; serve()"]
        with one_thread_each(device):
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(start, stdin=pipe, stdout=pipe, start_new_session=True)
        self.overdue = False

    def track_sequence(self, job: Job, unit: Unit, device: Device) -> bool:
        """As ``jobs`` has it, in that process. Raises EOFError if it dies, or is silent for too long and killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump((job, unit, device), self.process.stdin)
            self.process.stdin.flush()
            longest = job.timeout + 2 * CLOSING + RESTING + GRACE
            self.overdue = not select.select([self.process.stdout], [], [], longest)[0]
            if self.overdue:
                raise EOFError
            answer = pickle.load(self.process.stdout)
        except (OSError, pickle.UnpicklingError):
            raise EOFError from None
        if isinstance(answer, BaseException):
            raise answer
        return bool(answer)


_ONE = threading.Lock()  # threads of a worker take turns with its child
_children: list[_Child] = []


def settle_apart(job: Job, unit: Unit, device: Device) -> bool:
    """Settle a sequence in this worker's child, and record the child's death if it dies of that."""
    deaths: Counter[str] = Counter()
    with _ONE:
        for _ in range(LANE_DEATHS):
            if not _children:
                _children.append(_Child(device))
            child = _children[0]
            try:
                return child.track_sequence(job, unit, device)
            except EOFError:
                _children.clear()
                if child.overdue:
                    child.process.kill()
                code = child.process.wait()
                end_group(child.process.pid)
                record_death(
                    replace(job, units=(unit,)), device, child.process.pid, code, deaths, overdue=child.overdue
                )
    return False


def serve() -> None:
    """What the child does. It ends with its worker, even in the midst of a sequence."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what trackers print is no answer of ours
    tasks: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(inbox, tasks), daemon=True).start()
    while True:
        try:
            answer: object = track_sequence(*tasks.get())
        except Exception as reason:
            answer = portable(reason) if isinstance(reason, BenchError) else RuntimeError(describe(reason))
        pickle.dump(answer, outbox)
        outbox.flush()


def _receive(inbox: IO[bytes], tasks: SimpleQueue[Any]) -> None:
    while True:
        try:
            tasks.put(pickle.load(inbox))
        except (EOFError, OSError):
            os._exit(1)


@contextmanager
def _ticking(tick: Tick) -> Iterator[None]:
    """Call ``tick`` once a second while something else waits."""
    end = threading.Event()

    def go() -> None:
        while not end.wait(1.0):
            tick()

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
