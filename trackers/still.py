"""The smallest tracker: an example to copy, and the double that tests use."""

from __future__ import annotations

from rgbtbench.core.boxes import Array
from rgbtbench.core.types import Frame


class Still:
    """Repeats the first box."""

    def init(self, frame: Frame, box: Array) -> None:
        """Remember the box ``x y w h``."""
        self.box = box.copy()

    def update(self, frame: Frame) -> Array:
        """Return the first box again."""
        return self.box
