"""The three convolutions of VGG-M (Chatfield et al. 2014) that every MDNet-type tracker looks through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Callable[[Tensor], Tensor]


def lrn_elementwise(x: Tensor) -> Tensor:
    """x / (2 + 1e-4 x^2)^0.75: RT-MDNet, DAFNet, ADRNet."""
    return x / (2 + 1e-4 * x * x) ** 0.75


def lrn_window(x: Tensor) -> Tensor:
    """The same with the squares of five neighbouring channels summed: MANet."""
    squares = F.avg_pool3d((x * x)[:, None], (5, 1, 1), 1, (2, 0, 0))[:, 0] * 5
    return x / (2 + 1e-4 * squares) ** 0.75


def lrn_torch(x: Tensor) -> Tensor:
    """torch's own over two channels: MACNet, APFNet."""
    return F.local_response_norm(x, 2)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a network; the defaults are VGG-M's and MDNet's.

    ``norm`` follows the ReLU of conv1 and conv2; None: group norm before each ReLU, for training from scratch.
    """

    streams: tuple[str, ...] = ("rgb", "tir")  # one trunk each, one for both ("both",), or one that sees RGB alone
    widths: tuple[int, int, int] = (96, 256, 512)  # channels of conv1 to conv3
    kernels: tuple[int, int, int] = (7, 5, 3)
    strides: tuple[int, int] = (2, 2)  # of conv1 and conv2
    hidden: int = 512  # of fc4 and fc5
    unit: int = 107  # side of the target in the network's pixels; of a candidate with context in the patch regime
    norm: Norm | None = lrn_elementwise
    gain: float = 1.0  # images are (grey level - 128) times this
    dropouts: tuple[float, float, float] = (0.0, 0.5, 0.5)  # before fc4, fc5, fc6

    @property
    def stride(self) -> int:
        """Pixels per cell of the dense map: 8."""
        return 2 * self.strides[0] * self.strides[1]

    @property
    def field(self) -> int:
        """Receptive field of a cell of the dense map in pixels: 75."""
        first, second, third = self.kernels
        step = self.strides[0]
        return first + 2 * step + (second - 1) * 2 * step + (third - 1) * DILATION * self.stride


DILATION = 3  # of conv3 in the dense map, which makes up for the pooling that conv2 lacks there
GROUPS = 4  # of channels, in group norm: each scene is normalised by itself, in training as in tracking
CELLS = 3  # side of what fc4 sees


class Level(nn.Module):
    """A convolution without padding, ReLU, norm and (in the patch regime, or after conv1) max-pooling 3/2."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, norm: Norm | None, index: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.before = nn.GroupNorm(GROUPS, outputs) if norm is None else nn.Identity()
        self.norm = norm if index < 3 else None
        self.index = index
        nn.init.kaiming_normal_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, dense: bool) -> Tensor:
        """Maps (N, C, H, W) to the next level's; ``dense``: every place of a scene, not one 3x3 map per patch."""
        dilation = DILATION if dense and self.index == 3 else 1
        conv = self.conv
        x = self.before(F.conv2d(x, conv.weight, conv.bias, conv.stride, 0, dilation)).relu_()
        x = self.norm(x) if self.norm else x
        return F.max_pool2d(x, 3, 2) if self.index == 1 or (self.index == 2 and not dense) else x


class Trunk(nn.Module):
    """conv1 to conv3 of one stream, called level by level, since fusions work in between."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        inputs = (3, *a.widths[:2])
        strides = (*a.strides, 1)
        for k in range(3):
            level = Level(inputs[k], a.widths[k], a.kernels[k], strides[k], a.norm, k + 1)
            setattr(self, f"conv{k + 1}", level)

    @property
    def levels(self) -> list[Level]:
        """The three of them."""
        return [self.conv1, self.conv2, self.conv3]  # type: ignore[list-item]


def normalise(images: Tensor, a: Architecture) -> Tensor:
    """Grey levels 0 to 255 to what the network sees: minus 128, as MDNet has it, times the gain."""
    return (images.to(torch.float32) - 128) * a.gain
