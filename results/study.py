"""Our own committed measurements of trained networks: ``measured/study.csv``, one score of one training a row.

They are scores on a generated benchmark: never to stand among those of real ones.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.errors import DataError

MEASURED = Path(__file__).with_name("measured")
METRICS = ("PR", "NPR", "SR")
NEEDED = (
    "recipe",
    "preset",
    "seed",
    "steps",
    "metric",
    "value",
    "low",
    "high",
    "sequences",
    "train_data",
    "test_truth",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of the file: one training's score in percent, its 95 % interval over sequences, where it comes from."""

    date: str
    commit: str
    recipe: str
    preset: str
    seed: int
    steps: int
    train_seconds: float
    metric: str
    value: float
    low: float
    high: float
    sequences: int
    frames: int
    weights_sha256: str
    train_data: str
    test_truth: str
    machine: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be the same for scores to stand in one column."""

    preset: str
    test_truth: str
    sequences: str


@dataclass(frozen=True, slots=True)
class Training:
    """One score in percent of one training, with its 95 % interval over sequences."""

    recipe: str
    setting: Setting
    seed: str
    steps: str
    train_data: str
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Average:
    """Mean and sample standard deviation (NaN for one) over ``seeds`` trainings; low, high: means of their bounds."""

    value: float
    deviation: float
    seeds: int
    low: float
    high: float
    steps: str
    train_data: str
    others: tuple[str, ...] = ()  # numbers of steps of trainings that are left out


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of one of our own files."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_study(path: Path | None = None) -> list[Training]:
    """All rows; [] if nothing has been measured yet. Raises DataError with file and line."""
    path = path or MEASURED / "study.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if odd := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
            raise DataError("columns are missing", where=path, expected=", ".join(NEEDED), found=f"no {', '.join(odd)}")
        return [_training(row, f"{path}:{reader.line_num}") for row in reader]


def _training(row: dict[str, str], where: str) -> Training:
    values = []
    for name in ("value", "low", "high"):
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            value = math.nan
        if not 0 <= value <= 100:
            raise DataError(f"{name} is no percentage", where=where, expected="0 to 100", found=repr(row[name]))
        values.append(value)
    if row["metric"] not in METRICS:
        raise DataError("unknown metric", where=where, expected=", ".join(METRICS), found=repr(row["metric"]))
    setting = Setting(*(row[name] or "" for name in ("preset", "test_truth", "sequences")))
    return Training(row["recipe"], setting, row["seed"], row["steps"], row["train_data"], row["metric"], *values)


def settings(trainings: Iterable[Training]) -> list[Setting]:
    """Those that occur, the one with most rows first."""
    return [setting for setting, _ in Counter(training.setting for training in trainings).most_common()]


def average(trainings: Iterable[Training], setting: Setting, recipe: str, metric: str) -> Average | None:
    """A recipe's score over its seeds, of the number of steps with most seeds; None if it was not measured.

    Of two rows for one seed the later counts.
    """
    chosen = [t for t in trainings if (t.setting, t.recipe, t.metric) == (setting, recipe, metric)]
    by_steps: dict[str, dict[str, Training]] = {}
    for training in chosen:
        by_steps.setdefault(training.steps, {})[training.seed] = training
    if not by_steps:
        return None
    steps = max(by_steps, key=lambda key: len(by_steps[key]))
    kept = list(by_steps[steps].values())
    count = len(kept)
    mean, low, high = (sum(getattr(t, name) for t in kept) / count for name in ("value", "low", "high"))
    spread = math.sqrt(sum((t.value - mean) ** 2 for t in kept) / (count - 1)) if count > 1 else math.nan
    data = ", ".join(dict.fromkeys(t.train_data for t in kept))
    return Average(mean, spread, count, low, high, steps, data, tuple(key for key in by_steps if key != steps))
