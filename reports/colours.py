"""One look per tracker, colour and dashes, for all figures of a report and for its page.

A known name has its own colour, another one a colour by its hash. Where two names of one report want the same, the
second takes the next free one: no colour is used twice while others are free. Whoever scores best changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import chain, count
from typing import NamedTuple

# The first seven can be told apart with any colour vision (Okabe and Ito, without yellow, which is too pale for lines).
# Each further one is, of all colours that can be read on white, the one furthest in CIELAB from those before it, as
# seen with and without red-green blindness (Machado et al. 2009); its dashes tell it apart, too.
FIRST = 7
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#4400DD", "#882222", "#668844", "#880066", "#22BBCC", "#884400", "#666666"),
    *("#2244BB", "#BB9944", "#990044", "#009900", "#BB0099", "#DD9999", "#448888"),
    *("#8866DD", "#DD4444", "#00BB66", "#662299", "#9922DD", "#8888DD", "#664488"),
)
DASHES: tuple[tuple[float, ...], ...] = (  # on and off, in line widths; a row for each seven colours
    (),
    (4, 1.5),
    (1, 1.2),
    (6, 1.5, 1, 1.5),
    (9, 2),
    (4, 1.2, 1, 1.2, 1, 1.2),
    (2, 2.5),
)
FIXED = {  # often shown together, so given different ones
    name: index
    for group in (
        ("CMD-Teacher", "CMD-Student-Distill", "CMD-Student-Origin"),
        ("cmd-teacher", "cmd-student", "cmd-student-origin"),
        ("MTNet", "DFAT", "MaCNet", "DMCNet", "MANet", "DAFNet", "DAPNet", "SGT", "CAT", "MANet++"),
        ("dcf", "dcf-rgb", "dcf-tir", "still", "teacher", "student-distilled", "student-plain"),
    )
    for index, name in enumerate(group)
}


class Look(NamedTuple):
    """How a tracker is drawn: ``place`` counts through the colours, and after the last goes on with other dashes."""

    place: int

    @property
    def colour(self) -> str:
        """``#RRGGBB``."""
        return PALETTE[self.place % len(PALETTE)]

    @property
    def dashes(self) -> tuple[float, ...]:
        """On and off, in line widths; empty for a line without gaps."""
        return DASHES[self.place // FIRST % len(DASHES)]


Looks = Mapping[str, Look]


def looks_of(names: Iterable[str], given: Looks | None = None) -> dict[str, Look]:
    """A look for every tracker of a report; those ``given`` keep theirs."""
    looks = dict(given or {})
    taken = {look.place for look in looks.values()}
    for name in sorted(set(names) - set(looks), key=lambda name: (name not in FIXED, name)):
        own = FIXED.get(name, sha256(name.encode(errors="backslashreplace")).digest()[0] % FIRST)
        index = next(k for k in chain([own], count()) if k not in taken)
        taken.add(index)
        looks[name] = Look(index)
    return looks
