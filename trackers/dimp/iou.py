"""The IoU-Net of ATOM (Danelljan et al. 2019): how well does a box fit the target of the first frame?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rgbtbench.trackers.networks.layers import conv_bn_relu, widen
from rgbtbench.trackers.networks.prpool import prpool

from .around import Around


class TwoLevels(NamedTuple):
    """One tensor for level 3 (stride 8) and one for level 4 (stride 16)."""

    level3: Tensor
    level4: Tensor


class IoUNet(nn.Module):
    """Reference branch, test branch and predictor (ATOM). ``channels`` of the two levels, ``width`` 256."""

    def __init__(self, channels: tuple[int, int], width: int = 256) -> None:
        super().__init__()
        level3, level4 = channels
        self.ref3 = conv_bn_relu(level3, width // 2, 3)
        self.ref4 = conv_bn_relu(level4, width, 3)
        self.ref3_fc = conv_bn_relu(width // 2, width, 3, padding=0)
        self.mod3 = conv_bn_relu(2 * width, width, 1)
        self.mod4 = conv_bn_relu(2 * width, width, 1)
        self.test3 = nn.Sequential(conv_bn_relu(level3, width, 3), conv_bn_relu(width, width, 3))
        self.test4 = nn.Sequential(conv_bn_relu(level4, width, 3), conv_bn_relu(width, width, 3))
        self.fc3 = nn.Sequential(nn.Linear(width * 25, width), nn.BatchNorm1d(width), nn.ReLU())
        self.fc4 = nn.Sequential(nn.Linear(width * 9, width), nn.BatchNorm1d(width), nn.ReLU())
        self.out = nn.Linear(2 * width, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.uniform_(module.weight)

    def modulation(self, fused: TwoLevels, boxes: Tensor) -> TwoLevels:
        """What to look for, two vectors (S, width), from one image and box (S, 4) of each sequence."""
        near = prpool(widen(self.ref3(fused.level3)), boxes[:, None], 3, 1 / 8)[:, 0]
        far = prpool(widen(self.ref4(fused.level4)), boxes[:, None], 1, 1 / 16)[:, 0]
        both = torch.cat([self.ref3_fc(near), far], 1)
        return TwoLevels(self.mod3(both)[..., 0, 0], self.mod4(both)[..., 0, 0])

    def maps(self, fused: TwoLevels) -> TwoLevels:
        """Test features (N, width, H, W) of both levels."""
        return TwoLevels(widen(self.test3(fused.level3)), widen(self.test4(fused.level4)))

    def predictor(self, modulation: TwoLevels, fused: TwoLevels) -> Callable[[Tensor], Tensor]:
        """Boxes (S, P, 4) to their predicted 2 IoU - 1 (S, P), in images with these fused levels; for tracking."""
        near = Around(self.test3, fused.level3, modulation.level3, 1 / 8)
        far = Around(self.test4, fused.level4, modulation.level4, 1 / 16)
        return lambda boxes: self._predict(near.cover(boxes.detach()), far.cover(boxes.detach()), boxes)

    def forward(self, modulation: TwoLevels, maps: TwoLevels, boxes: Tensor) -> Tensor:
        """Predicted 2 IoU - 1 (S, P) of boxes (S, P, 4)."""
        near, far = (m * v[..., None, None] for m, v in zip(maps, modulation, strict=True))
        return self._predict(near, far, boxes)

    def _predict(self, near: Tensor, far: Tensor, boxes: Tensor) -> Tensor:
        fine = prpool(near, boxes, 5, 1 / 8).flatten(0, 1).flatten(1)
        coarse = prpool(far, boxes, 3, 1 / 16).flatten(0, 1).flatten(1)
        both = torch.cat([self.fc3(fine), self.fc4(coarse)], 1)
        # not self.out(both): for one column BLAS rounds by the number of boxes, so by how many sequences are tracked
        return ((both * self.out.weight).sum(1) + self.out.bias).view(boxes.shape[:2])
