"""The family's offline training: a branch for each training sequence, targets against their surroundings (MDNet)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .head import Head, binary_losses
from .network import Network

OTHERS = 100  # branches that a target of one sequence is held against


class Batch(NamedTuple):
    """f frames of each of s sequences, with p boxes on the target and n beside it in each.

    ``rgb`` and ``tir``: scenes (s, f, 3, H, W), or patches (s, f, p + n, 3, u, u), targets first. ``positive`` and
    ``negative``: boxes (s, f, p, 4) and (s, f, n, 4) in the scene's pixels; ``domains`` (s,): each sequence's branch.
    """

    rgb: Tensor
    tir: Tensor
    positive: Tensor
    negative: Tensor
    domains: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


def features(network: Network, batch: Batch) -> Tensor:
    """Features (s, f, p + n, D), targets first."""
    rgb, tir = (x.flatten(0, -4) for x in (batch.rgb, batch.tir))
    boxes = torch.cat([batch.positive, batch.negative], 2)
    if batch.rgb.dim() == 5:
        pooled = network.pooled(network.maps(rgb, tir, dense=True), boxes.flatten(0, 1))
    else:
        pooled = network.patches(rgb, tir)
    return pooled.view(*boxes.shape[:3], -1)


def scores(head: Head, found: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Scores (s, f p, 2) of the positives and (s, f n, 2) of the negatives, each by its own sequence's branch."""
    p = batch.positive.shape[2]
    of_all = head(found.flatten(1, 2), batch.domains).unflatten(1, found.shape[1:3])
    return of_all[:, :, :p].flatten(1, 2), of_all[:, :, p:].flatten(1, 2)


def hardest(negative: Tensor, count: int) -> Tensor:
    """The ``count`` best scored negatives (s, count, 2) of (s, N, 2); 0 or more than there are: all."""
    if not 0 < count < negative.shape[1]:
        return negative
    at = negative.detach()[..., 1].topk(count, dim=1).indices
    return negative.gather(1, at[..., None].expand(-1, -1, 2))


def classification(positive: Tensor, negative: Tensor, *, mean: bool) -> Tensor:
    """Cross entropy over positives and negatives: the mean, or MANet's sum over each sequence's."""
    losses = binary_losses(positive, negative)
    return losses.mean() if mean else losses.sum(-1).mean()


def between_domains(head: Head, found: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of the positives among branches: a target shall look like one to its own branch most (RT-MDNet).

    Held against ``OTHERS`` further branches, or all there are.
    """
    p, count = batch.positive.shape[2], len(head.fc6.bias)
    seen = head.hidden(found[:, :, :p].flatten(1, 2))  # (s, f p, hidden)
    others = torch.randperm(count, device=seen.device)[:OTHERS] if count > OTHERS else torch.arange(count)
    own = head.fc6(seen, batch.domains)[..., 1:]
    all_scores = seen @ head.fc6.weight[others, 1].T + head.fc6.bias[others, 1]
    same = others.to(seen.device)[None] == batch.domains[:, None]
    all_scores = all_scores.masked_fill(same[:, None], -torch.inf)
    return -torch.cat([own, all_scores], -1).log_softmax(-1)[..., 0].mean()
