"""What each stress costs beside decoding: ``python -m tests.benchmarks.stress``; ``--sheet FILE.jpg`` draws them.

Milliseconds for a pair of 640 x 480 on one core, the best of many, for each severity; the largest of the three counts.
The sheet is the picture in docs/stress.md: a generated scene, each stress at severity 3.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from rgbtbench.core.types import Frame
from rgbtbench.datasets.decode import pair
from rgbtbench.datasets.stress import SEVERITIES, STRESSES, Chosen, Sight, spoiled
from rgbtbench.datasets.synthetic import scene
from rgbtbench.datasets.synthetic.render import Stage

BEST_OF, SCENE, AT = 30, (30, 7, 1), 45
ALLOWED = 2.0  # milliseconds
ACROSS, TILE = 4, (160, 120)  # of the sheet: stresses in a row; width and height of one image


def main() -> int:
    """Measure and print, or draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, metavar="FILE.jpg")
    options = parser.parse_args()
    clip = scene(SCENE, set(), 60, (640, 480), benchmark="LasHeR")
    frame = Stage(clip.plan).frame
    if options.sheet:
        options.sheet.write_bytes(sheet(frame))
        return 0
    print(f"decoding a pair: {decoding(frame(AT)):.2f} ms")
    slow = 0
    for name in STRESSES:
        costs = [cost(Sight(Chosen(name, severity), 0, "scene"), frame(AT)) for severity in SEVERITIES]
        slow += max(costs) > ALLOWED
        print(f"{name:20} {' '.join(f'{value:5.2f}' for value in costs)} ms")
    print(f"{slow} of {len(STRESSES)} take more than {ALLOWED:g} ms")
    return 1 if slow else 0


def decoding(frame: Frame) -> float:
    """Milliseconds to read both images of a frame from JPEG files."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{name}.jpg") for name in ("rgb", "tir")]
        for file, image in zip(files, (frame.rgb, frame.tir), strict=True):
            Image.fromarray(image).save(file, quality=92)
        return best(lambda: pair(0, *files))


def cost(sight: Sight, frame: Frame) -> float:
    """Milliseconds for a frame that is struck."""
    for index in range(1, 64):
        struck = Frame(index, frame.rgb, frame.tir)
        seen = sight(struck)
        if seen.rgb is not frame.rgb or seen.tir is not frame.tir:
            return best(partial(sight, struck))
    return best(lambda: sight.shown(40))  # an earlier frame: no pixel is touched


def best(what: Callable[[], object]) -> float:
    """Milliseconds of the fastest of many calls."""
    seconds = []
    for _ in range(BEST_OF):
        start = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1000


def sheet(frame: Callable[[int], Frame]) -> bytes:
    """The clean pair, then each stress at severity 3: RGB beside thermal, its name above."""
    from PIL import Image, ImageDraw

    seen = [("clean", frame(AT))]
    seen += [(name, spoiled(frame, Sight(Chosen(name, 3), 0, "scene"))(AT)) for name in STRESSES]
    wide, high = 2 * TILE[0] + 8, TILE[1] + 22
    rows = -(-len(seen) // ACROSS)
    page = Image.new("RGB", (ACROSS * wide, rows * high), "white")
    draw = ImageDraw.Draw(page)
    for k, (name, one) in enumerate(seen):
        x, y = k % ACROSS * wide, k // ACROSS * high
        draw.text((x + 4, y + 4), name, fill="black", font_size=13)
        for place, image in enumerate((one.rgb, one.tir)):
            page.paste(Image.fromarray(np.ascontiguousarray(image)).resize(TILE), (x + place * (TILE[0] + 2), y + 20))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=70, optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
