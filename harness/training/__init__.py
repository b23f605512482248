"""Training: recipes, data, the loop (docs/training.md). All but this module needs torch."""

from __future__ import annotations

import importlib.resources
from pathlib import Path


def shipped() -> dict[str, Path]:
    """Recipes in the package: ``paper/hfrd`` and the like."""
    trackers = Path(str(importlib.resources.files("rgbtbench.trackers")))
    homes = [trackers / family / "recipes" for family in ("crossmodal", "mdnet")]
    recipes = [(home, path) for home in homes for path in sorted(home.glob("*/*.yaml"))]
    return {path.relative_to(home).with_suffix("").as_posix(): path for home, path in recipes}
