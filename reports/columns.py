"""What leaderboards say of a tracker beside its scores: one table for text, LaTeX, CSV and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rgbtbench.results.published.sources import Facts

from .inputs import Entry
from .tables import number

Value = str | float | None
About = Mapping[str, Value]  # key of a column -> what is known; None or '' where nobody tells


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for machines and for people, its value, and how that is shown.

    ``value``: from what is in print, and the tracker's entry if it was scored here. ``printed``: others say so.
    """

    key: str
    title: str
    value: Callable[[Facts, Entry | None], Value]
    show: Callable[..., str] = str
    printed: bool = False


COLUMNS = (  # one that nobody fills is left out
    Column("year", "year", lambda facts, entry: str((entry and entry.year) or facts.year)),
    Column("fps", "FPS here", lambda facts, entry: entry.fps() if entry else None, number),
    Column(
        "authors_fps", "FPS, authors' files", lambda facts, entry: entry.authors_fps() if entry else None, number, True
    ),
    Column("printed_fps", "FPS printed", lambda facts, entry: _speed(facts, entry), printed=True),
    Column("params_m", "params, M, printed", lambda facts, entry: _params(facts, entry), printed=True),
)


def _is_the_printed(entry: Entry | None) -> bool:
    """Whether prints of this name may speak of it: not of what we ran, which has speed and size of its own."""
    return entry is None or entry.source == "scored"


def _speed(facts: Facts, entry: Entry | None) -> str | None:
    return facts.speeds[0].fps if facts.speeds and _is_the_printed(entry) else None


def _params(facts: Facts, entry: Entry | None) -> str | None:
    return facts.params_m if _is_the_printed(entry) else None


def about(facts: Facts, entry: Entry | None = None) -> About:
    """The value of every column."""
    return {column.key: column.value(facts, entry) for column in COLUMNS}


def known(abouts: Iterable[About]) -> tuple[Column, ...]:
    """Columns that somebody fills."""
    filled = {key for values in abouts for key, value in values.items() if value not in (None, "")}
    return tuple(column for column in COLUMNS if column.key in filled)


def shown(values: About) -> dict[str, str]:
    """What is known, as text."""
    return {c.key: c.show(values[c.key]) for c in COLUMNS if values[c.key] not in (None, "")}
