"""Attributes and what causes them: one table. A label is set where the finished plan shows its cause.

Thresholds follow the benchmarks' papers: 20 px (FM), 400 px (SO, LR), the range [0.5, 2] (LSV, SC, SV: area; ARC:
aspect), 80 % covered (HO of RGBT234). Where the papers only say "low" or "abrupt", the number below is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .plan import OCCLUDERS, Plan
from .waves import Floats, stream


@dataclass(frozen=True, slots=True)
class Cause:
    """``meaning``: what is rendered; ``holds``: whether a plan shows it, and with it the label."""

    meaning: str
    holds: Callable[[Plan], bool | np.bool_]


CAUSES: Mapping[str, Cause] = {
    "clear": Cause("nothing ever before the target", lambda p: p.cover.max() == 0 and p.veil.max() == 0),
    "occluded": Cause("over 10 % of the target covered in some frame", lambda p: p.cover.max() > 0.1),
    "partial": Cause("10 to 80 % covered in some frame", lambda p: bool(((p.cover > 0.1) & (p.cover <= 0.8)).any())),
    "at most partial": Cause("10 to 80 % covered at the worst", lambda p: 0.1 < p.cover.max() <= 0.8),
    "heavy": Cause("over 80 % covered in some frame", lambda p: p.cover.max() > 0.8),
    "total": Cause("covered completely in some frame", lambda p: p.cover.max() >= 1),
    "hyaline": Cause("behind glass: see-through in RGB, nearly opaque in thermal", lambda p: p.veil.max() > 0.1),
    "blur": Cause("frames smeared over a third of the target's width, both modalities", lambda p: p.blur.max() > 1),
    "dark": Cause("RGB at 3 % of its light in most frames", lambda p: np.median(p.light) < 0.2),
    "bright": Cause("RGB blown out by 3.5 times its light in most frames", lambda p: np.median(p.light) > 2),
    "jumps": Cause("RGB light changes 2.5-fold between two frames", lambda p: _steps(p) > 2),
    "small": Cause("median box under 400 px", lambda p: bool(np.median(_areas(p)) < 400)),
    "deform": Cause("the silhouette bends", lambda p: p.phase.any()),
    "clutter": Cause("the background full of spots of the target's size, colours and heat", lambda p: p.clutter),
    "alike": Cause("distractors wear the target's own texture and temperature", lambda p: p.alike),
    "camera": Cause("the background moves", lambda p: np.ptp(p.camera, axis=0).max() > 0),
    "crossover": Cause("thermal contrast down by 98 % in most frames", lambda p: np.median(p.cold) >= 0.98),
    "apart": Cause("the thermal image is shifted by 10 px or more", lambda p: np.abs(p.parallax).max() >= 10),
    "lost": Cause("one modality black or a repeated frame", lambda p: p.lost.any()),
    "out": Cause("the target wholly outside the image in some frame", lambda p: p.outside.any()),
    "fast": Cause("the box's centre moves over 20 px between two frames", lambda p: _moves(p) > 20),
    "scale": Cause("area relative to frame 1 leaves [0.5, 2]", lambda p: _leaves(_areas(p))),
    "aspect": Cause("width / height relative to frame 1 leaves [0.5, 2]", lambda p: _leaves(_aspects(p))),
}

ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "GTOT": {
        "OCC": "occluded", "LSV": "scale", "FM": "fast", "LI": "dark", "TC": "crossover", "SO": "small",
        "DEF": "deform",
    },
    "RGBT234": {
        "NO": "clear", "PO": "at most partial", "HO": "heavy", "LI": "dark", "LR": "small", "TC": "crossover",
        "DEF": "deform", "FM": "fast", "SC": "scale", "MB": "blur", "CM": "camera", "BC": "clutter",
    },
    "LasHeR": {
        "NO": "clear", "PO": "partial", "TO": "total", "HO": "hyaline", "MB": "blur", "LI": "dark", "HI": "bright",
        "AIV": "jumps", "LR": "small", "DEF": "deform", "BC": "clutter", "SA": "alike", "CM": "camera",
        "TC": "crossover", "FL": "lost", "OV": "out", "FM": "fast", "SV": "scale", "ARC": "aspect",
    },
    "VTUAV": {
        "BC": "clutter", "CM": "camera", "DEF": "deform", "FM": "fast", "OV": "out", "EI": "dark", "LR": "small",
        "TB": "blur", "TVS": "apart", "PO": "partial", "SV": "scale", "TC": "crossover", "FO": "total",
    },
}  # fmt: skip

# One modality always carries the target, and a sequence without occlusion has no occluder.
EXCLUSIVE = (
    ("dark", "bright", "crossover"),
    ("dark", "hyaline"),  # glass is opaque to thermal cameras
    *(("clear", other) for other in ("occluded", "partial", "at most partial", "heavy", "total", "hyaline")),
    ("at most partial", "heavy"),
)
EXTRA = 0.15  # chance of each further attribute
HARD = (  # of each row one cause in turn, the next row turning more slowly; "": none
    ("clutter",), ("dark", "crossover"), (*OCCLUDERS,), ("fast", "deform", ""),
)  # fmt: skip


def design(benchmark: str, seed: int, index: int, *, hard: bool = False) -> frozenset[str]:
    """Attributes asked of a sequence: one in turn, darkness or TC in two of three sequences, others by chance.

    ``hard``: one of each row of ``HARD``, too: a crowd always, darkness or TC always, some occlusion.
    Depends on nothing but its arguments. Any A consecutive sequences show all A attributes of the benchmark, but hard
    ones, whose rows exclude some.
    """
    causes = ATTRIBUTES[benchmark]
    order = stream((seed,), "design").permutation(len(causes))
    random = stream((seed, index), "design")
    in_turn = list(causes)[order[index % len(causes)]]
    dark, cold = (next(name for name, cause in causes.items() if cause == wanted) for wanted in ("dark", "crossover"))
    contrast = [] if hard else ([dark], [cold], [])[index % 3]
    draws = random.random(len(causes))
    by_chance = [name for name, draw in zip(causes, draws, strict=True) if draw < EXTRA and name not in (dark, cold)]
    chosen: list[str] = []
    for name in (*(_hard(causes, index) if hard else ()), in_turn, *contrast, *by_chance):
        if name not in chosen and compatible([causes[name] for name in (*chosen, name)]):
            chosen.append(name)
    return frozenset(chosen)


def _hard(causes: Mapping[str, str], index: int) -> list[str]:
    """One attribute for each row of ``HARD`` of which the benchmark has any."""
    names = {cause: name for name, cause in causes.items()} | {"": ""}
    chosen, turn = [], index
    for row in HARD:
        known = [names[cause] for cause in row if cause in names]
        if known:
            chosen.append(known[turn % len(known)])
            turn //= len(known)
    return [name for name in chosen if name]


def compatible(causes: list[str]) -> bool:
    """Whether no two of these exclude each other."""
    return all(len(set(causes) & set(group)) < 2 for group in EXCLUSIVE)


def labels(benchmark: str, plan: Plan) -> frozenset[str]:
    """The attributes that a plan really shows, asked for or not."""
    return frozenset(name for name, cause in ATTRIBUTES[benchmark].items() if CAUSES[cause].holds(plan))


def _areas(plan: Plan) -> Floats:
    """Of the frames that have a box."""
    boxes = plan.boxes[plan.boxes[:, 2] > 0]
    return (boxes[:, 2] * boxes[:, 3]).astype(float)


def _aspects(plan: Plan) -> Floats:
    boxes = plan.boxes[plan.boxes[:, 2] > 0]
    return boxes[:, 2] / boxes[:, 3]


def _leaves(sizes: Floats) -> bool:
    ratio = sizes / sizes[0]
    return bool(ratio.min() < 0.5 or ratio.max() > 2)


def _moves(plan: Plan) -> float:
    """Longest way of the centre between two frames that both have a box, in pixels."""
    centers = plan.boxes[:, :2] + plan.boxes[:, 2:] / 2
    present = plan.boxes[:, 2] > 0
    steps = np.diff(centers, axis=0)[present[1:] & present[:-1]]
    return float(np.sqrt((steps * steps).sum(axis=1)).max(initial=0))


def _steps(plan: Plan) -> float:
    ratio = plan.light[1:] / plan.light[:-1]
    return float(np.maximum(ratio, 1 / ratio).max())
