"""BibTeX entries of trackers, from what is in print about them: name, year, venue, and who prints their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from rgbtbench.results.published.sources import facts, prints

from .latex import typeset
from .tables import Table

HEAD = "% Names, years and venues as in print. Add authors and titles: rgbtbench does not know them.\n"


def cited(table: Table) -> Table:
    """The table with a BibTeX key for every tracker in it that is in print."""
    names = dict.fromkeys([*(row[0] for row in table.rows if row), *table.header])
    return replace(table, keys={name: key(name) for name in names if facts(name, untrusted=True).year})


def key(tracker: str) -> str:
    """Name and year in small letters.

    >>> key("MANet++"), key("DMCNet")
    ('manetplusplus2021', 'dmcnet2022')
    """
    name = re.sub(r"[^a-z0-9]+", "", tracker.lower().replace("+", "plus"))
    return f"{name}{facts(tracker, untrusted=True).year}"


def bibliography(trackers: Iterable[str]) -> str:
    """An entry for each tracker that is in print, in order of their keys."""
    known = {key(name): name for name in trackers if facts(name, untrusted=True).year}
    return HEAD + "".join(_entry(label, name) for label, name in sorted(known.items()))


def _entry(label: str, name: str) -> str:
    about = facts(name, untrusted=True)
    first = next(entry for entry in prints() if entry.tracker == name)
    fields = {
        "title": f"{{{typeset(name)}}}",
        "howpublished": typeset(about.venue),
        "year": about.year,
        "note": typeset(f"numbers: {first.reference}, {first.address}"),
    }
    lines = "".join(f"  {field} = {{{text}}},\n" for field, text in fields.items() if text)
    return f"\n@misc{{{label},\n{lines}}}\n"
