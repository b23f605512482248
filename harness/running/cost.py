"""What a tracker costs: parameters, FLOPs, memory, latency. Each is measured alone, in a fresh process of its own.

Latency and FPS are those of one sequence alone; ``throughput`` is of several at once.
"""

from __future__ import annotations

import inspect
import multiprocessing
import os
import platform
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rgbtbench.core import identity
from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import BenchError, ConfigError, TrackerError, not_installed
from rgbtbench.core.messages import describe, portable
from rgbtbench.core.processes import cores
from rgbtbench.core.types import Frame

from .throughput import frames_a_second
from .track import seed_all

RENDERED = 100  # frames held in memory; a longer measurement walks them there and back


@dataclass(frozen=True, slots=True)
class Request:
    """One tracker to measure. ``options`` go to its constructor; ``size`` is width, height of the frames in pixels.

    ``batches``: how many sequences at once, for its throughput; none: not measured.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    preset: str = ""  # '' where the tracker has none
    precision: str = ""
    frames: int = 60
    warmup: int = 10
    size: tuple[int, int] = (640, 480)  # most of LasHeR
    seed: int = 0
    batches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` (N,) of each ``update`` after warm-up, no decoding. None and NaN: not known.

    ``gflops`` of one ``update`` by torch's counter (convolutions and matrix products; a multiply-add is 2).
    ``memory`` in MB: on a GPU torch's peak allocation; else the process's peak less what it held before the tracker was
    made (interpreter, libraries, frames). ``hardware`` is what explains speed, ``machine`` all of
    ``identity.machine()``. ``throughput``: frames a second of so many sequences at once, of all together.
    """

    params_paper: int | None
    params_active: int | None
    seconds: Array
    gflops: float
    memory: float
    device: str
    hardware: dict[str, Any]
    machine: dict[str, Any]
    throughput: Mapping[int, float] = field(default_factory=dict)


def make_request(name: str, asked: Mapping[str, Any], **conditions: Any) -> Request:
    """Check what was asked (``preset``, ``precision``, ``device``, ``weights``, ``trunk``; None: not asked).

    Raises ConfigError for an unknown tracker, a missing torch, or an option that this tracker does not have. A tracker
    without ``device`` runs where it always does.
    """
    from rgbtbench.trackers import TRACKERS

    accepted = _parameters(name)
    for option, value in asked.items():
        if value is not None and option not in accepted and option != "device":
            raise ConfigError(f"tracker {name!r} has no {option}", found=f"--{option} {value}", next="leave it out")
    options = {option: value for option, value in asked.items() if value is not None and option in accepted}
    usual = {option: accepted[option] for option in ("preset", "precision") if isinstance(accepted.get(option), str)}
    chosen = usual | options
    if "untrained" in accepted and "weights" not in options:
        factory = TRACKERS.get(name)
        online = getattr(getattr(factory, "func", factory), "untrained_online", {})  # of a class, or its partial
        options |= {"untrained": True} | ({"online": dict(online)} if online else {})
    return Request(name, options, str(chosen.get("preset", "")), str(chosen.get("precision", "")), **conditions)


def check_device(device: str) -> None:
    """Raise ConfigError for a device that is not here."""
    if device == "cpu":
        return
    try:
        import torch
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    count = torch.cuda.device_count()
    here = ["cpu", *(["cuda"] if count else []), *(f"cuda:{k}" for k in range(count))]
    if device not in here:
        raise ConfigError(f"no device {device!r} here", expected=", ".join(here), found=f"torch {torch.__version__}")


def count_parameters(request: Request) -> tuple[int | None, int | None]:
    """Parameters as the paper counts them and those in use; no weights are made for our networks."""
    from rgbtbench.trackers import TRACKERS

    if sys.modules.get("torch"):  # else the tracker, loaded by make_request, is no network of ours
        from rgbtbench.trackers.models import models

        known = {name.lower(): name for name in models()}
        if name := known.get(request.name.lower()):
            return _count_weightless(name, request.preset)
    return _params(TRACKERS.create(request.name, **request.options))


def _count_weightless(name: str, preset: str) -> tuple[int, int]:
    """Build without drawing weights: memory that is never written is never taken."""
    from torch.overrides import TorchFunctionMode

    from rgbtbench.trackers.models import build

    class Undrawn(TorchFunctionMode):  # not the meta device: arithmetic on it loads torch's compiler, 2 s
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if getattr(func, "__name__", "").endswith(("normal_", "uniform_")):  # a tensor's or torch.nn.init's
                return args[0] if args else kwargs["tensor"]
            return func(*args, **kwargs)

    with Undrawn():
        network = build(name, preset)
    return network.params_paper, network.params_active


def measure(request: Request) -> Measured:
    """Measure in a fresh process. Raises TrackerError or the tracker's own BenchError."""
    context = multiprocessing.get_context("spawn")
    inbox, outbox = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(request, outbox))
    process.start()
    outbox.close()
    try:
        answer = inbox.recv()
        process.join(5.0)
    except EOFError:
        process.join()
        code = process.exitcode or 0
        ended = signal.Signals(-code).name if code < 0 else f"status {code}"
        raise TrackerError(f"{request.name} ended its process ({ended})") from None
    finally:
        inbox.close()
        process.kill()
        process.join()
    if isinstance(answer, BenchError):
        raise answer
    measured: Measured = answer
    return measured


def _child(request: Request, outbox: Connection) -> None:
    os.dup2(2, 1)  # a tracker's chatter is not data
    try:
        outbox.send(_measure(request))
    except BenchError as error:
        outbox.send(portable(error))
    except (Exception, SystemExit) as reason:
        import traceback

        last = traceback.extract_tb(reason.__traceback__)[-1]
        what = f"{request.name} failed: {describe(reason)}"
        outbox.send(TrackerError(what, where=f"{last.filename}:{last.lineno}"))
    except KeyboardInterrupt:
        os._exit(130)


def _measure(request: Request) -> Measured:
    from rgbtbench.trackers import TRACKERS

    TRACKERS.get(request.name)  # its libraries are not its memory
    frames, box = clip(request)
    with suppress(OSError):  # Linux: the peak starts anew
        Path("/proc/self/clear_refs").write_text("5")
    before, _ = resident()
    seed_all(request.seed, "")
    tracker = TRACKERS.create(request.name, **request.options)
    tracker.init(frames[0], box.copy())
    synchronise()
    seconds = np.empty(len(frames) - 2)
    for k, frame in enumerate(frames[1:-1]):
        start = perf_counter()
        tracker.update(frame)
        synchronise()
        seconds[k] = perf_counter() - start
    cuda = _cuda()
    device = request.options.get("device", "cuda" if cuda else "cpu")
    memory = cuda.max_memory_allocated(device) / 1e6 if cuda and device != "cpu" else resident()[1] - before
    gflops = _gflops(tracker, frames[-1])
    measured = Measured(
        *_params(tracker), seconds[request.warmup :], gflops, memory, device, _hardware(device), identity.machine()
    )
    if close := getattr(tracker, "close", None):
        close()
    if not request.batches:
        return measured
    del tracker
    seed_all(request.seed, "")
    tracker, scene = TRACKERS.create(request.name, **request.options), rendered(request)
    lane = partial(frames_a_second, clip=scene[0], boxes=scene[1], turns=request.frames, warmup=request.warmup)
    return replace(measured, throughput={size: lane(tracker, size, wait=synchronise) for size in request.batches})


def clip(request: Request) -> tuple[list[Frame], Array]:
    """The generated frames for ``init``, warm-up, timing and FLOPs, in memory, and the first box."""
    frames, boxes = rendered(request)
    last = len(frames) - 1
    turns = (last - abs(k % (2 * last) - last) for k in range(request.warmup + request.frames + 2))
    return [replace(frames[at], index=k) for k, at in enumerate(turns)], boxes[0]


def rendered(request: Request) -> tuple[list[Frame], Array]:
    """The frames that a measurement walks there and back, and their boxes."""
    from rgbtbench.datasets.synthetic import scene

    generated = scene(request.seed, (), min(request.warmup + request.frames + 2, RENDERED), request.size)
    return list(generated), generated.boxes


def resident() -> tuple[float, float]:
    """Resident memory of this process in MB, now and at its peak; NaN where there is no ``/proc``."""
    try:
        sizes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M))
    except OSError:
        sizes = {}
    return float(sizes.get("VmRSS", "nan")) * 1024 / 1e6, float(sizes.get("VmHWM", "nan")) * 1024 / 1e6


def synchronise() -> None:
    """Wait until the GPU, if this process uses one, has done what it was told."""
    if cuda := _cuda():
        cuda.synchronize()


def _cuda() -> Any:
    torch = sys.modules.get("torch")  # never imported for this
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def _gflops(tracker: Any, frame: Frame) -> float:
    if not sys.modules.get("torch"):
        return np.nan
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        tracker.update(frame)
    return counter.get_total_flops() / 1e9 or np.nan  # none counted (a captured graph, NumPy) is not none done


def _params(tracker: Any) -> tuple[int | None, int | None]:
    params = getattr(tracker, "params", None)
    counts = params if isinstance(params, Mapping) else {}
    return counts.get("params_paper"), counts.get("params_active")


def _parameters(name: str) -> dict[str, Any]:
    """The constructor's parameters with their defaults."""
    from rgbtbench.trackers import TRACKERS

    factory = TRACKERS.get(name)
    try:
        return {key: parameter.default for key, parameter in inspect.signature(factory).parameters.items()}
    except (TypeError, ValueError):
        return {}


def _hardware(device: str) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "threads": torch.get_num_threads() if torch else None,
        "gpu": torch.cuda.get_device_name(device) if torch and device.startswith("cuda") else None,
        "torch": torch.__version__ if torch else None,
    }


def _cpu() -> str:
    with suppress(OSError):
        if model := re.search(r"^model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(), re.M):
            return model[1]
    return platform.processor() or platform.machine()
