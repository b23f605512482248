"""Our trackers as TraX servers: what the VOT toolkit, or any other TraX client, starts and asks for boxes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import BenchError, TrackerError
from rgbtbench.core.messages import describe, one_line, trace
from rgbtbench.core.seeds import seed_all
from rgbtbench.core.trax_protocol import VERSION, Message, image_file, parse, rectangle, write
from rgbtbench.core.types import Frame, Sequence, Tracker, parts
from rgbtbench.datasets.decode import pair

from .track import checked_box, checked_number

HOMES = ("color", "ir", "visible", "infrared", "v", "i")  # folders of one modality inside a sequence's


def serve(
    make: Callable[[], Tracker],
    calls: BinaryIO,
    answers: BinaryIO,
    *,
    label: str,
    seed: int = 0,
    modality: Literal["rgb", "tir"] | None = None,
) -> None:
    """Answer calls until the client hangs up or says quit.

    ``make`` is called before hello is said. Every ``initialize`` seeds the generators as a run does: by ``seed`` and
    the sequence's name, which is that of the folder around its images. ``modality``: ask for this one alone.

    Raises whatever ``make`` raises; TrackerError if the tracker fails, or the client breaks the protocol. Then the
    client has been told the reason.
    """
    session = _Session(make(), seed, modality)
    channels = {"rgb": "color", "tir": "ir"}.get(modality or "", "color;ir")
    about = {"trax_name": label, "trax_identifier": label, "trax_image": "path", "trax_region": "rectangle"}
    _send(answers, write("hello", trax_version=VERSION, trax_channels=channels, **about))
    for line in calls:
        try:
            message = parse(line)
            if message is None:
                continue
            if message.name == "quit":
                return
            answer = session.answer(message)
        except Exception as reason:  # whatever a tracker raises
            problem = reason if isinstance(reason, BenchError) else TrackerError(describe(reason), found=trace(reason))
            _send(answers, write("quit", trax_reason=one_line(problem)))
            raise problem from None
        _send(answers, answer)


def _send(answers: BinaryIO, message: bytes) -> None:
    """Write a message. It begins a line of its own, since a toolkit may mix in what the tracker prints to stderr."""
    with suppress(Exception):
        sys.stderr.flush()
    answers.write(b"\n" + message)
    answers.flush()


class _Session:
    """One tracker, and how far it is."""

    def __init__(self, tracker: Tracker, seed: int, modality: str | None) -> None:
        self.tracker, self.seed, self.modality = tracker, seed, modality
        self.name, self.index = "", -1

    def answer(self, message: Message) -> bytes:
        """The state after an ``initialize`` or a ``frame``."""
        images = 1 if self.modality else 2
        regions = {"initialize": 1, "frame": 0}.get(message.name)
        if regions is None or (message.name == "frame" and self.index < 0):
            raise _broken("initialize, then frame", message.name)
        if len(message.arguments) != images + regions:
            raise _broken(f"{images} images and {regions} regions", f"{len(message.arguments)} words")
        try:
            files = [image_file(text) for text in message.arguments[:images]]
            box = np.array([rectangle(text) for text in message.arguments[images:]])
        except ValueError as reason:
            raise _broken("file:///IMAGE, and x,y,w,h", reason) from None
        self.index = 0 if regions else self.index + 1
        frame = pair(self.index, files[0], files[-1])
        if regions:
            return self._start(frame, files, box)
        given, confidence = parts(self.tracker.update(frame))
        checked = checked_box(given, self.name, self.index + 1)
        options = {} if confidence is None else {"confidence": checked_number(confidence, self.name, self.index + 1)}
        return _state(checked, **options)

    def _start(self, frame: Frame, files: list[Path], box: Array) -> bytes:
        self.name = sequence_name(files)
        begin = getattr(self.tracker, "begin", None)
        if begin is not None:
            begin(Sequence(self.name, (files[0],), (files[-1],), box[:, None], frozenset()))
        seed_all(self.seed, self.name)
        self.tracker.init(frame, box[0].copy())
        return _state(box[0])


def sequence_name(files: list[Path]) -> str:
    """The name of the folder around the folders of a frame's images.

    >>> sequence_name([Path("/data/car/visible/001.jpg"), Path("/data/car/infrared/001.jpg")])
    'car'
    >>> sequence_name([Path("/data/car/color/001.jpg")]), sequence_name([Path("/data/car/001.jpg")])
    ('car', 'car')
    """
    folder = Path(os.path.commonpath([file.parent for file in files]))
    return folder.parent.name if folder.name.lower() in HOMES else folder.name


def _state(box: Array, **more: float) -> bytes:
    return write("state", ",".join(map(repr, box.tolist())), **more)


def _broken(expected: str, found: object) -> TrackerError:
    return TrackerError("the TraX client broke the protocol", expected=expected, found=found)
