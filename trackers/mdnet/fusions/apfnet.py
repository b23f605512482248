"""APFNet (Xiao et al. 2022): attribute branches at each level, aggregated, then fed back into both streams.

Ours: the widths of the branches, and attention among channels instead of places in the encoders and decoders, since a
scene has thousands of places. Branches learn together, from no attribute labels, not in three stages.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import EachLevel, Modalities, Select
from rgbtbench.trackers.mdnet.presets import MDNET, PATCH, presets
from rgbtbench.trackers.mdnet.samplers import Sampler

BRANCHES = 5  # fast motion, occlusion, scale variation, thermal crossover, illumination


class Branch(nn.Module):
    """One attribute's fusion of both modalities."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.rgb, self.tir = nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(channels, width, 3, padding=1)
        self.select = Select(width, max(width // 4, 8), 2, act=True)

    def forward(self, maps: Modalities) -> Tensor:
        """The fused map (N, width, H, W)."""
        return self.select([self.rgb(maps.rgb).relu(), self.tir(maps.tir).relu()])


class Enhancement(nn.Module):
    """What one map takes from another: attention (N, width, width) among channels."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.ask, self.tell, self.back = (
            nn.Conv2d(channels, width, 1),
            nn.Conv2d(width, 2 * width, 1),
            nn.Conv2d(width, channels, 1),
        )

    def forward(self, x: Tensor, of: Tensor) -> Tensor:
        """The map x (N, channels, H, W) with what ``of`` (N, width, H, W) adds."""
        ask = self.ask(x).flatten(2)
        key, value = self.tell(of).flatten(2).chunk(2, 1)
        weights = (ask @ key.transpose(1, 2) / key.shape[2] ** 0.5).softmax(2)
        return x + self.back((weights @ value).view_as(of))


class Level(nn.Module):
    """Branches, their aggregation, and both modalities enhanced by it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = {96: 32}.get(channels, channels // 4)  # 32, 64, 128
        self.branches = nn.ModuleList([Branch(channels, width) for _ in range(BRANCHES)])
        self.aggregate = Select(width, max(width // 4, 8), BRANCHES, act=True)
        self.rgb, self.tir = Enhancement(channels, width), Enhancement(channels, width)

    def forward(self, maps: Modalities) -> Modalities:
        """Both maps after a convolution."""
        fused = self.aggregate([branch(maps) for branch in self.branches])
        return Modalities(self.rgb(maps.rgb, fused), self.tir(maps.tir, fused))


TRACKING = replace(
    MDNET, candidates=256, lost_growth=1.1,
    positive=Sampler("gaussian", 0.1, 1.3), negative=Sampler("uniform", 2.0, 1.3),
    first_negative=(Sampler("uniform", 1.0, 1.6), Sampler("whole", 0.0, 1.6)), first_rate=5e-4, rate=1e-3,
    fc4_rate=5.0, fc5_rate=5.0, first_iterations=50, negative_frames=30,
)  # fmt: skip
PRESETS = presets(partial(EachLevel, level=Level), PATCH, TRACKING)
