"""Which trackers of the CMD paper's Table 5 are here, as what, and why: ``fidelity.csv``, a printed row a line."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("fidelity.csv")
AUTHORS, RECONSTRUCTION, RESULTS_ONLY = "authors' structure", "reconstruction", "results only"
FIDELITIES: Mapping[str, str] = {
    AUTHORS: "built from its code or its full description",
    RECONSTRUCTION: "built from a description that leaves parts open: those are ours",
    RESULTS_ONLY: "not built: printed numbers and other people's raw results",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as ``printed``, a * meaning retrained by the paper, '' for a kin that the table lacks; our ``tracker``.

    ``tracker`` is '' where ``fidelity`` is results only.
    """

    printed: str
    tracker: str
    fidelity: str
    why: str


@cache
def rows() -> tuple[Row, ...]:
    """All of them, in the table's order."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        return tuple(Row(**row) for row in csv.DictReader(stream))


def rows_of(tracker: str) -> list[Row]:
    """Those that one of our trackers stands for; [] for one that the table does not have."""
    return [row for row in rows() if row.tracker == tracker.lower()]
