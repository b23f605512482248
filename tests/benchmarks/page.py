"""How big is the page of 22 trackers on three benchmarks, how long does it take, how fast does it answer?

    python -m tests.benchmarks.page [--data DIR] [--keep FILE.html]

22 trackers on the 529 sequences of GTOT, RGBT234 and LasHeR, each a blend of two real ones with jitter of its own: that
compresses worse than real boxes do. The page is made by a cold process; with playwright and chromium it is opened too.
Each change of the view is timed twice: until the screen shows it, and until all of the page does. Exit status 1 if a
target is missed.
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
from typing import Any

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
LIMITS = {"size, MB": 3.0, "made by a cold process, s": 15.0, "opens, s": 1.0}
ANSWER = 100.0  # ms until what is on the screen is right
CHANGES = {  # what a reader does: to which elements, and how; all 22 trackers are drawn
    "attribute": ("[data-key=attribute]", "choose"),
    "year": ("[data-key=from]", "choose"),
    "metric": ("[name=Metric]", "click"),
    "benchmark": ("[name=Benchmark]", "click"),
    "search for a tracker": ("[data-key=search]", "type"),
    "sort the leaderboard": (".board thead button", "click"),
    "tick a tracker": (".board tbody input", "click"),
    "drag the threshold": ("[data-key=threshold]", "slide"),
    "scores against": ("[name=Against]", "click"),
    "attribute in its chart": ("button.attribute", "click"),
    "reference": ("[data-key=reference]", "choose"),
    "pair in the matrix": (".matrix button", "click"),
    "dot of the scatter": (".scatter circle", "click"),
    "sequence of the list": ("#sequence-list tbody button", "click"),
    "sort the sequences": ("#sequence-list thead button", "click"),
    "search for a sequence": ("#find", "type"),
    "drag the frame": ("#frame", "slide"),
}
TIMES = 6  # each, spread over what there is to choose
REST = 2000  # ms that a reader looks at the page before the first change; it works ahead then
OPENED = """new MutationObserver((_, observer) => {
    if (!document.documentElement?.dataset.ready) return;
    observer.disconnect();
    const told = () => { window.opened = performance.now(); };
    requestAnimationFrame(() => scheduler.postTask(told, { priority: "user-blocking" }));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-ready"] })"""
WHOLE = """async () => {
    while (!window.opened || document.querySelector("[aria-busy], [data-more]"))
        await new Promise((done) => setTimeout(done, 5));
    return [window.opened / 1000, performance.now() / 1000];
}"""
MEASURE = """async ([css, how, times, rest]) => {
    const ACTS = {
        click: (node) => node.dispatchEvent(new MouseEvent("click", { bubbles: true })),
        choose: (node, n) => {
            node.value = node.options[n % node.options.length].value;
            node.dispatchEvent(new Event("change", { bubbles: true }));
        },
        slide: (node, n) => {
            node.value = Number(node.max) * (n + 1) / (times + 2);
            node.dispatchEvent(new Event("input", { bubbles: true }));
        },
        type: (node, n) => {
            node.value = ["a", "t1", "LI", "be", "0", ""][n % 6];
            node.dispatchEvent(new Event("input", { bubbles: true }));
        },
    };
    // the next task after a frame, before anything that waits for a timer
    const painted = () => new Promise((done) => requestAnimationFrame(() =>
        scheduler.postTask(done, { priority: "user-blocking" })));
    const late = () => [...document.querySelectorAll("[aria-busy]")];
    const whole = async () => {
        while (document.querySelector("[aria-busy], [data-more]")) await new Promise((done) => setTimeout(done));
        await painted();
    };
    const onScreen = (node) => {
        const { top, bottom } = node.getBoundingClientRect();
        return top < innerHeight && bottom > 0;
    };
    while (document.querySelector("#pairs").textContent.includes("…")) await whole(); // until there are p-values
    await new Promise((done) => setTimeout(done, rest)); // a reader looks before acting
    const found = { seen: 0, whole: 0, wrong: 0 };
    for (let n = 0; n < times; n++) {
        const all = document.querySelectorAll(css);
        const node = all[Math.floor(n * all.length / times)];
        node.scrollIntoView({ block: "center" });
        await painted();
        await whole();
        const [start, seen] = [performance.now(), painted()];
        ACTS[how](node, n + 1);
        await seen;
        found.seen = Math.max(found.seen, performance.now() - start);
        found.wrong += late().filter(onScreen).length;
        await whole();
        found.whole = Math.max(found.whole, performance.now() - start);
    }
    return found;
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
    answers = found.pop("answers", {})
    for what, value in found.items():
        print(f"{what:<28} {value:8.2f}" + (f"  limit {LIMITS[what]:g}" if what in LIMITS else ""))
    if answers:
        print(f"\n{'ms, the slowest of ' + str(TIMES):<28} {'screen':>8} {'all':>8}  limit of the screen {ANSWER:g}")
    for what, (seen, whole) in answers.items():
        print(f"{what:<28} {seen:8.0f} {whole:8.0f}")
    missed = [what for what, limit in LIMITS.items() if found.get(what, 0) >= limit]
    missed += [what for what, (seen, _) in answers.items() if seen >= ANSWER]
    return int(bool(missed))


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


def _opened(path: Path) -> dict[str, Any]:
    """Until the page is drawn; then, with all 22 trackers drawn, how long it takes to answer each change.

    An answer takes until the screen shows it, and until all of the page does.
    """
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
        opens = []
        for _ in range(RUNS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(OPENED)
            page.goto(path.as_uri())
            opens.append(page.evaluate(WHOLE))
        screen, everything = (statistics.median(seconds) for seconds in zip(*opens, strict=True))
        answers = {}
        for what, (css, how) in CHANGES.items():
            page.goto("about:blank")
            page.goto(f"{path.as_uri()}#b=LasHeR")
            page.wait_for_selector("html[data-ready]")
            page.locator("[data-key=every]").click()
            told = page.evaluate(MEASURE, [css, how, TIMES, REST])
            assert not told["wrong"], f"{what}: a part of the page that is on the screen is drawn too late"
            answers[what] = (told["seen"], told["whole"])
        browser.close()
    return {"opens, s": screen, "all of it is drawn, s": everything, "answers": answers}


if __name__ == "__main__":
    sys.exit(main())
