"""``rgbtbench demo``: the main job on whatever data is at hand, real if there is some, generated if not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .boxes import Array
from .datasets import BENCHMARKS

SEQUENCES, FRAMES, WIDTH, HEIGHT = 16, 80, 640, 480


def score_commands(data: Path | None, out: Path) -> Iterator[list[str]]:
    """Arguments of the ``score`` calls that make up the demo.

    ``data`` holds ``gt/<benchmark>.tar.xz`` and ``results/<benchmark>/<tracker>.tar.xz``; without it a small LasHeR
    is generated under ``out``.
    """
    if data is None:
        generate(out)
        pairs = [("LasHeR", out / "LasHeR", sorted((out / "results").iterdir()))]
    else:
        truths = [(name, data / "gt" / f"{name}.tar.xz") for name in BENCHMARKS.names()]
        pairs = [(name, truth, sorted((data / "results" / name).glob("*"))) for name, truth in truths if truth.exists()]
    for name, truth, results in pairs:
        if results:
            yield ["score", name, "--truth", str(truth), "--by", "attribute"] + [
                part for path in results for part in ("--results", str(path))
            ]


def generate(out: Path, *, sequences: int = SEQUENCES, frames: int = FRAMES, seed: int = 0) -> None:
    """Write annotations in LasHeR's layout and raw results of three invented trackers; no images.

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
