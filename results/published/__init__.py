"""Numbers printed in papers, with their sources and what is known to be wrong with them. Plain data, never measured.

``scores.csv``  one printed score a row; ``sota.csv``  those of 2019 to 2026, with year, venue and speed as printed;
``references.csv``  where each is, and whose own results it prints (``sources`` joins the three). ``errata.csv``  where
a print and the raw files are known to disagree, or a paper contradicts itself, and the evidence ('*' matches
anything). ``cmd_ablations.csv``  Tables 1 to 4 of the CMD paper; ``cmd_trackers.csv``  the other columns of its Table 5
as printed, '-' too, then our own year and venue (``cmd`` joins these with Table 5's scores). ``cmd_claims.csv``  what
its text says of its tables (``claims`` computes it again).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed score in percent, its digits as printed."""

    dataset: str
    split: str
    tracker: str
    metric: str
    attribute: str
    value: str
    reference: str

    def difference(self, measured: float) -> float:
        """Measured minus printed, in points."""
        return measured - float(self.value)

    def agrees(self, measured: float) -> bool:
        """Whether the print is the measured value (in percent) rounded to its own number of decimals."""
        half_a_digit = float(f"0.5e-{len(self.value.partition('.')[2])}")
        return abs(self.difference(measured)) <= half_a_digit + 1e-6


@dataclass(frozen=True, slots=True)
class Erratum:
    """A print that does not follow from the raw files, or contradicts others; '*' in a field matches anything.

    ``place``: the table or section, of the paper that we look at closely; '' elsewhere. ``claims``: ids of
    ``cmd_claims.csv`` that do not hold, '|' between: computed, they are (more of) the evidence.
    """

    reference: str
    place: str
    dataset: str
    split: str
    tracker: str
    metric: str
    attribute: str
    note: str
    evidence: str
    claims: str = ""

    @property
    def where(self) -> str:
        """The reference as a print names it."""
        return f"{self.reference} {self.place}".strip()

    def covers(self, printed: Printed) -> bool:
        """Whether this erratum speaks of that print."""
        keys = ("dataset", "split", "tracker", "metric", "attribute")
        return self.where == printed.reference and all(
            getattr(self, key) in ("*", getattr(printed, key)) for key in keys
        )


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of one of this folder's CSV files."""
    return list(csv.DictReader(Path(__file__).with_name(name).read_text("utf-8").splitlines()))


@cache
def printed_scores() -> tuple[Printed, ...]:
    """All printed scores, in file order."""
    return tuple(Printed(**row) for row in read_table("scores.csv"))


@cache
def errata() -> tuple[Erratum, ...]:
    """All errata; the first that covers a print explains it."""
    return tuple(Erratum(**row) for row in read_table("errata.csv"))


def erratum(printed: Printed) -> Erratum | None:
    """The first erratum that covers a print."""
    return next((entry for entry in errata() if entry.covers(printed)), None)
