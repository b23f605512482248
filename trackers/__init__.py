"""Trackers: adapters that turn a network or a program into boxes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

if __name__ != "rgbtbench.trackers":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.trackers, not as {__name__}")

from rgbtbench.core.errors import unknown
from rgbtbench.core.registry import Registry

from . import mdnet

T = TypeVar("T")

TRACKERS: Registry[Any] = Registry(
    "tracker",
    {
        "still": "rgbtbench.trackers.still:Still",
        "dcf": "rgbtbench.trackers.dcf:DCF",
        "replay": "rgbtbench.trackers.replay:Replay",
        "process": "rgbtbench.trackers.process:Process",
        "codebase": "rgbtbench.trackers.codebase:Codebase",
        "trax": "rgbtbench.trackers.trax:Trax",
        "cmd-teacher": "rgbtbench.trackers.crossmodal.models:teacher",
        "cmd-student": "rgbtbench.trackers.crossmodal.models:student",
        "cmd-student-softmax": "rgbtbench.trackers.crossmodal.models:student_softmax",
        "cmd-student-living": "rgbtbench.trackers.crossmodal.models:student_living",
        "cmd-student-origin": "rgbtbench.trackers.crossmodal.models:student_origin",
        "cmd-student-saf": "rgbtbench.trackers.crossmodal.models:student_saf",
        "cmd-student-caf": "rgbtbench.trackers.crossmodal.models:student_caf",
        "cmd-student-tf": "rgbtbench.trackers.crossmodal.models:student_tf",
        "cmd-student-2xres18": "rgbtbench.trackers.crossmodal.models:student_2xres18",
        "dimp-18": "rgbtbench.trackers.crossmodal.models:dimp_18",
        "dimp-50": "rgbtbench.trackers.crossmodal.models:dimp_50",
        "mfdimp": "rgbtbench.trackers.crossmodal.models:mfdimp",
        "hmft": "rgbtbench.trackers.crossmodal.models:hmft",
        "cedimp": "rgbtbench.trackers.crossmodal.models:cedimp",
    }
    | {name: f"rgbtbench.trackers.mdnet.models:trackers.{name}" for name in mdnet.FAMILY},
    group="rgbtbench.trackers",
    next="rgbtbench list trackers",
)

REVISIONS: Mapping[str, int] = {  # of a package of built-in trackers: raised when a change to it may change a box
    "rgbtbench.trackers.crossmodal": 6,
    "rgbtbench.trackers.mdnet": 2,
}


def revision(name: str) -> int | None:
    """The revision that a built-in tracker's boxes depend on, if it has one; it is part of a run's identity."""
    targets = {known.lower(): target for known, target in TRACKERS.builtin.items()}
    module = targets.get(name.lower(), name).partition(":")[0]
    return REVISIONS.get(module.rpartition(".")[0])


def places(name: str | None) -> tuple[str, ...]:
    """The parameters of a tracker that only say where things lie: not part of a run's identity, unlike ``origin``."""
    return ("root", "python") if str(name).lower() == "codebase" else ()


def origin(name: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What lies at a tracker's ``places``, by content. Raises ConfigError if it is not what it must be."""
    if not places(name):
        return None
    from .codebase import origin as found

    return found(params)


def follows_many(name: str) -> bool:
    """Whether a built-in tracker follows several sequences at once (docs/lockstep.md)."""
    targets = {known.lower(): target for known, target in TRACKERS.builtin.items()}
    return targets.get(name.lower(), "").startswith(f"{__name__}.crossmodal.")


def shipped_weights(name: str | None, preset: str | None) -> Path | None:
    """The trained weights that come with the package for a tracker of this size, if any."""
    file = f"{name}-{preset}.safetensors".lower()  # trackers are found in any case
    folders = (Path(__file__).parent / family / "weights" for family in ("crossmodal", "mdnet"))
    return next((folder / file for folder in folders if (folder / file).exists()), None)


def preset_of(models: Mapping[str, Mapping[str, T]], name: str, preset: str) -> T:
    """A model at one of its sizes. Raises ConfigError for an unknown name or preset."""
    if name not in models:
        raise unknown("model", name, models, next="rgbtbench list trackers")
    if preset not in models[name]:
        raise unknown(f"preset of {name}", preset, models[name])
    return models[name][preset]


MEANINGS = {
    "still": "repeats the first box",
    "dcf": "discriminative correlation filter on both modalities, NumPy only",
    "replay": "raw result files played back: results=FOLDER_OR_ARCHIVE",
    "process": "a tracker in its own interpreter or container: command=[...]",
    "codebase": "a repository of the pytracking or OSTrack shape, in its own interpreter: root=..., tracker=...",
    "trax": "a tracker that speaks TraX, as VOT's do: command=[...]",
    "cmd-teacher": "two ResNet-50, MDC + FRS: our MFNet-style reconstruction, as the paper leaves its internals open",
    "cmd-student": "one ResNet-18 for both modalities, MPSD fusion: the paper's Student-Distill",
    "cmd-student-softmax": "the same with Eq. 5's weights by softmax, as the paper's text says, not its formula",
    "cmd-student-living": "MPSD with paths of one size, so that its selector does not collapse: our reconstruction",
    "cmd-student-origin": "CMD's student with plain concatenation: the paper's Student-Origin",
    "cmd-student-saf": "the same with spatial attention (Table 3): our reconstruction",
    "cmd-student-caf": "the same with channel attention (Table 3): our reconstruction",
    "cmd-student-tf": "the same with the teacher's fusion (Table 3): our reconstruction",
    "cmd-student-2xres18": "MPSD on two ResNet-18 (Table 4)",
    "dimp-18": "DiMP on ResNet-18, sees RGB alone",
    "dimp-50": "DiMP on ResNet-50, sees RGB alone",
    "mfdimp": "mfDiMP (ICCVW 2019): DiMP on two ResNet-50, heads on both maps side by side",
    "hmft": "HMFT (CVPR 2022): DiMP on three ResNet-50, two classifiers weighted cell by cell",
    "cedimp": "CEDiMP (Sensors 2021): DiMP on one ResNet-50, modalities exchange channels: our reconstruction",
} | mdnet.FAMILY
