"""Runs that may stand in one table: complete, of one split, with different names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.datasets.benchmark import Benchmark

from .inputs import Entry


def by_benchmark(entries: Iterable[Entry]) -> dict[Benchmark, list[Entry]]:
    """Entries by benchmark. Raises ConfigError where splits would mix or two trackers have one name."""
    groups: dict[Benchmark, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.benchmark, []).append(entry)
    splits: dict[str, list[Benchmark]] = {}
    for benchmark in groups:
        splits.setdefault(benchmark.spec.name, []).append(benchmark)
    for name, mixed in splits.items():
        if len(mixed) > 1:
            both = "; ".join(f"{b.title}: {', '.join(e.label for e in groups[b])}" for b in mixed)
            raise ConfigError(f"different splits of {name} in one report", found=both, next=f"--split {mixed[0].split}")
    for benchmark, members in groups.items():
        seen: dict[str, Entry] = {}
        for entry in members:
            if entry.label in seen:
                first = seen[entry.label].origin
                choose = f"--only {entry.origin.name}, or " if entry.origin.name != first.name else ""
                raise ConfigError(
                    f"two trackers named {entry.label!r} on {benchmark.title}",
                    found=f"{first} and {entry.origin}",
                    next="name it once" if first == entry.origin else f"{choose}OTHER={entry.origin}",
                )
            seen[entry.label] = entry
    return groups


def told_apart(entries: Sequence[Entry]) -> list[Entry]:
    """Runs of one label with different contents under the names of their folders, such as ``Mine@3f9c2a1b``."""
    labels = Counter((entry.benchmark, entry.label) for entry in entries)
    return [replace(e, label=e.origin.name) if e.run and labels[e.benchmark, e.label] > 1 else e for e in entries]


def require_complete(entries: Iterable[Entry], command: str) -> None:
    """Raise ResultError if a run lacks sequences; ``command`` runs them."""
    gaps = [entry for entry in entries if entry.missing]
    if gaps:
        failed = any(state == "failed" for entry in gaps for state in entry.states.values())
        raise ResultError(
            "not all sequences have been tracked",
            where=", ".join(str(entry.origin) for entry in gaps[:3]) + (", ..." if len(gaps) > 3 else ""),
            expected=f"boxes for all {len(gaps[0].states)} sequences of {gaps[0].benchmark.title}",
            found="; ".join(f"{entry.title}: {_gap(entry)}" for entry in gaps),
            next=f"{command}{' --retry-failed' if failed else ''}, or --allow-missing to score the rest",
        )


def _gap(entry: Entry) -> str:
    names = [f"{name} ({entry.states[name]})" for name in entry.missing]
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} of {len(entry.states)} sequences without boxes: {some}"
