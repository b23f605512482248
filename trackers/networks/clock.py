"""Where a frame's time goes, for whoever asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import torch


class Clock:
    """Seconds by stage while ``seconds`` is a dict; nothing is measured, and no device waited for, while None."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: dict[str, float] | None = None

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        if self.seconds is None:
            yield
            return
        start = self._now()
        yield
        self.seconds[stage] += self._now() - start

    @contextmanager
    def running(self) -> Iterator[dict[str, float]]:
        """Measure inside this block."""
        self.seconds = defaultdict(float)
        try:
            yield self.seconds
        finally:
            self.seconds = None

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return perf_counter()
