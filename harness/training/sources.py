"""Training sequences: of a benchmark on disk, or endless generated scenes. A sample follows from (seed, number)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError, DataError
from rgbtbench.core.identity import truth_digest
from rgbtbench.core.types import Frame
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.decode import pair
from rgbtbench.datasets.synthetic import ATTRIBUTES, design, scene
from rgbtbench.datasets.synthetic.clip import check, known
from rgbtbench.datasets.synthetic.render import Stage

from .sampling import Bools

DRAWS, SCENES = 0x7261, 0x7363  # what separates the streams of one seed
UNSEEN = 1 << 31  # added to a seed for validation: other scenes, or held-out sequences, or other frames


@dataclass(frozen=True, slots=True)
class Footage:
    """A sequence of N frames to draw from: ``boxes`` (N, 4) in pixels, ``visible`` (N,), and a frame by its number."""

    boxes: Array
    visible: Bools
    frame: Callable[[int], Frame]
    domain: int = 0  # which branch of a network learns it, where there are several


class Usable(Protocol):
    """What a sampling says of the sequences that it can draw from."""

    @property
    def wanted(self) -> str:
        """What they have, in words."""

    def usable(self, visible: Bools) -> bool:
        """Whether one with these visible frames (N,) is among them."""


class Source(Protocol):
    """Sequences by number. What number k of a seed is depends on nothing else; sources travel between processes."""

    @property
    def reuse(self) -> int:
        """Samples drawn from a sequence once it is made, on average."""

    @property
    def sequences(self) -> int | None:
        """How many there are; None: no end of them."""

    def footage(self, seed: int, number: int) -> Footage:
        """Sequence ``number`` of the endless stream of a seed. Raises DataError."""

    def nth(self, seed: int, k: int) -> Footage:
        """Sequence k of those there are, of an endless source's seed. Raises DataError."""

    def describe(self) -> dict[str, Any]:
        """What the sequences are, for the record: the same description, the same pixels."""


class Recorded:
    """The sequences of a benchmark's split, drawn uniformly. A frame is visible where its box has an area.

    ``held_out`` of the usable ones, spread evenly over their names, are kept for validation alone; with 0 it sees other
    frames of those trained on. Raises DataError if images and truth do not match, or if too few are long enough.
    """

    reuse = 1  # decoding is cheap

    def __init__(self, benchmark: Benchmark, sampling: Usable, held_out: int = 0) -> None:
        self.benchmark, self.starts = benchmark, np.append(0, np.cumsum(benchmark.lengths))
        self.usable = [k for k in range(len(benchmark.names)) if sampling.usable(_visible(self._boxes(k)))]
        if not self.usable:
            raise DataError(
                f"no sequence of {benchmark.title} is long enough to train on",
                where=benchmark.tree.name,
                expected=sampling.wanted,
                found=f"{len(benchmark.names)} sequences, the longest of {benchmark.lengths.max()} frames, "
                f"at most {max(int(_visible(self._boxes(k)).sum()) for k in range(len(benchmark.names)))} with a box",
            )
        for k in self.usable:
            benchmark.sequence(benchmark.names[k])
        if held_out >= len(self.usable):
            raise DataError(
                "no sequence is left to train on",
                where=benchmark.tree.name,
                expected=f"held_out below {len(self.usable)}, the number of usable sequences",
                found=f"held_out {held_out}",
            )
        self.held = [self.usable[k * len(self.usable) // held_out] for k in range(held_out)]
        self.learned = [k for k in self.usable if k not in self.held]

    def footage(self, seed: int, number: int) -> Footage:
        """Sequence ``number`` of a seed's stream, its images listed but not yet decoded."""
        pool = self.held if self.held and seed >= UNSEEN else self.learned
        return self._footage(int(np.random.default_rng((DRAWS, seed, number)).choice(pool)))

    @property
    def sequences(self) -> int:
        """Those to learn from."""
        return len(self.learned)

    def nth(self, seed: int, k: int) -> Footage:
        """Sequence k of those to learn from."""
        return self._footage(self.learned[k])

    def describe(self) -> dict[str, Any]:
        """The benchmark, how many of its sequences are used, and a digest of its truth."""
        b = self.benchmark
        return {
            "benchmark": b.spec.name,
            "split": b.split,
            "sequences": len(b.names),
            "used": len(self.learned),
            "frames": int(b.lengths.sum()),
            "truth": truth_digest(b.names, b.lengths, b.truth),
        }

    def _footage(self, k: int) -> Footage:
        sequence = self.benchmark.sequence(self.benchmark.names[k])
        boxes, every = self._boxes(k), self.benchmark.spec.every  # frames without truth teach nothing
        rgb, tir = sequence.rgb[::every], sequence.tir[::every]
        return Footage(boxes, _visible(boxes), lambda t: pair(t, rgb[t], tir[t]))

    def _boxes(self, k: int) -> Array:
        boxes: Array = self.benchmark.truth[0, self.starts[k] : self.starts[k + 1]]
        return boxes


@dataclass(frozen=True, slots=True)
class Rendered:
    """Scenes without end, designed as the test sets are, from seeds that no test set can have.

    A frame is visible where it has a box, is not wholly covered and both modalities work. ``size``: width, height.
    Raises ConfigError for a clip that cannot be.
    """

    benchmark: str = "LasHeR"  # whose attributes
    frames: int = 120  # over which a scene's events are spread; few are rendered
    size: tuple[int, int] = (320, 240)
    reuse: int = 16  # making a scene costs as much as twenty of its frames
    crowded: float = 0.0  # share of scenes that are cluttered with the target's like, beside those by design
    close: float = 0.0  # share of scenes in which another one, of another texture, keeps crossing the target's way

    def __post_init__(self) -> None:
        known(self.benchmark)
        check(self.frames, self.size)
        for name in ("crowded", "close"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"rendered scenes: {name} out of range", expected="0 to 1", found=getattr(self, name))
        for name, least in (("reuse", 1), ("frames", 20)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"rendered scenes: {name} out of range", expected=f"at least {least}", found=getattr(self, name)
                )

    @property
    def sequences(self) -> None:
        """No end of them."""

    def nth(self, seed: int, k: int) -> Footage:
        """Scene k."""
        return self.footage(seed, k)

    def footage(self, seed: int, number: int) -> Footage:
        """Scene ``number`` of a seed's stream; a frame is rendered when it is asked for."""
        name = known(self.benchmark)
        asked = set(design(name, seed, number))
        crowded, close = np.random.default_rng((DRAWS, seed, number, 2)).random(2) < (self.crowded, self.close)
        wanted = {cause for cause, drawn in (("clutter", crowded), ("alike", close)) if drawn}
        asked |= {label for label, cause in ATTRIBUTES[name].items() if cause in wanted}
        clip = scene(scene_seed(seed, number), asked, self.frames, self.size, benchmark=name)
        plan = replace(clip.plan, alike=False) if close else clip.plan  # the same ways, each its own texture
        return Footage(clip.boxes, _visible(clip.boxes) & (plan.cover < 1) & (plan.lost == 0), Stage(plan).frame)

    def describe(self) -> dict[str, Any]:
        """All there is to know: scenes follow from it and a seed."""
        return {"synthetic": known(self.benchmark)} | {k: v for k, v in asdict(self).items() if k != "benchmark"}


def scene_seed(seed: int, number: int) -> tuple[int, ...]:
    """The seed of a training scene: five words of 32 bits, the fourth 0.

    A generated benchmark's (S, index) becomes the words of S, then the index, however large S: with five words, the
    fourth is the top of S, never 0; with fewer, the fifth is filled with 0 (as NumPy does) or is no part of it.
    """
    return (SCENES, seed, number, 0, 1)


def _visible(boxes: Array) -> Bools:
    return np.asarray((boxes[:, 2:] > 0).all(axis=1))
