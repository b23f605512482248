"""Recipes of a few small steps: what the tests of training share."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from rgbtbench.cli import main
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.networks import weights
from rgbtbench.training.recipe import load_recipe

SMALL = "{crop: 64, train: 1, test: 1}"
STUDENT = f"""
method: student
preset: nano
data: {{source: synthetic, size: [160, 120], frames: 24, sampling: {SMALL}}}
batch: 2
samples: 4
epochs: 2
validate_every: 1
validation_samples: 2
workers: 0
"""
DISTILLED = STUDENT.replace("method: student", "method: hfrd\nteacher: {weights: teacher.safetensors}")


def write_recipe(folder: Path, text: str = STUDENT) -> Path:
    (folder / "tiny.yaml").write_text(text)
    if "teacher.safetensors" in text:
        write_teacher(folder / "teacher.safetensors")
    return folder / "tiny.yaml"


def write_teacher(path: Path) -> None:
    torch.manual_seed(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.save(path, build("cmd-teacher", "nano"), {})


def train(recipe: Path, out: Path, *arguments: object) -> int:
    return main(["train", str(recipe), "--out", str(out), *map(str, arguments)])


def tensors(path: Path) -> dict[str, torch.Tensor]:
    return weights.read(path).tensors


def same(one: Path, other: Path) -> bool:
    a, b = tensors(one), tensors(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def log(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


__all__ = [
    "DISTILLED",
    "SMALL",
    "STUDENT",
    "load_recipe",
    "log",
    "same",
    "tensors",
    "train",
    "write_recipe",
    "write_teacher",
]
