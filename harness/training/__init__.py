"""Training: recipes, data, the loop (docs/training.md). All but this module needs torch."""

from __future__ import annotations

import importlib.resources
from pathlib import Path


def shipped() -> dict[str, Path]:
    """Recipes in the package: ``paper/hfrd`` and the like."""
    home = Path(str(importlib.resources.files("rgbtbench.trackers"))) / "crossmodal" / "recipes"
    return {path.relative_to(home).with_suffix("").as_posix(): path for path in sorted(home.glob("*/*.yaml"))}
