"""Frames a second of one tracker by everybody who tells them, each with the hardware it was taken on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rgbtbench.reports.columns import Value
from rgbtbench.reports.inputs import Entry
from rgbtbench.reports.tables import number
from rgbtbench.results.published.sources import Facts

HERE, AUTHORS = "measured here", "by the authors' files of seconds per frame"
THEIRS = "the authors' own"  # hardware
_CARD = re.compile(r"(?:RTX|GTX|TESLA)?\s*(TITAN|[APVT]\d{1,4}|\d{4})\s*(TI)?\s*(?:GPU)?", re.IGNORECASE)
_UNTOLD = re.compile(r"GPU \(.*\)", re.IGNORECASE)
RTX = 2000  # cards of this number and above are called so


def hardware(printed: str) -> str:
    """One name for each card, however it is printed; '' where nobody tells.

    >>> [hardware(text) for text in ("RTX2080Ti", "2080ti", "1080Ti", "Tesla V100", "RTX A6000", "NVIDIA Jetson Nano")]
    ['RTX 2080 Ti', 'RTX 2080 Ti', 'GTX 1080 Ti', 'V100', 'A6000', 'Jetson Nano']
    """
    text = re.sub(r"^nvidia\s+", "", printed.strip(), flags=re.IGNORECASE)
    if _UNTOLD.fullmatch(text):
        return ""
    found = _CARD.fullmatch(text)
    if not found:
        return text
    card, faster = found[1], " Ti" if found[2] else ""
    if card.upper() == "TITAN":
        return "GTX Titan"
    if not card.isdigit():
        return card.upper()
    return f"{'RTX' if int(card) >= RTX else 'GTX'} {card}{faster}"


def speeds(known: Facts, about: Mapping[str, Value], entry: Entry | None = None) -> list[dict[str, Any]]:
    """Each ``fps`` as text, with ``hardware``, who says so (``reference``), and whether it is ``printed``.

    ``about``: what columns.py knows of the tracker.
    """
    found = []
    if entry and isinstance(fps := about["fps"], float):
        found.append({"fps": number(fps), "hardware": _machines(entry), "reference": HERE, "printed": False})
    if isinstance(fps := about["authors_fps"], float):
        found.append({"fps": number(fps), "hardware": THEIRS, "reference": AUTHORS, "printed": True})
    prints = known.speeds if about["printed_fps"] else ()
    return found + [
        {"fps": s.fps, "hardware": hardware(s.hardware), "reference": s.reference, "printed": True} for s in prints
    ]


def _machines(entry: Entry) -> str:
    """The cards of a run's machines, or their processors: without the hosts' names."""
    machines = entry.run.machines() if entry.run else []
    names = [", ".join(m["gpus"]) if m.get("gpus") else m.get("processor") for m in machines]
    return " and ".join(dict.fromkeys(str(name) for name in names if name))
