"""Every network of both families by name; importing this needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .crossmodal import models as dimp
from .mdnet import models as mdnet

MODELS: Mapping[str, Mapping[str, Any]] = {**dimp.MODELS, **mdnet.MODELS}


def build(name: str, preset: str = "paper") -> Any:
    """A network with random weights, in training mode. Raises ConfigError for an unknown name or preset."""
    return (mdnet if name in mdnet.MODELS else dimp).build(name, preset)
