"""The training samples of the filters, a fixed number of slots per sequence, and their weights (DiMP)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rgbtbench.core.boxes import Array
from rgbtbench.trackers.networks.transfer import send

from .localise import Flag
from .parameters import Parameters


class Memory:
    """Samples of S sequences: constant in size, whatever their length.

    ``features`` (slots, S, D, h, w) and ``boxes`` (slots, S, 4), ``x y w h`` in each sample's crop, on the features'
    device; unused slots are zero. ``weights`` (S, slots) of each sequence's samples, 0 in unused slots; their sum is
    1, or up to 0.4 % more when the first frame's samples were just held at their least weight.
    """

    def __init__(self, features: Tensor, boxes: Array, p: Parameters) -> None:
        """Start from the first frame's samples (I, S, D, h, w) with target boxes (I, S, 4)."""
        initial, sequences = features.shape[:2]
        self.p, self.initial = p, initial
        _, _, channels, height, width = features.shape
        self.features = features.new_zeros(p.memory, sequences, height, width, channels).permute(
            0, 1, 4, 2, 3
        )  # as read
        self.features[:initial] = features
        self.boxes = torch.zeros(p.memory, sequences, 4, dtype=torch.float32, device=features.device)
        self.boxes[:initial] = send(boxes, features.device, torch.float32)
        self.weights = np.zeros((sequences, p.memory))
        self.weights[:, :initial] = 1 / initial
        self.stored = np.full(sequences, initial)
        self.previous = np.full(sequences, -1)  # slot of the last sample stored after the first frame; -1: none

    @property
    def used(self) -> int:
        """Slots in use by any sequence: those from here on need not be looked at."""
        return int(self.stored.max(initial=0))

    def store(self, which: NDArray[np.int64], features: Tensor, boxes: Array, rates: Array) -> NDArray[np.int64]:
        """Store one sample (k, D, h, w) with its box (k, 4) for each of k different sequences.

        ``rates`` (k,) are the learning rates. Returns the slots (k,) taken: the next free one, else that of the
        lowest weight, the first frame's excepted.
        """
        slots, self.weights[which] = replace(
            self.weights[which], self.stored[which], self.previous[which], rates, self.initial, self.p.initial_weight
        )
        self.stored[which] = np.minimum(self.stored[which] + 1, self.p.memory)
        self.previous[which] = slots
        at = tuple(send(np.stack([slots, which]), self.features.device))
        self.features[at] = features.to(self.features.dtype)
        self.boxes[at] = send(boxes, self.boxes.device, self.boxes.dtype)
        return slots

    def keep(self, which: NDArray[np.int64]) -> None:
        """Go on with these sequences only, in this order."""
        index = send(which, self.features.device)
        self.features, self.boxes = self.features.index_select(1, index), self.boxes.index_select(1, index)
        self.weights, self.stored, self.previous = self.weights[which], self.stored[which], self.previous[which]

    def join(self, other: Memory) -> None:
        """Go on with the sequences of another memory, too; they stand behind one's own."""
        stored = [memory.features.permute(0, 1, 3, 4, 2) for memory in (self, other)]
        self.features = torch.cat(stored, 1).permute(0, 1, 4, 2, 3)  # as read
        self.boxes = torch.cat([self.boxes, other.boxes], 1)
        for name in ("weights", "stored", "previous"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))


def what_to_learn(
    flags: NDArray[np.int64], frames: NDArray[np.int64], p: Parameters
) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """What to learn from frames with these ``Flag`` s (S,); ``frames`` (S,) count from 0, the first frame.

    Returns which sequences store a sample (k,), their learning rates (k,) and the iterations of the filter
    optimiser (S,), 0 for most.
    """
    hard = flags == Flag.HARD_NEGATIVE
    stores = hard | (flags == Flag.NORMAL)
    iterations = np.select([hard, stores & (frames % p.every == 0)], [p.hard_iterations, p.iterations], 0)
    return np.flatnonzero(stores), np.where(hard, p.hard_rate, p.rate)[stores], iterations.astype(np.int64)


def replace(
    weights: Array,
    stored: NDArray[np.int64],
    previous: NDArray[np.int64],
    rates: Array,
    initial: int,
    least: float,
) -> tuple[NDArray[np.int64], Array]:
    """Slots (k,) for a new sample of each sequence, and the weights (k, slots) after it.

    ``previous`` (k,) are the slots of the last ones, -1 if none: a new sample weighs 1 / (1 - rate) times the last one,
    as if all others had decayed. The first ``initial`` slots weigh ``least`` together at least.
    """
    rows = np.arange(len(weights))
    free = stored < weights.shape[1]
    slots = np.where(free, stored, initial + weights[:, initial:].argmin(axis=1))
    fresh = previous < 0
    after = weights / np.where(fresh, 1 - rates, 1.0)[:, None]
    after[rows, slots] = np.where(fresh, rates, weights[rows, previous] / (1 - rates))
    after /= after.sum(axis=1, keepdims=True)
    low = after[:, :initial].sum(axis=1) < least
    after[low] /= least + after[low, initial:].sum(axis=1, keepdims=True)
    after[low, :initial] = least / initial
    return slots, after
