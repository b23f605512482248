"""MDNet (Nam and Han 2016): one stream that sees RGB alone."""

from __future__ import annotations

from ..fusion import RGBAlone
from ..presets import MDNET, PATCH, presets

PRESETS = presets(RGBAlone, PATCH, MDNET, streams=("rgb",))
