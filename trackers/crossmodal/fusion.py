"""How two modalities become one map: every fusion that the paper's tables compare.

A fusion of C channels maps (rgb, tir), both (N, C, H, W), to one map of the same shape, or of as many ``channels`` as
it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rgbtbench.trackers.networks.layers import conv_bn_relu, widen


class Concat(nn.Module):
    """One 1x1 convolution over both: the student without MPSD (Fig. 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map."""
        return self.conv(torch.cat([rgb, tir], 1))


class SideBySide(nn.Module):
    """Both as they are, 2C ``channels``: mfDiMP, whose heads are as wide (its released code)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = 2 * channels

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The map (N, 2C, H, W)."""
        return torch.cat([rgb, tir], 1)


ACTS: Mapping[str, tuple[str, Callable[[Tensor], Tensor]]] = {  # a name each: no file loads as the other reading
    "sigmoid": ("weigh", torch.sigmoid),
    "softmax": ("choose", partial(torch.softmax, dim=1)),
}


class SpatialAttention(nn.Module):
    """SAF, and path 1 of MPSD (Eqs. 4, 5): a weight for each modality and position.

    ``hidden`` > 0 puts a layer in between: 3C/2 matches the printed parameter count. ``act``: one of ``ACTS``, as the
    paper's formula says sigmoid, its text softmax.
    """

    def __init__(self, channels: int, *, hidden: int = 0, act: str = "sigmoid") -> None:
        super().__init__()
        middle = [nn.Conv2d(2 * channels, hidden, 1), nn.ReLU(inplace=True)] if hidden else []
        self.layer, self.act = ACTS[act]
        self.add_module(self.layer, nn.Sequential(*middle, nn.Conv2d(hidden or 2 * channels, 2, 1)))

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map."""
        logits = getattr(self, self.layer)(torch.cat([rgb, tir], 1))
        of_rgb, of_tir = self.act(logits).split(1, 1)
        return rgb * of_rgb + tir * of_tir


class ChannelAttention(nn.Module):
    """CAF (Table 3): a weight for each modality and channel, from the maps' maxima; its inside is ours."""

    def __init__(self, channels: int, *, hidden: int) -> None:
        super().__init__()
        self.weigh = _two_layers(2 * channels, hidden, 2 * channels)

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map."""
        both = torch.cat([rgb, tir], 1)
        of_rgb, of_tir = self.weigh(both.amax((2, 3))).sigmoid()[..., None, None].chunk(2, 1)
        return rgb * of_rgb + tir * of_tir


class ChannelSelection(nn.Module):
    """A weight for each modality and channel, from the means of their sum: HMFT's discriminative fusion."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // 4)
        self.rgb, self.tir = (nn.Linear(channels // 4, channels) for _ in range(2))

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map."""
        seen = self.squeeze((rgb + tir).mean((2, 3))).relu()
        weights = torch.stack([self.rgb(seen).relu(), self.tir(seen).relu()]).softmax(0)[..., None, None]
        return weights[0] * rgb + weights[1] * tir


class Paths(NamedTuple):
    """``maps`` (N, 3, C, H, W): attention, product, difference; ``weights`` (N, 3), which sum to 1."""

    maps: Tensor
    weights: Tensor

    @property
    def fused(self) -> Tensor:
        """The weighted sum (N, C, H, W)."""
        return (self.maps * self.weights[..., None, None, None]).sum(1)


class MPSD(nn.Module):
    """Multi-path fusion with a selector that sees the scene (Eqs. 4 to 6)."""

    def __init__(self, channels: int, *, act: str = "sigmoid") -> None:
        super().__init__()
        self.attention = SpatialAttention(channels, act=act)
        self.selector = _two_layers(3 * channels, channels, 3)

    def paths(self, rgb: Tensor, tir: Tensor) -> Paths:
        """Each path by itself and how much the selector trusts it: what MPSD's losses speak of."""
        maps = torch.stack([self.attention(rgb, tir), rgb * tir, rgb - tir], 1)
        return Paths(maps, self.selector(maps.amax((3, 4)).flatten(1)).softmax(1))

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map."""
        return self.paths(rgb, tir).fused


class LivingMPSD(MPSD):
    """MPSD whose selector does not collapse: paths and their maxima are of one size, and it starts without a favourite.

    The product path grows with the square of the features; unscaled, its maxima alone decide the softmax. As many
    parameters as MPSD. Ours, not the paper's: the selector has another name, so that no file loads as the other's.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        del self.selector
        self.select = _two_layers(3 * channels, channels, 3)
        for parameter in self.select[-1].parameters():
            nn.init.zeros_(parameter)

    def paths(self, rgb: Tensor, tir: Tensor) -> Paths:
        """As MPSD's, each map divided by its root mean square, and so are all maxima of a sample."""
        maps = _scaled(torch.stack([self.attention(rgb, tir), rgb * tir, rgb - tir], 1), (2, 3, 4))
        return Paths(maps, self.select(_scaled(maps.amax((3, 4)).flatten(1), (1,))).softmax(1))


def _scaled(values: Tensor, over: tuple[int, ...]) -> Tensor:
    """Divided by their root mean square."""
    wide = widen(values)
    return (wide * (wide.square().mean(over, keepdim=True) + 1e-6).rsqrt()).to(values.dtype)


class Compensation(nn.Module):
    """Adds to one modality what only the other one sees (our MDC)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.extract = nn.Sequential(
            conv_bn_relu(channels, channels, 3), nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)
        )
        self.gate = _two_layers(channels, channels, channels)
        self.where = nn.Conv2d(channels, 1, 3, padding=1)
        self.add = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """The compensated map."""
        difference = other - own
        channel = self.gate(difference.mean((2, 3))).sigmoid()[..., None, None]
        return (own + self.add(self.extract(difference) * channel * self.where(difference).sigmoid())).relu()


class TeacherFusion(nn.Module):
    """MDC then FRS, our reconstruction of MFNet's fusion: its internals are ours, its size is the paper's."""

    def __init__(self, channels: int, *, hidden: int = 256) -> None:
        super().__init__()
        self.reduce_rgb = conv_bn_relu(channels, hidden, 1)
        self.reduce_tir = conv_bn_relu(channels, hidden, 1)
        self.compensate_rgb = Compensation(hidden)
        self.compensate_tir = Compensation(hidden)
        self.expand = conv_bn_relu(2 * hidden, channels, 1)
        self.squeeze = nn.Linear(channels, channels)
        self.select = nn.ModuleList([nn.Linear(channels, channels) for _ in range(3)])

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The fused map ft_fus of Eqs. 7 and 8."""
        r, t = self.reduce_rgb(rgb), self.reduce_tir(tir)
        both = self.expand(torch.cat([self.compensate_rgb(r, t), self.compensate_tir(t, r)], 1))
        seen = self.squeeze((rgb + tir + both).mean((2, 3))).relu()
        weights = torch.stack([fc(seen) for fc in self.select]).softmax(0)[..., None, None]
        return weights[0] * rgb + weights[1] * tir + weights[2] * both


def _two_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs))
