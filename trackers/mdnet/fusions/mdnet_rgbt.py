"""MDNet on both modalities: two streams, concatenated (spec 2.1)."""

from __future__ import annotations

from ..fusion import Fusion
from ..presets import MDNET, PATCH, presets

PRESETS = presets(Fusion, PATCH, MDNET)
