"""Weights into networks and back: all tensors fit or nothing is changed; files appear whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as pack
from torch import Tensor, nn

from rgbtbench.core.errors import ConfigError
from rgbtbench.files import atomic

from .resnet import MEAN, STD
from .weight_files import Weights, inspect_command, nonfinite, read, require_finite, some
from .weight_shapes import UNUSED, Difference, compare, shapes, trunk_stems

__all__ = ["Weights", "load", "load_trunk", "nonfinite", "read", "save"]

OURS = "RGB in [0,1], mean .485 .456 .406 std .229 .224 .225"
CAFFE = "BGR in [0,255] minus (103.939,116.779,123.68), no scaling"
INPUTS = {OURS: None, CAFFE: (123.68, 116.779, 103.939)}  # metadata ``input`` -> means to fold, as RGB
FIRST = "stride 2 on the first 1x1 conv"  # in metadata ``arch``: a Caffe ResNet-50 bare of our own key
OPTIMISER, CURRENT = "optimiser", "current"  # our key: how the network learns filters, where not as usual
STRIDES = "stride_first"  # our key: names of the trunks with that stride, '.' for the file's root


Change = Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], Mapping[str, Tensor]]


def load(module: nn.Module, path: str | Path, *, what: str, change: Change | None = None) -> Weights:
    """Copy a file's tensors into a network, converted to its dtype; ``what`` names the network in errors.

    ``num_batches_tracked`` may be missing, nothing else. ``change``: the network's tensors and the file's to those to
    copy. Raises ConfigError, the network as it was.
    """
    weights = read(path)
    own = module.state_dict()
    tensors = change(own, weights.tensors) if change else weights.tensors
    if difference := compare(shapes(own), shapes(tensors)):
        raise _misfit(weights, what, difference)
    wanted = getattr(module, "input", OURS)  # a network of another family says so
    if (own_metadata := weights.metadata.get("input", wanted)) != wanted:
        _input(weights)
        raise ConfigError(f"{what} wants another input", where=weights.path, expected=wanted, found=own_metadata)
    learns = getattr(module, OPTIMISER, CURRENT)
    if (own_metadata := weights.metadata.get(OPTIMISER, learns)) != learns:
        raise ConfigError(
            f"{what} was trained with another filter optimiser",
            where=weights.path,
            expected=learns,
            found=own_metadata,
            next=f"preset: {own_metadata}" if own_metadata.isidentifier() else None,
        )
    module.load_state_dict(tensors, strict=False)
    first = weights.metadata.get(STRIDES, "").split()
    for name, trunk in _trunks(module):
        trunk.stride_on((name or ".") in first)
    return weights


def load_trunk(trunk: Any, path: str | Path, *, stream: str | None = None) -> Weights:
    """Copy ImageNet weights with torchvision's names into a ResNet trunk; ``layer4`` and ``fc`` are ignored.

    A file of a whole network gives its trunk, of two that of ``stream``. The Caffe variant, by its metadata: its input
    (BGR, 0..255, minus means) is folded into conv1 and bn1, exact but for conv1 at the image's border, which is padded
    with our mean and not with theirs (they differ by half a grey level of 255); its stride goes by ``stride_on``.
    Raises ConfigError, the trunk as it was.
    """
    weights = read(path)
    stem = _stem(weights, stream)
    tensors = {name.removeprefix(stem): tensor for name, tensor in weights.tensors.items() if name.startswith(stem)}
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
    if difference := compare(shapes(trunk.state_dict()), shapes(tensors)):
        raise _misfit(weights, "this trunk", difference)
    if (means := _input(weights)) is not None:
        tensors |= _folded(tensors["conv1.weight"], tensors["bn1.running_mean"], means)
    trunk.load_state_dict(tensors, strict=False)
    first = weights.metadata.get(STRIDES, "." if FIRST in weights.metadata.get("arch", "") else "").split()
    trunk.stride_on((stem.removesuffix(".") or ".") in first)
    return weights


def save(path: str | Path, module: nn.Module, metadata: Mapping[str, str], *, half: bool = False) -> None:
    """Write a network as safetensors, whole or not at all, with its input and strides added to ``metadata``.

    ``half``: convolutions and linear layers as float16; norms and biases keep their precision.
    Raises ConfigError for values that are not finite (in float16, if asked for) and where nothing can be written.
    """
    path = Path(path)
    tensors = {name: _stored(tensor, half) for name, tensor in module.state_dict().items()}
    require_finite(path, tensors)
    first = " ".join(name or "." for name, trunk in _trunks(module) if _stride_first(trunk))
    about = {"input": getattr(module, "input", OURS), STRIDES: first}
    if (learns := getattr(module, OPTIMISER, CURRENT)) != CURRENT:
        about[OPTIMISER] = learns
    header, data = _packed(tensors, {**metadata, **about})
    atomic.save(path, header, data)


def _stored(tensor: Tensor, half: bool) -> Tensor:
    shrunk = half and tensor.is_floating_point() and tensor.dim() > 1
    return tensor.detach().to("cpu", torch.float16 if shrunk else tensor.dtype).contiguous()


def _packed(tensors: dict[str, Tensor], metadata: dict[str, str]) -> tuple[bytes, memoryview]:
    """Header and data; the library shuffles the metadata, and the same weights would have another hash each time."""
    packed = memoryview(pack(tensors, metadata))
    start = 8 + int.from_bytes(packed[:8], "little")
    header = json.loads(bytes(packed[8:start]))
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, packed[start:]


def _folded(conv: Tensor, running_mean: Tensor, means: tuple[float, ...]) -> dict[str, Tensor]:
    """Write W * (255 (STD x + MEAN) - means), channels reversed, as W' * x + c: c goes into bn1's mean."""
    mean, std, theirs = (torch.tensor(values, dtype=torch.float64) for values in (MEAN, STD, means))
    flipped = conv.double().flip(1)
    constant = flipped.sum((2, 3)) @ (255 * mean - theirs)
    scaled = flipped * (255 * std)[:, None, None]
    return {"conv1.weight": scaled.float(), "bn1.running_mean": (running_mean.double() - constant).float()}


def _input(weights: Weights) -> tuple[float, ...] | None:
    own = weights.metadata.get("input", OURS)
    if own not in INPUTS:
        known = " | ".join(INPUTS)
        raise ConfigError("unknown input of a network", where=weights.path, expected=known, found=ascii(own)[:200])
    return INPUTS[own]


def _stem(weights: Weights, stream: str | None) -> str:
    stems = trunk_stems(weights.tensors)
    chosen = [stem for stem in stems if stem.endswith(f"{stream}.")] if len(stems) > 1 else stems
    if len(chosen) == 1:
        return chosen[0]
    raise ConfigError(
        "which trunk?" if stems else "no ResNet in this file",
        where=weights.path,
        expected="torchvision's names: conv1.weight, layer1.0.conv1.weight, ..., one trunk or the stream's name",
        found=some(stems or list(weights.tensors)),
        next=inspect_command(weights.path),
    )


def _misfit(weights: Weights, what: str, difference: Difference) -> ConfigError:
    from rgbtbench.trackers.models import fits

    fitting = [f"{fit.model} ({fit.preset}{'' if fit.verdict == 'complete' else ', ' + fit.verdict})"
               for fit in fits(weights.tensors) if fit]  # fmt: skip
    return ConfigError(
        f"these weights do not fit {what}",
        where=weights.path,
        found=f"{difference}; they fit {some(fitting) or 'no registered model'}",
        next=inspect_command(weights.path),
    )


def _trunks(module: nn.Module) -> list[tuple[str, Any]]:
    return [(name, part) for name, part in module.named_modules() if hasattr(part, "stride_on")]


def _stride_first(trunk: Any) -> bool:
    block = trunk.layer2[0]
    return hasattr(block, "conv3") and block.conv1.stride[0] == 2
