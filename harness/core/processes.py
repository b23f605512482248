"""Child processes: they stop when told, end together with their parent, and end their own children."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

PR_SET_PDEATHSIG = 1


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM: told from the KeyboardInterrupt that a tracker may raise."""


_told_to_stop = [False]  # a tracker may swallow the exception


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM (a batch system's end of time) is an interrupt like Ctrl-C: leases are given back.

    Only a program's main thread can be interrupted; in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        _told_to_stop[0] = True
        raise Interrupted

    _told_to_stop[0] = False
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        _told_to_stop[0] = False
        for number, handler in before.items():
            signal.signal(number, handler)


def obey() -> None:
    """Stop if that was asked for, even if a tracker caught the exception that said so."""
    if _told_to_stop[0]:
        raise Interrupted


@lru_cache(maxsize=1)
def _prctl() -> Callable[..., Any] | None:
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        function: Callable[..., Any] = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None
    return function


def parental_death() -> Callable[[], None] | None:
    """What a child is to call before it does anything else, so that the kernel kills it when its parent ends.

    None where the kernel has no such thing. Strictly it is the parent's *thread* whose end counts.
    """
    prctl = _prctl()  # found before the fork: afterwards nothing may be loaded
    if prctl is None:
        return None
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) and None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(device: str) -> dict[str, str]:
    """Settings of one thread for a process on the CPU, unless the user chose another number.

    A CPU lane is one core: threads of its own would fight the other lanes', and their number changes last bits.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if device == "cpu" else ()
    return {name: "1" for name in names if name not in os.environ}


def end_group(leader: int) -> None:
    """Kill all that is left of a process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def ending(code: int) -> str:
    """How a process ended, by its exit code.

    >>> ending(3), ending(-9)
    ('with status 3', 'by SIGKILL')
    """
    if code >= 0:
        return f"with status {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"by signal {-code}"
