"""What a GPU makes of the networks, in about ten minutes: ``python -m tests.benchmarks.gpu``.

Parts, each in a process and with a time limit of its own: boxes on the CPU beside those on the GPU; FPS of one sequence
and throughput of K at once; two lanes on one GPU; TF32 and bfloat16; ``torch.compile`` of the trunks; steps of training
with peak memory; NCCL with one process. A part that fails is recorded with its reason, and the next one begins. All
goes into a CSV with the columns of results/measured/harness.csv. Exit status 1 if there is no GPU or a part failed.

``--device cpu --small`` runs the same code at nano size where there is no GPU.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from rgbtbench.core import identity
from rgbtbench.core.boxes import Array
from rgbtbench.datasets.synthetic import scene
from rgbtbench.running.cost import make_request, measure, synchronise
from rgbtbench.trackers import TRACKERS
from rgbtbench.training.ranks import Ranks

from .training import images, recipe_of

COLUMNS = ("date", "commit", "command", "quantity", "value", "conditions", "machine")
NAMES = ("cmd-teacher", "cmd-student")
PRECISIONS = {"cpu": ("fp32", "bf16"), "cuda": ("fp32", "tf32", "bf16")}
HOME = Path(__file__).parents[2]
LIMIT = 300.0  # seconds for a part
Row = tuple[str, float, str]  # quantity, value, conditions


def parity(o: argparse.Namespace) -> Iterator[Row]:
    """Boxes of the trained small networks on generated sequences: the device's beside the CPU's."""
    count, frames = (3, 5) if o.small else (20, 60)
    clips = [scene(seed, (), frames, (320, 240)) for seed in range(count)]
    rendered, first = [list(clip) for clip in clips], np.array([clip.boxes[0] for clip in clips], float)
    for name in NAMES:
        exact = _followed(name, "cpu", "fp32", rendered, first)
        for short in PRECISIONS[o.device]:
            apart = np.abs(_followed(name, o.device, short, rendered, first) - exact).max(-1)
            of = f"nano, trained weights, {count} generated sequences of {frames} frames in lock-step"
            title = f"{name}: {o.device} {short} beside cpu fp32:"
            yield f"{title} median difference of boxes, px", float(np.median(apart)), of
            yield f"{title} largest difference of boxes, px", float(apart.max()), of
            yield f"{title} share of boxes more than 1 px apart", float((apart > 1).mean()), of


def _followed(name: str, device: str, precision: str, images: list[list[Any]], first: Array) -> Array:
    """Boxes (N - 1, S, 4)."""
    tracker = TRACKERS.create(name, preset="nano", device=device, precision=precision)
    tracker.init_many([frames[0] for frames in images], first, range(len(images)))
    return np.array([[box for box, _ in tracker.update_many(frames)] for frames in list(zip(*images, strict=True))[1:]])


def speed(o: argparse.Namespace) -> Iterator[Row]:
    """FPS of one sequence alone; throughput of K together."""
    for name in NAMES:
        yield from _speeds(name, o, "fp32", (1, 2) if o.small else (1, 2, 4, 8, 16, 32, 64))


def precision(o: argparse.Namespace) -> Iterator[Row]:
    """The same in TF32, which a CPU does not have, and bfloat16."""
    for name in NAMES[o.small :]:
        for short in PRECISIONS[o.device][1:]:
            yield from _speeds(name, o, short, (2,) if o.small else (1, 16))


def _speeds(name: str, o: argparse.Namespace, precision: str, batches: tuple[int, ...]) -> Iterator[Row]:
    request = _request(name, o, precision, batches)
    found = measure(request)
    width, height = request.size
    of = f"{request.preset}, {precision}, {width}x{height}, {request.frames} frames, random weights, learning in each"
    yield f"{name} {precision}: FPS of one sequence alone", len(found.seconds) / float(found.seconds.sum()), of
    yield f"{name} {precision}: peak memory of one sequence, MB", found.memory, of
    for size, value in found.throughput.items():
        yield f"{name} {precision}: throughput of {size} sequences together, frames/s", value, of


def _request(name: str, o: argparse.Namespace, precision: str, batches: tuple[int, ...]) -> Any:
    asked = {"preset": "nano" if o.small else "paper", "device": o.device, "precision": precision}
    size, frames, warmup = ((160, 120), 3, 1) if o.small else ((640, 480), 20, 5)
    return make_request(name, asked, frames=frames, warmup=warmup, size=size, batches=batches)


def lanes(o: argparse.Namespace) -> Iterator[Row]:
    """Two processes on one device, begun together, beside one."""
    size = 2 if o.small else 16
    for name in NAMES[o.small :]:
        request = _request(name, o, "fp32", (size,))
        alone = measure(request).throughput[size]
        with ThreadPoolExecutor(2) as pool:
            both = sum(found.throughput[size] for found in pool.map(measure, (request, request)))
        of = f"{size} sequences each; one: {alone:.1f} frames/s"
        yield f"{name}: throughput of two lanes over one", both / alone, of


def compiled(o: argparse.Namespace) -> Iterator[Row]:
    """The trunks, whose shapes never change, by ``torch.compile``; with CUDA graphs on a GPU."""
    size, mode = (2, None) if o.device == "cpu" else (16, "reduce-overhead")
    for name in NAMES[o.small :]:
        tracker = TRACKERS.create(name, preset="nano" if o.small else "paper", untrained=True, device=o.device)
        side = tracker.online.p.crop
        image = torch.rand(size, 3, side, side, device=o.device)
        faster = torch.compile(tracker.network.look, mode=mode, dynamic=False)
        with torch.no_grad():
            exact = tracker.network.look(image, image)[0].layer3.float().clone()
            begin = time.perf_counter()
            change = (faster(image, image)[0].layer3.float() - exact).abs().max() / exact.abs().max()
            taken = time.perf_counter() - begin
            plain, better = (_milliseconds(partial(look, image, image)) for look in (tracker.network.look, faster))
        of = f"{size} pairs of {side}x{side}, fp32; compiled in {taken:.0f} s"
        yield f"{name}: trunks, ms", plain, of
        yield f"{name}: trunks compiled, times as fast", plain / better, of
        yield f"{name}: trunks compiled, largest relative change", float(change), of


def _milliseconds(call: Callable[[], object], rounds: int = 10) -> float:
    spent = []
    for _ in range(rounds + 3):
        synchronise()
        begin = time.perf_counter()
        call()
        synchronise()
        spent.append(time.perf_counter() - begin)
    return float(np.median(spent[3:])) * 1e3


def training(o: argparse.Namespace) -> Iterator[Row]:
    """Steps of the teacher and of all of CMD, on noise, from random weights."""
    steps = 2 if o.small else 20
    for name in ("paper/teacher", "paper/hfrd"):
        recipe, learner, batch = _learner(name, o)
        optimiser = recipe.optimiser.make(learner.groups())
        if o.device != "cpu":
            torch.cuda.reset_peak_memory_stats()
        spent, loss = [], float("nan")
        for _ in range(steps):
            begin = time.perf_counter()
            optimiser.zero_grad(set_to_none=True)
            loss = _backward(recipe, learner, batch)
            optimiser.step()
            synchronise()
            spent.append(time.perf_counter() - begin)
        of = f"{recipe.preset}, batch {recipe.batch} in {recipe.parts} parts, {recipe.precision}, {steps} steps, noise"
        yield f"{name}: seconds a step", float(np.median(spent[1:])), of
        yield f"{name}: loss in the last step", loss, of
        if o.device != "cpu":
            yield f"{name}: peak memory, GiB", torch.cuda.max_memory_allocated() / 2**30, of


def _learner(name: str, o: argparse.Namespace) -> tuple[Any, Any, Any]:
    """A recipe, what learns, and a batch of noise."""
    recipe = recipe_of(name, ["preset=nano", "batch=2", "samples=2", "parts=1"] if o.small else [])
    device, nothing = torch.device(o.device), mock.Mock(return_value=SimpleNamespace(sha256=""))
    with mock.patch("rgbtbench.trackers.networks.weights.load", nothing):  # of a teacher that nobody trained here
        learner = recipe.family.learner(recipe, device, None)
    learner.train()
    torch.manual_seed(0)

    def filled(tensor: Tensor) -> Tensor:
        return (tensor.normal_() if tensor.dim() > 4 else tensor).to(device)

    return recipe, learner, tree_map(filled, images(recipe))


def _backward(recipe: Any, learner: Any, batch: Any) -> float:
    """Gradients of a whole batch; the loss. Raises ArithmeticError if it is not finite."""
    total = 0.0
    for share, part in recipe.family.kind.split(batch, recipe.parts):
        loss = torch.stack(list(learner(part).values())).sum() * share
        loss.backward()
        total += float(loss)
    if not np.isfinite(total):
        raise ArithmeticError(f"the loss is {total}")
    return total


def nccl(o: argparse.Namespace) -> Iterator[Row]:
    """A step through DistributedDataParallel with one process, its batch norms synchronised on a GPU."""
    backend, device = ("gloo", torch.device("cpu")) if o.device == "cpu" else ("nccl", torch.device("cuda", 0))
    with tempfile.TemporaryDirectory() as folder:
        torch.distributed.init_process_group(backend, init_method=f"file://{folder}/store", rank=0, world_size=1)
        try:
            recipe, learner, batch = _learner("paper/hfrd", o)
            alone = _backward(recipe, learner, batch), _norm(learner)
            learner.zero_grad()
            wrapped = Ranks(0, 2, device).wrap(learner, sync_batch_norm=backend == "nccl")
            together = _backward(recipe, wrapped, batch), _norm(wrapped)
            for what, before, after in zip(("loss", "gradient's norm"), alone, together, strict=True):
                change = abs(after - before) / abs(before)
                title = f"paper/hfrd: {backend}, relative change of the {what}"
                yield title, change, f"one process; {before:.6g} without"
        finally:
            torch.distributed.destroy_process_group()


def _norm(module: torch.nn.Module) -> float:
    """Of all gradients."""
    return float(torch.stack([p.grad.norm() for p in module.parameters() if p.grad is not None]).norm())


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    f.__name__: f for f in (parity, speed, precision, lanes, compiled, training, nccl)
}


def main(arguments: list[str] | None = None) -> int:
    """Measure part by part, print, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="nano size and few frames")
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="this part; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("gpu.csv"), metavar="FILE.csv", help="(default: gpu.csv)")
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)  # one part, in a process of its own
    o = parser.parse_args(arguments)
    if o.rows:
        return _one_part(o)
    if o.device == "cuda" and not torch.cuda.is_available():
        print(f"no GPU: torch {torch.__version__} finds no CUDA here. Try --device cpu --small", file=sys.stderr)
        return 1
    code, failed = identity.code(), []
    about = (datetime.date.today().isoformat(), f"{str(code['commit'])[:7]}{' with changes' if code['dirty'] else ''}")
    with o.out.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for part in o.only or PARTS:
            rows, fault = _apart(part, o)
            if fault:
                failed.append(part)
                rows.append((f"{part}: failed", "", fault))
            for quantity, value, conditions in rows:
                print(f"{quantity:70} {float(value or 'nan'):11.4g}  {conditions}", flush=True)
                command = f"python -m tests.benchmarks.gpu --device {o.device}{' --small' if o.small else ''}"
                writer.writerow((*about, command, quantity, value, conditions, _machine(o.device)))
            out.flush()
    told = f"failed: {', '.join(failed)}" if failed else "all parts done"
    print(f"{o.out}: {told}")
    return 1 if failed else 0


def _one_part(o: argparse.Namespace) -> int:
    """Write rows as they are found: what a crash leaves is kept."""
    with o.rows.open("w", newline="") as file:
        for quantity, value, conditions in PARTS[o.only[0]](o):
            csv.writer(file).writerow((quantity, f"{value:.6g}", conditions))
            file.flush()
    return 0


def _apart(part: str, o: argparse.Namespace) -> tuple[list[tuple[str, str, str]], str]:
    """Rows of a part, and why there are no more of them."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.csv")
        command = [sys.executable, "-m", "tests.benchmarks.gpu", "--device", o.device, "--only", part]
        command += ["--rows", str(rows), *(["--small"] if o.small else [])]
        options: Any = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.PIPE,
            "cwd": HOME,
        }
        with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
            try:
                told = process.communicate(timeout=LIMIT)[1].strip().splitlines() or ["no reason given"]
                fault = f"status {process.returncode}: {told[-1]}" if process.returncode else ""
            except subprocess.TimeoutExpired:
                fault = f"more than {LIMIT:g} s"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # and what it started
        found = rows.read_text() if rows.exists() else ""
    return [(a, b, c) for a, b, c in csv.reader(found.splitlines())], fault


def _machine(device: str) -> str:
    gpu = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}" if device == "cuda" else "no GPU"
    machine = identity.machine()
    about = (gpu, f"{machine['cores']} cores", machine["platform"], f"Python {machine['python']}")
    return "; ".join((*about, f"torch {torch.__version__}"))


if __name__ == "__main__":
    sys.exit(main())
