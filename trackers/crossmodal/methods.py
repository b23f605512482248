"""Every way of training a student that Tables 1 to 4 compare, as data (docs/paper.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rgbtbench.errors import ConfigError, unknown

FEATURE_TERMS = ("scfd", "fus", "p", "fitnets", "reviewkd", "md")  # weighed by alpha
RESPONSE_TERMS = ("hfrd", "kd")  # weighed by beta
TARGETS = ("sem", "cem", "add")  # of SCFD, each a function of equations.TARGETS
REDUCTIONS = ("channel_sum", "mean", "normalised")  # of equations.distance
FRAMES = ("test", "all")


@dataclass(frozen=True, slots=True)
class Method:
    """A student of ``models.MODELS``, what it learns from the teacher, and a switch for each reading (docs/paper.md)."""

    student: str = "cmd-student"
    terms: tuple[str, ...] = ()
    targets: tuple[str, str, str, str] = ("sem", "sem", "sem", "cem")  # of SCFD at levels 1 to 4
    alpha: float = 0.001  # Eq. 14; 1 suits reduction "normalised"
    beta: float = 100.0
    reduction: str = "channel_sum"  # of feature distances, see equations.distance
    frames: str = "test"  # whose features are distilled: the test crops', or all
    pool_stem: bool = False  # halve level 1 of both networks before SCFD and ReviewKD
    selector_only: bool = False  # L_p stops at the selector's inputs; else it reaches the trunk through their maxima
    clamp: bool = True  # the teacher's response to [0, 1] in Eq. 12
    hole_fix: bool = False  # to [0, 0.999] instead

    def __post_init__(self) -> None:
        for kind, names, known in (
            ("distillation term", self.terms, FEATURE_TERMS + RESPONSE_TERMS),
            ("SCFD target", self.targets, TARGETS),
            ("reduction", (self.reduction,), REDUCTIONS),
            ("choice of frames", (self.frames,), FRAMES),
        ):
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
        if len(self.targets) != 4:
            raise ConfigError("SCFD has four levels", expected="4 targets", found=", ".join(self.targets))
        if "p" in self.terms and "fus" not in self.terms:
            raise ConfigError("term p without fus", expected="both: L_p compares paths through the adapters of L_fus")


ORIGIN, TWO_TRUNKS = "cmd-student-origin", "cmd-student-2xres18"

METHODS: Mapping[str, Method] = {
    "student": Method(ORIGIN),
    "scfd": Method(ORIGIN, ("scfd",)),
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
}

TABLES: Mapping[int, Mapping[str, str]] = {  # the printed rows, in order, and the method that trains each
    1: {"Student": "student", "Student+SCFD": "scfd", "Student+SCFD+MPSD": "mpsd"} | {"Student+SCFD+MPSD+HFRD": "hfrd"},
    2: {"Student": "student"} | {f"Student+{name}": name.lower() for name in ("AFD", "SED", "CED", "SCFD")},
    3: {"Student+SCFD": "scfd"} | {f"Student+SCFD+{name}": name.lower() for name in ("SAF", "CAF", "TF", "MPSD")},
    4: {"KD (2 Res18)": "kd", "FitNets (2 Res18)": "fitnets"}
    | {"ReviewKD (2 Res18)": "reviewkd-2x", "ReviewKD (1 Res18)": "reviewkd-1x"}
    | {"MD (1 Res18)": "md", "Ours (1 Res18)": "hfrd"},
}
