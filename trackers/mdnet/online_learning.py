"""What a head learns online: samples of the last frames, and steps on the hardest of them (MDNet)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .head import Head, binary_losses
from .parameters import Parameters


class Memory:
    """Features of the last ``frames`` frames that taught something, ``each`` samples a frame; constant in size."""

    def __init__(self, frames: int, each: int) -> None:
        self.frames, self.each = frames, each
        self.stored = 0
        self._features: Tensor | None = None

    def store(self, features: Tensor) -> None:
        """Add a frame's samples (n, D), n at least ``each`` or none, in place of the oldest's."""
        if not len(features):
            return
        if self._features is None:
            self._features = features.new_zeros(self.frames, self.each, features.shape[1])
        self._features[self.stored % self.frames] = features[: self.each]
        self.stored += 1

    def last(self, frames: int | None = None) -> Tensor | None:
        """Samples (N, D) of the last ``frames`` frames, of all by default; None if there are none."""
        if self._features is None:
            return None
        count = min(self.stored, self.frames, frames or self.frames)
        return self._features[[(self.stored - 1 - k) % self.frames for k in range(count)]].flatten(0, 1)


def teach(
    head: Head,
    positive: Tensor,
    negative: Tensor,
    iterations: int,
    rate: float,
    p: Parameters,
    random: np.random.Generator,
) -> float:
    """Steps of fc4 to fc6 on features (P, D) and (Q, D); the last loss, NaN where there was nothing to learn from.

    Each step takes ``batch_positives`` positives and the ``batch_negatives`` best scored of ``mined`` negatives.
    """
    if not (iterations and len(positive) and len(negative)):
        return float("nan")
    layers = ((head.fc4, p.fc4_rate), (head.fc5, p.fc5_rate), (head.fc6, p.fc6_rate))
    groups = [{"params": list(layer.parameters()), "lr": rate * times} for layer, times in layers]
    optimiser: torch.optim.Optimizer = (
        torch.optim.SGD(groups, momentum=0.9, weight_decay=p.decay)
        if p.optimiser == "sgd"
        else torch.optim.Adam(groups, weight_decay=p.decay)
    )
    device = positive.device
    turns = [
        torch.as_tensor(in_turns(len(features), size * iterations, random), device=device).view(iterations, size)
        for features, size in ((positive, p.batch_positives), (negative, p.mined))
    ]
    loss = positive.new_tensor(float("nan"))
    for some, many in zip(*turns, strict=True):
        good, bad = positive[some], negative[many]
        if p.mined > p.batch_negatives:
            head.eval()
            with torch.no_grad():
                hardest = head(bad)[:, 1].topk(p.batch_negatives).indices
            bad = bad[hardest]
        head.train()
        with torch.enable_grad():
            scores = head(torch.cat([good, bad]))
            loss = binary_losses(scores[: len(good)], scores[len(good) :]).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), CLIP)
        optimiser.step()
    head.eval()
    return float(loss.detach())


CLIP = 10.0  # of the gradient's norm


def in_turns(count: int, wanted: int, random: np.random.Generator) -> Sequence[int] | np.ndarray:
    """Indices (wanted,) below ``count``: random orders one after the other, so that all are seen equally often."""
    orders = np.tile(np.arange(count), (-(-wanted // count), 1))
    return random.permuted(orders, axis=1).ravel()[:wanted]
