"""Our own committed measurements of trained networks: ``measured/study.csv``, one score of one training a row.

They are scores on a generated benchmark: never to stand among those of real ones.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.core import regular
from rgbtbench.core.errors import DataError

MEASURED = Path(__file__).with_name("measured")
METRICS = ("PR", "NPR", "SR")
NEEDED = (
    "recipe",
    "preset",
    "seed",
    "steps",
    "train_seconds",
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
    train_seconds: int | None
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
    each: str  # the score on each sequence in percent, in the order of their names, blanks between


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be the same for scores to stand in one column."""

    preset: str
    test_truth: str
    sequences: str


@dataclass(frozen=True, slots=True)
class Training:
    """One score in percent of one training, with its 95 % interval over sequences.

    ``seconds`` of training, NaN if unknown; ``each`` sequence's score, () where the file does not hold them.
    """

    recipe: str
    setting: Setting
    seed: str
    steps: str
    seconds: float
    train_data: str
    metric: str
    value: float
    low: float
    high: float
    each: tuple[float, ...]


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
    try:
        return parse_study(io.StringIO(regular.read(path).decode(), newline=""), str(path))
    except OSError as reason:
        raise DataError("cannot read the record", where=path, found=reason.strerror) from None
    except (UnicodeDecodeError, csv.Error) as reason:
        raise DataError("the record is no CSV", where=path, found=reason) from None


def parse_study(stream: Iterable[str], where: str) -> list[Training]:
    """The rows of a text that lies at ``where``. Raises DataError with its line."""
    reader = csv.DictReader(stream)
    if odd := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
        raise DataError("columns are missing", where=where, expected=", ".join(NEEDED), found=f"no {', '.join(odd)}")
    return [_training(row, f"{where}:{reader.line_num}") for row in reader]


def _training(row: dict[str, str], where: str) -> Training:
    if short := [name for name in NEEDED if row[name] is None]:
        raise DataError(
            "a row is short", where=where, expected=f"{len(NEEDED)} columns", found=f"no {', '.join(short)}"
        )
    value, low, high = (_percentage(name, row[name], where) for name in ("value", "low", "high"))
    each = tuple(_percentage("each", word, where) for word in (row.get("each") or "").split())
    if each and str(len(each)) != row["sequences"]:
        found = f"{len(each)} in column each"
        raise DataError("one score for each sequence", where=where, expected=row["sequences"], found=found)
    if row["metric"] not in METRICS:
        raise DataError("unknown metric", where=where, expected=", ".join(METRICS), found=repr(row["metric"]))
    return Training(
        recipe=row["recipe"],
        setting=Setting(*(row[name] or "" for name in ("preset", "test_truth", "sequences"))),
        seed=row["seed"],
        steps=row["steps"],
        seconds=_number(row["train_seconds"]),
        train_data=row["train_data"],
        metric=row["metric"],
        value=value,
        low=low,
        high=high,
        each=each,
    )


def _percentage(name: str, text: str, where: str) -> float:
    if not 0 <= (value := _number(text)) <= 100:
        raise DataError(f"{name} is no percentage", where=where, expected="0 to 100", found=repr(text))
    return value


def _number(text: str) -> float:
    """NaN if it is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def settings(trainings: Iterable[Training]) -> list[Setting]:
    """Those that occur, the one with most rows first."""
    return [setting for setting, _ in Counter(training.setting for training in trainings).most_common()]


def of_one_length(trainings: Iterable[Training], setting: Setting, recipe: str, metric: str) -> list[Training]:
    """A recipe's trainings of the number of steps with most seeds; of two rows for one seed the later one."""
    return list(max(_by_steps(trainings, setting, recipe, metric).values(), key=len, default={}).values())


def _by_steps(
    trainings: Iterable[Training], setting: Setting, recipe: str, metric: str
) -> dict[str, dict[str, Training]]:
    """By number of steps and seed."""
    found: dict[str, dict[str, Training]] = {}
    for t in trainings:
        if (t.setting, t.recipe, t.metric) == (setting, recipe, metric):
            found.setdefault(t.steps, {})[t.seed] = t
    return found


def average(trainings: Sequence[Training], setting: Setting, recipe: str, metric: str) -> Average | None:
    """A recipe's score over its seeds, of the number of steps with most seeds; None if it was not measured."""
    kept = of_one_length(trainings, setting, recipe, metric)
    if not kept:
        return None
    count, steps = len(kept), kept[0].steps
    mean, low, high = (sum(getattr(t, name) for t in kept) / count for name in ("value", "low", "high"))
    spread = math.sqrt(sum((t.value - mean) ** 2 for t in kept) / (count - 1)) if count > 1 else math.nan
    data = ", ".join(dict.fromkeys(t.train_data for t in kept))
    others = tuple(key for key in _by_steps(trainings, setting, recipe, metric) if key != steps)
    return Average(mean, spread, count, low, high, steps, data, others)
