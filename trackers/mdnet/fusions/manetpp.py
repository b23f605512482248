"""MANet++ (Lu et al. 2021): MANet with RoI pooling. Its hierarchical divergence loss is left out."""

from __future__ import annotations

from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets

from .manet import ModalityAdapters

PRESETS = presets(ModalityAdapters, ROI, RT_MDNET, streams=("both",))
