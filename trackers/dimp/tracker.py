"""A DiMP-type network as a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.types import Frame
from rgbtbench.trackers.networks.tracker import NetworkTracker
from rgbtbench.trackers.networks.weights import load_trunk

from .network import Network
from .online import Online


class DiMP(NetworkTracker):
    """Tracks one target with a DiMP-type network; ``trunk`` is a ResNet of torchvision's names."""

    engine = Online
    following = 0  # targets at once
    # so that what random weights find is refined, and not sought again
    untrained_online: ClassVar[Mapping[str, Any]] = {"not_found": 0.0, "second_look": 0.0}

    def load_trunk(self, network: Network, path: str) -> None:
        """ImageNet's ResNet into every trunk."""
        for stream, part in network.trunks.items():
            load_trunk(part, path, stream=stream)

    def init(self, frame: Frame, box: Array) -> None:
        """Learn the target ``x y w h`` from one frame."""
        self.online.init([frame], box[None], [int(np.random.randint(2**31))])  # the run's generator, seeded by name

    def init_many(self, frames: Sequence[Frame], boxes: Array, seeds: Sequence[int]) -> None:
        """Learn targets ``boxes`` (k, 4), each in its own first frame, beside those that are tracked already."""
        begin = self.online.join if self.following else self.online.init
        begin(frames, boxes, seeds)
        self.following += len(frames)

    def update_many(self, frames: Sequence[Frame]) -> list[tuple[Array, float]]:
        """What ``update`` answers, for the next frame of each target."""
        return list(zip(*self.online.update(frames), strict=True))

    def keep(self, which: Sequence[int]) -> None:
        """Go on with these targets only."""
        self.following = len(which)
        if self.following:
            self.online.keep(np.array(which))

    def update(self, frame: Frame) -> tuple[Array, float]:
        """Box ``x y w h`` in the next frame, and the height of its peak."""
        boxes, peaks = self.online.update([frame])
        return boxes[0], float(peaks[0])
