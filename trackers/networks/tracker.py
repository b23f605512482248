"""A network as a tracker: what every family adds to, so that `run` and `profile` can create it by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from typing import Any, ClassVar

import torch

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.trackers import shipped_weights

from . import weights as files

PRECISIONS = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


class NetworkTracker(ABC):
    """What trackers of every family share: options checked, a network made by ``make(name, preset)``, its weights.

    ``weights``: file of the whole network; default: those that come with the package, where there are some.
    ``untrained=True`` allows random heads, on ``trunk``: a file with ImageNet's weights. ``precision``: fp32, bf16 (CPU
    and GPU), tf32 (GPU). ``online``: changes to the family's table of parameters, which its ``engine`` goes by.
    """

    engine: ClassVar[Callable[..., Any]]
    untrained_online: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        name: str,
        make: Callable[[str, str], tuple[Any, Any]],
        *,
        preset: str = "paper",
        weights: str | None = None,
        trunk: str | None = None,
        untrained: bool = False,
        device: str = "cpu",
        precision: str = "fp32",
        online: Mapping[str, Any] | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise unknown("precision", precision, PRECISIONS)
        file = weights if weights or untrained else shipped_weights(name, preset)
        if file is None and not untrained:
            raise ConfigError(
                f"{name} has no weights",
                expected="weights: FILE",
                next="give weights, or params: {untrained: true} for random ones",
            )
        where = _device(device)
        with torch.random.fork_rng(devices=[]):  # random weights are the same each time, whatever was drawn before
            torch.manual_seed(0)
            network, parameters = make(name, preset)
        known = [field.name for field in fields(parameters)]
        for key in set(online or {}) - set(known):
            raise unknown("online parameter", key, known)
        if trunk is not None:
            self.load_trunk(network, trunk)
        if file is not None:
            files.load(network, file, what=name)
        self.params = {"params_paper": network.params_paper, "params_active": network.params_active}
        if where.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        self.network = network.prepare(where, PRECISIONS[precision])
        self.online = self.engine(self.network, replace(parameters, **(online or {})), where)

    @abstractmethod
    def load_trunk(self, network: Any, path: str) -> None:
        """ImageNet weights into every trunk."""

    def timed(self) -> AbstractContextManager[dict[str, float]]:
        """Seconds by stage of the updates inside the block."""
        return self.online.clock.running()


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as reason:
        [line, *_] = str(reason).splitlines()
        raise ConfigError(f"no device {name!r} for torch", found=line, expected="cpu, cuda:0, ...") from None
    return device
