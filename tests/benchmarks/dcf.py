"""How fast ``dcf`` is on one core at 320 x 240, and where the time goes: python tests/benchmarks/dcf.py."""

import os
import sys
import time
from collections import Counter
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is imported
    os.environ[variable] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
from clips import clip  # noqa: E402

from rgbtbench.trackers import dcf  # noqa: E402

spent = Counter()


def timed(owner, attribute, label):
    real = getattr(owner, attribute)

    def wrapper(*arguments, **keywords):
        start = time.perf_counter()
        try:
            return real(*arguments, **keywords)
        finally:
            spent[label] += time.perf_counter() - start

    setattr(owner, attribute, wrapper)


def run(frames, box):
    tracker = dcf.DCF()
    tracker.init(frames[0], box)
    seconds = []
    for frame in frames[1:]:
        start = time.perf_counter()
        tracker.update(frame)
        seconds.append(time.perf_counter() - start)
    return np.array(seconds) * 1e3


if __name__ == "__main__":
    for size in ((12, 12), (36, 44), (90, 110), (300, 220)):
        frames, truth = clip(100, size=size, growth=1.0)
        run(frames, truth[0])
        before = time.process_time()
        ms = run(frames, truth[0])
        used = (time.process_time() - before) * 1e3 / len(frames)  # what a busy machine does not blur
        speed = f"median {np.median(ms):.2f} ms, {1e3 / ms.mean():.0f} fps; {used:.2f} ms of processor time"
        print(f"target {size[0]:3} x {size[1]:3}: {speed}")
    timed(dcf.DCF, "look_at_scales", "scale")
    timed(dcf.DCF, "look", "features and their FFT")
    timed(np.fft, "rfft2", "FFT")
    timed(np.fft, "irfft2", "FFT")
    frames, truth = clip(100, growth=1.0)
    total = run(frames, truth[0]).sum()
    parts = {"scale": spent["scale"], "FFT": spent["FFT"]}
    parts["features"] = spent["features and their FFT"] - spent["FFT"]
    for label, seconds in parts.items():
        print(f"{label:9} {seconds * 1e3 / (len(frames) - 1):.2f} ms a frame")
    print(f"{'rest':9} {(total - sum(parts.values()) * 1e3) / (len(frames) - 1):.2f} ms a frame")
