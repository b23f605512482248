"""Measured scores beside printed ones, with the reason where one is known for a difference."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from rgbtbench.results.published import erratum
from rgbtbench.results.published.sources import SOURCES, find

from .scores import Score
from .tables import Table, number


@dataclass(frozen=True, slots=True)
class PrintedScore(Score):
    """A Score with one reference's print of the same cell; '' and NaN where nobody prints it."""

    published: float = math.nan
    difference: float = math.nan
    source: str = ""
    reference: str = ""
    note: str = ""


def with_printed(rows: list[Score]) -> list[PrintedScore]:
    """Each score once per reference that prints it."""
    joined = []
    for row in rows:
        own = asdict(row)
        prints = [] if row.sequence else list(find(row.dataset, row.split, row.tracker, row.metric, row.attribute))
        for entry in prints:
            note = ""
            if not math.isnan(row.value) and not entry.agrees(row.value):
                known = erratum(entry)
                reason = f"differs; {entry.note}" if entry.note else "differs; the reason is not known"
                note = f"{known.note}: {known.evidence}" if known else reason
            fields = {"published": float(entry.value), "difference": entry.difference(row.value), "note": note}
            fields |= {"source": SOURCES[entry.source], "reference": entry.reference}
            joined.append(PrintedScore(**own | fields))
        if not prints:
            joined.append(PrintedScore(**own))
    return joined


def printed_table(rows: list[PrintedScore]) -> Table:
    """Only the cells somebody prints; notes are long, so they are numbered and stand below."""
    notes: dict[str, int] = {}
    body = []
    for row in rows:
        if row.reference:
            mark = f"({notes.setdefault(row.note, len(notes) + 1)})" if row.note else ""
            values = number(row.value, 2), f"{row.published:.1f}", number(row.difference, 2, sign=True)
            body.append((row.tracker, row.metric, row.attribute, *values, row.source, row.reference, mark))
    return Table(
        title="Measured beside printed",
        header=("tracker", "metric", "attribute", "measured", "printed", "difference", "source", "reference", "note"),
        rows=tuple(body),
        note="\n".join(f"({index}) {note}" for note, index in notes.items()) if body else "no printed numbers known",
    )
