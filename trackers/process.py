"""A tracker in its own interpreter or container, over pipes.

A call is one line of JSON, ``{"call": "init", "index": 0, "shape": [H, W, 3], "box": [x, y, w, h], "seed": N}`` or the
same with ``"update"``, no box and no seed, followed by the H*W*3 bytes of the visible and those of the thermal image.
The first call also says how to make the tracker: ``"make": {"arguments": {...}, "device": "cpu", "seed": N}``. The
answer is one line: ``{}`` to init (``{"made": true}`` if arguments were heeded), ``{"box": [x, y, w, h]}`` (and
``"confidence"``) to update, or ``{"error": "..."}``. ``process_client.py`` is the other end.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shlex
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.core.processes import end_group, parental_death, threads
from rgbtbench.core.seeds import current
from rgbtbench.core.types import Frame, parts

LONGEST = 1 << 20  # bytes of an answer
KEPT = 4096  # bytes of stderr shown when something goes wrong
GLANCE = 1.0  # seconds of silence after which we look whether the child lives


class Process:
    """Speaks with a child process, which is started by the first ``init`` and killed with its group at any fault.

    ``command``: list, or string split as a shell would but run without one. In it ``{client}`` is the path of the
    reference client and ``{device}`` the lane's device. ``timeout``: seconds for an answer; ``start``: more seconds for
    the first one, while the child imports and loads. ``folder``: where to run it. ``params`` and ``weights`` reach the
    tracker's class, as does ``device`` if it takes one; it draws the numbers that it would draw in our process.

    The child ends with this process, however that ends: Linux kills it, and the reference client sees its pipe close.

    Raises ConfigError if the command cannot be run, TrackerError if it crashes, hangs or answers nonsense.
    """

    environment: Mapping[str, str] = {}  # added to ours

    def __init__(
        self,
        command: list[str] | str,
        timeout: float = 60.0,
        start: float = 300.0,
        folder: str | None = None,
        device: str = "cpu",
        params: dict[str, Any] | None = None,
        weights: str | None = None,
    ) -> None:
        words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
        if not words:
            raise ConfigError("process needs a command", next="command: [python, '{client}', my_tracker.py:MyTracker]")
        client = str(Path(__file__).with_name("process_client.py"))
        self.command = [word.replace("{client}", client).replace("{device}", str(device)) for word in words]
        self.timeout, self.start, self.folder = timeout, start, folder
        arguments = {**(params or {}), **({"weights": str(weights)} if weights else {})}
        self.make: dict[str, Any] = {"arguments": arguments, "device": str(device), "seed": current()}
        self.child: subprocess.Popen[bytes] | None = None
        self.output, self.complaints = bytearray(), bytearray()

    def init(self, frame: Frame, box: Array) -> None:
        """Start the child if it does not run, and hand it the first frame and box."""
        fresh = self.child is None
        if fresh:
            self._spawn()
        call = {"call": "init", "box": [float(v) for v in box], "seed": current()}
        seconds = self.timeout + self.start * fresh
        answer = self._call(call | ({"make": self.make} if fresh else {}), frame, seconds)
        if fresh and self.make["arguments"] and not answer.get("made"):
            details = {"expected": '{"made": true}', "found": answer, "next": "copy today's process_client.py there"}
            raise self._fault("did not heed params or weights", **details)

    def update(self, frame: Frame) -> Array | tuple[Array, float]:
        """Ask for the box in this frame."""
        answer = self._call({"call": "update"}, frame, self.timeout)
        try:
            found_box, confidence = parts(answer)
            box = np.array(found_box, dtype=float)
            return box if confidence is None else (box, float(confidence))
        except (TypeError, ValueError):
            raise self._fault("answered without a box", expected='{"box": [x, y, w, h]}', found=answer) from None

    def close(self) -> None:
        """Kill the child and everything it started."""
        child, self.child = self.child, None
        if child is None:
            return
        end_group(child.pid)
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe:
                pipe.close()

    def __del__(self) -> None:
        if getattr(self, "child", None):
            self.close()

    def _spawn(self) -> None:
        self.output, self.complaints = bytearray(), bytearray()
        pipe, alone = subprocess.PIPE, threading.current_thread() is threading.main_thread()
        try:
            self.child = subprocess.Popen(
                self.command,
                bufsize=0,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                cwd=self.folder,
                env={**os.environ, **threads(self.make["device"]), **self.environment},
                start_new_session=True,
                preexec_fn=parental_death() if alone else None,  # it is a thread's end that would count
            )
        except (OSError, subprocess.SubprocessError) as reason:
            raise ConfigError("cannot start tracker", where=shlex.join(self.command), found=reason) from None
        for end in self._pipes():
            os.set_blocking(end.fileno(), False)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        child = self.child
        if child is None or not (child.stdin and child.stdout and child.stderr):
            raise TrackerError("tracker process asked to update before init", where=shlex.join(self.command))
        return child.stdin, child.stdout, child.stderr

    def _call(self, call: dict[str, Any], frame: Frame, seconds: float) -> dict[str, Any]:
        header = json.dumps({**call, "index": frame.index, "shape": frame.rgb.shape}).encode("ascii") + b"\n"
        line = self._exchange(header + frame.rgb.tobytes() + frame.tir.tobytes(), seconds)
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self._fault("answered no JSON object", expected='{"box": [x, y, w, h]}', found=repr(line[:200]))
        if "error" in answer:
            raise self._fault(f"raised an error in {call['call']}", found=str(answer["error"])[-KEPT:])
        return answer

    def _exchange(self, message: bytes, seconds: float) -> bytes:
        """Send all, receive a line; stderr is drained meanwhile, so that no side ever waits for the other."""
        stdin, stdout, stderr = self._pipes()
        deadline, rest = time.monotonic() + seconds, memoryview(message)
        with selectors.DefaultSelector() as ready:
            ready.register(stdin, selectors.EVENT_WRITE)
            ready.register(stdout, selectors.EVENT_READ)
            ready.register(stderr, selectors.EVENT_READ)
            while (line := self._line()) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._fault(f"gave no answer within {seconds:g} s", next="a higher timeout: (or start:)")
                events = ready.select(min(left, GLANCE))
                if not events and self.child and self.child.poll() is not None:
                    raise self._fault("ended without an answer")  # a fork of it holds its pipes open
                for key, _ in events:
                    if key.fileobj is stdin:
                        try:
                            rest = rest[os.write(key.fd, rest) :]
                        except BrokenPipeError:  # it is dead: what it said last is still in the other pipes
                            rest = rest[:0]
                        if not rest:
                            ready.unregister(stdin)
                        continue
                    data = os.read(key.fd, 1 << 16)
                    if key.fileobj is stdout:
                        self.output += data
                        if not data:
                            raise self._fault("ended without an answer")
                        if len(self.output) > LONGEST:
                            raise self._fault("answered without end", expected=f"one line below {LONGEST >> 20} MiB")
                    elif data:
                        self.complaints = (self.complaints + data)[-KEPT:]
                    else:
                        ready.unregister(stderr)
        tail = self._unasked()
        if rest or tail:
            raise self._fault("answered before it was asked", found=repr((line + tail)[:200]))
        return line

    def _line(self) -> bytes | None:
        """Take the next answer out of what came; None: there is no whole one yet."""
        line, end, tail = self.output.partition(b"\n")
        if not end:
            return None
        self.output = tail
        return bytes(line)

    def _unasked(self) -> bytes:
        """What came behind an answer, where nothing may come."""
        return bytes(self.output)

    def _fault(self, what: str, **details: Any) -> TrackerError:
        """Kill the child and say what went wrong, with the end of its stderr."""
        if (child := self.child) and child.stderr:
            with contextlib.suppress(subprocess.TimeoutExpired):
                details.setdefault("found", f"exit status {child.wait(1 if what.startswith('ended') else 0)}")
            with contextlib.suppress(BlockingIOError):
                self.complaints = (self.complaints + os.read(child.stderr.fileno(), 1 << 16))[-KEPT:]
        self.close()
        said = self.complaints.decode(errors="replace").strip()
        return TrackerError(
            f"tracker process {what}" + (f"; its stderr ends:\n{said}" if said else ""),
            where=shlex.join(self.command),
            **details,
        )
