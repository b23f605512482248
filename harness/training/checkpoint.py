"""Checkpoints of a training: one safetensors file with tensors, and JSON for the rest in its metadata. No pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as pack
from torch import Tensor, nn

from rgbtbench.core.errors import TrainingError
from rgbtbench.files import atomic
from rgbtbench.trackers.networks.weight_files import read, require_finite

from .muon import moves_by_muon

FORMAT = 1
NAME = "checkpoint.safetensors"
ADAM, SGD = ("step", "exp_avg", "exp_avg_sq"), ("momentum_buffer",)  # what an optimiser remembers of a parameter


@dataclass(slots=True)
class State:
    """How far a training is: ``step`` steps done; ``sums`` of this epoch's terms so far; ``history`` of all epochs."""

    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0  # in this epoch
    waited: float = 0.0  # of them, for data
    norms: dict[str, float] = field(default_factory=dict)  # gradient norms when this epoch began
    history: list[dict[str, Any]] = field(default_factory=list)
    code: dict[str, Any] = field(default_factory=dict)  # that took the last step


def save(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, state: State, recipe: str) -> None:
    """Write all of it or nothing. ``recipe``: digest of what may change a weight.

    Raises ConfigError, the file that was there whole, for values that are not finite and where nothing can be written.
    """
    tensors = {f"module/{name}": tensor for name, tensor in module.state_dict().items()}
    for name, parameter in module.named_parameters():
        for moment, tensor in optimiser.state.get(parameter, {}).items():
            tensors[f"{_kind(optimiser)}/{moment}/{name}"] = tensor
    legacy: Any = np.random.get_state()
    kind, keys, position, *rest = legacy
    tensors |= {"random/torch": torch.get_rng_state(), "random/numpy": torch.from_numpy(keys.astype(np.int64))}
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    require_finite(path, stored)
    about = {"format": FORMAT, "recipe": recipe, "numpy": [kind, position, *rest], **asdict(state)}
    atomic.save(path, pack(stored, {"checkpoint": json.dumps(about)}))


def resume(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, recipe: str) -> State:
    """Put everything back as it was when the file was written.

    Raises ConfigError for a damaged file; TrainingError for one of another recipe or of another format.
    """
    tensors, about = _read(path)
    if about["recipe"] != recipe:
        raise TrainingError(
            "this folder holds the checkpoint of another recipe",
            where=path,
            expected=f"recipe {recipe[:12]}",
            found=f"recipe {about['recipe'][:12]}, {about['step']} steps done",
            next="--out DIR for another folder, or --fresh to start again here",
        )
    own = module.state_dict()
    expected = {f"module/{name}": tensor.shape for name, tensor in own.items()}
    kind = _kind(optimiser)
    known = [(name, parameter, _moments(kind, parameter)) for name, parameter in module.named_parameters()]
    learnt = [(n, p, moments) for n, p, moments in known if f"{kind}/{moments[0]}/{n}" in tensors]  # had gradients
    for name, parameter, moments in learnt:
        shapes = {moment: torch.Size() if moment == "step" else parameter.shape for moment in moments}
        expected |= {f"{kind}/{moment}/{name}": shape for moment, shape in shapes.items()}
    expected |= {"random/torch": torch.get_rng_state().shape, "random/numpy": torch.Size([624])}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise _damaged(path, "other tensors than this recipe's")
    module.load_state_dict({name: tensors[f"module/{name}"] for name in own})
    for name, parameter, moments in learnt:
        stored = {moment: tensors[f"{kind}/{moment}/{name}"] for moment in moments}
        optimiser.state[parameter] = {
            moment: tensor.clone() if moment == "step" else torch.empty_like(parameter).copy_(tensor).detach()
            for moment, tensor in stored.items()
        }  # in the parameter's own memory format: the same arithmetic in the same order
    generator, position, *rest = about["numpy"]
    torch.set_rng_state(tensors["random/torch"].clone())
    np.random.set_state((generator, tensors["random/numpy"].numpy().astype(np.uint32), position, *rest))
    return State(**{name: about[name] for name in State.__slots__})


def _kind(optimiser: torch.optim.Optimizer) -> str:
    return type(optimiser).__name__.lower()


def _moments(kind: str, parameter: Tensor) -> tuple[str, ...]:
    return SGD if kind == "sgd" or (kind == "muon" and moves_by_muon(parameter)) else ADAM


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    weights = read(path)
    try:
        about = json.loads(weights.metadata["checkpoint"])
        sound = isinstance(about, dict) and set(about) == {"format", "recipe", "numpy", *State.__slots__}
    except (KeyError, ValueError, RecursionError):
        sound = False
    if not sound or not isinstance(about["recipe"], str) or not isinstance(about["step"], int):
        raise _damaged(path, "no account of a training in it")
    return weights.tensors, about


def _damaged(path: Path, found: str) -> TrainingError:
    return TrainingError("not a checkpoint that can go on", where=path, found=found, next="--fresh to start again here")
