"""Serve a tracker over pipes: the other end of ``rgbtbench.trackers.process``. Standard library and NumPy only.

Runs on Python 3.6 and later without rgbtbench: copy this file where the old interpreter is, or let the parent name it::

    python process_client.py my_tracker.py:MyTracker

``MyTracker(**params)``, with ``weights`` and ``device`` as in rgbtbench itself, has ``init(frame, box)`` and
``update(frame) -> box``, ``(box, confidence)`` or ``{"target_bbox": box, "best_score": confidence}``; ``frame`` has
``index``, ``rgb`` and ``tir``, uint8 (H, W, 3). What it prints goes to stderr, and its standard input is empty.
"""

import importlib.util
import inspect
import json
import os
import random
import signal
import sys
import traceback
from typing import Any, BinaryIO, Optional

BOX, CONFIDENCE = ("target_bbox", "box"), ("best_score", "confidence")  # keys of an answer
LONGEST = 1 << 16  # characters of an error


class Frame:
    """One moment of a sequence: ``index``, ``rgb``, ``tir``."""

    def __init__(self, index: int, rgb: Any, tir: Any) -> None:
        self.index, self.rgb, self.tir = index, rgb, tir


class NoBox(ValueError):
    """A tracker's answer that is no box."""


def take_pipes() -> "tuple[BinaryIO, BinaryIO]":  # no such type before Python 3.9
    """Keep the pipes to the parent for us: neither a print nor a child process may use them."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return calls, answers


def guard(calls: BinaryIO) -> None:
    """Leave a process that kills us as soon as the parent is gone: a tracker may hang in C, or have children.

    It is a grandchild, so that no tracker waits for it.
    """
    import select

    if not hasattr(os, "fork") or not hasattr(select, "poll"):
        return
    us, child = os.getpid(), os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork():
        os._exit(0)
    pipe = calls.fileno()
    for end in (1, 2):
        os.dup2(0, end)  # the parent sees the tracker's end by theirs
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 256)
    poll = select.poll()
    poll.register(pipe, 0)  # a hang-up is always told
    poll.poll()
    if os.getpgrp() == os.getsid(0):  # the group that the parent made, not a job of somebody's shell
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(us, signal.SIGKILL)


def serve(factory: Any, calls: BinaryIO, answers: BinaryIO) -> None:
    """Answer calls until the parent hangs up."""
    tracker, us = None, os.getpid()
    while True:
        line = calls.readline()
        if not line:
            return
        call = json.loads(line.decode("ascii"))
        frame = Frame(call["index"], *(_pixels(calls, call["shape"]) for _ in range(2)))
        try:
            fresh = tracker is None
            if fresh:
                tracker = _made(factory, call.get("make", {}))
            answer = _answer(tracker, call, frame)
            if fresh:
                answer["made"] = True
        except NoBox as reason:
            answer = {"error": str(reason)}
        except BaseException:  # also one that a tracker makes up
            answer = {"error": traceback.format_exc()[-LONGEST:]}
        if os.getpid() != us:  # a copy of us, which the tracker forked
            os._exit(0)
        answers.write(json.dumps(answer).encode("ascii") + b"\n")
        answers.flush()


def _made(factory: Any, make: Any) -> Any:
    """The tracker, with what rgbtbench would give it in its own process."""
    arguments, device = dict(make.get("arguments", {})), make.get("device", "cpu")
    try:
        known = tuple(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        known = ()
    if "device" in known:
        arguments.setdefault("device", device)
    _seed(make.get("seed", 0))
    _one_thread(device)
    tracker = factory(**arguments)
    _one_thread(device)  # it may have imported torch
    return tracker


def _answer(tracker: Any, call: Any, frame: Frame) -> Any:
    import numpy as np

    if call["call"] == "init":
        _seed(call.get("seed", 0))
        tracker.init(frame, np.array(call["box"], dtype=float))
        return {}
    answered, confidence = tracker.update(frame), None
    if isinstance(answered, tuple) and len(answered) == 2:
        answered, confidence = answered
    elif isinstance(answered, dict):
        confidence = next((answered[key] for key in CONFIDENCE if key in answered), None)
        answered = next((answered[key] for key in BOX if key in answered), answered)
    try:
        box = np.asarray(answered, dtype=float)
    except (TypeError, ValueError):
        box = np.empty(0)
    if answered is None or box.shape != (4,):
        told = repr(answered)[:200] if box.size <= 8 else f"an array of shape {box.shape}"
        raise NoBox(f"expected a box x y w h, the tracker answered {told}")
    answer = {"box": box.tolist()}
    if confidence is not None:
        answer["confidence"] = float(confidence)
    return answer


def _seed(value: int) -> None:
    import numpy as np

    random.seed(value)
    np.random.seed(value)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(value)


def _one_thread(device: str) -> None:
    torch = sys.modules.get("torch")
    if torch is not None and device == "cpu":
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def _pixels(stream: BinaryIO, shape: Any) -> Any:
    import numpy as np

    data = bytearray(int(np.prod(shape)))  # a tracker may write into its frame
    view, done = memoryview(data), 0
    while done < len(data):
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError("the parent hung up in the middle of an image")
        done += count
    return np.frombuffer(data, np.uint8).reshape(shape)


def main(target: Optional[str] = None) -> None:  # noqa: UP045  Python 3.6
    """Serve ``FILE.py:CLASS``."""
    calls, answers = take_pipes()
    guard(calls)
    path, _, name = (target or sys.argv[1]).rpartition(":")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120
    spec = importlib.util.spec_from_file_location("served_tracker", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["served_tracker"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    serve(getattr(module, name), calls, answers)


if __name__ == "__main__":
    main()
