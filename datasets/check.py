"""Is a benchmark's folder complete? Counts, lengths, attributes, images: one line for each problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rgbtbench.core.boxes import starts
from rgbtbench.core.errors import BenchError, DataError

from .benchmark import Benchmark
from .decode import THREADS, decode
from .frames import breaks

SHOWN = 3  # places in one line


@dataclass(frozen=True, slots=True)
class Problem:
    """``kind`` is what to count it under; '' for a note that is no problem."""

    kind: str
    text: str


def problems(
    benchmark: Benchmark, faults: Iterable[BenchError] = (), *, every_image: bool = False
) -> Iterator[Problem]:
    """Everything that is not as published, and what was not looked at.

    ``faults`` of truth files that were left out. The first and last pair of each sequence is decoded as a run does, or
    all of them with ``every_image``; one that fails does not stop it.
    """
    spec = benchmark.spec
    yield from (Problem("truth", problem_text(fault)) for fault in faults)
    if not benchmark.is_official:
        text = f"{benchmark.title} has {benchmark.published_size} as published; here are {benchmark.size}"
        yield Problem("size", text)
    try:
        if spec.attributes and benchmark.labels is None:
            text = f"no attribute labels: expected {spec.attributes_at} in {benchmark.tree.name}"
            yield Problem("attributes", text)
    except DataError as reason:
        yield Problem("attributes", problem_text(reason))
    first = benchmark.truth[:, starts(benchmark.lengths)]
    for annotation, index in np.argwhere((first[..., 2:] <= 0).any(axis=2)).tolist():
        box = " ".join(f"{value:g}" for value in first[annotation, index])
        yield Problem(
            "first box", f"{benchmark.names[index]}: the first truth box has no size, so nothing to track: {box}"
        )
    yield from _images(benchmark, every_image=every_image)


def problem_text(error: BenchError) -> str:
    """An error on one line."""
    details = [f"{key} {value}" for key, value in error.details.items() if value is not None and key != "next"]
    return "; ".join([error.what, *details])


def _images(benchmark: Benchmark, *, every_image: bool) -> Iterator[Problem]:
    if not benchmark.has_images:
        there, folders = benchmark.lacks_images(benchmark.names[0])
        yield Problem("images" if folders else "", f"no images found: {there}")
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for name, length in zip(benchmark.names, benchmark.lengths.tolist(), strict=True):
            for problem in _sequence(benchmark, name, length, pool, every_image=every_image):
                yield Problem(problem.kind, f"{name}: {problem.text}")


def _sequence(
    benchmark: Benchmark, name: str, length: int, pool: ThreadPoolExecutor, *, every_image: bool
) -> Iterator[Problem]:
    visible, thermal = benchmark.images(name)
    if not visible and not thermal:
        yield Problem("images", f"no images: {benchmark.lacks_images(name)[0]}")
        return
    gaps = list(dict.fromkeys(place for files in (visible, thermal) for place in breaks(files)))
    several = f"{'; '.join(gaps[:SHOWN])}{f'; {len(gaps) - SHOWN} more' if len(gaps) > SHOWN else ''}"
    if len(visible) != len(thermal) or not benchmark.spec.has_rows_for(len(visible), length):
        text = f"{length} truth rows, {len(visible)} visible and {len(thermal)} thermal images"
        yield Problem("number of images", "; ".join([text, several] if gaps else [text]))
    elif gaps:  # a frame may be left out in both, and in the truth
        twice = any("same number" in place for place in gaps)
        yield Problem("numbers of images" if twice else "", several)
    pairs = list(zip(visible, thermal, strict=False))
    looked_at = [path for pair in (pairs if every_image else pairs[:1] + pairs[1:][-1:]) for path in pair]
    sizes: Counter[tuple[int, int]] = Counter()
    remarks: list[str] = []
    for size in pool.map(lambda path: _size(path, remarks), looked_at):
        if isinstance(size, DataError):
            yield Problem("unreadable image", problem_text(size))
        else:
            sizes[size] += 1
    if len(sizes) > 1:
        text = ", ".join(f"{width}x{height} ({count})" for (width, height), count in sorted(sizes.items()))
        yield Problem("size of images", f"images of different size: {text}")
    for remark, count in sorted(Counter(remarks).items()):
        yield Problem("", f"{remark}, harmless: {count} images")


def _size(path: Path, remarks: list[str]) -> tuple[int, int] | DataError:
    """Width and height of an image, or what is wrong with it."""
    try:
        height, width, _ = decode(path, remarks).shape
    except DataError as reason:
        return reason
    return width, height
