"""The family's networks by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from types import SimpleNamespace

from rgbtbench.trackers import preset_of

from . import FAMILY, module
from .network import Network
from .parameters import Parameters
from .presets import Preset
from .tracker import MDNet

MODELS: Mapping[str, Mapping[str, Preset]] = {
    name: import_module(f"{__package__}.fusions.{module(name)}").PRESETS for name in FAMILY
}


def find(name: str, preset: str) -> Preset:
    """A model's sizes. Raises ConfigError for an unknown name or preset."""
    return preset_of(MODELS, name, preset)


def build(name: str, preset: str = "paper", branches: int = 1) -> Network:
    """A network with random weights, in training mode, with a branch for each of so many training sequences."""
    chosen = find(name, preset)
    return Network(chosen.architecture, chosen.fusion, branches)


def make(name: str, preset: str) -> tuple[Network, Parameters]:
    """A network and how it tracks."""
    return build(name, preset), find(name, preset).tracking


trackers = SimpleNamespace(**{name: partial(MDNet, name, make) for name in MODELS})
