"""All trackers of a run, looked at before the first sequence: else a night ends at its second tracker."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from multiprocessing.connection import Connection

from rgbtbench.core.errors import BenchError
from rgbtbench.core.messages import portable
from rgbtbench.core.processes import end_group, parental_death

from . import held_tracker
from .jobs import Device, Job, Unit, verified
from .lanes import one_thread_each, without_main

SECONDS = 600.0  # for making all trackers once; what takes longer is left to the lanes


def check_trackers(job: Job, device: Device) -> None:
    """Make each tracker but the first once, in a process of its own: the lanes begin with the first one.

    Raises BenchError for one that cannot be made or is none. Whatever else goes wrong is left to the lanes, which
    record it.
    """
    firsts: dict[str, Unit] = {}
    for unit in job.units:
        firsts.setdefault(unit.tracker.label, unit)
    units = list(firsts.values())[1:]
    if not units:
        return
    context = multiprocessing.get_context("spawn")
    inbox, outbox = context.Pipe(duplex=False)
    process = context.Process(target=_check, args=(job, units, device, outbox))
    with one_thread_each(device), without_main():
        process.start()
    outbox.close()
    try:
        error = None
        with suppress(EOFError, OSError):
            error = inbox.recv() if inbox.poll(SECONDS) else None
    finally:
        process.kill()
        process.join()
        end_group(process.pid or 0)
        inbox.close()
    if isinstance(error, BenchError):
        raise error


def _check(job: Job, units: list[Unit], device: Device, outbox: Connection) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)  # what trackers started is ended with it
    if die := parental_death():
        die()
    error: BenchError | None = None
    for unit in units:
        try:
            held_tracker.built(job, unit, device, verified(unit))
        except (held_tracker.Unmade, BenchError) as reason:
            error = portable(reason.error if isinstance(reason, held_tracker.Unmade) else reason)
            break
        except Exception:  # its sequences' failure
            continue
    held_tracker.discard()
    outbox.send(error)
