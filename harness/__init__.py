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
    from .api import evaluate, load


def __getattr__(name: str) -> Any:
    if name in __all__:  # importing the package must not import NumPy
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
