"""Image files of a sequence in frame order."""

from __future__ import annotations

import os
import re
from pathlib import Path

IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


def frame_order(name: str) -> tuple[int, str]:
    """Sort key: the first number in a file name (``00145v.png``, ``img_00000.bmp``, ``v12.jpg``), then the name.

    >>> sorted(["v10.jpg", "v9.jpg", "v000.jpg"], key=frame_order)
    ['v000.jpg', 'v9.jpg', 'v10.jpg']
    """
    number = re.search(r"\d+", name)
    return (int(number.group()) if number else -1), name


def frame_files(folder: Path) -> tuple[Path, ...]:
    """Images of a folder in frame order; () if there is no such folder.

    Visible and thermal images are paired by rank, never by number: in the real data the numbers differ.
    """
    if not folder.is_dir():
        return ()
    names = [n for n in os.listdir(folder) if n.lower().endswith(IMAGES) and not n.startswith(".")]  # noqa: PTH208
    return tuple(folder / name for name in sorted(names, key=frame_order))
