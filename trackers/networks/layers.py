"""Small layers that several modules share, and the folding of batch norm for inference."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def conv_bn_relu(inputs: int, outputs: int, size: int, *, padding: int | None = None) -> nn.Sequential:
    """Convolution with bias, batch norm, ReLU; padded to keep the map's size unless told otherwise."""
    pad = size // 2 if padding is None else padding
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=pad), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def widen(x: Tensor) -> Tensor:
    """At least float32: filters and boxes are never computed in half precision."""
    return x if x.dtype.itemsize >= 4 else x.float()


class InstanceL2Norm(nn.Module):
    """Scale each sample (..., C, H, W) to the norm ``scale`` sqrt(C H W), in float32 (DiMP)."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """The same shape, normalised."""
        x = widen(x)
        energy = (x * x).sum((-3, -2, -1), keepdim=True) + 1e-5
        return x * (self.scale * (math.prod(x.shape[-3:]) / energy).sqrt())


def fold_batch_norm(module: nn.Module) -> None:
    """Fold each batch norm into the convolution or linear layer before it, in place, for inference.

    Layers are taken to be declared in the order in which they run, as they are everywhere in this package.
    """
    module.eval()
    names = list(module._modules)
    for before, after in pairwise(names):
        layer, norm = module._modules[before], module._modules[after]
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, before, fuse_conv_bn_eval(layer, norm))
            setattr(module, after, nn.Identity())
        elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
            setattr(module, before, fuse_linear_bn_eval(layer, norm))
            setattr(module, after, nn.Identity())
    for child in module.children():
        fold_batch_norm(child)


Two = tuple[int, int]


def convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Two = (1, 1),
    padding: Two = (0, 0),
    dilation: Two = (1, 1),
    groups: int = 1,
) -> Tensor:
    """A convolution (N, C, H, W) whose result for an image is the same, bit by bit, in whatever batch it is.

    torch takes oneDNN or another library by the size of the batch, and their rounding differs. Here it is oneDNN
    always, where there is one: on CPUs, in float32, channels last.
    """
    if x.device.type != "cpu" or x.dtype != torch.float32 or not torch.backends.mkldnn.is_available():
        return F.conv2d(x, weight, bias, stride, padding, dilation, groups)
    x = x.contiguous(memory_format=torch.channels_last)
    return torch.mkldnn_convolution(x, weight, bias, padding, stride, dilation, groups)


class _Convolution(nn.Conv2d):
    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if isinstance(self.padding, str) or self.padding_mode != "zeros":
            return super()._conv_forward(input, weight, bias)
        stride, padding, dilation = cast("tuple[Two, Two, Two]", (self.stride, self.padding, self.dilation))
        return convolve(input, weight, bias, stride, padding, dilation, self.groups)


class _Linear(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        if input.requires_grad or input.dim() != 2:
            return super().forward(input)
        return convolve(input[..., None, None], self.weight[..., None, None], self.bias)[..., 0, 0]


def same_in_any_batch(module: nn.Module) -> None:
    """Let convolutions and linear layers of a prepared network give each image what it gets alone, by ``convolve``."""
    kinds: dict[type, type] = {nn.Conv2d: _Convolution, nn.Linear: _Linear}
    for layer in module.modules():
        layer.__class__ = kinds.get(type(layer), type(layer))
