"""How big is the page of 22 trackers on three benchmarks, how long does it take, how fast does it answer?

    python -m tests.benchmarks.page [--data DIR] [--keep FILE.html]

22 trackers on the 529 sequences of GTOT, RGBT234 and LasHeR, each a blend of two real ones with jitter of its own: that
compresses worse than real boxes do. The page is made by a cold process; with playwright and chromium it is opened too.
Exit status 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rgbtbench import load
from rgbtbench.core.boxes import reading
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.results.formats import find_results

DATA = Path(__file__).parents[3] / "shared" / "data"
TRACKERS = 22
BENCHMARKS = ("GTOT", "RGBT234", "LasHeR")
WEIGHTS = (0.5, 0.3, 0.7, 0.15, 0.85, *np.linspace(0.05, 0.95, 17))
RUNS = 3
LIMITS = {"size, MB": 3.0, "made by a cold process, s": 15.0, "opens, s": 1.0, "filter answers, ms": 100.0}
FILTER = """async (key) => {
    const options = document.querySelector(`[data-key='${key}']`).options.length, found = [];
    for (let i = 1; i < options; i++) {
        const select = document.querySelector(`[data-key='${key}']`), start = performance.now();
        select.value = select.options[i].value;
        select.dispatchEvent(new Event("change"));
        document.body.getBoundingClientRect();
        found.push(performance.now() - start);
        await new Promise(requestAnimationFrame);
    }
    return Math.max(...found);
}"""


def main() -> int:
    """Measure, print, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, metavar="FILE.html")
    options = parser.parse_args()
    if not (options.data / "results/LasHeR").is_dir():
        sys.exit(f"no raw results at {options.data}/results/LasHeR: pass --data DIR")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "gt").symlink_to((options.data / "gt").absolute())
        for name in BENCHMARKS:
            _invent(name, options.data, home / "results" / name)
        found = _made(home) | _opened(home / "page.html")
        if options.keep:
            shutil.copy(home / "page.html", options.keep)
    for what, value in found.items():
        print(f"{what:<28} {value:8.2f}  limit {LIMITS[what]:g}")
    return int(any(value >= LIMITS[what] for what, value in found.items()))


def _invent(name: str, data: Path, out: Path) -> None:
    benchmark, rng = load(name, data / "gt" / f"{name}.tar.xz"), np.random.default_rng(0)
    real = [_boxes(benchmark, path) for path in sorted((data / "results" / name).glob("*")) if path.stem != "gt.tar"]
    blends = [(a, b, w) for w in WEIGHTS for a, b in itertools.combinations(real, 2)]
    for number, (first, second, weight) in enumerate(blends[:TRACKERS]):
        folder = out / f"T{number:02d}"
        folder.mkdir(parents=True)
        for sequence in benchmark.names:
            boxes = (1 - weight) * first[sequence] + weight * second[sequence]
            boxes[1:, :2] += rng.normal(0, 1.5, (len(boxes) - 1, 2))
            boxes[:, 2:] = np.maximum(boxes[:, 2:], 1)
            np.savetxt(folder / f"{sequence}.txt", boxes, fmt="%.4f", delimiter=",")


def _boxes(benchmark: Benchmark, path: Path) -> dict[str, np.ndarray]:
    files, found = find_results(path.stem, path, benchmark.names), {}
    for sequence, length in zip(benchmark.names, benchmark.lengths.tolist(), strict=True):
        rows = np.nan_to_num(reading(None).boxes(files.read(sequence), round_corners=False)[:length])
        found[sequence] = np.concatenate([rows, rows[-1:].repeat(length - len(rows), axis=0)])
    return found


def _made(home: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "rgbtbench", "report", home, "--format", "html", "--out", home / "page.html"]
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    size = (home / "page.html").stat().st_size / 1e6
    return {"size, MB": size, "made by a cold process, s": statistics.median(seconds)}


def _opened(path: Path) -> dict[str, float]:
    """Until the page is drawn, all 22 trackers then chosen; the slowest of all attributes and years."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("not opened: needs pip install '.[browser]' and a chromium on the PATH")
        return {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seconds = []
        for _ in range(RUNS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            start = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            page.evaluate("new Promise(requestAnimationFrame)")
            seconds.append(time.perf_counter() - start)
        page.get_by_role("radio", name="LasHeR test").check()
        for box in page.locator(".board tbody input").all():
            box.check()
        slowest = max(page.evaluate(FILTER, key) for key in ("attribute", "from"))
        browser.close()
    return {"opens, s": statistics.median(seconds), "filter answers, ms": slowest}


if __name__ == "__main__":
    sys.exit(main())
