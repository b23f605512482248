"""What differs between the families of networks that are trained here: DiMP's, which learn a filter, and MDNet's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch

from rgbtbench.trackers.crossmodal import models as dimp
from rgbtbench.trackers.mdnet import models as mdnet

from . import domains, samples
from .defaults import COURSES, DOMAIN_COURSES, DOMAIN_SAMPLING, SAMPLING, Course
from .domains import Domains, DomainSampling
from .sampling import Sampling


class Kind(NamedTuple):
    """How samples become batches: functions by name, since they travel to other processes."""

    sample: Callable[..., Any]
    collate: Callable[..., Any]
    normalise: Callable[..., Any]
    split: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Family:
    """Networks of one kind, and how each is trained where a recipe says nothing else (by model and preset)."""

    name: str
    models: Mapping[str, Mapping[str, Any]]  # with the presets that can be trained
    sampling: Callable[[str, str], Any]
    course: Callable[[str, str], Course]
    kind: Kind
    source: Callable[[Any], Any]  # recipe -> where its sequences come from
    learner: Callable[[Any, torch.device, Any], Any]  # recipe, device, source
    least: int  # sequences in a part of a process's share of a batch


def _dimp_sampling(model: str, preset: str) -> Sampling:
    tracking = dimp.find(model, preset).tracking
    return Sampling(tracking.crop, tracking.scale, **SAMPLING[preset])


def _dimp_learner(recipe: Any, device: torch.device, source: Any) -> Any:
    from .learner import Learner

    return Learner(recipe, device)


def _mdnet_sampling(model: str, preset: str) -> DomainSampling:
    chosen = mdnet.find(model, preset)
    regime = chosen.tracking.regime
    return DomainSampling(chosen.architecture.unit, regime, **DOMAIN_SAMPLING[preset, regime])


def _mdnet_learner(recipe: Any, device: torch.device, source: Any) -> Any:
    from .domain_learner import DomainLearner

    return DomainLearner(recipe, device, source)


DIMP = Family(
    "dimp",
    {name: {size: sizes[size] for size in sizes if size in COURSES} for name, sizes in dimp.MODELS.items()},
    _dimp_sampling,
    lambda model, preset: COURSES[preset][dimp.find(model, preset).architecture.depth],
    Kind(samples.sample, samples.collate, samples.normalise, samples.split),
    lambda recipe: recipe.data.open(),
    _dimp_learner,
    least=2,  # batch norm of 1x1 maps in the IoU-Net
)
MDNET = Family(
    "mdnet",
    mdnet.MODELS,
    _mdnet_sampling,
    lambda model, preset: DOMAIN_COURSES[preset, mdnet.find(model, preset).tracking.regime],
    Kind(domains.sample, domains.collate, domains.normalise, domains.split),
    lambda recipe: Domains(recipe.data.open(), recipe.seed, recipe.data.sampling.domains),
    _mdnet_learner,
    least=1,
)


@cache
def all_models() -> dict[str, Family]:
    """The family of every network that can be trained."""
    return {name: family for family in (DIMP, MDNET) for name in family.models}
