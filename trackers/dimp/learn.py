"""DiMP's offline training: what a network answers on a batch of sequences, and its own losses (Bhat et al. 2019)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from rgbtbench.trackers.networks.resnet import Levels

from .iou import TwoLevels
from .losses import classification_loss, gaussian_label
from .network import Features, Network


class Views(NamedTuple):
    """n crops of each of s sequences: normalised images (n, s, 3, c, c) and target boxes (n, s, 4) in crop pixels."""

    rgb: Tensor
    tir: Tensor
    boxes: Tensor


class Batch(NamedTuple):
    """What one step learns from: ``proposals`` (n, s, P, 4) around the test boxes, with their IoU (n, s, P)."""

    train: Views
    test: Views
    proposals: Tensor
    overlaps: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device; what is pinned travels while kernels run."""
        train, test = (Views(*(t.to(device, non_blocking=True) for t in views)) for views in (self.train, self.test))
        return Batch(train, test, *(t.to(device, non_blocking=True) for t in (self.proposals, self.overlaps)))


class Answer(NamedTuple):
    """``scores`` (n, s, R, R) of every filter iterate on the test crops, and predicted 2 IoU - 1 (n, s, P)."""

    scores: list[Tensor]
    iou: Tensor


class Pass(NamedTuple):
    """A network's features of the n x s train and test crops (n-major), and its ``Answer``."""

    train: Features
    test: Features
    scores: list[Tensor]
    iou: Tensor


def forward(network: Network, batch: Batch, steps: int = 5) -> Pass:
    """Learn each sequence's filter from its train crops in ``steps`` iterations and answer on its test crops."""
    both = extract(network, batch.train, batch.test)  # one batch: one set of batch norm statistics
    cut = len(batch.train.boxes) * batch.train.boxes.shape[1]
    scores, iou = answer(network, both.fused, batch, steps)  # before the slices: gradients add up in this order
    return Pass(_part(both, slice(cut)), _part(both, slice(cut, None)), scores, iou)


def answer(network: Network, fused: TwoLevels, batch: Batch, steps: int = 5) -> Answer:
    """Scores and IoU from the fused levels of all crops, those of the train crops first."""
    n_train, n_test, s = len(batch.train.boxes), len(batch.test.boxes), batch.train.boxes.shape[1]
    cut = n_train * s
    classifier = network.classifier
    maps = classifier.features(fused.level4)
    maps = maps.view(n_train + n_test, s, *maps.shape[1:])
    start = classifier.initialiser(maps[:n_train], batch.train.boxes)
    filters = classifier.optimiser(start, maps[:n_train], batch.train.boxes, steps)
    scores = [classifier.scores(maps[n_train:], filter) for filter in filters]
    first = TwoLevels(*(level[:s] for level in fused))
    modulation = TwoLevels(*(v.repeat(n_test, 1) for v in network.iou.modulation(first, batch.train.boxes[0])))
    test = network.iou.maps(TwoLevels(*(level[cut:] for level in fused)))
    iou = network.iou(modulation, test, batch.proposals.flatten(0, 1)).view(batch.proposals.shape[:3])
    return Answer(scores, iou)


def extract(network: Network, *views: Views) -> Features:
    """Features of all crops, n-major, one after the other."""
    rgb, tir = (torch.cat([getattr(v, m).flatten(0, 1) for v in views]) for m in ("rgb", "tir"))
    return network.extract(rgb, tir)


def original_losses(answer: Pass, batch: Batch) -> dict[str, Tensor]:
    """L_original of Eq. 14: classification of all iterates, weighted, and mean squared error of the IoU."""
    cells = answer.scores[0].shape[-1] - 1
    label = gaussian_label(batch.test.boxes, cells)
    iou = ((answer.iou - (2 * batch.overlaps - 1)) ** 2).mean()
    return {"cls": classification_loss(answer.scores, label), "iou": iou}


def penalties(network: Network) -> dict[str, Tensor]:
    """What fusions ask of their own weights, a scalar; {} where none does."""
    asking: list[Any] = [fusion for fusion in network.fusion if hasattr(fusion, "penalty")]
    asked = [fusion.penalty() for fusion in asking]
    return {"penalty": torch.stack(asked).sum()} if asked else {}


def _part(features: Features, which: slice) -> Features:
    rgb, tir = (Levels(*(level[which] for level in levels)) for levels in (features.rgb, features.tir))
    return Features(rgb, tir, TwoLevels(*(level[which] for level in features.fused)))
