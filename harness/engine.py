"""Who does the work here: lanes, each a process bound to a device.

Lanes are spawned and watched one by one, not a pool's workers: when one of those is killed, loky's executor takes the
others down with it. Here a lane that dies is buried (its sequence is recorded as failed if the tracker did it, else
free again) and replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from .errors import BenchError, ConfigError, StoreError
from .jobs import Device, Job, post_mortem, run_lane
from .results import lease
from .results.store import LEASE, RunFolder

LANES = 256
DEATHS = 5  # lanes that may be killed on one sequence, or before they claim one, until we leave it alone
GRACE = 5.0  # seconds for a lane to give its lease back
Tick = Callable[[], None]


def parse_devices(text: str) -> tuple[Device, ...]:
    """``cuda:0*3,cpu*4`` into one Device per lane.

    >>> [(d.name, d.shared) for d in parse_devices("cuda:0*2,cpu")]
    [('cuda:0', True), ('cuda:0', True), ('cpu', False)]
    """
    names: list[str] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*([a-z]+(?::\d+)?)(?:\*([1-9]\d{0,2}))?\s*", part)
        if not found:
            raise ConfigError("malformed --devices", expected="cpu, cpu*4, cuda:0, cuda:0*3,cuda:1*3", found=repr(part))
        names += [found[1]] * int(found[2] or 1)
    if len(names) > LANES:
        raise ConfigError("too many lanes", expected=f"at most {LANES}", found=len(names))
    counts = Counter(names)
    return tuple(Device(name, counts[name] > 1) for name in names)


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
            wait([lane.process.sentinel for lane in running if lane.process], timeout=1.0)
            for lane in running:
                code = lane.ended()
                if code is None:
                    continue
                if error := lane.message():
                    raise error
                if code != 0:
                    lane.restart(bury(job, lane.device, lane.pid, code, deaths), code)
            tick()
    except BaseException:
        _stop(lanes)
        raise


class _Lane:
    """A process and the end of the pipe it complains through."""

    def __init__(self, job: Job, device: Device) -> None:
        self.job, self.device = job, device
        self.process: BaseProcess | None = None
        self.pid = self.strikes = 0

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.inbox, outbox = context.Pipe(duplex=False)
        process = context.Process(target=_lane_main, args=(self.job, self.device, outbox))
        with one_thread_each(self.device):
            process.start()
        outbox.close()
        self.process, self.pid = process, process.pid or 0

    def restart(self, held: bool, code: int) -> None:
        """Start again, but not for ever if it dies before it holds a sequence."""
        self.strikes = 0 if held else self.strikes + 1
        if self.strikes == DEATHS:
            raise StoreError(
                f"a lane died {DEATHS} times before it could begin",
                where=self.device.name,
                found=f"exit status {code}",
                next="fewer lanes, if memory is short; then run the same command again",
            )
        self.start()

    def ended(self) -> int | None:
        """The exit code, once: None while it runs."""
        if self.process is None or self.process.exitcode is None:
            return None
        code, self.process = self.process.exitcode, None
        return code

    def message(self) -> BenchError | None:
        try:
            found = self.inbox.recv() if self.inbox.poll() else None
        except (EOFError, OSError):  # it had nothing to say, or was killed while it said it
            found = None
        self.inbox.close()
        return found if isinstance(found, BenchError) else None


@contextmanager
def one_thread_each(device: Device) -> Iterator[None]:
    """A CPU lane is one core: threads of its own would fight the other lanes', and their number changes last bits."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if device.name == "cpu" else ()
    added = [name for name in names if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _lane_main(job: Job, device: Device, outbox: Connection) -> None:
    """A lane's process: never outlives its parent, gives its lease back when told to stop."""
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        with interruptible():
            run_lane(job, device)
    except KeyboardInterrupt:
        os._exit(130)
    except BenchError as error:
        outbox.send(error)
    except Exception as reason:  # of ours, since a tracker's would have been recorded
        import traceback

        outbox.send(StoreError(f"a lane failed: {type(reason).__name__}: {reason}", found=traceback.format_exc()))


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM (a batch system's end of time) is an interrupt like Ctrl-C: leases are given back."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def bury(job: Job, device: Device, pid: int, code: int, deaths: Counter[str]) -> bool:
    """Settle what a dead lane held: a failure if its tracker ended it, else free for others. False for nothing."""
    for unit in job.units:
        folder = RunFolder(unit.folder)
        path = unit.folder / (unit.sequence + LEASE)
        held = lease.read(path)
        if held is None or held.run != job.run or held.holder.pid != pid:
            continue
        failure: tuple[str, str | None] | None = post_mortem(held.post_mortem)
        if failure is None and code not in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 130):
            ended = f"with status {code}" if code > 0 else f"by {signal.Signals(-code).name}"
            failure = f"the tracker ended its process {ended}", None
        if not folder.has_record(unit.sequence):
            deaths[unit.title] += 1
            if failure is not None:
                folder.fail(unit.sequence, *failure, frames=unit.frames, device=device.name, shared=device.shared)
            elif deaths[unit.title] == DEATHS:
                return True  # its dead lease stays until the end, so nobody here claims the sequence again
        lease.remove(path, held.token)
        return True
    return False


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
