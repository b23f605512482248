"""A Table 5 of our own: which trackers here have weights, and the experiment that runs them all."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.running.lockstep import is_many
from rgbtbench.trackers import TRACKERS, shipped_weights

YARDSTICKS = ("dcf", "still")  # need no weights
RECIPES = {"cmd-teacher": "teacher", "cmd-student-origin": "student", "cmd-student": "hfrd"}  # others: their own names
PRESET = "nano"
TOGETHER = 16  # sequences that a network of DiMP's type follows at once; FPS is measured apart


@dataclass(frozen=True, slots=True)
class Contender:
    """A tracker with weights (None: it needs none), and what it is called in the experiment."""

    tracker: str
    label: str
    weights: Path | None = None
    batch: int = 1

    @property
    def options(self) -> dict[str, str]:
        """What its constructor is given."""
        return {"preset": PRESET, "weights": str(self.weights)} if self.weights else {}

    @property
    def together(self) -> dict[str, int]:
        """How many sequences it follows at once, where it is more than one."""
        return {"batch": self.batch} if self.batch > 1 else {}


def networks() -> list[str]:
    """Our trackers that are networks: they come in sizes and take weights."""
    factories = ((name, inspect.signature(TRACKERS.get(name)).parameters) for name in TRACKERS.builtin)
    return [name for name, parameters in factories if {"preset", "weights"} <= set(parameters)]


def contenders(folder: Path, given: Mapping[str, Sequence[Path]]) -> list[Contender]:
    """Every tracker with weights: those ``given``, else those that a study in ``folder`` trained, else the package's.

    Raises ConfigError for weights that a tracker does not take.
    """
    known, chosen = networks(), [Contender(name, name) for name in YARDSTICKS]
    for name in given:
        if name not in known:
            raise unknown("network", name, known, next="rgbtbench list trackers")
    for name in known:
        recipe = RECIPES.get(name, name)
        files = given.get(name) or sorted(folder.glob(f"{recipe}-[0-9]*/{recipe}.safetensors"))
        shipped = shipped_weights(name, PRESET)
        files = files or ([shipped] if shipped else [])
        labels = [name if len(files) == 1 else f"{name}-{k}" for k in range(len(files))]
        chosen += [Contender(name, label, file.absolute()) for label, file in zip(labels, files, strict=True)]
    made = (TRACKERS.create(one.tracker, **one.options) for one in chosen)
    return [replace(one, batch=TOGETHER if is_many(tracker) else 1) for one, tracker in zip(chosen, made, strict=True)]


def given_weights(texts: Iterable[str]) -> dict[str, list[Path]]:
    """``TRACKER=FILE``, each any number of times. Raises ConfigError."""
    files: dict[str, list[Path]] = {}
    for text in texts:
        name, _, place = text.partition("=")
        path = Path(place).expanduser()
        if not name or not path.is_file():
            raise ConfigError("weights: no such file", expected="TRACKER=FILE", found=text)
        files.setdefault(name.lower(), []).append(path)
    return files


def experiment_text(plan: Sequence[Contender]) -> str:
    """All of them on the study's benchmark."""
    entries = [{"use": one.tracker, "label": one.label, **one.options, **one.together} for one in plan]
    return json.dumps({"name": "table5", "datasets": {"LasHeR": "LasHeR"}, "trackers": entries}, indent=1)
