"""Frames that fail: a modality missing, out of place or spoiled, at three severities, made while decoding."""

from .sight import Sight, spoiled, stressed
from .table import KINDS, SEVERITIES, STRESSES, Chosen, Stress, chosen, require_modality, suitable

__all__ = [
    "KINDS",
    "SEVERITIES",
    "STRESSES",
    "Chosen",
    "Sight",
    "Stress",
    "chosen",
    "require_modality",
    "spoiled",
    "stressed",
    "suitable",
]
