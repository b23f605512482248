"""MDNet on both modalities: two streams, concatenated."""

from __future__ import annotations

from rgbtbench.trackers.mdnet.fusion import Fusion
from rgbtbench.trackers.mdnet.presets import MDNET, PATCH, presets

PRESETS = presets(Fusion, PATCH, MDNET)
