"""What a step of each recipe at the paper's size needs: memory, arithmetic, hours. No GPU, no data, no weights.

``python -m tests.benchmarks.training [RECIPE...] [--set KEY=VALUE] [--sustained TFLOPS]``

A step runs on tensors without contents (torch's FakeTensorMode), as the trainer runs it: forward, backward, optimiser.
Memory is the largest sum of all storages alive at once, gradients and moments included; a GPU also holds its context
(about 0.5 GiB), cuDNN's workspaces and what its allocator cannot reuse. Arithmetic is by torch's FlopCounterMode:
convolutions and matrix products, a multiply-add is 2. Hours are steps times arithmetic over a guessed sustained speed,
validation and waiting for data not among them.
"""

from __future__ import annotations

import argparse
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from rgbtbench.trackers.dimp.learn import Batch, Views
from rgbtbench.trackers.mdnet.learn import Batch as DomainBatch
from rgbtbench.training import shipped
from rgbtbench.training.families import DIMP
from rgbtbench.training.recipe import Recipe, load_recipe

LASHER = 979  # training sequences, a branch each in MDNet's family
SUSTAINED = 20.0  # TFLOP/s: a guess of what a card of 24 GB keeps up in bfloat16, a quarter or less of what is printed


class Alive(TorchDispatchMode):
    """Bytes of all storages that exist, and the most there were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation and count what it made."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.known:
            return
        self.known.add(key)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size


def recipe_of(name: str, changes: Sequence[str]) -> Recipe:
    """A shipped recipe whose files are not asked for."""
    text = shipped()[name].read_text()
    here = ["data.root=."] + (["trunk=null"] if "\ntrunk:" in text else [])
    here += [f"teacher.weights={__file__}"] if "\nteacher:" in text else []
    return load_recipe(name, [*here, *changes])


def images(recipe: Recipe) -> Any:
    """A normalised batch as the loader gives it."""
    s, n = recipe.data.sampling, recipe.batch
    if recipe.family is DIMP:
        train, test = (
            Views(*torch.empty(2, k, n, 3, s.crop, s.crop), torch.rand(k, n, 4) + 20) for k in (s.train, s.test)
        )
        return Batch(train, test, torch.rand(s.test, n, s.proposals, 4) + 20, torch.rand(s.test, n, s.proposals))
    side = (
        (s.positives + s.negatives, 3, s.unit, s.unit) if s.regime == "patch" else (3, *2 * (round(s.span * s.unit),))
    )
    rgb, tir = (torch.empty(n, s.frames, *side, dtype=torch.uint8) for _ in range(2))
    boxes = (torch.rand(n, s.frames, k, 4) for k in (s.positives, s.negatives))
    return DomainBatch(rgb, tir, *boxes, torch.zeros(n, dtype=torch.long))


@contextmanager
def without_contents() -> Iterator[None]:
    """Tensors have shapes alone, networks are as they are built; boxes are pooled from whole maps, as on a GPU."""
    nothing = mock.Mock(return_value=SimpleNamespace(sha256=""))
    loads = mock.patch("rgbtbench.trackers.networks.weights.load", nothing)
    whole = mock.patch(
        "rgbtbench.trackers.networks.prpool.touched", lambda maps, _: (0, 0, maps.shape[3], maps.shape[2])
    )
    one = mock.patch.object(FakeTensorMode, "__deepcopy__", lambda mode, _: mode, create=True)  # of copied layers
    swapped = mock.patch.object(nn.Module, "_apply", _replaced)
    with warnings.catch_warnings(), loads, whole, one, swapped, FakeTensorMode():
        warnings.simplefilter("ignore")  # of copies that look for contents
        yield


def _replaced(self: nn.Module, change: Any) -> nn.Module:
    """Torch's own ``_apply`` swaps contents, which tensors without any cannot."""
    for module in self.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(change(parameter.detach()), parameter.requires_grad))
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, change(buffer))
    return self


def step(recipe: Recipe) -> tuple[float, float]:
    """GiB at most and TFLOP of one step, the second of a training: the first makes the optimiser's moments."""
    with without_contents(), Alive() as alive:
        learner = recipe.family.learner(recipe, torch.device("cpu"), SimpleNamespace(count=LASHER))
        optimiser = recipe.optimiser.make(learner.groups())
        learner.train()
        batch = images(recipe)
        for _ in range(2):
            optimiser.zero_grad(set_to_none=True)
            alive.most = alive.now
            with FlopCounterMode(display=False) as counter:
                for share, part in recipe.family.kind.split(batch, recipe.parts):
                    (torch.stack(list(learner(part).values())) * share).sum().backward()
            optimiser.step()
        return alive.most / 2**30, counter.get_total_flops() / 1e12


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    usual = [name for name in sorted(shipped()) if name.startswith("paper/")]
    parser.add_argument("recipes", nargs="*", default=usual, metavar="RECIPE", help="default: all of paper/")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in train")
    parser.add_argument("--sustained", type=float, default=SUSTAINED, metavar="TFLOPS", help="for the hours")
    arguments = parser.parse_args()
    print("| recipe | batch | parts | precision | GiB | TFLOP a step | steps | hours |")
    print("|---|---:|---:|---|---:|---:|---:|---:|")
    for name in arguments.recipes:
        recipe = recipe_of(name, arguments.set)
        memory, work = step(recipe)
        hours = recipe.steps * work / arguments.sustained / 3600
        cells = (recipe.batch, recipe.parts, recipe.precision, f"{memory:.1f}", f"{work:.2f}", f"{recipe.steps:,}")
        print(f"| `{name.partition('/')[2]}` |", *(f"{cell} |" for cell in cells), f"{hours:.0f} |", flush=True)


if __name__ == "__main__":
    main()
