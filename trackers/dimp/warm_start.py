"""Start a network of several trunks from a DiMP that sees RGB alone, as mfDiMP's authors did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from rgbtbench.trackers.networks.weight_files import Weights
from rgbtbench.trackers.networks.weight_shapes import trunk_stems
from rgbtbench.trackers.networks.weights import STRIDES, load

from .network import Network

RGB = "trunks.rgb."
OWN = ("fusion.", "classifier.optimiser.")  # what may start anew: DiMP has no fusion, and perhaps other distance bins


def start(network: Network, path: str | Path, *, what: str) -> Weights:
    """Copy weights to train on: the whole network's, or a DiMP's, each trunk then starting as its only one.

    Where the network sees k times the channels, kernels are repeated k times along them. Raises ConfigError, the
    network as it was.
    """
    weights = load(network, path, what=what, change=_widened)
    if trunk_stems(weights.tensors) == [RGB]:
        trunks: Iterable[Any] = network.trunks.values()
        for trunk in trunks:
            trunk.stride_on(RGB[:-1] in weights.metadata.get(STRIDES, "").split())
    return weights


def _widened(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """What ``given`` becomes in a network of started ``own``; names and shapes that do not fit stay as they are."""
    stems = trunk_stems(own)
    if trunk_stems(given) != [RGB] or stems == [RGB]:
        return given
    started = {name: tensor for name, tensor in given.items() if not name.startswith(RGB)}
    started |= {stem + name.removeprefix(RGB): t for stem in stems for name, t in given.items() if name.startswith(RGB)}
    for name, tensor in own.items():
        if name.startswith(OWN) and (name not in started or started[name].shape != tensor.shape):
            started[name] = tensor
        elif (
            name in started
            and started[name].dim() == tensor.dim() == 4
            and tensor.shape[1] % started[name].shape[1] == 0
        ):
            started[name] = started[name].repeat(1, tensor.shape[1] // started[name].shape[1], 1, 1)
    return started
