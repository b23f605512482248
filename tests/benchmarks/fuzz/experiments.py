"""Experiments and recipes: sound ones with lines, values and tags exchanged, and noise in YAML's alphabet."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.plan import make_plan
from rgbtbench.training import shipped
from rgbtbench.training.recipe import load_recipe

EXPERIMENT = """name: night
datasets:
  LasHeR: {root: data, split: test}
trackers:
  - {use: dcf, label: DCF, params: {size: 3, list: [1, 2.5, true]}}
  - {use: './mine.py:Mine', weights: w.bin, modality: tir, year: 2020}
  - {label: raw, results: data, boxes: xywh, note: text}
seed: 0
"""
PLAIN = (
    *(
        "1",
        "-1",
        "0",
        "3",
        "1.5",
        ".nan",
        ".inf",
        "-.inf",
        "true",
        "null",
        "[]",
        "{}",
        "[1, 2]",
        "[[]]",
        "{a: b}",
        "{1: 2}",
    ),
    *(
        "text",
        "2022-13-45",
        "1:30:15",
        "1e999",
        "9" * 90,
        "../..",
        "/",
        "/dev/zero",
        "pipe",
        "~nobody/x",
        "data",
        "w.bin",
    ),
    *(
        "[320, 240]",
        "[a, b]",
        "dcf",
        "./mine.py:Mine",
        "nano",
        "paper",
        "cmd-student",
        "synthetic",
        "LasHeR",
        "rgb",
        "²",
    ),
    *('"\\e[2J"', "''", "1e300", "100000000000000000000", "[0.1, 0.2]", "é", "{trunk: 1e-4}", "a/b", "--x", "."),
)
ODD = (
    *(
        "9" * 5000,
        "0x" + "f" * 5000,
        '"\\ud800"',
        '"\\0"',
        '"\\U00110000"',
        '"\\UFFFFFFFF"',
        "!!int x",
        "!!bool x",
        "!!float x",
    ),
    *(
        "!!int ''",
        "!!binary x",
        "!!timestamp 1",
        "!!set {a}",
        "!!python/object:os.system x",
        "&a [*a]",
        "*a",
        "<<",
        "=",
    ),
    *(
        "'",
        "[",
        "{",
        "|",
        ">",
        "? [a]",
        "@",
        "`",
        "%",
        "- - - -",
        "[" * 30,
        "!!map x",
        "!!seq x",
        "!!str [a]",
        "!!null x",
    ),
    *("!!omap [a]", "!!merge x", "!<x> y", "!", "\u2028", "\ufeff", "1:1" * 50, "!!int 1:1:1"),
)
KEYS = (
    *("name", "datasets", "datasets.LasHeR", "datasets.LasHeR.root", "datasets.LasHeR.split", "trackers", "trackers.0"),
    *(
        "trackers.0.params",
        "trackers.0.params.size",
        "trackers.0.label",
        "trackers.1.use",
        "trackers.1.weights",
        "seed",
    ),
    *(
        "trackers.1.modality",
        "trackers.1.preset",
        "trackers.2.boxes",
        "trackers.2.results",
        "trackers.2.year",
        "²",
        ".",
        "0",
    ),
    *("trackers.9.use", "a.b.c", "9" * 5000),
)
RECIPE_KEYS = (
    *(
        "data",
        "data.size",
        "data.source",
        "data.frames",
        "data.crowded",
        "data.reuse",
        "data.benchmark",
        "data.held_out",
    ),
    *("data.sampling", "data.sampling.sigmas", "data.sampling.jitter_size", "data.sampling.train", "data.sampling.gap"),
    *(
        "data.sampling.frames",
        "data.sampling.grey",
        "optimiser",
        "optimiser.rates",
        "optimiser.rates.trunk",
        "optimiser.every",
    ),
    *(
        "optimiser.factor",
        "optimiser.warmup",
        "optimiser.clip",
        "optimiser.schedule",
        "batch",
        "samples",
        "epochs",
        "seed",
    ),
    *("method", "method_options", "method_options.alpha", "method_options.targets", "method_options.terms", "teacher"),
    *("teacher.model", "teacher.preset", "model", "preset", "name", "trunk", "weights", "workers", "half", "precision"),
    *("validate_every", "validation_samples", "log_gradients", "data.root", "data.split"),
)


def one(rng: Random, folder: Path) -> None:
    """Write one, read it, plan it as ``--dry-run`` does."""
    _prepare(folder)
    spoil, change = rng.choice(((0, 1), (0, 1), (0, 2), (0, 3), (1, 0), (2, 1)))
    if rng.random() < 0.5:
        path = folder / "exp.yaml"
        path.write_bytes(_spoilt(EXPERIMENT, rng, spoil))
        make_plan(load_experiment(path, _changes(rng, KEYS, change)), folder / "runs")
    else:
        name = rng.choice([name for name in shipped() if name.startswith("nano/")])
        text = shipped()[name].read_text()
        path = folder / "recipe.yaml"
        path.write_bytes(_spoilt(text, rng, spoil))
        weights = ["teacher.weights=w.bin"] if "teacher:" in text or "method:" in text else []
        recipe = load_recipe(path, weights + _changes(rng, RECIPE_KEYS, change))
        assert recipe.steps >= 1
        assert recipe.scale(0) >= 0


def _changes(rng: Random, keys: tuple[str, ...], count: int) -> list[str]:
    return [f"{rng.choice(keys)}={rng.choice(PLAIN if rng.random() < 0.8 else ODD)}" for _ in range(count)]


def _prepare(folder: Path) -> None:
    if not (folder / "pipe").exists():
        for name in ("w.bin", "mine.py", "data/a/init.txt", "data/testingsetList.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("a\n" if "List" in name else "1,2,3,4\n5,6,7,8\n")
        os.mkfifo(folder / "pipe")


def _spoilt(text: str, rng: Random, count: int) -> bytes:
    lines = text.splitlines()
    for _ in range(count):
        at = rng.randrange(len(lines))
        how = rng.random()
        line = lines[at]
        if how < 0.5 and ":" in line:
            lines[at] = line[: line.rindex(":") + 1] + " " + rng.choice(PLAIN + ODD)
        elif how < 0.6:
            lines[at] = rng.choice(PLAIN + ODD)
        elif how < 0.7:
            lines.insert(at, rng.choice(lines))
        elif how < 0.8 and len(lines) > 1:
            del lines[at]
        elif line:
            place = rng.randrange(len(line))
            lines[at] = line[:place] + rng.choice((*"{}[],:#&*!|>'\"%@`- \t\0\x07?", "é", "\u2028")) + line[place + 1 :]
    data = bytearray("\n".join(lines).encode(errors="surrogatepass") + b"\n")
    if count and rng.random() < 0.1:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)
