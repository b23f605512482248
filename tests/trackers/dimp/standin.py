"""Small networks with the names and the interface of the real ones, and a registry of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

import torch
from torch import Tensor, nn

from rgbtbench.trackers.dimp import weight_fits


class Block(nn.Module):
    """A bottleneck of ResNet-50, or with ``deep=False`` a basic block of ResNet-18."""

    def __init__(self, inputs: int, width: int, stride: int, deep: bool) -> None:
        super().__init__()
        out = 4 * width if deep else width
        kernels = (1, 3, 1) if deep else (3, 3)
        sizes = (inputs, width, width, out) if deep else (inputs, width, width)
        for k, kernel in enumerate(kernels):
            step = stride if k == (1 if deep else 0) else 1
            conv = nn.Conv2d(sizes[k], sizes[k + 1], kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{k + 1}", conv)
            self.add_module(f"bn{k + 1}", nn.BatchNorm2d(sizes[k + 1]))
        self.depth = len(kernels)
        self.downsample = None
        if stride > 1 or inputs != out:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for k in range(1, self.depth + 1):
            y = getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(y))
            y = y.relu() if k < self.depth else y
        return (y + (self.downsample(x) if self.downsample else x)).relu()


class Trunk(nn.Module):
    def __init__(self, deep: bool, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for k, count in enumerate((3, 4, 6) if deep else (2, 2, 2)):
            wide = width << k
            blocks = []
            for b in range(count):
                blocks.append(Block(inputs, wide, 2 if k and not b else 1, deep))
                inputs = 4 * wide if deep else wide
            self.add_module(f"layer{k + 1}", nn.Sequential(*blocks))

    def stride_on(self, first: bool) -> None:
        for block in self.modules():
            if (
                isinstance(block, Block)
                and block.depth == 3
                and block.downsample
                and block.downsample[0].stride[0] == 2
            ):
                block.conv1.stride, block.conv2.stride = ((2, 2), (1, 1)) if first else ((1, 1), (2, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        return self.layer3(self.layer2(self.layer1(x)))


class Network(nn.Module):
    def __init__(self, deep: bool, streams: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.trunks = nn.ModuleDict({stream: Trunk(deep, width) for stream in streams})
        self.classifier = nn.Linear(width, width)


WIDTHS = {"paper": 64, "nano": 4}
PARTS = {"dimp-18": (False, ("both",)), "dimp-50": (True, ("both",)), "cmd-teacher": (True, ("rgb", "tir"))}


def build(name: str, preset: str = "paper") -> Network:
    return Network(*PARTS[name], WIDTHS[preset])


@contextmanager
def registry() -> Iterator[None]:
    """These networks in place of the registered ones."""
    module = ModuleType("rgbtbench.trackers.crossmodal.models")
    vars(module).update(MODELS=dict.fromkeys(PARTS, SimpleNamespace(presets=WIDTHS)), build=build)
    weight_fits._expected.cache_clear()
    with patch.dict(sys.modules, {module.__name__: module}):
        yield
    weight_fits._expected.cache_clear()


def scrambled(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random statistics and affine parts in all norms, so that no mix-up of tensors goes unseen."""
    generator = torch.Generator().manual_seed(seed)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for tensor in (norm.weight.data, norm.running_var):
                tensor.uniform_(0.5, 1.5, generator=generator)
            for tensor in (norm.bias.data, norm.running_mean):
                tensor.normal_(0, 0.2, generator=generator)
    return module.eval()
