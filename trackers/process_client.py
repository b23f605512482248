"""Serve a tracker over pipes: the other end of ``rgbtbench.trackers.process``. Standard library and NumPy only.

Runs on Python 3.6 and later without rgbtbench: copy this file where the old interpreter is, or let the parent name it::

    python process_client.py my_tracker.py:MyTracker

``MyTracker()`` has ``init(frame, box)`` and ``update(frame) -> box or (box, confidence)``; ``frame`` has ``index``,
``rgb`` and ``tir``, uint8 (H, W, 3). What it prints goes to stderr.
"""

import importlib.util
import json
import os
import random
import sys
import traceback
from typing import Any, BinaryIO, Optional

import numpy as np


class Frame:
    """One moment of a sequence: ``index``, ``rgb``, ``tir``."""

    def __init__(self, index: int, rgb: Any, tir: Any) -> None:
        self.index, self.rgb, self.tir = index, rgb, tir


def serve(tracker: Any) -> None:
    """Answer calls until the parent hangs up."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a tracker's print must not end up among the answers
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        call = json.loads(line.decode("ascii"))
        rgb, tir = (_pixels(sys.stdin.buffer, call["shape"]) for _ in range(2))
        try:
            answer = _answer(tracker, call, Frame(call["index"], rgb, tir))
        except Exception:
            answer = {"error": traceback.format_exc()}
        pipe.write(json.dumps(answer).encode("ascii") + b"\n")
        pipe.flush()


def _answer(tracker: Any, call: Any, frame: Frame) -> Any:
    if call["call"] == "init":
        random.seed(0)
        np.random.seed(0)
        tracker.init(frame, np.array(call["box"], dtype=float))
        return {}
    found = tracker.update(frame)
    box, confidence = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
    answer = {"box": np.asarray(box, dtype=float).tolist()}
    if confidence is not None:
        answer["confidence"] = float(confidence)
    return answer


def _pixels(stream: BinaryIO, shape: Any) -> Any:
    data = stream.read(int(np.prod(shape)))
    return np.frombuffer(data, np.uint8).reshape(shape)


def main(target: Optional[str] = None) -> None:  # noqa: UP045  Python 3.6
    """Serve ``FILE.py:CLASS``."""
    path, _, name = (target or sys.argv[1]).rpartition(":")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120
    spec = importlib.util.spec_from_file_location("served_tracker", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    serve(getattr(module, name)())


if __name__ == "__main__":
    main()
