"""A lease: the file that says a process works on a sequence. Fit for several processes and for a shared disk.

The first line is JSON about the holder. Whatever follows was written as it died, by the interpreter's fault handler:
the next one to claim the sequence finds there why.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from rgbtbench.core import regular
from rgbtbench.core.errors import StoreError
from rgbtbench.core.processes import Interrupted

STALE = 120.0  # seconds without a heartbeat after which another host may take a lease over
BEATS = 12  # heartbeats in that time


@dataclass(frozen=True, slots=True)
class Holder:
    """A process: its machine, number and start time, since numbers are used again."""

    host: str
    pid: int
    start: int

    @classmethod
    def here(cls) -> Holder:
        """This process."""
        return cls(_machine(), os.getpid(), _started(os.getpid()) or 0)

    @property
    def is_local(self) -> bool:
        """Whether its number means anything to us."""
        return self.host == _machine()

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended; False for processes of other machines."""
        return self.is_local and _started(self.pid) != self.start


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as found on disk."""

    holder: Holder
    token: str
    run: str  # the invocation it belongs to
    attempt: int
    post_mortem: str
    age: float  # seconds since the last heartbeat

    def is_free(self, stale: float) -> bool:
        """Whether nobody works under it any more."""
        return self.holder.is_dead or (not self.holder.is_local and self.age > stale)


@dataclass(slots=True)
class Lease:
    """A lease of ours; a context that beats while it is open and gives the lease back at its end."""

    path: Path
    fd: int
    token: str
    attempt: int  # how many processes have worked on the sequence in this invocation, this one included
    post_mortem: str  # what the holder before us left behind
    beat: float
    watched: bool = False  # somebody records our death: if we are interrupted, they see at what
    _end: threading.Event = field(default_factory=threading.Event)

    @property
    def is_held(self) -> bool:
        """Whether it is still ours: a holder that looked dead for long loses it."""
        lease = read(self.path)
        return lease is not None and lease.token == self.token

    def __enter__(self) -> Lease:
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._end.set()
        left = self.watched and kind is not None and issubclass(kind, Interrupted)  # whoever watches gives it back
        try:
            if not left and self.is_held:
                self.path.unlink(missing_ok=True)
        finally:
            with suppress(OSError):  # a tracker may have closed all that is open
                os.close(self.fd)

    def _keep(self) -> None:
        while not self._end.wait(self.beat):
            try:
                os.utime(self.path)
            except OSError:  # taken over, or the disk is away: is_held tells before anything is committed
                return


def claim(path: Path, *, run: str, stale: float = STALE, retake: bool = False) -> Lease | None:
    """Take the lease at ``path``; None while somebody else has it.

    A dead holder of our own invocation is left to the process that watches over it, unless ``retake``: then whoever
    claims it again was told to (a scheduler hands out a task again only if its worker is gone).
    """
    post_mortem, attempt = "", 1
    for _ in range(3):  # each time round somebody else was faster
        before = read(path)
        if before is not None:
            if before.run == run != "":
                if not retake:
                    return None
            elif not before.is_free(stale):
                return None
            if not remove(path, before.token):
                return None
            post_mortem, attempt = before.post_mortem, before.attempt + 1 if before.run == run else 1
        token, holder = uuid4().hex, Holder.here()
        about = {"host": holder.host, "pid": holder.pid, "start": holder.start}
        line = json.dumps({"format": 1, **about, "token": token, "run": run, "attempt": attempt}) + "\n"
        fd = _create(path, line.encode())
        if fd is not None:
            return Lease(path, fd, token, attempt, post_mortem, stale / BEATS)
    return None


def _create(path: Path, content: bytes) -> int | None:
    """Make a file that is never seen without its content, and return it open; None if it exists. Raises OSError.

    A process killed between making and writing a lease would leave one that nobody can tell for dead.
    """
    draft = path.with_name(f".{path.name}.{tag()}.tmp")
    fd = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o644)
    try:
        os.write(fd, content)
        os.link(draft, path)
    except OSError as reason:
        os.close(fd)
        if isinstance(reason, FileExistsError):
            return None
        raise
    finally:
        draft.unlink(missing_ok=True)
    return fd


def read(path: Path) -> Held | None:
    """The lease at ``path``; None if there is none. One that cannot be read counts by age alone."""
    try:
        with regular.opened(path) as stream:
            text = stream.read(1 << 16).decode(errors="replace")
            age = time.time() - os.fstat(stream.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except OSError as reason:
        next = f"move {path} away, if no run is under way"
        raise StoreError("cannot read lease", where=path, found=reason.strerror, next=next) from None
    line, _, rest = text.partition("\n")
    try:
        about = json.loads(line)
        texts = [about[key] for key in ("host", "token", "run")]
        numbers = [about[key] for key in ("pid", "start", "attempt")]
        if not all(type(v) is str for v in texts) or not all(type(v) is int and 0 <= v < 1 << 53 for v in numbers):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        return Held(Holder("", 0, 0), "", "", 0, "", age)
    (host, token, run), (pid, start, attempt) = texts, numbers
    return Held(Holder(host, pid, start), token, run, attempt, rest.strip(), age)


def remove(path: Path, token: str) -> bool:
    """Take the lease with this token out of the way; False if it is another one by now, or gone.

    Only one of several can rename a file. One that finds another lease in its hand was too late and puts it back.
    """
    aside = path.with_name(f".{path.name}.{tag()}.tmp")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    taken = read(aside)
    ours = taken is not None and taken.token == token
    if not ours:
        with suppress(OSError):  # somebody has claimed it since: then it may run twice, and the same boxes come out
            os.link(aside, path)
    aside.unlink(missing_ok=True)
    return ours


def tag() -> str:
    """A part for names of temporary files that says whose they are and never comes twice."""
    holder = Holder.here()
    return f"{uuid4().hex[:8]}-{holder.pid}-{holder.start}-{_digits(holder.host)}"


def is_left_over(name: str, age: float, stale: float) -> bool:
    """Whether a temporary file with such a name belongs to nobody any more."""
    parts = name.removesuffix(".tmp").rpartition(".")[2].split("-")
    if not name.startswith(".") or not name.endswith(".tmp") or len(parts) != 4:
        return False
    local = parts[3] == _digits(_machine())
    if local and parts[1].isdigit() and parts[2].isdigit():
        return _started(int(parts[1])) != int(parts[2])
    return age > stale


def _digits(machine: str) -> str:
    import hashlib

    return hashlib.sha256(machine.encode()).hexdigest()[:8]


def _machine() -> str:
    """Host and process namespace: containers may share a host's name, but then not its process numbers."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  its target is no path
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}".strip()


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (0 where the system does not tell); None if it has ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return 0
    except ProcessLookupError:
        return None
    return None if status[0] in "ZX" else int(status[19])
