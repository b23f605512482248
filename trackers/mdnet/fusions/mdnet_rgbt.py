"""MDNet on both modalities: two streams, concatenated."""

from __future__ import annotations

from ..fusion import Fusion
from ..presets import MDNET, PATCH, presets

PRESETS = presets(Fusion, PATCH, MDNET)
