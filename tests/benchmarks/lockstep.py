"""Sequences in lock-step on a CPU, end to end: ``python -m tests.benchmarks.lockstep``.

Frames per second of a lane (decoding and first frames included) at each batch size, on generated sequences of unequal
length; the ratio to one at a time; and the trunk's own speed at the same batch, which is the floor. PR and SR of
both say whether boxes moved. Writes nothing without ``--keep DIR``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import rgbtbench
from rgbtbench.core import identity
from rgbtbench.datasets.synthetic import write
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Device, Job, make_units
from rgbtbench.running.lane import run_lane
from rgbtbench.running.plan import make_plan, prepare
from rgbtbench.trackers import TRACKERS


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["cmd-student", "cmd-teacher"], metavar="NAME")
    parser.add_argument("--preset", choices=("paper", "nano"), default="nano")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 4, 16, 64], metavar="K")
    parser.add_argument("--sequences", type=int, default=32)
    parser.add_argument("--frames", type=int, default=120, help="of the longest; the others have down to a third")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="a folder for data and runs (default: a temporary one)"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    code = identity.code()
    print(f"commit {code['commit']}{' with changes' if code['dirty'] else ''}, {options.threads} threads")
    with contextlib.ExitStack() as stack:
        home = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data = unequal(home / "LasHeR", options.sequences, options.frames)
        for name in options.names:
            measure(name, options, home, data)
    return 0


def unequal(out: Path, sequences: int, frames: int) -> Path:
    """A generated LasHeR whose sequences are cut to different lengths."""
    if out.exists():
        return out
    write("LasHeR", out, sequences=sequences, frames=frames, size=(320, 240), seed=3)
    rng = np.random.default_rng(3)
    for folder in sorted(path.parent for path in out.rglob("init.txt")):
        length = int(rng.integers(frames // 3, frames + 1))
        for part in ("visible", "infrared"):
            for image in sorted((folder / part).iterdir())[length:]:
                image.unlink()
        for text in (*folder.glob("*.txt"), out / f"annos/{folder.name}.txt"):
            text.write_text("".join(text.read_text().splitlines(keepends=True)[:length]))
    return out


def measure(name: str, options: argparse.Namespace, home: Path, data: Path) -> None:
    """Print a line for each batch size."""
    speeds: dict[int, float] = {}
    truth = rgbtbench.load("LasHeR", data)
    results = {}
    for batch in options.batches:
        text = f"{{use: {name}, label: K{batch}, preset: {options.preset}, batch: {batch}{UNTRAINED[options.preset]}}}"
        path = home / f"{name}-{batch}.yaml"
        path.write_text(f"datasets: {{LasHeR: {data}}}\ntrackers:\n- {text}\n")
        [run] = make_plan(load_experiment(path), home / f"runs-{name}")
        run.choose(retry_failed=False, force=True)
        with contextlib.redirect_stderr(io.StringIO()):
            prepare(run, "r", 120)
        start = time.perf_counter()
        run_lane(Job(make_units([run]), 0, 3600, "r"), Device("cpu"))
        taken = time.perf_counter() - start
        run.refresh()
        assert not run.missing(), run.missing()
        speeds[batch] = int(truth.lengths.sum()) / taken
        results[f"K{batch}"] = run.folder.path
        ratio, alone = speeds[batch] / speeds[options.batches[0]], trunk(name, options.preset, batch)
        print(f"{name} ({options.preset}), K = {batch}: {speeds[batch]:.1f} frames/s, {ratio:.2f} times the first; "
              f"trunk alone {alone:.1f} frames/s; peak of memory so far {peak():.0f} MB", flush=True)  # fmt: skip
    evaluation = rgbtbench.evaluate(truth, results)
    for one in evaluation.measures:
        values = evaluation.score(one.name).items()
        print(f"{name}, {one.name}: {', '.join(f'{label} {value:.2f}' for label, value in values)}")


def peak() -> float:
    """Most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


UNTRAINED = {"nano": "", "paper": ", params: {untrained: true, online: {not_found: 0.0, second_look: 0.0}}"}


def trunk(name: str, preset: str, batch: int) -> float:
    """Frames a second of the network's trunks alone on crops of its size, as many at once."""
    tracker = TRACKERS.create(name, preset=preset, untrained=True)
    size = tracker.online.p.crop
    image = torch.rand(batch, 3, size, size).to(memory_format=torch.channels_last)
    spent = []
    with torch.no_grad():
        for _ in range(max(4, 48 // batch)):
            start = time.perf_counter()
            tracker.network.look(image, image)
            spent.append((time.perf_counter() - start) / batch)
    return 1 / float(np.median(spent))


if __name__ == "__main__":
    raise SystemExit(main())
