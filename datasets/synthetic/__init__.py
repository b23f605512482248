"""Generated RGB-T clips with known truth: in memory (``scene``) or on disk in a real benchmark's layout (``write``)."""

from .causes import ATTRIBUTES, CAUSES, design
from .clip import Clip, scene
from .layout import write

__all__ = ["ATTRIBUTES", "CAUSES", "Clip", "design", "scene", "write"]
