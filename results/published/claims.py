"""What the CMD paper says of its own tables, computed again from the printed cells: ``cmd_claims.csv``.

A row names cells (``TABLE:ROW``, benchmark, metrics), the relation that the text claims, and the number that it says,
if it says one. A printed number stands for every number that rounds to it; the verdict is what is true of all of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from . import Erratum, read_table
from .cmd import DASH, Key, cells, rows

HOLDS = "holds"
ROUNDED = "only before rounding"  # not for the printed cells, but numbers that round to them can give it
FAILS = "does not hold"
OPEN = "cannot be told"  # the cells are equal, or the paper prints a dash


@dataclass(frozen=True, slots=True)
class Span:
    """A number and how far off the unrounded one may be; ``digits`` decimals are worth showing."""

    value: Decimal
    half: Decimal
    digits: int

    def __sub__(self, other: Span) -> Span:
        return Span(self.value - other.value, self.half + other.half, max(self.digits, other.digits))

    def text(self, *, sign: bool) -> str:
        """As people read it."""
        return f"{self.value:{'+' if sign else ''}.{self.digits}f}"


def printed(text: str) -> Span:
    """The span of a printed number."""
    digits = len(text.partition(".")[2])
    return Span(Decimal(text), Decimal(5).scaleb(-digits - 1), digits)


def _fewer(first: Span, second: Span) -> Span:
    """How many percent less the first is."""
    low, high = ((first.value + k * first.half) / (second.value - k * second.half) for k in (-1, 1))
    return Span(100 - 100 * first.value / second.value, 50 * (high - low), 1)


def _nearer(first: Span, second: Span, target: Span) -> Span:
    """How much nearer the first is to the target; what rounding did to the target moves both distances alike."""
    gaps = [abs(target.value - span.value) for span in (first, second)]
    return Span(gaps[1] - gaps[0], first.half + second.half, first.digits)


def _as_said(found: Span, said: Span) -> str:
    if abs(found.value - said.value) <= said.half:
        return HOLDS
    return ROUNDED if abs(found.value - said.value) < found.half + said.half else FAILS


def _positive(found: Span, _: Span) -> str:
    return HOLDS if found.value >= found.half else FAILS if found.value <= -found.half else OPEN


def _zero(found: Span, _: Span) -> str:
    return HOLDS if abs(found.value) < found.half else FAILS


@dataclass(frozen=True, slots=True)
class Relation:
    """How a claim is computed from its cells (and the number said), and what must be true of the result."""

    compute: Callable[..., Span]
    test: Callable[[Span, Span], str]
    sign: bool = True


RELATIONS: Mapping[str, Relation] = {
    "is": Relation(lambda first, said: first, _as_said, sign=False),
    "minus": Relation(lambda first, second, said: first - second, _as_said),
    "fewer": Relation(lambda first, second, said: _fewer(first, second), _as_said, sign=False),
    "above": Relation(lambda first, second: first - second, _positive),
    "best": Relation(lambda first, second: first - second, _positive),  # second: the best of the table's other rows
    "nearer": Relation(_nearer, _positive),
    "beyond": Relation(lambda first, second, other, said: (first - said) - (other - second), _positive),
    "same": Relation(lambda first, second: first - second, _zero),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim about one metric; ``keys``: the cells first, second, other, as far as the relation has them."""

    id: str
    section: str
    claim: str
    relation: str
    keys: tuple[Key, ...]
    said: str

    @property
    def cells(self) -> str:
        """Where they are and what is printed there."""
        tables = dict.fromkeys(key.table for key in self.keys)
        where = f"Table{'s' * (len(tables) > 1)} {' and '.join(tables)}, {self.keys[0].dataset} {self.keys[0].metric}"
        return f"{' '.join(where.split())}: " + ", ".join(f"{key.row} {cells()[key]}" for key in self.keys)

    @property
    def computed(self) -> Span | None:
        """The claim's number from the printed cells; None where the paper prints a dash."""
        texts = [cells()[key] for key in self.keys] + ([self.said] if self.said else [])
        return None if DASH in texts else RELATIONS[self.relation].compute(*map(printed, texts))

    @property
    def recomputed(self) -> str:
        """That number as text."""
        return DASH if self.computed is None else self.computed.text(sign=RELATIONS[self.relation].sign)

    @property
    def verdict(self) -> str:
        """One of HOLDS, ROUNDED, FAILS, OPEN."""
        if (computed := self.computed) is None:
            return OPEN
        return RELATIONS[self.relation].test(computed, printed(self.said or "0"))


@cache
def claims() -> tuple[Claim, ...]:
    """All of them, a claim about two metrics as two."""
    return tuple(_claims())


def _claims() -> Iterator[Claim]:
    for row in read_table("cmd_claims.csv"):
        metrics = row["metric"].split("/")
        for metric, said in zip(metrics, row["said"].split("/") if row["said"] else [""] * len(metrics), strict=True):
            named = {n: _key(row[n], row["dataset"], metric) for n in ("first", "second", "other") if row[n]}
            if row["relation"] == "best":
                named = {"first": named["first"], "second": _best(named["first"], named["other"].row)}
            texts = {name: row[name] for name in ("id", "section", "claim", "relation")}
            yield Claim(**texts, keys=tuple(named.values()), said=said)


def _key(place: str, dataset: str, metric: str) -> Key:
    table, _, name = place.partition(":")
    return Key(table, name, dataset, metric)


def _best(first: Key, without: str) -> Key:
    others = [first._replace(row=row) for row in rows(first.table) if row not in (first.row, without)]
    return max((key for key in others if cells()[key] != DASH), key=lambda key: Decimal(cells()[key]))


def evidence(erratum: Erratum) -> str:
    """What an erratum rests on: its own words, and what its claims give where they do not hold."""
    named = [c for c in claims() if c.id in erratum.claims.split("|") and c.verdict != HOLDS]
    lines = [f"{c.cells}: {c.recomputed}" + (f", said {c.said}" if c.said else "") for c in named]
    return "; ".join(filter(None, (erratum.evidence, *lines)))
