"""Is a benchmark's folder complete? Counts, lengths, attributes, images: one line per problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rgbtbench.archive import Folder

from .benchmark import Benchmark


def problems(benchmark: Benchmark, *, every_image: bool = False) -> Iterator[str]:
    """Everything that is not as published. Images are looked at only in a folder that has some.

    The first and last pair of each sequence is opened, or all of them with ``every_image``.
    """
    spec = benchmark.spec
    sequences, frames = spec.sizes[benchmark.split]
    if not benchmark.is_official:
        found = f"{len(benchmark.names)} sequences with {int(benchmark.lengths.sum()):,} frames"
        yield f"{benchmark.title} has {sequences} sequences with {frames:,} frames as published; here are {found}"
    if benchmark.labels is None:
        yield f"no attribute labels: expected {spec.attributes_at} in {benchmark.tree.name}"
    if isinstance(benchmark.tree, Folder) and any(any(benchmark.images(name)) for name in benchmark.names):
        for name, length in zip(benchmark.names, benchmark.lengths.tolist(), strict=True):
            yield from _image_problems(name, length, *benchmark.images(name), every_image=every_image)


def _image_problems(
    name: str, length: int, visible: tuple[Path, ...], thermal: tuple[Path, ...], *, every_image: bool
) -> Iterator[str]:
    if not len(visible) == len(thermal) == length:
        yield f"{name}: {length} truth rows, {len(visible)} visible and {len(thermal)} thermal images"
    pairs = list(zip(visible, thermal, strict=False))
    sizes: set[tuple[int, int]] = set()
    for pair in pairs if every_image else pairs[:1] + pairs[-1:]:
        for path in pair:
            size = _image_size(path)
            if isinstance(size, str):
                yield f"{name}: cannot read {path}: {size}"
            else:
                sizes.add(size)
    if len(sizes) > 1:
        yield f"{name}: images of different size: " + ", ".join(f"{w}x{h}" for w, h in sorted(sizes))


def _image_size(path: Path) -> tuple[int, int] | str:
    """Width and height of an image that decodes completely, or what is wrong with it."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as reason:
        return str(reason)
