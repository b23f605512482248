"""Annotations in LasHeR's layout and raw results of three invented trackers: numbers only, made in milliseconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.datasets import BENCHMARKS

WIDTH, HEIGHT = 640, 480


def generate(out: Path, *, sequences: int, frames: int, seed: int = 0) -> None:
    """Write ``LasHeR`` and ``results`` under ``out``.

    Low light (LI) blinds the one that looks at colour only, thermal crossover (TC) the one that looks at heat only.
    """
    rng = np.random.default_rng(seed)
    attributes = list(BENCHMARKS.get("LasHeR").attributes)
    annotations, labels = out / "LasHeR" / "annos", out / "LasHeR" / "AttriSeqsTxt"
    trackers = {"rgb-only": "LI", "thermal-only": "TC", "fused": None}
    for folder in (annotations, labels, *(out / "results" / name for name in trackers)):
        folder.mkdir(parents=True, exist_ok=True)
    names = [f"generated{number:02d}" for number in range(sequences)]
    for number, name in enumerate(names):
        flags = [
            (attribute == "LI" and number % 3 == 0) or (attribute == "TC" and number % 3 == 1) or rng.random() < 0.2
            for attribute in attributes
        ]
        truth = _walk(frames, rng)
        _write(annotations / f"{name}.txt", truth)
        (labels / f"{name}.txt").write_text(",".join(str(int(flag)) for flag in flags))
        for tracker, weakness in trackers.items():
            lost = weakness is not None and flags[attributes.index(weakness)]
            noise = rng.normal(0, 2.0, truth.shape) + 4.0 * lost * np.arange(frames)[:, None] * [1, 1, 0, 0]
            boxes = truth + noise
            boxes[:, 2:] = np.maximum(boxes[:, 2:], 4)
            boxes[0] = truth[0]
            _write(out / "results" / tracker / f"{name}.txt", boxes)
    (out / "LasHeR" / "testingsetList.txt").write_text("\n".join(names) + "\n")


def _walk(frames: int, rng: np.random.Generator) -> Array:
    """A target (frames, 4) that wanders inside the image and changes size slowly; whole pixels, as annotators draw."""
    size = np.array([40.0, 60.0]) * np.exp(np.cumsum(rng.normal(0, 0.01, (frames, 1)), axis=0))
    center = np.array([WIDTH, HEIGHT]) / 2 + np.cumsum(rng.normal(0, 2.5, (frames, 2)), axis=0)
    corner = np.clip(center - size / 2, 1, np.array([WIDTH, HEIGHT]) - size)
    walk: Array = np.round(np.concatenate([corner, size], axis=1))
    return walk


def _write(path: Path, boxes: Array) -> None:
    np.savetxt(path, boxes, fmt="%.4f", delimiter=",")
