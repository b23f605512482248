"""Which network a file's tensors belong to, by names and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from .weight_files import some

COUNTER = "num_batches_tracked"  # of no use at a fixed momentum; older files lack it
UNUSED = ("layer4.", "fc.")  # of an ImageNet ResNet: no tracker here uses them


@dataclass(frozen=True, slots=True)
class Shape:
    """What a name must stand for."""

    sizes: tuple[int, ...]
    floating: bool

    def __str__(self) -> str:
        return f"{'float' if self.floating else 'integer'} {list(self.sizes)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Names in which tensors differ from what a network has; all empty: they fit."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]  # each with its shape and the network's

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.misshapen)

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """``missing``, ``unexpected`` and ``misshapen``, without those that are empty."""
        kinds = {"missing": self.missing, "unexpected": self.unexpected, "misshapen": self.misshapen}
        return {kind: names for kind, names in kinds.items() if names}

    def __str__(self) -> str:
        return "; ".join(f"{len(names):,} {kind} ({some(list(names))})" for kind, names in self.kinds().items())


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


def shapes(state: Mapping[str, Tensor]) -> dict[str, Shape]:
    """The shape of each tensor."""
    return {name: Shape(tuple(tensor.shape), tensor.is_floating_point()) for name, tensor in state.items()}


def compare(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> Difference:
    """What a network lacks and what it does not know."""
    return Difference(
        tuple(name for name in expected if name not in found and not name.endswith(COUNTER)),
        tuple(name for name in found if name not in expected),
        tuple(f"{n}: {found[n]} for {e}" for n, e in expected.items() if n in found and found[n] != e),
    )


def fits(tensors: Mapping[str, Tensor], optimiser: str | None = None) -> list[Fit]:
    """Try every registered model and preset, built without memory; the best fit comes first.

    ``optimiser`` is the filter optimiser that the tensors were trained with, where that is known.
    """
    from rgbtbench.trackers.networks import MODELS

    found = shapes(tensors)
    trunk = {name: shape for name, shape in found.items() if not name.startswith(UNUSED)}
    tried = []
    for model, presets in MODELS.items():
        for preset in presets:
            expected, learns = expected_shapes(model, preset)
            difference = compare(expected, found)
            verdict = ", ".join(f"{len(names):,} {kind}" for kind, names in difference.kinds().items()) or "complete"
            if not difference and optimiser not in (None, learns):
                verdict = "complete, but for another filter optimiser"
            if any(not compare(within(expected, stem), trunk) for stem in trunk_stems(expected)):
                verdict = "trunk only"
            counts = (len(difference.missing), len(difference.unexpected), len(difference.misshapen))
            tried.append(Fit(model, preset, verdict, *counts))
    return sorted(tried, key=lambda fit: (not fit, fit.missing + fit.unexpected + fit.misshapen))


def trunk_stems(names: Mapping[str, object]) -> list[str]:
    """What stands before ``conv1.weight`` wherever there is a ResNet: '' in an ImageNet file."""
    stems = [name.removesuffix("conv1.weight") for name in names if name.endswith("conv1.weight")]
    return [stem for stem in stems if f"{stem}layer1.0.conv1.weight" in names]


def within(names: Mapping[str, Shape], stem: str) -> dict[str, Shape]:
    """The names below a stem, without it."""
    return {name.removeprefix(stem): shape for name, shape in names.items() if name.startswith(stem)}


@cache
def expected_shapes(model: str, preset: str) -> tuple[dict[str, Shape], str | None]:
    """Shapes of a network, and how it learns filters."""
    from rgbtbench.trackers.networks import build

    with torch.device("meta"):
        network = build(model, preset)
    return shapes(network.state_dict()), getattr(network, "optimiser", None)
