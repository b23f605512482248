"""The paper's networks as data: what each is made of, at the paper's size and at one for laptops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rgbtbench.trackers import preset_of
from rgbtbench.trackers.dimp.network import Architecture, Classifier, Fusion, Network
from rgbtbench.trackers.dimp.parameters import Parameters
from rgbtbench.trackers.dimp.tracker import DiMP

from .cedimp import ChannelExchange
from .fusion import MPSD, ChannelAttention, Concat, LivingMPSD, SideBySide, SpatialAttention, TeacherFusion
from .hmft import TwoClassifiers


def matched_saf(channels: int) -> SpatialAttention:
    """SAF with as many parameters as printed (Table 3)."""
    return SpatialAttention(channels, hidden=3 * channels // 2)


def matched_caf(channels: int) -> ChannelAttention:
    """CAF with as many parameters as printed (Table 3)."""
    return ChannelAttention(channels, hidden=3 * channels // 4)


nano_tf = partial(TeacherFusion, hidden=48)
nano_fused = partial(TeacherFusion, hidden=64)


@dataclass(frozen=True, slots=True)
class Preset:
    """A network's sizes and how it tracks."""

    architecture: Architecture
    fusion: Fusion | None  # None: the RGB levels as they are
    tracking: Parameters
    classifier: type[Classifier] = Classifier


PAPER = Parameters()
NANO = Parameters(
    crop=128, scale=2.5, first_iterations=20, every=5, surroundings=True,
    window=0.95, between_cells=True, velocity=0.4, second_look=0.5, not_found=0.35,
)  # fmt: skip
PRDIMP = Parameters(softmax=True, not_found=0.04, relative=True, steps=10, step=2.5e-3)  # as released; and super-DiMP:
SUPER = Parameters(crop=352, scale=6.0, relative=True, steps=10, step=2.5e-3)
FEW = (10, 0.5)  # mfDiMP's distance bins
TWO = ("rgb", "tir")
STUDENT = Architecture()
TEACHER = Architecture(depth=50, trunks=TWO, features=512)
NANO_STUDENT = Architecture(width=16, features=64, iou=64, cells=8)
NANO_TEACHER = replace(NANO_STUDENT, trunks=TWO, width=32)  # ResNet-18: a ResNet-50 costs more a step


def _student(fusion: Fusion | None, nano: Fusion | None = None, **changes: Any) -> dict[str, Preset]:
    return {
        "paper": Preset(replace(STUDENT, **changes), fusion, PAPER),
        "nano": Preset(replace(NANO_STUDENT, **changes), nano or fusion, NANO),
    }


def _teacher(fusion: Fusion | None, nano: Fusion | None = None, **changes: Any) -> dict[str, Preset]:
    return {
        "paper": Preset(replace(TEACHER, **changes), fusion, PAPER),
        "nano": Preset(replace(NANO_TEACHER, **changes), nano or fusion, NANO),
    }


def _baseline(fusion: Fusion, classifier: type[Classifier] = Classifier, **changes: Any) -> dict[str, Preset]:
    """Another DiMP-50, with mfDiMP's few distance bins, as released; the nano one is as narrow as the student."""
    changes = {"bins": FEW, **changes}
    return {
        "paper": Preset(replace(TEACHER, **changes), fusion, PAPER, classifier),
        "nano": Preset(replace(NANO_STUDENT, **{"trunks": TWO, **changes}), fusion, NANO, classifier),
    }


def _released(like: Architecture, tracking: Parameters, fusion: Fusion | None = None, **changes: Any) -> Preset:
    """A network of the paper's size as others trained it: `rgbtbench weights convert` brings their weights."""
    return Preset(replace(like, **{"trunks": ("rgb",), **changes}), fusion, tracking)


MODELS: Mapping[str, Mapping[str, Preset]] = {
    "cmd-teacher": {
        **_teacher(TeacherFusion, SideBySide),  # nano: as docs/log/choices.md says
        "nano-fused": Preset(NANO_TEACHER, nano_fused, NANO),
    },
    "cmd-student": _student(MPSD),
    "cmd-student-softmax": _student(partial(MPSD, act="softmax")),  # Eq. 5 as its text says
    "cmd-student-living": _student(LivingMPSD),
    "cmd-student-origin": _student(Concat),
    "cmd-student-saf": _student(matched_saf),
    "cmd-student-caf": _student(matched_caf),
    "cmd-student-tf": _student(TeacherFusion, nano_tf),
    "cmd-student-2xres18": _student(MPSD, trunks=TWO),
    "dimp-18": {
        **_student(None, trunks=("rgb",)),
        "prdimp": _released(STUDENT, PRDIMP, optimiser="newton"),
        "original": _released(STUDENT, PAPER, optimiser="original", bins=FEW),
    },
    "dimp-50": {
        **_teacher(None, trunks=("rgb",)),
        "prdimp": _released(TEACHER, replace(PRDIMP, crop=SUPER.crop, scale=SUPER.scale), optimiser="newton"),
        "super": _released(TEACHER, SUPER),
        "original": _released(TEACHER, PAPER, optimiser="original", bins=FEW),
    },
    "mfdimp": {
        **_baseline(SideBySide),
        "original": _released(TEACHER, PAPER, SideBySide, trunks=TWO, optimiser="original", bins=FEW),
    },
    "hmft": _baseline(SideBySide, TwoClassifiers, trunks=(*TWO, "both")),
    "cedimp": _baseline(ChannelExchange, trunks=("both",), bins=STUDENT.bins),
}


def find(name: str, preset: str) -> Preset:
    """A model's sizes. Raises ConfigError for an unknown name or preset."""
    return preset_of(MODELS, name, preset)


def build(name: str, preset: str = "paper") -> Network:
    """A network with random weights, in training mode."""
    chosen = find(name, preset)
    return Network(chosen.architecture, chosen.fusion, chosen.classifier)


def make(name: str, preset: str) -> tuple[Network, Parameters]:
    """A network and how it tracks."""
    return build(name, preset), find(name, preset).tracking


teacher = partial(DiMP, "cmd-teacher", make)
student = partial(DiMP, "cmd-student", make)
student_softmax = partial(DiMP, "cmd-student-softmax", make)
student_living = partial(DiMP, "cmd-student-living", make)
student_origin = partial(DiMP, "cmd-student-origin", make)
student_saf = partial(DiMP, "cmd-student-saf", make)
student_caf = partial(DiMP, "cmd-student-caf", make)
student_tf = partial(DiMP, "cmd-student-tf", make)
student_2xres18 = partial(DiMP, "cmd-student-2xres18", make)
dimp_18 = partial(DiMP, "dimp-18", make)
dimp_50 = partial(DiMP, "dimp-50", make)
mfdimp = partial(DiMP, "mfdimp", make)
hmft = partial(DiMP, "hmft", make)
cedimp = partial(DiMP, "cedimp", make)
