"""A network of the family as a tracker: what `run` and `profile` create by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.networks import weight_files
from rgbtbench.trackers.networks.tracker import NetworkTracker
from rgbtbench.trackers.networks.weight_shapes import compare, shapes

from .network import Network
from .online import Online


class MDNet(NetworkTracker):
    """Tracks one target with the network that ``make(name, preset)`` gives; options as of every network.

    ``trunk``: a file with VGG-M's conv1 to conv3, for images in grey levels minus 128. ``online``: changes to
    ``Parameters`` of this family; ``regime`` is one of them.
    """

    engine = Online

    def init(self, frame: Frame, box: Array) -> None:
        """Learn the target ``x y w h`` from one frame."""
        self.online.init(frame, box, int(np.random.randint(2**31)))  # the run's generator, seeded by name

    def update(self, frame: Frame) -> tuple[Array, float]:
        """Box ``x y w h`` in the next frame, and the mean score of the best candidates; above 0 is a target."""
        box, score = self.online.update(frame)
        return box, score

    def load_trunk(self, network: Any, path: str) -> None:
        """ImageNet weights into every stream."""
        load_trunk(network, path)


def load_trunk(network: Network, path: str) -> weight_files.Weights:
    """Copy VGG-M's convolutions (``conv1.weight`` ... ``conv3.bias``) into every stream; other tensors are ignored.

    Raises ConfigError, the network as it was.
    """
    weights = weight_files.read(path)
    own = {f"conv{k}.{part}": f"conv{k}.conv.{part}" for k in (1, 2, 3) for part in ("weight", "bias")}
    tensors = {own[name]: tensor for name, tensor in weights.tensors.items() if name in own}
    streams: Any = network.streams.values()
    for stream in streams:
        wanted = {name: shape for name, shape in shapes(stream.state_dict()).items() if name in own.values()}
        if difference := compare(wanted, shapes(tensors)):
            raise ConfigError(
                "no VGG-M of this size in the file",
                where=path,
                expected="conv1.weight, conv1.bias, ..., conv3.bias",
                found=str(difference),
                next=weight_files.inspect_command(weights.path),
            )
    for stream in streams:
        stream.load_state_dict(tensors, strict=False)
    return weights
