"""Names and shapes of tensors: what a file holds against what a network needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


def trunk_stems(names: Mapping[str, object]) -> list[str]:
    """What stands before ``conv1.weight`` wherever there is a ResNet: '' in an ImageNet file."""
    stems = [name.removesuffix("conv1.weight") for name in names if name.endswith("conv1.weight")]
    return [stem for stem in stems if f"{stem}layer1.0.conv1.weight" in names]


def within(names: Mapping[str, Shape], stem: str) -> dict[str, Shape]:
    """The names below a stem, without it."""
    return {name.removeprefix(stem): shape for name, shape in names.items() if name.startswith(stem)}
