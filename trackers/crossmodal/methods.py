"""Every way of training a student that Tables 1 to 4 compare, as data (docs/paper.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rgbtbench.core.errors import ConfigError, unknown

STAGES: Mapping[str, str] = {  # term -> which of the paper's three stages it acts in
    "scfd": "features",
    "fitnets": "features",
    "reviewkd": "features",
    "soft_features": "features",
    "masked": "features",
    "fus": "fusion",
    "p": "fusion",
    "soft_fusion": "fusion",
    "md": "fusion",
    "hfrd": "responses",
    "kd": "responses",
}
FEATURE_TERMS = tuple(term for term, stage in STAGES.items() if stage != "responses")  # weighed by alpha
RESPONSE_TERMS = ("hfrd", "kd")  # weighed by beta
TARGETS = ("sem", "cem", "add")  # of SCFD, each a function of equations.TARGETS
REDUCTIONS = ("channel_sum", "mean", "normalised")  # of equations.distance
FRAMES = ("test", "all")
ADAPTERS = ("own", "shared")
RESPONSE_FORMS = ("literal", "both", "hinge")  # of equations.RESPONSE_FORMS


@dataclass(frozen=True, slots=True)
class Method:
    """A student of ``models.MODELS``, what it learns from the teacher, a switch for each reading (docs/paper.md)."""

    student: str = "cmd-student"
    terms: tuple[str, ...] = ()
    targets: tuple[str, str, str, str] = ("sem", "sem", "sem", "cem")  # of SCFD at levels 1 to 4
    alpha: float = 0.001  # Eq. 14; 1 suits reduction "normalised"
    beta: float = 100.0
    reduction: str = "channel_sum"  # of feature distances, see equations.distance
    frames: str = "test"  # whose features are distilled: the test crops', or all
    pool_stem: bool = False  # halve level 1 of both networks before SCFD and ReviewKD
    path_adapters: str = "own"  # of Eq. 8: each path its own, learnt on detached features; or the one of Eq. 7
    stop_gradient: bool = True  # at L_lambda of Eq. 10: L_p moves weights alone; else it makes L_lambda small, too
    selector_only: bool = False  # L_p stops at the selector's inputs; else it reaches the trunk through their maxima
    clamp: bool = True  # the teacher's response to [0, 1] in Eq. 12
    hole_fix: bool = False  # to [0, 0.999] instead
    response_form: str = "literal"  # of Eq. 13: R_c beside the student's response alone, beside both, or DiMP's hinge

    def __post_init__(self) -> None:
        for kind, names, known in (
            ("distillation term", self.terms, FEATURE_TERMS + RESPONSE_TERMS),
            ("SCFD target", self.targets, TARGETS),
            ("reduction", (self.reduction,), REDUCTIONS),
            ("choice of frames", (self.frames,), FRAMES),
            ("choice of path_adapters", (self.path_adapters,), ADAPTERS),
            ("response form", (self.response_form,), RESPONSE_FORMS),
        ):
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
        if len(self.targets) != 4:
            raise ConfigError("SCFD has four levels", expected="4 targets", found=", ".join(self.targets))
        if "p" in self.terms and "fus" not in self.terms and self.path_adapters == "shared":
            raise ConfigError("term p without fus", expected="both: L_p compares paths through the adapters of L_fus")

    def describe(self) -> dict[str, Any]:
        """All that may change a weight; what is newer than the first recipes where it does, as their identity stays."""
        said = asdict(self)
        if "p" not in self.terms or self.path_adapters == "shared":
            del said["path_adapters"]
        if "p" not in self.terms or self.stop_gradient:
            del said["stop_gradient"]
        if "hfrd" not in self.terms or self.response_form == "literal":
            del said["response_form"]
        return said

    @property
    def stages(self) -> tuple[str, ...]:
        """Which of the paper's stages it distils in, in their order."""
        return tuple(dict.fromkeys(stage for term, stage in STAGES.items() if term in self.terms))


ORIGIN, TWO_TRUNKS = "cmd-student-origin", "cmd-student-2xres18"

METHODS: Mapping[str, Method] = {
    "student": Method(ORIGIN),
    "scfd": Method(ORIGIN, ("scfd",)),
    "mpsd-alone": Method(),  # controls: MPSD undistilled; distilled without L_p
    "fus": Method(terms=("scfd", "fus")),
    "mpsd": Method(terms=("scfd", "fus", "p")),
    "hfrd": Method(terms=("scfd", "fus", "p", "hfrd")),  # the whole of CMD
    "afd": Method(ORIGIN, ("scfd",), targets=("add",) * 4),
    "sed": Method(ORIGIN, ("scfd",), targets=("sem",) * 4),
    "ced": Method(ORIGIN, ("scfd",), targets=("cem",) * 4),
    "saf": Method("cmd-student-saf", ("scfd", "fus")),
    "caf": Method("cmd-student-caf", ("scfd", "fus")),
    "tf": Method("cmd-student-tf", ("scfd", "fus")),
    "kd": Method(TWO_TRUNKS, ("kd",)),
    "fitnets": Method(TWO_TRUNKS, ("fitnets", "fus")),
    "reviewkd-2x": Method(TWO_TRUNKS, ("reviewkd", "fus")),
    "reviewkd-1x": Method(terms=("reviewkd", "fus")),
    "md": Method(terms=("md", "kd")),
    "kd-features": Method(TWO_TRUNKS, ("soft_features", "soft_fusion"), alpha=10.0),  # of other KD's size
    "md-features": Method(terms=("masked", "md")),
}

TABLES: Mapping[int, Mapping[str, str]] = {  # the printed rows, in order, and the method that trains each
    1: {"Student": "student", "Student+SCFD": "scfd", "Student+SCFD+MPSD": "mpsd"} | {"Student+SCFD+MPSD+HFRD": "hfrd"},
    2: {"Student": "student"} | {f"Student+{name}": name.lower() for name in ("AFD", "SED", "CED", "SCFD")},
    3: {"Student+SCFD": "scfd"} | {f"Student+SCFD+{name}": name.lower() for name in ("SAF", "CAF", "TF", "MPSD")},
    4: {"KD (2 Res18)": "kd", "FitNets (2 Res18)": "fitnets"}
    | {"ReviewKD (2 Res18)": "reviewkd-2x", "ReviewKD (1 Res18)": "reviewkd-1x"}
    | {"MD (1 Res18)": "md", "Ours (1 Res18)": "hfrd"},
}

VARIANTS: Mapping[int, Mapping[str, str]] = {  # a second reading of printed rows: where the paper says that they act
    4: {"KD, features and fusion": "kd-features", "MD, features and fusion": "md-features"},
}
