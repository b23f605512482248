"""The trainings of a study: the rows of the paper's tables, each in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.core.errors import TrainingError

TEACHER, PLAIN, LONGER, CMD = "teacher", "student", "student-longer", "hfrd"
ALIASES = {LONGER: (PLAIN, 2)}  # row -> recipe and how many times its epochs: a distilled step costs about two
SEEDED = (TEACHER, PLAIN, "scfd", "mpsd", CMD)  # Table 1: trained from several seeds
HALVED = ("-rgb", "-tir")  # what follows the label of a network that sees one modality twice


@dataclass(frozen=True, slots=True)
class Trained:
    """One training of a row, and where its files lie."""

    row: str
    seed: int
    folder: Path

    @property
    def label(self) -> str:
        """Its name among trackers."""
        return f"{self.row}-{self.seed}"

    @property
    def recipe(self) -> str:
        """What it is trained by."""
        return ALIASES.get(self.row, (self.row, 1))[0]

    @property
    def weights(self) -> Path:
        """The network, once it is trained."""
        return self.folder / f"{self.recipe}.safetensors"


def baselines() -> list[str]:
    """Rows that are whole trackers of Table 5: shipped recipes, each named as its tracker."""
    from rgbtbench.trackers.crossmodal.methods import METHODS
    from rgbtbench.training import shipped

    nano = [name.removeprefix("nano/") for name in shipped() if name.startswith("nano/")]
    return [name for name in nano if name not in METHODS and name != TEACHER]


def train_all(plan: Sequence[Trained], changes: Sequence[str], jobs: int) -> None:
    """Train what is not trained yet, ``jobs`` at once, the teachers first. Raises TrainingError."""
    first = [one for one in plan if one.row == TEACHER]  # the others learn from it
    for part in (first, [one for one in plan if one not in first]):
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(lambda one: _train(one, first[0].weights, changes), part):
                pass


def _train(one: Trained, teacher: Path, changes: Sequence[str]) -> None:
    from rgbtbench.training.recipe import load_recipe

    name = f"nano/{one.recipe}"
    own = ["workers=0", f"seed={one.seed}", *changes]  # a core each
    if one.recipe not in (TEACHER, PLAIN, *baselines()):
        own.append(f"teacher.weights={teacher.absolute()}")
    if (times := ALIASES.get(one.row, ("", 1))[1]) > 1:
        own.append(f"epochs={load_recipe(name, own).epochs * times}")
    # Not a call of Trainer: torch counts its threads once per process, and one core for each training is what lets as
    # many run at once as there are cores. As a command it can be typed again when it fails.
    words = ["train", name, "--out", str(one.folder), *(word for change in own for word in ("--set", change))]
    command = [sys.executable, "-m", "rgbtbench", *words]
    status = subprocess.run(command, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode
    if status:
        raise TrainingError("a training failed", where=shlex.join(command[2:]), found=f"exit status {status}")


def experiment_text(plan: Sequence[Trained]) -> str:
    """All trainings as trackers, beside ``dcf``, and one student, CMD's if it is there, seeing one modality twice."""
    networks = [
        {"use": _network(one.recipe), "label": one.label, "preset": "nano", "weights": str(one.weights.absolute())}
        for one in plan
    ]
    halved = next((k for k, one in enumerate(plan) if one.row == CMD), -1)
    single = [{**networks[halved], "label": plan[halved].label + end, "modality": end[1:]} for end in HALVED]
    entries = [{"use": "dcf"}, *networks, *single]
    return json.dumps({"name": "study", "datasets": {"LasHeR": "LasHeR"}, "trackers": entries}, indent=1)


def _network(recipe: str) -> str:
    from rgbtbench.trackers.crossmodal.methods import METHODS

    return METHODS[recipe].student if recipe in METHODS else "cmd-teacher" if recipe == TEACHER else recipe
