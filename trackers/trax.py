"""A tracker of the VOT challenges, or any other that speaks TraX: in its own process, without a change to it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import TrackerError
from rgbtbench.core.trax_protocol import CHANNELS, PREFIX, Message, file_image, parse, rectangle, words, write
from rgbtbench.core.types import Frame, Sequence

from .process import KEPT, Process

MEMORY = Path("/dev/shm")
QUITTING = 2.0  # seconds for a tracker to leave when it is told to; then it is killed


class Trax(Process):
    """Asks a TraX server for boxes: rectangles, with ``confidence`` if it gives one.

    The server gets the paths of the image files (or pixels, if it takes only these) for the channels that it asks for:
    ``color``, ``ir`` or both. Images under stress have no files: it gets their pixels, or if it takes only paths, those
    of two files in memory (``/dev/shm``, if there is one), which make way for the next frame's.

    ``command``, ``timeout``, ``start``, ``folder``: as of ``Process``. ``restart``: a new process for each sequence, so
    that nothing leaks from one into the next; without it the process serves all that follow, unless it says that it
    cannot.

    Raises ConfigError if the command cannot be run, TrackerError (one sequence fails) if it says no hello, wants depth,
    asks for polygons or masks, answers anything but one rectangle, or leaves.
    """

    environment: Mapping[str, str] = {"TRAX": "1"}  # as the VOT toolkit sets it

    def __init__(
        self,
        command: list[str] | str,
        timeout: float = 60.0,
        start: float = 300.0,
        folder: str | None = None,
        device: str = "cpu",
        restart: bool = True,
    ) -> None:
        super().__init__(command, timeout, start, folder, device)
        self.restart, self.hello, self.awaited = restart, Message("hello", (), {}), "hello"
        self.sound = False  # whether it is worth while to tell it to quit
        self.files: tuple[tuple[Path, ...], ...] | None = None
        self.stressed = False
        self.written: TemporaryDirectory[str] | None = None

    def begin(self, sequence: Sequence) -> None:
        """Remember the image files of a sequence, if they hold what is to be seen."""
        self.files = None if sequence.sight else (sequence.rgb, sequence.tir)
        self.stressed = sequence.sight is not None

    def init(self, frame: Frame, box: Array) -> None:
        """Start the server if it does not run, and hand it the first images and the box."""
        options = self.hello.options
        if self.child and (self.restart or "vot" in options):  # VOT's Python wrapper serves one sequence
            self.close()
        fresh = self.child is None
        if fresh:
            self._spawn()
            self.sound = True
            self.hello = self._ask(b"", "hello", self.timeout + self.start)
            self._require_ours()
        images, region = self._images(frame), ",".join(repr(float(value)) for value in box)
        if self.version < 4:
            message = write("initialize", *images, region)
        else:  # no words: forget the objects that were followed so far
            message = (b"" if fresh else write("initialize")) + write("initialize", region) + write("frame", *images)
        self._ask(message, "state", self.timeout)

    def update(self, frame: Frame) -> Array | tuple[Array, float]:
        """Ask for the rectangle in this frame."""
        answer = self._ask(write("frame", *self._images(frame)), "state", self.timeout)
        if len(answer.arguments) != 1:
            count = f"{len(answer.arguments)} regions: {' '.join(answer.arguments)}"[:200]
            raise self._fault("answered no single region", expected="one rectangle x,y,w,h", found=count)
        try:
            box = np.array(rectangle(answer.arguments[0]))
        except ValueError as reason:
            raise self._fault("answered no rectangle", expected="x,y,w,h", found=reason) from None
        if "confidence" not in answer.options:
            return box
        confidence = answer.options["confidence"]
        try:
            return box, float(confidence)
        except ValueError:
            raise self._fault("answered a confidence that is no number", found=repr(confidence[:80])) from None

    def close(self) -> None:
        """Tell a sound server to leave, then kill what is left of it."""
        if self.child and self.child.stdin and self.sound:
            with contextlib.suppress(OSError):
                os.write(self.child.stdin.fileno(), write("quit"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(QUITTING)
        super().close()
        if self.written:
            self.written.cleanup()
            self.written = None

    @property
    def version(self) -> int:
        """Which version of the protocol the server speaks."""
        version = self.hello.options.get("trax.version", "1")
        return int(version) if version.isdecimal() and len(version) < 4 else 1

    def _require_ours(self) -> None:
        """Raise TrackerError for a server that wants or gives something else than RGB-T trackers do."""
        regions, images = self._wanted("region", "rectangle"), self._wanted("image", "path")
        if "rectangle" not in regions:
            raise self._fault("does not take rectangles", expected="trax.region=rectangle", found=";".join(regions))
        if not {"path", "memory"} & set(images):
            raise self._fault("takes no image files", expected="trax.image=path", found=";".join(images))
        channels = self._channels()
        if not set(channels) <= set(CHANNELS):
            raise self._fault("wants other channels", expected="color, ir or color;ir", found=";".join(channels))

    def _channels(self) -> list[str]:
        return self._wanted("channels", "color") if self.version > 1 else ["color"]

    def _wanted(self, key: str, usual: str) -> list[str]:
        return words(self.hello.options.get(f"trax.{key}", "")) or [usual]

    def _images(self, frame: Frame) -> list[str]:
        chosen, kinds = [CHANNELS.index(name) for name in self._channels()], self._wanted("image", "path")
        if self.files and "path" in kinds:
            return [file_image(self.files[place][frame.index]) for place in chosen]
        if self.stressed and "memory" not in kinds:
            return [file_image(path) for path in self._write(frame, chosen)]
        height, width, _ = frame.rgb.shape
        pixels = [b64encode((frame.rgb, frame.tir)[place].tobytes()).decode() for place in chosen]
        return [f"image:{width};{height};rgb;{text}" for text in pixels]

    def _write(self, frame: Frame, chosen: list[int]) -> list[Path]:
        """Image files of a frame, instead of those of the frame before."""
        from PIL import Image

        if self.written is None:
            self.written = TemporaryDirectory(prefix="rgbtbench-", dir=MEMORY if MEMORY.is_dir() else None)
        folder = Path(self.written.name)
        for old in folder.iterdir():
            old.unlink()
        files = [folder / f"{frame.index:08d}-{CHANNELS[place]}.png" for place in chosen]
        for place, file in zip(chosen, files, strict=True):
            Image.fromarray((frame.rgb, frame.tir)[place]).save(file, compress_level=1)
        return files

    def _ask(self, message: bytes, expected: str, seconds: float) -> Message:
        """Send a message (b'' to send none) and receive one."""
        self.awaited = expected
        with contextlib.suppress(BlockingIOError):
            self.output += os.read(self._pipes()[1].fileno(), 1 << 16)
        if message and (early := self._unasked()):
            raise self._fault("answered twice", found=repr(early[:200]))
        line = self._exchange(message, seconds)
        try:
            answer = parse(line)
        except ValueError as reason:
            raise self._fault("sent a broken message", found=reason) from None
        if answer is None or answer.name != expected:
            name, why = (answer.name, answer.options.get("trax.reason")) if answer else ("", None)
            what = "left" if name == "quit" else f"did not say {expected}"
            raise self._fault(what, found=why or repr(line[:200]))
        return answer

    def _line(self) -> bytes | None:
        """Take the next message out of what came; what it printed is kept for whoever asks why it failed."""
        while (line := super()._line()) is not None:
            if line.startswith(PREFIX):
                return line
            self.complaints = (self.complaints + line + b"\n")[-KEPT:]
        return None

    def _unasked(self) -> bytes:
        return self._line() or bytes(self.output if self.output.startswith(PREFIX) else b"")

    def _fault(self, what: str, **details: Any) -> TrackerError:
        self.sound = False
        details.setdefault("expected", f"@@TRAX:{self.awaited}")
        return super()._fault(what, **details)
