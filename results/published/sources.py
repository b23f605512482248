"""Every printed number with what it rests on: who says so, when, and whether others print something else.

``scores.csv`` and ``sota.csv`` hold the prints, ``references.csv`` each reference's address, the trackers whose ``own``
results it prints, and what its numbers of others are: ``kind``, a Source. Measured numbers are never mixed with these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from . import Printed, erratum, printed_scores, read_table
from .cmd import DASH, TABLE_5

Source = Literal["measured", "scored", "printed", "quoted", "list", "notes"]
SOURCES: Mapping[Source, str] = {  # most trusted first
    "measured": "measured here",
    "scored": "scored from raw results",
    "printed": "printed by its authors",
    "quoted": "quoted by others",
    "list": "community list",
    "notes": "third-party reading notes",
}
TRUSTED: tuple[Source, ...] = ("printed", "quoted")  # the others are left out unless asked for


@dataclass(frozen=True, slots=True)
class Print(Printed):
    """A printed score with its source; ``fps``, ``hardware``, ``params_m`` as the reference prints them, '' if not.

    ``doubt``: suspect, typo or superseded, as the ``note`` explains; '' where only an erratum may speak against it.
    """

    source: Source
    address: str = ""
    year: str = ""
    venue: str = ""
    fps: str = ""
    hardware: str = ""
    params_m: str = ""
    doubt: str = ""
    note: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether something is known to speak against this print."""
        return bool(self.doubt) or erratum(self) is not None

    def same(self, other: Printed) -> bool:
        """Whether two prints are one number, rounded to the coarser one's decimals."""
        fine, coarse = sorted((self, other), key=lambda p: -len(p.value.partition(".")[2]))
        return coarse.agrees(float(fine.value))


@dataclass(frozen=True, slots=True)
class Cell:
    """All prints of one score, the one to show first."""

    prints: tuple[Print, ...]

    @property
    def best(self) -> Print:
        """The most trusted print that nothing speaks against, if there is one."""
        return self.prints[0]

    @property
    def others(self) -> tuple[Print, ...]:
        """One print of each other number that is in print for this cell."""
        others: list[Print] = []
        for entry in self.prints[1:]:
            if not any(entry.same(known) for known in (self.best, *others)):
                others.append(entry)
        return tuple(others)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is printed of a tracker beside its scores. ``speeds``: prints that tell an FPS, most trusted first."""

    tracker: str
    year: str
    venue: str
    params_m: str
    speeds: tuple[Print, ...]


@cache
def prints() -> tuple[Print, ...]:
    """All prints of all references, those of the CMD paper's Table 5 with its other columns."""
    references = {row["reference"]: row for row in read_table("references.csv")}
    columns = {row["tracker"]: row for row in read_table("cmd_trackers.csv")}

    def made(row: Mapping[str, str]) -> Print:
        reference = references[row["reference"]]
        own = row["tracker"] in reference["own"].split("|")
        source = cast("Source", "printed" if own else reference["kind"])
        return Print(**row, source=source, address=reference["address"])

    names = ("dataset", "split", "tracker", "metric", "attribute", "value", "reference")
    entries = []
    for entry in printed_scores():
        row = {name: getattr(entry, name) for name in names}
        if entry.reference == TABLE_5:
            known = columns[entry.tracker]
            row |= {key: known[key] for key in ("year", "venue")}
            row |= {key: known[key] for key in ("params_m", "fps") if known[key] != DASH}
        entries.append(made(row))
    return (*entries, *map(made, read_table("sota.csv")))


def cells(dataset: str, split: str, attribute: str = "ALL", *, untrusted: bool = False) -> dict[tuple[str, str], Cell]:
    """(tracker, metric) -> prints of a benchmark's split; ``untrusted``: also those of lists and reading notes."""
    by_cell: dict[tuple[str, str], list[Print]] = {}
    for entry in prints():
        here = (entry.dataset, entry.split, entry.attribute) == (dataset, split, attribute)
        if here and (untrusted or entry.source in TRUSTED):
            by_cell.setdefault((entry.tracker, entry.metric), []).append(entry)
    return {key: Cell(_ranked(entries)) for key, entries in by_cell.items()}


def find(dataset: str, split: str, tracker: str, metric: str, attribute: str) -> Iterator[Print]:
    """Every trusted print of one cell, in the order of the files; the tracker's name in any case."""
    key = (dataset, split, tracker.lower(), metric, attribute)
    for entry in prints():
        own = (entry.dataset, entry.split, entry.tracker.lower(), entry.metric, entry.attribute)
        if own == key and entry.source in TRUSTED:
            yield entry


def facts(tracker: str, *, untrusted: bool = False) -> Facts:
    """Year, venue, parameters and speeds of a tracker; '' where nobody whom we trust prints them."""
    own = sorted((e for e in _by_tracker().get(tracker, ()) if untrusted or e.source in TRUSTED), key=_trust)
    dated = [entry for entry in own if entry.year]
    dates = Counter((entry.year, entry.venue) for entry in dated if entry.source == dated[0].source)
    year, venue = dates.most_common(1)[0][0] if dates else ("", "")
    speeds: dict[tuple[str, ...], Print] = {}
    for entry in own:
        if entry.fps:
            speeds.setdefault((entry.fps, entry.hardware, entry.reference), entry)
    size = next((entry.params_m for entry in own if entry.params_m), "")
    return Facts(tracker, year, venue, size, tuple(speeds.values()))


@cache
def _by_tracker() -> dict[str, list[Print]]:
    entries: dict[str, list[Print]] = {}
    for entry in prints():
        entries.setdefault(entry.tracker, []).append(entry)
    return entries


def _ranked(entries: list[Print]) -> tuple[Print, ...]:
    """The most trusted first; among equals what most of them print."""
    votes = Counter((entry.source, entry.value) for entry in entries)
    return tuple(sorted(entries, key=lambda entry: (*_trust(entry), -votes[entry.source, entry.value])))


def _trust(entry: Print) -> tuple[int, bool]:
    return list(SOURCES).index(entry.source), entry.doubtful
