"""Our own committed measurements of trained networks: ``measured/study.csv``, one score of one training a row.

Beside it lies ``study_sequences.csv.gz``: the same score on one sequence a row. They are of a generated
benchmark: never to stand among scores of real ones.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
KEY = ("recipe", "preset", "seed", "steps", "weights_sha256", "test_truth", "metric")  # of a row, in both files
LIMIT = 256 << 20  # bytes of the scores on sequences, unpacked: ours are 2.4 MB


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


@dataclass(frozen=True, slots=True)
class OnSequence:
    """A row of the file beside it: a training's score in percent on one sequence; all but the last two name the row."""

    recipe: str
    preset: str
    seed: int
    steps: int
    weights_sha256: str
    test_truth: str
    metric: str
    sequence: str
    value: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be the same for scores to stand in one column."""

    preset: str
    test_truth: str
    sequences: str


@dataclass(frozen=True, slots=True)
class Training:
    """One score in percent of one training, with its 95 % interval over sequences.

    ``seconds`` of training, NaN if unknown; ``each`` sequence's score, () where no file holds them.
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
    beside = sequences_file(path)
    return parse_study(_text(path), str(path), _text(beside) if beside.exists() else "", str(beside))


def sequences_file(path: Path) -> Path:
    """Where a record's scores on single sequences lie."""
    return path.with_name(f"{path.stem}_sequences.csv.gz")


def packed(text: str) -> bytes:
    """As that file holds it: the same bytes for the same text."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as stream:
        stream.write(text.encode())
    return out.getvalue()


def _text(path: Path) -> str:
    try:
        data = regular.read(path)
        return (_unpacked(data) if path.suffix == ".gz" else data).decode()
    except OSError as reason:
        raise DataError("cannot read the record", where=path, found=reason.strerror or reason) from None
    except (UnicodeDecodeError, zlib.error) as reason:
        raise DataError("the record is no CSV", where=path, found=reason) from None


def _unpacked(data: bytes) -> bytes:
    decoder = zlib.decompressobj(31)  # one gzip stream
    text = decoder.decompress(data, LIMIT + 1)
    if len(text) > LIMIT:
        raise OSError(f"over {LIMIT:,} bytes")
    if not decoder.eof or decoder.unused_data:
        raise OSError("not one whole gzip stream")
    return text


def parse_study(rows: str, where: str, scores: str = "", beside: str = "") -> list[Training]:
    """The rows of a text that lies at ``where``, and of the ``scores`` on sequences. Raises DataError with a line."""
    each = _on_sequences(scores, beside)
    trainings, keys = [], set()
    for row, line in _rows(rows, where, NEEDED):
        trainings.append(_training(row, line, each.get(_key(row), {})))
        keys.add(_key(row))
    for key in each.keys() - keys:
        found = " ".join(f"{name} {value}" for name, value in zip(KEY, key, strict=True))
        line = next(iter(each[key].values()))[1]
        raise DataError("scores of a row that the record lacks", where=line, expected=f"a row of {where}", found=found)
    return trainings


def _rows(text: str, where: str, needed: tuple[str, ...]) -> Iterator[tuple[dict[str, str], str]]:
    """Rows of a CSV and where each is."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        if odd := [name for name in needed if name not in (reader.fieldnames or ())]:
            missing = f"no {', '.join(odd)}"
            raise DataError("columns are missing", where=where, expected=", ".join(needed), found=missing)
        for row in reader:
            line = f"{where}:{reader.line_num}"
            if short := [name for name in needed if row[name] is None]:
                missing = f"no {', '.join(short)}"
                raise DataError("a row is short", where=line, expected=f"{len(needed)} columns", found=missing)
            yield row, line
    except csv.Error as reason:
        raise DataError("the record is no CSV", where=f"{where}:{reader.line_num}", found=reason) from None


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name) or "" for name in KEY)


def _on_sequences(text: str, where: str) -> dict[tuple[str, ...], dict[str, tuple[float, str]]]:
    """Of each row of the record, by sequence: the score and the line that tells it."""
    by_row: dict[tuple[str, ...], dict[str, tuple[float, str]]] = {}
    for row, line in _rows(text, where, (*KEY, "sequence", "value")) if text else ():
        values = by_row.setdefault(_key(row), {})
        if row["sequence"] in values:
            first = values[row["sequence"]][1]
            raise DataError("a sequence is scored twice", where=line, found=f"{row['sequence']}, first in {first}")
        values[row["sequence"]] = _percentage("value", row["value"], line), line
    return by_row


def _training(row: dict[str, str], where: str, each: Mapping[str, tuple[float, str]]) -> Training:
    if row.get("each"):
        what = "an older record: scores on sequences are in column each"
        raise DataError(
            what, where=where, expected="a file beside it", next="rgbtbench study --trained --record FILE.csv"
        )
    value, low, high = (_percentage(name, row[name], where) for name in ("value", "low", "high"))
    if each and str(len(each)) != row["sequences"]:
        line = next(iter(each.values()))[1]
        found = f"{len(each)}, the first in {line}"
        raise DataError("one score for each sequence", where=where, expected=row["sequences"], found=found)
    if row["metric"] not in METRICS:
        raise DataError("unknown metric", where=where, expected=", ".join(METRICS), found=repr(row["metric"]))
    return Training(
        recipe=row["recipe"],
        setting=Setting(preset=row["preset"], test_truth=row["test_truth"], sequences=row["sequences"]),
        seed=row["seed"],
        steps=row["steps"],
        seconds=_number(row["train_seconds"]),
        train_data=row["train_data"],
        metric=row["metric"],
        value=value,
        low=low,
        high=high,
        each=tuple(each[name][0] for name in sorted(each)),
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
    groups: dict[str, dict[str, Training]] = {}
    for t in trainings:
        if (t.setting, t.recipe, t.metric) == (setting, recipe, metric):
            groups.setdefault(t.steps, {})[t.seed] = t
    return groups


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
