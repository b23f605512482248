"""One colour per tracker, by its name alone: the same in every figure and on every page, whoever else is shown.

Seven colours that people with any colour vision can tell apart (Okabe and Ito, without yellow, which is too pale for
lines); lines of one colour in one figure differ by their dashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[tuple[float, ...], ...] = (  # on and off, in line widths
    (),
    (4, 1.5),
    (1, 1.2),
    (6, 1.5, 1, 1.5),
    (9, 2),
    (4, 1.2, 1, 1.2, 1, 1.2),
    (2, 2.5),
)
FIXED = {  # often shown together, so given different ones
    name: index % len(PALETTE)
    for group in (
        ("CMD-Teacher", "CMD-Student-Distill", "CMD-Student-Origin"),
        ("cmd-teacher", "cmd-student", "cmd-student-origin"),
        ("MTNet", "DFAT", "MaCNet", "DMCNet", "MANet", "DAFNet", "DAPNet", "SGT", "CAT", "MANet++"),
        ("dcf", "dcf-rgb", "dcf-tir", "still", "teacher", "student-distilled", "student-plain"),
    )
    for index, name in enumerate(group)
}


def colour(name: str) -> str:
    """A tracker's colour as ``#RRGGBB``."""
    return PALETTE[FIXED.get(name, sha256(name.encode(errors="backslashreplace")).digest()[0] % len(PALETTE))]


def dashes(names: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """A dash pattern for each tracker of one figure, so that no two look alike."""
    used: dict[str, int] = {}
    chosen = {}
    for name in sorted(names):  # not by score: a better tracker must not change another's line
        at = used[colour(name)] = used.get(colour(name), -1) + 1
        chosen[name] = DASHES[at % len(DASHES)]
    return chosen
