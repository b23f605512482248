"""Every network of both families by name, and which of them a file's tensors fit; needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from .networks.weight_shapes import UNUSED, Shape, compare, shapes, trunk_stems, within

FAMILIES = ("crossmodal", "mdnet")  # folders beside this file: each lists its networks in models.py


@cache
def _family(name: str) -> Any:
    # By name, as the registry of trackers does: networks load their weights by functions that ask this module.
    return import_module(f"{__package__}.{name}.models")


@cache
def models() -> Mapping[str, Mapping[str, Any]]:
    """Every network by name, and its presets."""
    return {name: presets for family in FAMILIES for name, presets in _family(family).MODELS.items()}


def build(name: str, preset: str = "paper") -> Any:
    """A network with random weights, in training mode. Raises ConfigError for an unknown name or preset."""
    home = next((family for family in FAMILIES if name in _family(family).MODELS), FAMILIES[0])
    return _family(home).build(name, preset)


@dataclass(frozen=True, slots=True)
class Fit:
    """How tensors fit one registered network: ``verdict`` is complete, trunk only, or counts of what differs."""

    model: str
    preset: str
    verdict: str
    missing: int
    unexpected: int
    misshapen: int

    def __bool__(self) -> bool:
        return self.verdict in ("complete", "trunk only")


def fits(tensors: Mapping[str, Tensor], optimiser: str | None = None) -> list[Fit]:
    """Try every registered model and preset, built without memory; the best fit comes first.

    ``optimiser`` is the filter optimiser that the tensors were trained with, where that is known.
    """
    given = shapes(tensors)
    trunk = {name: shape for name, shape in given.items() if not name.startswith(UNUSED)}
    tried = []
    for model, presets in models().items():
        for preset in presets:
            expected, learns = expected_shapes(model, preset)
            difference = compare(expected, given)
            verdict = ", ".join(f"{len(names):,} {kind}" for kind, names in difference.kinds().items()) or "complete"
            if not difference and optimiser not in (None, learns):
                verdict = "complete, but for another filter optimiser"
            if any(not compare(within(expected, stem), trunk) for stem in trunk_stems(expected)):
                verdict = "trunk only"
            counts = (len(difference.missing), len(difference.unexpected), len(difference.misshapen))
            tried.append(Fit(model, preset, verdict, *counts))
    return sorted(tried, key=lambda fit: (not fit, fit.missing + fit.unexpected + fit.misshapen))


@cache
def expected_shapes(model: str, preset: str) -> tuple[dict[str, Shape], str | None]:
    """Shapes of a network's tensors, and how it learns filters."""
    with torch.device("meta"):
        network = build(model, preset)
    return shapes(network.state_dict()), getattr(network, "optimiser", None)
