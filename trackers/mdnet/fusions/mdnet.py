"""MDNet (Nam and Han 2016): one stream that sees RGB alone."""

from __future__ import annotations

from rgbtbench.trackers.mdnet.fusion import RGBAlone
from rgbtbench.trackers.mdnet.presets import MDNET, PATCH, presets

PRESETS = presets(RGBAlone, PATCH, MDNET, streams=("rgb",))
