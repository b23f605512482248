"""What the harness costs a frame, and how two lanes scale: ``python tests/benchmarks/overhead.py``.

Overhead is the wall time of settling a sequence (seeds, lease, frames handed over, answers checked, images and weights
looked at, three files written and synced) less decoding and the tracker's own calls; of a ``process`` tracker, the time
of a call that does nothing, in frames of 320 x 240 and of 640 x 480. Exit 1 if the first is 0.2 ms a frame or more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from small import write_benchmark, write_experiment

from rgbtbench.core.types import Frame, Sequence
from rgbtbench.datasets.synthetic import write
from rgbtbench.running import jobs
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Device, Job, make_units
from rgbtbench.running.plan import make_plan, prepare
from rgbtbench.running.track import track
from rgbtbench.trackers.process import Process

LIMIT = 0.2  # ms


def overhead(home: Path, frames: int) -> float:
    """Milliseconds a frame, the median of nine sequences; decoded frames lie ready."""
    write_benchmark(home / "data", frames=frames, names=tuple("abcdefghi"))
    experiment = load_experiment(write_experiment(home, "- {use: still}"))
    [run] = make_plan(experiment, home / "runs")
    run.choose(retry_failed=False, force=False)
    prepare(run, "r", 120)
    image = np.zeros((240, 320, 3), np.uint8)
    inside = [0.0]

    def ready(sequence: Sequence) -> Iterator[Frame]:
        yield from [Frame(k, image, image) for k in range(len(sequence.rgb))]

    def timed(tracker: object, sequence: Sequence) -> object:
        found = track(tracker, sequence, frames=ready)  # type: ignore[arg-type]
        inside[0] = float(found.seconds.sum())
        return found

    jobs.track = timed  # type: ignore[assignment]
    job, costs = Job(make_units([run]), 0, 3600, "r"), []
    for unit in job.units:
        start = time.perf_counter()
        assert jobs.track_sequence(job, unit, Device("cpu"))
        costs.append((time.perf_counter() - start - inside[0]) / unit.frames * 1000)
    return float(np.median(costs))


SERVED = """
class Still:
    def init(self, frame, box): self.box = box
    def update(self, frame): return self.box
"""


def piped(home: Path, size: tuple[int, int], frames: int = 300) -> float:
    """Milliseconds of an update that crosses the pipe and back, the median."""
    (home / "served.py").write_text(SERVED)
    tracker = Process([sys.executable, "{client}", str(home / "served.py:Still")])
    image, box, taken = np.zeros((size[1], size[0], 3), np.uint8), np.ones(4), []
    try:
        tracker.init(Frame(0, image, image), box)
        for k in range(1, frames):
            start = time.perf_counter()
            tracker.update(Frame(k, image, image))
            taken.append(time.perf_counter() - start)
    finally:
        tracker.close()
    return float(np.median(taken)) * 1000


def scaling(home: Path, tracker: str, frames: int) -> tuple[float, float]:
    """Seconds of one and of two lanes on the same eight generated sequences of 320x240, start-up included."""
    home.mkdir()
    write("LasHeR", home / "data", 8, frames, (320, 240), 0)
    path, taken = write_experiment(home, f"- {{use: '{tracker}'}}"), []
    for lanes in (1, 2):
        start = time.perf_counter()
        command = [sys.executable, "-m", "rgbtbench", "run", str(path), "--runs", str(home / f"runs{lanes}")]
        subprocess.run([*command, "--devices", f"cpu*{lanes}"], check=True, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return taken[0], taken[1]


def main() -> int:
    """Print both; 1 if the overhead is over its limit."""
    home = Path(tempfile.mkdtemp())
    try:
        cost = [(frames, overhead(home / str(frames), frames)) for frames in (100, 1000)]
        for frames, value in cost:
            print(f"overhead {value:.4f} ms a frame in sequences of {frames} frames (limit {LIMIT})")
        for size in ((320, 240), (640, 480)):
            print(f"process  {piped(home, size):.4f} ms a frame of {size[0]} x {size[1]}")
        one, two = scaling(home / "scaling", sys.argv[1] if len(sys.argv) > 1 else "dcf", 300)
        print(f"scaling  1 lane {one:.1f} s, 2 lanes {two:.1f} s: {one / two:.2f} times")
    finally:
        shutil.rmtree(home)
    return int(cost[-1][1] >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
