"""Which path of MPSD fits the teacher best (Eq. 8), through one adapter for all and through one for each.

    python -m tests.benchmarks.paths [SAMPLES]

Adapters are 1x1 convolutions by least squares, fitted on half of the samples' test crops and judged on the other half.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from rgbtbench.trackers import shipped_weights
from rgbtbench.trackers.crossmodal.equations import normalise as scaled
from rgbtbench.trackers.crossmodal.equations import path_losses
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.learn import Batch, extract
from rgbtbench.trackers.dimp.network import Network
from rgbtbench.trackers.networks import weights
from rgbtbench.training.recipe import load_recipe
from rgbtbench.training.samples import collate, normalise, sample
from rgbtbench.training.sources import Rendered

SEED, AT_ONCE, RIDGE = 97701, 8, 1e-3


def trained(name: str) -> Network:
    """One of the package's own."""
    path = shipped_weights(name, "nano")
    assert path
    network = build(name, "nano")
    weights.load(network, path, what=name)
    return network.eval()


def batches(samples: int) -> list[Batch]:
    """Of training scenes that no training has seen."""
    teacher = shipped_weights("cmd-teacher", "nano")
    recipe, scenes = load_recipe("nano/hfrd", [f"teacher.weights={teacher}"]), Rendered(crowded=0.4, close=0.3)
    drawn = [sample(scenes.footage(SEED, k), recipe.data.sampling, SEED, k) for k in range(samples)]
    return [normalise(collate(drawn[k : k + AT_ONCE])) for k in range(0, samples, AT_ONCE)]


def fitted(maps: Tensor, target: Tensor) -> Tensor:
    """Weight and bias (C', C + 1) that bring maps (N, C, H, W) nearest to a target (N, C', H, W)."""
    x, y = (m.transpose(0, 1).flatten(1).double() for m in (maps, target))
    x = torch.cat([x, torch.ones_like(x[:1])])
    square = x @ x.T
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype)
    return torch.linalg.solve(square, x @ y.T).T


def adapted(adapter: Tensor, maps: Tensor) -> Tensor:
    """Maps (N, C', H, W)."""
    return torch.einsum("oc,nchw->nohw", adapter[:, :-1], maps.double()) + adapter[:, -1, None, None]


@torch.no_grad()
def show(name: str, student: Network, teacher: Network, found: list[Batch]) -> None:
    """Each path's mean loss, as a share of the target's variance, and how often the trusted path has the smallest."""
    own, told = ([extract(network, batch.test) for batch in found] for network in (student, teacher))
    for level in (0, 1):
        seen = [student.fusion[level].paths(f.rgb[2 + level], f.tir[2 + level]) for f in own]
        maps, trust = (torch.cat([getattr(p, part) for p in seen]) for part in ("maps", "weights"))
        target = scaled(torch.cat([f.fused[level] for f in told])).double()
        half = len(target) // 2
        fused = fitted((maps * trust[..., None, None, None]).sum(1)[:half], target[:half])
        for kind, adapters in (
            ("one", [fused] * 3),
            ("each", [fitted(maps[:half, k], target[:half]) for k in range(3)]),
        ):
            paths = torch.stack([adapted(a, maps[half:, k]) for k, a in enumerate(adapters)], 1)
            losses = path_losses(paths, target[half:], "mean")
            agree = (losses.argmin(1) == trust[half:].argmax(1)).double().mean()
            means = " ".join(f"{value:6.2f}" for value in losses.mean(0).tolist())
            print(f"{name:<10} level {level + 3}  adapters: {kind:<5} {means}  trusted is best: {100 * agree:.0f} %")


def main(samples: int) -> None:
    """An untrained student and the package's, beside the package's teacher."""
    found, teacher = batches(samples), trained("cmd-teacher")
    torch.manual_seed(0)
    print(f"{samples} samples, seed {SEED}; paths: attention, product, difference")
    show("untrained", build("cmd-student", "nano").train(), teacher, found)
    show("trained", trained("cmd-student"), teacher, found)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 320)
