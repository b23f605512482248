"""The trainings of a study: the rows of the paper's tables, each in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rgbtbench.core.errors import TrainingError
from rgbtbench.trackers import shipped_weights
from rgbtbench.training import shipped

TEACHER, PLAIN, LONGER, CMD = "teacher", "student", "student-longer", "hfrd"
SIDE_BY_SIDE = "side-by-side"  # the package's nano teacher: the fused one's trunks begin as its own
ALIASES = {LONGER: (PLAIN, 2)}  # row -> recipe and how many times its epochs: a distilled step costs about two
SEEDED = (TEACHER, PLAIN, "scfd", "mpsd", CMD)  # Table 1: trained from several seeds
HALVED = ("-rgb", "-tir")  # what follows the label of a network that sees one modality twice


@dataclass(frozen=True, slots=True)
class TestSet:
    """What a study's networks track: generated sequences that none has seen."""

    seed: int
    sequences: int
    frames: int  # of each
    hard: bool = False
    batch: int = 1  # sequences that a network follows at once


NANO, FUSED = "nano", "fused"
TEST_SETS: Mapping[str, TestSet] = {  # folder of recipes -> test set
    NANO: TestSet(20_230_618, 200, 60),
    FUSED: TestSet(27_182, 400, 40, hard=True, batch=16),
}


@dataclass(frozen=True, slots=True)
class Trained:
    """One training of a row by a recipe of a folder, and where its files lie; ``file``: it came with the package."""

    row: str
    seed: int
    folder: Path
    recipes: str = NANO
    file: Path | None = None

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
        return self.file or self.folder / f"{self.recipe}.safetensors"

    @property
    def said(self) -> Mapping[str, Any]:
        """The recipe's own keys."""
        import yaml

        keys: Mapping[str, Any] = yaml.safe_load(shipped()[f"{self.recipes}/{self.recipe}"].read_text("utf-8"))
        return keys

    @property
    def network(self) -> dict[str, str]:
        """The tracker that it becomes, and its size."""
        from rgbtbench.trackers.crossmodal.methods import METHODS

        if self.file:
            return {"use": "cmd-teacher", "preset": NANO}
        said = self.said
        return {"use": said.get("model") or METHODS[said["method"]].student, "preset": said["preset"]}


def rows_of(recipes: str) -> list[str]:
    """Rows that a folder of recipes can train, the teacher first, then the plain student."""
    from rgbtbench.trackers.crossmodal.methods import METHODS

    own = [name.partition("/")[2] for name in shipped() if name.startswith(f"{recipes}/")]
    first = (TEACHER, PLAIN, LONGER)
    return [*first, *(name for name in (METHODS if recipes == NANO else own) if name not in first)]


def baselines() -> list[str]:
    """Rows that are whole trackers of Table 5: shipped recipes, each named as its tracker."""
    from rgbtbench.trackers.crossmodal.methods import METHODS

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

    name = f"{one.recipes}/{one.recipe}"
    own = ["workers=0", f"seed={one.seed}", *changes]  # a core each
    if "teacher" in one.said:
        own.append(f"teacher.weights={teacher.absolute()}")
    if "trunk" in one.said:
        own.append(f"trunk={shipped_weights('cmd-teacher', NANO)}")
    if (times := ALIASES.get(one.row, ("", 1))[1]) > 1:
        own.append(f"epochs={load_recipe(name, own).epochs * times}")
    # Not a call of Trainer: torch counts its threads once per process, and one core for each training is what lets as
    # many run at once as there are cores. As a command it can be typed again when it fails.
    words = ["train", name, "--out", str(one.folder), *(word for change in own for word in ("--set", change))]
    command = [sys.executable, "-m", "rgbtbench", *words]
    status = subprocess.run(command, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode
    if status:
        raise TrainingError("a training failed", where=shlex.join(command[2:]), found=f"exit status {status}")


def experiment_text(plan: Sequence[Trained], batch: int = 1) -> str:
    """All trainings as trackers, beside ``dcf``, and one student, CMD's if it is there, seeing one modality twice."""
    follows = {"batch": batch} if batch > 1 else {}
    networks = [{**one.network, "label": one.label, "weights": str(one.weights.absolute()), **follows} for one in plan]
    halved = next((k for k, one in enumerate(plan) if one.row == CMD and one.recipes == NANO), -1)
    single = [{**networks[halved], "label": plan[halved].label + end, "modality": end[1:]} for end in HALVED]
    entries = [{"use": "dcf"}, *networks, *(single if plan[halved].recipes == NANO else ())]
    return json.dumps({"name": "study", "datasets": {"LasHeR": "LasHeR"}, "trackers": entries}, indent=1)
