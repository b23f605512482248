"""Benchmarks: where their files lie, how their truth is written, how they are scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if __name__ != "rgbtbench.datasets":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.datasets, not as {__name__}")

from rgbtbench.core.registry import Registry

if TYPE_CHECKING:
    from .benchmark import Spec

BENCHMARKS: Registry[Spec] = Registry(
    "benchmark",
    {
        "GTOT": "rgbtbench.datasets.gtot:GTOT",
        "RGBT210": "rgbtbench.datasets.rgbt234:RGBT210",
        "RGBT234": "rgbtbench.datasets.rgbt234:RGBT234",
        "LasHeR": "rgbtbench.datasets.lasher:LASHER",
    },
    next="rgbtbench list benchmarks",
)
