"""Image files of a sequence in frame order, and the names of the folders that hold them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

IMAGES = (".jpg", ".jpeg", ".png", ".bmp")
VISIBLE = frozenset({"visible", "vis", "vi", "v", "rgb", "color", "colour"})
THERMAL = frozenset({"infrared", "ir", "i", "thermal", "therm", "tir", "t", "lwir"})


def modalities(folders: Iterable[str]) -> tuple[str, str] | None:
    """The folders of the visible and of the thermal images among these, in any letter case; None if not one of each.

    >>> modalities(["RGB", "Thermal", "notes"])
    ('RGB', 'Thermal')
    """
    folders = list(folders)
    visible, thermal = ([name for name in folders if name.lower() in known] for known in (VISIBLE, THERMAL))
    return (visible[0], thermal[0]) if len(visible) == len(thermal) == 1 else None


def frame_order(name: str) -> tuple[tuple[int, ...], str]:
    """Sort key: all numbers in a file name, then the name.

    >>> sorted(["v10.jpg", "v9.jpg", "v000.jpg"], key=frame_order)
    ['v000.jpg', 'v9.jpg', 'v10.jpg']
    >>> sorted(["cam1_10.jpg", "cam1_2.jpg", "cam1_1.jpg"], key=frame_order)
    ['cam1_1.jpg', 'cam1_2.jpg', 'cam1_10.jpg']
    """
    return tuple(int(number) for number in re.findall(r"\d+", name)), name


def frame_files(folder: Path) -> tuple[Path, ...]:
    """Images of a folder in frame order; () if there is no such folder.

    Visible and thermal images are paired by rank, never by number: in the real data the numbers differ.
    """
    if not folder.is_dir():
        return ()
    names = [n for n in os.listdir(folder) if n.lower().endswith(IMAGES) and not n.startswith(".")]  # noqa: PTH208
    return tuple(folder / name for name in sorted(names, key=frame_order))


def breaks(files: Iterable[Path]) -> list[str]:
    """Where the numbers of images in frame order repeat or leave their usual step: one phrase each.

    The step is the most frequent one: every second number is as good as every number.
    """
    names = [path.name for path in files]
    numbers = [frame_order(name)[0] for name in names]
    steps = [tuple(b - a for a, b in zip(one, two, strict=False)) for one, two in pairwise(numbers)]
    usual = Counter(steps).most_common(1)[0][0] if steps else ()
    gaps = []
    for step, (one, two), (a, b) in zip(steps, pairwise(names), pairwise(numbers), strict=True):
        if len(a) != len(b):
            gaps.append(f"{two} after {one} is numbered in another way")
        elif not any(step):
            gaps.append(f"{one} and {two} have the same number")
        elif step != usual:
            gaps.append(f"a gap between {one} and {two}")
    return gaps
