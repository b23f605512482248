"""Exact, fast scoring and benchmarking of RGB-T (visible + thermal) object trackers.

>>> import rgbtbench
>>> dir(rgbtbench)
['BENCHMARKS', 'TRACKERS', '__version__', 'compare', 'evaluate', 'load', 'report', 'run', 'track']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["BENCHMARKS", "TRACKERS", "__version__", "compare", "evaluate", "load", "report", "run", "track"]

if TYPE_CHECKING:
    from .api import BENCHMARKS, TRACKERS, compare, evaluate, load, report, run, track


def __getattr__(name: str) -> Any:
    if name in __all__:  # importing the package must not import NumPy
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
