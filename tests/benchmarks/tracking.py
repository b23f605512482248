"""How fast the networks track and where a frame's time goes: ``python -m tests.benchmarks.tracking --preset nano``.

Ratios in one run: student over teacher, a frame over its floor (the trunk alone on both modalities), the share outside
the networks, bfloat16 over float32, PrRoI pooling over sampling. Weights are random, so boxes mean nothing; speed does.
``--frames 10000`` adds resident memory over a long sequence. Writes nothing without ``--out FILE.csv``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rgbtbench.core import identity
from rgbtbench.core.types import Frame
from rgbtbench.running.cost import Request, clip, resident, synchronise
from rgbtbench.trackers import TRACKERS
from rgbtbench.trackers.networks.prpool import prpool

NETWORK = ("trunk", "fusion", "heads")  # stages that are forwards of the network; all else is the online tracker
SAMPLES = 20  # of sampled RoIAlign, a side of each bin
Row = tuple[str, float, str]  # quantity, value, conditions


def start(name: str, options: argparse.Namespace, precision: str = "fp32") -> tuple[Any, list[Frame]]:
    """A tracker on its first frame, and the frames that follow."""
    frames, box = clip(Request(name, frames=options.measured, warmup=0))
    torch.manual_seed(0)
    np.random.seed(0)
    seen = {"untrained": True, "online": {"not_found": 0.0}}  # a frame without its target would cost less
    tracker = TRACKERS.create(name, preset=options.preset, device=options.device, precision=precision, **seen)
    tracker.init(frames[0], box)
    return tracker, frames[1:]


def seconds(call: Callable[[], object]) -> float:
    """Of one call, the GPU's work included."""
    synchronise()
    begin = time.perf_counter()
    call()
    synchronise()
    return time.perf_counter() - begin


def alternating(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call; they take turns, so that a busy machine is busy for all."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for k in range(rounds + 3):
        for name, call in calls.items():
            taken = seconds(call)
            if k >= 3:  # warm
                spent[name].append(taken)
    return {name: float(np.median(values)) for name, values in spent.items()}


def updates(tracker: Any, frames: list[Frame]) -> Callable[[], object]:
    """A call that tracks one more frame, there and back for ever."""
    there_and_back = cycle([*frames, *frames[-2:0:-1]])
    return lambda: tracker.update(next(there_and_back))


def ratios(options: argparse.Namespace) -> Iterator[Row]:
    """Student over teacher, float32 over bfloat16, and each frame over its trunk."""
    chosen = {f"{name} {p}": (name, p) for name in ("cmd-teacher", "cmd-student") for p in options.precisions}
    calls: dict[str, Callable[[], object]] = {}
    for label, (name, precision) in chosen.items():
        tracker, frames = start(name, options, precision)
        calls[label] = updates(tracker, frames)
        calls[f"{label} floor"] = trunk_alone(tracker, frames[0])
    found = alternating(calls, options.rounds)
    for label in chosen:
        yield f"{label}: fps", 1 / found[label], f"median frame {found[label] * 1e3:.1f} ms"
        floor = found[f"{label} floor"]
        yield (
            f"{label}: frame over its floor",
            found[label] / floor,
            f"trunk alone, both modalities: {floor * 1e3:.1f} ms",
        )
    for precision in options.precisions:
        value = found[f"cmd-teacher {precision}"] / found[f"cmd-student {precision}"]
        yield f"student over teacher, {precision}: fps", value, "the paper, on a GTX 1080 Ti: 30 / 18 = 1.67"
    for name in ("cmd-teacher", "cmd-student"):
        for precision in options.precisions[1:]:
            value = found[f"{name} fp32"] / found[f"{name} {precision}"]
            yield f"{name}: {precision} over fp32, fps", value, ""


def trunk_alone(tracker: Any, frame: Frame) -> Callable[[], object]:
    """A call of the trunks on the very tensors that one update gives them."""
    seen: list[tuple[Any, Tensor]] = []
    hooks = [
        trunk.register_forward_pre_hook(lambda module, given: seen.append((module, given[0].detach().clone())))
        for trunk in tracker.network.trunks.values()
    ]
    tracker.update(frame)
    for hook in hooks:
        hook.remove()
    if not seen:
        raise SystemExit("no trunk was called: is the network compiled, or called by another method?")

    def forward() -> None:
        with torch.inference_mode():
            for trunk, given in seen:
                trunk(given)

    return forward


def breakdown(name: str, options: argparse.Namespace) -> Iterator[Row]:
    """Stages as shares of a frame; what no stage claims counts as online."""
    tracker, frames = start(name, options)
    for frame in frames[:3]:
        tracker.update(frame)
    with tracker.timed() as stages:
        total = seconds(lambda: [tracker.update(frame) for frame in frames[3:]])
    count = len(frames) - 3
    for stage, spent in stages.items():
        yield f"{name}: {stage}, ms a frame", spent / count * 1e3, f"{spent / total:.1%} of the frame"
    unclaimed = total - sum(stages.values())
    yield f"{name}: no stage, ms a frame", unclaimed / count * 1e3, f"{unclaimed / total:.1%} of the frame"
    forwards = sum(stages.get(stage, 0.0) for stage in NETWORK)
    yield f"{name}: online share", 1 - forwards / total, f"all but {', '.join(NETWORK)}; aim: under 0.35 on CPU"


def precision_changes(name: str, options: argparse.Namespace) -> Iterator[Row]:
    """How far a clip's boxes and scores move from those of float32."""
    answers = {}
    for precision in options.precisions:
        tracker, frames = start(name, options, precision)
        answers[precision] = [_answer(tracker.update(frame)) for frame in frames]
    exact = np.array(answers["fp32"])
    for precision in options.precisions[1:]:
        change = np.abs(np.array(answers[precision]) - exact).max(axis=0)
        yield f"{name}: largest change of a box by {precision}, pixels", change[:4].max(), f"{len(exact)} frames"
        yield f"{name}: largest change of a score by {precision}", change[4], f"{len(exact)} frames, random weights"


def _answer(answer: Any) -> list[float]:
    box, score = answer if isinstance(answer, tuple) else (answer, np.nan)
    return [*map(float, box), float(score)]


def pooling(options: argparse.Namespace) -> Iterator[Row]:
    """PrRoI pooling as two matrix products beside what one would write first, all against the exact integral."""
    torch.manual_seed(0)
    features = torch.randn(1, 256, 36, 36, device=options.device)
    boxes = (torch.rand(1, 10, 4) * 100 + torch.tensor([20.0, 20, 40, 40])).to(options.device)
    ours = {
        "prpool": lambda: prpool(features, boxes, 5, 1 / 8),
        "sampled RoIAlign": lambda: sampled(features, boxes, 5, 1 / 8),
        "naive loop": lambda: naive(features, boxes, 5, 1 / 8),
    }
    truth = exact_pooling(features.double(), boxes.double(), 5, 1 / 8)
    found = alternating(ours, 5)
    of = "256 x 36 x 36, 10 boxes, 5 x 5 bins"
    for label, call in ours.items():
        error = (call().double() - truth).abs().max().item()
        yield f"{label}: largest error", error, f"{of}; largest value {truth.abs().max():.2f}"
    for label in list(ours)[1:]:
        sampling = f"{SAMPLES} x {SAMPLES} samples a bin"
        yield f"{label} over prpool, time", found[label] / found["prpool"], f"{of}; {sampling}"
    yield "prpool, ms", found["prpool"] * 1e3, of


def _edges(boxes: Tensor, size: int, scale: float) -> tuple[Tensor, Tensor]:
    """Edges (P, size + 1) of the bins along x and y, in cells."""
    low, length = boxes[0, :, :2] * scale, boxes[0, :, 2:] * scale
    steps = torch.linspace(0, 1, size + 1, device=boxes.device, dtype=boxes.dtype)
    edges = low[..., None] + length[..., None] * steps
    return edges[:, 0], edges[:, 1]


def _bilinear(features: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Features (1, C, H, W) at points (h, w) in cells, zero outside: (C, h, w)."""
    size = torch.tensor(features.shape[:1:-1], device=features.device, dtype=features.dtype)
    grid = torch.stack([x, y], dim=-1) * 2 / (size - 1) - 1
    return F.grid_sample(features, grid[None], align_corners=True, padding_mode="zeros")[0]


def sampled(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """RoIAlign with SAMPLES x SAMPLES points a bin, all boxes at once."""
    count = size * SAMPLES
    steps = (torch.arange(count, device=boxes.device, dtype=boxes.dtype) + 0.5) / count
    low, length = boxes[0, :, :2] * scale, boxes[0, :, 2:] * scale
    x, y = (low[:, k, None] + length[:, k, None] * steps for k in (0, 1))
    rows = _bilinear(
        features, x[:, None].expand(-1, count, -1).flatten(0, 1), y[..., None].expand(-1, -1, count).flatten(0, 1)
    )
    return F.avg_pool2d(rows.unflatten(1, (-1, count)).transpose(0, 1), SAMPLES)[None]


def naive(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """A loop over boxes and bins, the midpoint rule in each."""
    return _each_bin(features, boxes, size, scale, lambda low, high: _midpoints(torch.linspace(low, high, SAMPLES + 1)))


def exact_pooling(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """The integral itself: between whole cells the map is bilinear, where the midpoint rule has no error."""

    def pieces(low: float, high: float) -> tuple[Tensor, Tensor]:
        whole = torch.arange(np.ceil(low), np.floor(high) + 1, dtype=torch.float64)
        ends = torch.tensor([low, high], dtype=torch.float64)
        return _midpoints(torch.cat([ends, whole]).unique())

    return _each_bin(features, boxes, size, scale, pieces)


def _midpoints(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Middles of the pieces between edges, and the pieces' share of the whole."""
    return (edges[1:] + edges[:-1]) / 2, edges.diff() / (edges[-1] - edges[0])


def _each_bin(
    features: Tensor, boxes: Tensor, size: int, scale: float, rule: Callable[[float, float], tuple[Tensor, Tensor]]
) -> Tensor:
    across, down = _edges(boxes, size, scale)
    out = features.new_empty(1, boxes.shape[1], features.shape[1], size, size)
    for p in range(boxes.shape[1]):
        for row in range(size):
            for column in range(size):
                y, wy = (t.to(features) for t in rule(down[p, row].item(), down[p, row + 1].item()))
                x, wx = (t.to(features) for t in rule(across[p, column].item(), across[p, column + 1].item()))
                values = _bilinear(features, x.expand(len(y), -1), y[:, None].expand(-1, len(x)))
                out[0, p, :, row, column] = torch.einsum("chw,h,w->c", values, wy, wx)
    return out


def long_sequence(name: str, options: argparse.Namespace) -> Iterator[Row]:
    """Resident memory at a tenth and at the end of a long sequence of repeated frames."""
    tracker, frames = start(name, options)
    early = max(1, options.frames // 10)
    for k, frame in enumerate(islice(cycle([*frames, *frames[-2:0:-1]]), options.frames), 1):
        tracker.update(frame)
        if k == early:
            before = resident()[0]
    after = resident()[0]
    yield f"{name}: resident memory, MB", after, f"after {options.frames} frames"
    yield f"{name}: growth, MB", after - before, f"from frame {early} to {options.frames}"


def main() -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=("paper", "nano"), default="paper")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", default="fp32,bf16", type=lambda text: text.split(","), help="fp32 first")
    parser.add_argument("--measured", type=int, default=40, help="frames of each clip")
    parser.add_argument("--rounds", type=int, default=15, help="frames timed of each tracker in turns")
    parser.add_argument("--frames", type=int, default=0, help="of the long sequence; 0: none")
    parser.add_argument("--only", choices=("ratios", "stages", "precision", "pooling", "memory"), action="append")
    parser.add_argument("--out", type=Path, metavar="FILE.csv")
    options = parser.parse_args()
    parts: dict[str, list[Callable[[], Iterator[Row]]]] = {
        "ratios": [lambda: ratios(options)],
        "stages": [lambda: breakdown("cmd-student", options), lambda: breakdown("cmd-teacher", options)],
        "precision": [lambda: precision_changes("cmd-student", options)],
        "pooling": [lambda: pooling(options)],
        "memory": [lambda: long_sequence("cmd-student", options)] if options.frames else [],
    }
    code, machine = identity.code(), identity.machine()
    dirty = " with changes" if code["dirty"] else ""
    where = machine.get("gpus", [""])[0] if options.device != "cpu" else f"{torch.get_num_threads()} threads"
    print(f"commit {code['commit']}{dirty}; {machine['platform']}, {machine['cores']} cores, {where}; "
          f"torch {torch.__version__}; preset {options.preset}, {options.device}")  # fmt: skip
    found: list[Row] = []
    for part in options.only or parts:
        for measure in parts[part]:
            for quantity, value, conditions in measure():
                print(f"{quantity:58} {value:11.4g}  {conditions}", flush=True)
                found.append((quantity, value, conditions))
    if options.out:
        with options.out.open("w", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(("commit", "preset", "device", "quantity", "value", "conditions"))
            writer.writerows((code["commit"], options.preset, options.device, *row) for row in found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
