"""An endless stream of batches. Other processes make them while the network learns."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import parent_process
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from rgbtbench.core.errors import BenchError, ConfigError

from .families import DIMP, Kind
from .sources import DRAWS, Footage, Source
from .stressing import Stressing

AHEAD = 4  # batches made before they are asked for
POOL = 64  # sequences that a slot draws from, where one is used several times
PICK = 4  # what separates these draws from others of the seed
GRACE = 60  # seconds that a worker works on after SIGTERM


class Loader:
    """An endless iterator of normalised batches on a device; the same ones for any number of workers.

    Batch b holds the samples b * batch ... of a seed and begins the stream if ``start`` is b. A sequence that is used
    several times is used ``source.reuse`` times on average, in other frames each time and seldom twice in a row: a
    network would learn it by heart. Each slot of a batch draws from its ``POOL`` sequences, the oldest of which makes
    way every ``reuse`` batches, in each slot at another time. Of ``share`` = (r, n), n processes that learn together
    divide each batch and this is the r-th. ``stress`` spoils samples. ``waited``: seconds that the consumer has spent
    in here. Close it when done. Raises ConfigError; DataError when a sequence cannot be read.
    """

    def __init__(
        self,
        source: Source,
        sampling: Any,
        *,
        kind: Kind = DIMP.kind,
        batch: int,
        seed: int,
        workers: int = 0,
        start: int = 0,
        share: tuple[int, int] = (0, 1),
        stress: Stressing | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        rank, ranks = share
        slots = range(batch * rank // ranks, batch * (rank + 1) // ranks)
        for name, value, low, high in (
            ("batch", batch, ranks, 1 << 16),
            ("seed", seed, 0, (1 << 32) - 1),  # one word: seeds of training and test scenes stay apart
            ("workers", workers, 0, len(slots)),
            ("start", start, 0, (1 << 31) // max(batch, 1)),
        ):
            if not low <= value <= high:
                raise ConfigError(f"loader: {name} out of range", expected=f"{low} to {high}", found=value)
        self.device, self.parts, self.waited, self.kind = torch.device(device), max(workers, 1), 0.0, kind
        stream: Iterator[Any] = iter(
            DataLoader(
                _Stream(source, sampling, kind, batch, slots, seed, start, stress),
                batch_size=None,
                num_workers=workers,
                collate_fn=_as_is,
                worker_init_fn=_attend,
                prefetch_factor=AHEAD if workers else None,
                multiprocessing_context="spawn" if workers else None,
                pin_memory=self.device.type == "cuda",  # by a thread, while kernels are queued
                generator=torch.Generator(),  # the global one is the training's
            )
        )
        self._held = [stream]
        atexit.register(self._held.clear)  # before multiprocessing waits for workers that know nothing of the end

    def __iter__(self) -> Loader:
        return self

    def __next__(self) -> Any:
        asked = perf_counter()
        parts = []
        for _ in range(self.parts):
            part = next(self._held[0])
            if isinstance(part, BenchError):
                raise part
            parts.append((part.unpacked() if isinstance(part, _Packed) else part).to(self.device))
        batch = self.kind.normalise(self.kind.collate(parts))
        self.waited += perf_counter() - asked
        return batch

    def close(self) -> None:
        """End the workers; the loader cannot be used afterwards."""
        atexit.unregister(self._held.clear)
        self._held.clear()


@dataclass(frozen=True, slots=True)
class _Packed:
    """A batch on its way between processes: one that ends while its queue holds tensors aborts, and they take longer.

    Torch's loader asks it for ``pin_memory`` where its tensors go to a GPU: those alone lie in pinned memory.
    """

    data: bytes

    def unpacked(self) -> Any:
        """The batch."""
        return _each(torch.from_numpy, pickle.loads(self.data))

    def pin_memory(self) -> Any:
        """The batch in memory that a GPU can read while kernels run."""
        return _each(torch.Tensor.pin_memory, self.unpacked())


def _packed(batch: Any) -> _Packed:
    return _Packed(pickle.dumps(_each(torch.Tensor.numpy, batch), protocol=5))


class _Stream(IterableDataset[_Packed | BenchError]):
    """This process's part of every batch: workers take neighbouring slots, so that parts in turn make the batch."""

    def __init__(
        self,
        source: Source,
        sampling: Any,
        kind: Kind,
        batch: int,
        slots: range,
        seed: int,
        start: int,
        stress: Stressing | None = None,
    ) -> None:
        self.source, self.sampling, self.kind, self.batch, self.slots = source, sampling, kind, batch, slots
        self.seed, self.start, self.stress = seed, start, stress

    def __iter__(self) -> Iterator[_Packed | BenchError]:
        worker = get_worker_info()
        k, n = (worker.id, worker.num_workers) if worker else (0, 1)
        slots = self.slots[len(self.slots) * k // n : len(self.slots) * (k + 1) // n]
        held: dict[int, Footage] = {}
        number = self.start
        while True:
            try:
                yield _packed(self.kind.collate([self._sample(number, slot, held) for slot in slots]))
            except BenchError as error:
                yield error
            number += 1

    def _sample(self, number: int, slot: int, held: dict[int, Footage]) -> Any:
        reuse, index = self.source.reuse, number * self.batch + slot
        oldest = (number + slot % reuse) // reuse
        held.pop((oldest - 1) * self.batch + slot, None)
        drawn = np.random.default_rng((DRAWS, self.seed, index, PICK)).integers(POOL) if reuse > 1 else 0
        wanted = (oldest + int(drawn)) * self.batch + slot
        if wanted not in held:
            held[wanted] = self.source.footage(self.seed, wanted)
        footage = self.stress.footage(held[wanted], self.seed, index) if self.stress else held[wanted]
        return self.kind.sample(footage, self.sampling, self.seed, index)


def _each(change: Callable[[Any], Any], batch: Any) -> Any:
    """Named tuples of named tuples, every leaf changed."""
    return type(batch)(*(_each(change, part) for part in batch)) if isinstance(batch, tuple) else change(batch)


def _as_is(part: Any) -> Any:
    return part


def _attend(worker: int) -> None:
    """Outlive a signal to the whole group, which the trainer answers when its step is done, but not the trainer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # torch's own way out waits for a reader of the queue
