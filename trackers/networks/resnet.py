"""ResNet trunks (He et al. 2016) up to layer3, with torchvision's key names, so that its ImageNet files load."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)  # of ImageNet images in [0, 1]; thermal ones are normalised alike (1.2)
STD = (0.229, 0.224, 0.225)


class Levels(NamedTuple):
    """Maps (N, C, H, W) of one image batch at strides 2, 4, 8, 16: the paper's block1 to block4 (Sec. 3.2)."""

    stem: Tensor
    layer1: Tensor
    layer2: Tensor
    layer3: Tensor


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: ResNet-18."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, width, H / stride, W / stride)."""
        y = self.bn1(self.conv1(x)).relu_()
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return y.relu_()


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions and a shortcut: ResNet-50."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(inputs, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, 4 width, H / stride, W / stride)."""
        y = self.bn1(self.conv1(x)).relu_()
        y = self.bn2(self.conv2(y)).relu_()
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        return y.relu_()


BLOCKS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    50: (Bottleneck, (3, 4, 6, 3)),
}


class Trunk(nn.Module):
    """conv1 to layer3 of a ResNet of ``depth`` 18 or 50 whose stem has ``width`` channels (64 in the original)."""

    def __init__(self, depth: int, width: int = 64) -> None:
        super().__init__()
        block, _ = BLOCKS[depth]
        self.channels = (width, *(width * block.expansion * 2**k for k in range(3)))  # of the four levels
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _layer(depth, 0, width, width)
        self.layer2 = _layer(depth, 1, self.channels[1], 2 * width)
        self.layer3 = _layer(depth, 2, self.channels[2], 4 * width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Levels:
        """Normalised images (N, 3, H, W) to the four levels."""
        stem = self.bn1(self.conv1(images)).relu_()
        layer1 = self.layer1(self.maxpool(stem))
        layer2 = self.layer2(layer1)
        return Levels(stem, layer1, layer2, self.layer3(layer2))

    def stride_on(self, first: bool) -> None:
        """Put stride 2 of the bottlenecks on their first convolution (Caffe, Keras) or on the 3x3 one (torchvision)."""
        for block in (self.layer2[0], self.layer3[0]):
            if isinstance(block, Bottleneck):
                block.conv1.stride, block.conv2.stride = ((2, 2), (1, 1)) if first else ((1, 1), (2, 2))


@cache
def unused_parameters(depth: int, width: int = 64) -> int:
    """Parameters of layer4 and the 1000-way fc, which printed counts contain and no tracker uses."""
    block, _ = BLOCKS[depth]
    outputs = 8 * width * block.expansion
    with torch.device("meta"):
        parts = nn.ModuleList([_layer(depth, 3, outputs // 2, 8 * width), nn.Linear(outputs, 1000)])
    return sum(p.numel() for p in parts.parameters())


def _layer(depth: int, index: int, inputs: int, width: int) -> nn.Sequential:
    block, counts = BLOCKS[depth]
    first = block(inputs, width, 1 if index == 0 else 2)
    return nn.Sequential(first, *(block(width * block.expansion, width) for _ in range(counts[index] - 1)))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
