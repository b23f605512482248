"""Which of many named things belong to which sequence: pure functions on names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CANDIDATES = 12  # spellings tried on one shelf
RUN = r"run|seed|repeat|rep|trial|round|r|s"  # words before the number of a repeat
NOT_RUN = r"epoch|ep|iter|ckpt|checkpoint|step|version|ver|v|fold|stage"  # numbered, but each is another tracker
NUMBERED = re.compile(  # a repeat's name: `run3`, `T_seed2`, `5`, `*_001`, `param_000`
    rf"(?P<base>(?:.*[-_. ])?(?:{RUN})[-_. ]?|(?:.*\*[-_. ])?|(?!(?:.*[-_. ])?(?:{NOT_RUN})[-_. ]).*[-_. ](?=\d{{3}}$))"
    r"(?P<number>\d{1,6})",
    re.I,
)
ENDING = re.compile(r"\.[a-z]{3,4}$", re.I)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Things of one kind side by side: files of a folder, arrays of a file, or one file of each folder in a folder.

    ``things``: name -> where it is; ``pattern``: how a thing's path is written, ``*`` for its name; ``kind``: rank of
    its format, plainest first.
    """

    pattern: str
    kind: int
    things: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Match:
    """Things of a shelf named after sequences, all with the same ``before`` and ``after``: sequence -> where."""

    shelf: Shelf
    before: str
    after: str
    found: Mapping[str, str]

    @property
    def pattern(self) -> str:
        """The path with ``*`` for the sequence, such as ``results/T_*.txt``."""
        return self.shelf.pattern.replace("*", f"{self.before}*{self.after}")

    @property
    def place(self) -> str:
        """The folder or file that holds all of it."""
        return self.pattern.partition("*")[0].rpartition("/")[0]


def matches(shelf: Shelf, names: Sequence[str]) -> list[Match]:
    """The spellings that name the most sequences, and their repeats; [] if there is none.

    What stands before and behind the names is found by asking which spelling names the most sequences, never from one
    file: ``easy_blackboy`` and ``blackboy`` are both sequences. Upper and lower case differ only where they must.
    """
    present, wanted = _folded(shelf.things), _folded(names)
    if len(present) < len(shelf.things) or len(wanted) < len(set(names)):
        present, wanted = {name: name for name in shelf.things}, {name: name for name in names}

    def match(before: str, after: str) -> Match:
        found = {own: real for key, own in wanted.items() if (real := present.get(before + key + after))}
        if found:  # as they are written
            real = next(iter(found.values()))
            before, after = real[: len(before)], real[len(real) - len(after) :]
        return Match(shelf, before, after, {name: shelf.things[real] for name, real in found.items()})

    plain = match("", "")
    if len(plain.found) == len(wanted):
        return [plain]
    spellings: Counter[tuple[str, str]] = Counter()
    text = "\n".join(present)  # one look for each name spares most of them a look at every thing
    for key in (key for key in wanted if key in text):
        spellings.update((name[:at], name[at + len(key) :]) for name in present if (at := name.find(key)) >= 0)
    found = [match(*spelling) for spelling, _ in spellings.most_common(CANDIDATES)]
    top = max((len(m.found) for m in found), default=0)
    if not top:
        return []
    best = [m for m in found if len(m.found) == top]
    if len(plain.found) == top or top == 1:  # the plainest reading of a tie
        best = [min(best, key=lambda m: (len(m.before) + len(m.after), m.before))]
    alone = {m.before for m in best if not m.after}  # what says more behind the name is another thing of this tracker
    best = [m for m in best if not m.after or m.before not in alone]
    return best + [m for m in found if m not in best and any(is_repeat(m.pattern, b.pattern) for b in best)]


def choose(found: Iterable[Match]) -> tuple[list[Match], list[Match]]:
    """The best match, or all its repeats by number, and others that are as good.

    In a tie the nearer folder is meant: what lies below it is a copy; and the plainest format in a folder.
    """
    ranked = sorted(found, key=lambda m: (-len(m.found), m.pattern.count("/"), m.shelf.kind, m.pattern))
    if not ranked:
        return [], []
    best = ranked[0]
    runs = {0: best}
    repeats = [m for m in ranked if is_repeat(m.pattern, best.pattern)]
    if repeats:
        others = [*repeats[:1], *[best] * len(repeats)]  # to tell where each differs
        numbered = {int(number_of(m.pattern, o.pattern)): m for m, o in zip([best, *repeats], others, strict=True)}
        counted = sorted(numbered) in (list(range(len(repeats) + 1)), list(range(1, len(repeats) + 2)))
        if counted or (len(numbered) == len(repeats) + 1 and "seed" in best.pattern.lower()):
            runs = dict(sorted(numbered.items()))
    chosen = list(runs.values())
    as_good = [m for m in ranked if len(m.found) == len(best.found) and m not in chosen]
    return chosen, [m for m in as_good if not _gives_way(m, best)]


def _gives_way(match: Match, best: Match) -> bool:
    """Whether a match lies below the best one, or beside it in a less plain format."""
    if match.place == best.place and match.shelf.kind > best.shelf.kind:
        return True
    inside = match.place == best.place or not best.place or match.place.startswith(f"{best.place}/")
    return inside and match.pattern.count("/") > best.pattern.count("/")


def is_repeat(one: str, other: str) -> bool:
    """Whether two patterns differ in nothing but the number of a repeat.

    >>> is_repeat("T/run1/*.txt", "T/run2/*.txt"), is_repeat("*/*_001.txt", "*/*_002.txt")
    (True, True)
    >>> is_repeat("MANet1/*.txt", "MANet2/*.txt"), is_repeat("epoch_001/*.txt", "epoch_002/*.txt")
    (False, False)
    """
    first, second = number_of(one, other), number_of(other, one)
    return bool(first and second and first != second)


def number_of(pattern: str, other: str) -> str:
    """The number of a repeat where a pattern differs from another one; '' if that is not all that differs."""
    own, others = ([ENDING.sub("", part) for part in re.split("[/:]", text)] for text in (pattern, other))
    differing = [(a, b) for a, b in zip(own, others, strict=False) if a != b]
    if len(own) != len(others) or len(differing) != 1:
        return ""
    a, b = (NUMBERED.fullmatch(part) for part in differing[0])
    return a["number"] if a and b and a["base"] == b["base"] else ""


def _folded(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}
