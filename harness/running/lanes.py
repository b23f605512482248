"""Lanes do the work on this machine. A lane is a process that is bound to a device.

Lanes are started and watched one by one. They are no workers of a pool: if one of these is killed, loky's executor ends
all others. A lane that dies is replaced. Its sequence is recorded as failed if the tracker caused it, else it is free
again. A lane that is silent for longer than it announced is killed, because a tracker may silence the lane's own
watchdog, stop its process, or never return from ``close``.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType

from rgbtbench.core.errors import BenchError, ConfigError, StoreError
from rgbtbench.core.messages import describe, portable, trace
from rgbtbench.core.processes import cores, end_group, ending, interruptible, parental_death, threads
from rgbtbench.core.terminal import log
from rgbtbench.results import lease
from rgbtbench.results.store import LEASE, RunFolder

from .jobs import COMMITTING, TRACKING, Device, Failure, Job, Unit, post_mortem
from .lane import run_lane

LANES = 256
LANE_DEATHS = 5  # lanes that may be killed on one sequence, or before they claim one, until we leave it alone
GRACE = 5.0  # seconds for a lane to give its lease back, to end, and for its own watchdog before ours
DONE = "done"  # a lane's last word: without it, it was ended by its tracker
Tick = Callable[[], None]


def parse_devices(text: str) -> tuple[Device, ...]:
    """``cuda:0*3,cpu*4`` into one Device per lane.

    >>> [(d.name, d.shared) for d in parse_devices("cuda:0*2,cpu")]
    [('cuda:0', True), ('cuda:0', True), ('cpu', False)]
    """
    names: list[str] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([a-z]+(?::\d+)?)(?:\*([1-9]\d{0,2}))?\s*", part)
        if not match:
            raise ConfigError("malformed --devices", expected="cpu, cpu*4, cuda:0, cuda:0*3,cuda:1*3", found=repr(part))
        names += [match[1]] * int(match[2] or 1)
    if len(names) > LANES:
        raise ConfigError("too many lanes", expected=f"at most {LANES}", found=len(names))
    counts = Counter(names)
    return tuple(Device(name, counts[name] > 1) for name in names)


def usual_devices(work: Sequence[tuple[int, int]]) -> tuple[Device, ...]:
    """Lanes on the CPU for runs of (batch, sequences to track), if nobody says how many.

    One, so that a sequence's FPS is its tracker's own. A batch stores no FPS: if every run is of several sequences at
    once there are as many lanes as cores, but no more than there are full batches.
    """
    work = [(batch, count) for batch, count in work if count]
    useful = max((math.ceil(count / batch) for batch, count in work), default=1)
    lanes = min(useful, cores(), LANES) if all(batch > 1 for batch, _ in work) else 1
    return (Device("cpu", lanes > 1),) * lanes


def run_lanes(job: Job, devices: tuple[Device, ...], tick: Tick) -> None:
    """Settle all units with one process per device; ``tick`` is called about once a second.

    Raises the BenchError of the first lane that cannot go on, after the others have stopped.
    """
    lanes = [_Lane(job, device) for device in devices[: len(job.units)]]
    deaths: Counter[str] = Counter()
    try:
        for lane in lanes:
            lane.start()
        while running := [lane for lane in lanes if lane.process is not None]:
            ready = wait([lane.process.sentinel for lane in running if lane.process], timeout=1.0)
            for lane in running:
                lane.listen()
                code = lane.ended()
                if code is None:
                    continue
                if lane.error:
                    raise lane.error
                held = record_death(job, lane.device, lane.pid, code, deaths, overdue=lane.overdue)
                if held > 1:  # whose fault it was is found with one at a time
                    lane.job = replace(lane.job, together=False)
                if held or not lane.done:
                    lane.restart(bool(held), code)
            if ready and all(lane.process for lane in running):
                time.sleep(0.1)  # a tracker closed its lane's end of the sentinel, and works on
            tick()
    except BaseException:
        _stop(lanes)
        raise


class _Lane:
    """A process, and the pipe through which it says how long it will be silent, that it is done, or an error."""

    def __init__(self, job: Job, device: Device) -> None:
        self.job, self.device = job, device
        self.process: BaseProcess | None = None
        self.pid = self.strikes = self.settled = 0

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.inbox, outbox = context.Pipe(duplex=False)
        self.until, self.done, self.overdue, self.doing = math.inf, False, False, "start"
        self.error: BenchError | None = None
        process = context.Process(target=_lane_main, args=(self.job, self.device, outbox))
        with one_thread_each(self.device), without_main():
            process.start()
        outbox.close()
        self.process, self.pid = process, process.pid or 0

    def restart(self, held: bool, code: int) -> None:
        """Start again, but not for ever if it dies without a sequence, and no other is settled."""
        before, self.settled = self.settled, sum(RunFolder(u.folder).has_record(u.sequence) for u in self.job.units)
        self.strikes = 0 if held or self.settled > before else self.strikes + 1
        if self.strikes == LANE_DEATHS:
            raise StoreError(
                f"a lane died {LANE_DEATHS} times before it could begin",
                where=self.device.name,
                found=f"it ended {ending(code)}",
                next="fewer lanes, if memory is short; then run the same command again",
            )
        self.start()

    def listen(self) -> None:
        """Hear what it has said since, and kill it if it is silent for too long."""
        try:
            while self.inbox.poll():
                said = self.inbox.recv()
                if isinstance(said, tuple):
                    self.doing, seconds = said
                    self.until = time.monotonic() + seconds + GRACE
                elif said == DONE:
                    self.until, self.done = time.monotonic() + GRACE, True
                elif isinstance(said, BenchError):
                    self.until, self.error = time.monotonic() + GRACE, said
        except Exception:  # it was killed while it spoke, or its tracker wrote into the pipe
            self.until = min(self.until, time.monotonic() + GRACE)
        if time.monotonic() > self.until and self.process and self.process.exitcode is None:
            self.overdue = not self.done
            if self.overdue and self.doing != TRACKING:
                log(f"a lane was killed: its {self.doing} did not end; no sequence is lost")
            self.process.kill()
            self.process.join(GRACE)

    def ended(self) -> int | None:
        """The exit code, once, when nothing is left of it and of what its tracker started: None while it runs."""
        if self.process is None or self.process.exitcode is None:
            return None
        code, self.process = self.process.exitcode, None
        end_group(self.pid)
        self.listen()
        self.inbox.close()
        return code


@contextmanager
def one_thread_each(device: Device) -> Iterator[None]:
    """Processes started meanwhile have one thread, on the CPU."""
    added = threads(device.name)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def without_main() -> Iterator[None]:
    """Processes started meanwhile do not run the user's script again, which may have no ``if __name__ ...``."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _lane_main(job: Job, device: Device, outbox: Connection) -> None:
    """A lane's process: leads a group of its own, never outlives its parent, gives its lease back when told to stop."""
    with suppress(OSError):
        os.setpgid(0, 0)  # so that whoever records its death ends what its trackers started
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a tracker that reads the terminal would be stopped for ever
    if die := parental_death():
        die()
    threading.Thread(target=_follow_parent, daemon=True).start()

    def say(doing: str, seconds: float) -> None:
        try:
            outbox.send((doing, seconds))
        except OSError:  # a tracker closed whatever is open: keep its boxes, then end, and another lane goes on
            if doing != COMMITTING:
                raise

    try:
        with interruptible():
            run_lane(job, device, say)
        outbox.send(DONE)
    except KeyboardInterrupt:
        os._exit(130)
    except BenchError as error:
        outbox.send(portable(error))
    except Exception as reason:  # of ours, since a tracker's would have been recorded
        outbox.send(StoreError(f"a lane failed: {describe(reason)}", found=trace(reason)))


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def record_death(job: Job, device: Device, pid: int, code: int, deaths: Counter[str], *, overdue: bool = False) -> int:
    """Settle what a dead lane held: a failure if its tracker ended it, else free for others. Returns how many it held.

    ``overdue``: we killed it, since it had said nothing for too long. Of several sequences none is to blame.
    """
    held = [(unit, found) for unit in job.units if (found := _held(job, unit, pid)) is not None]
    for unit, found in held:
        folder, path = RunFolder(unit.folder), unit.folder / (unit.sequence + LEASE)
        if len(held) == 1 and not folder.has_record(unit.sequence):
            failure = _blame(job, found, code, overdue=overdue)
            deaths[unit.title] += 1
            if failure is not None:
                told = failure.error, failure.traceback
                folder.fail(unit.sequence, *told, frames=unit.frames, device=device.name, shared=device.shared)
            elif deaths[unit.title] == LANE_DEATHS:
                log(f"{unit.title}: {LANE_DEATHS} lanes were killed on it (out of memory?); left as it is")
                continue  # its dead lease stays until the end, so nobody here claims the sequence again
        lease.remove(path, found.token)
    return len(held)


def _held(job: Job, unit: Unit, pid: int) -> lease.Held | None:
    held = lease.read(unit.folder / (unit.sequence + LEASE))
    return held if held is not None and held.run == job.run and held.holder.pid == pid else None


def _blame(job: Job, held: lease.Held, code: int, *, overdue: bool) -> Failure | None:
    """Why a lane's tracker ended it; None if somebody else did."""
    if (failure := post_mortem(held.post_mortem)) is not None:
        return failure
    if overdue:
        return Failure(f"no answer within {job.timeout:g} s; its lane's own watchdog was silenced or stopped")
    if code not in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 130):
        return Failure(f"the tracker ended its process {ending(code)}")
    return None


def _stop(lanes: list[_Lane]) -> None:
    processes = [lane.process for lane in lanes if lane.process is not None]
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
        end_group(process.pid or 0)
