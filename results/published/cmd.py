"""Every cell of the CMD paper's Tables 1 to 5 as printed: Zhang et al., CVPR 2023, doi:10.1109/CVPR52729.2023.00523.

Read from the accepted version (White Rose eprint 198539, CC BY 4.0), whose tables are those of the proceedings.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from . import Printed, printed_scores, read_table

PAPER = "CMD paper (CVPR 2023)"
TABLE_5 = f"{PAPER} Table 5"
DASH = "-"  # what the paper itself prints for "not told"; '' is nowhere: we know every cell
ABLATED = ("RGBT234", "")  # benchmark and split of Tables 1 to 4 and Fig. 2 (Sec. 4.3)
SCORED = {("RGBT234", ""): ("PR", "SR"), ("GTOT", ""): ("PR", "SR"), ("LasHeR", "test"): ("PR", "NPR", "SR")}
PARAMS, FPS, YEAR = "Params M", "FPS", "Year"
COLUMNS = {"params_m": PARAMS, "fps": FPS, "printed_year": YEAR}  # of our files


class Key(NamedTuple):
    """A cell: number of the table, row (named by the ticks that the paper sets), benchmark or '', and metric."""

    table: str
    row: str
    dataset: str
    metric: str


@cache
def cells() -> Mapping[Key, str]:
    """Every cell, row by row; a score of Table 5 that ``scores.csv`` lacks is one that the paper prints as a dash."""
    printed: dict[Key, str] = {}
    for row in read_table("cmd_ablations.csv"):
        for name, metric in {"pr": "PR", "sr": "SR", "params_m": PARAMS, "fps": FPS}.items():
            printed[Key(row["table"], row["row"], ABLATED[0] if metric in ("PR", "SR") else "", metric)] = row[name]
    scores = {(p.dataset, p.split, p.tracker, p.metric): p.value for p in printed_scores() if p.reference == TABLE_5}
    for row in read_table("cmd_trackers.csv"):
        for (dataset, split), metrics in SCORED.items():
            for metric in metrics:
                value = scores.get((dataset, split, row["tracker"], metric), DASH)
                printed[Key("5", row["printed_as"], dataset, metric)] = value
        for name, metric in COLUMNS.items():
            printed[Key("5", row["printed_as"], "", metric)] = row[name]
    return printed


def rows(table: str) -> list[str]:
    """Names of a table's rows, in its order."""
    return list(dict.fromkeys(key.row for key in cells() if key.table == table))


def as_score(key: Key) -> Printed | None:
    """A score of Tables 1 to 5 as one print among others; None for a dash, and for what is no score."""
    split = next((split for dataset, split in SCORED if dataset == key.dataset), None)
    if split is None or cells().get(key, DASH) == DASH:
        return None
    trackers = {row["printed_as"]: row["tracker"] for row in read_table("cmd_trackers.csv")}
    tracker = trackers.get(key.row, key.row) if key.table == "5" else key.row
    reference = f"{PAPER} Table {key.table}"
    return Printed(key.dataset, split, tracker, key.metric, "ALL", cells()[key], reference)
