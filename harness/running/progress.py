"""Progress of a run: the number of records, of all processes. A bar on a terminal, else a line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rgbtbench.core.messages import one_line
from rgbtbench.core.terminal import log
from rgbtbench.results.store import RunFolder

from .jobs import Unit

INTERVAL = 60.0  # seconds between lines where there is no terminal


class Progress:
    """A context that is told to look again, and says what it sees on stderr."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.left, self.failed, self.total = list(units), 0, len(units)
        self.frames = sum(unit.frames for unit in units)
        self.start = self.told = time.monotonic()

    def __enter__(self) -> Progress:
        from tqdm import tqdm

        self.bar = tqdm(total=self.frames, unit="frame", unit_scale=True, disable=not sys.stderr.isatty(), leave=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.update()
        self.bar.close()

    def update(self) -> None:
        """Look which sequences have been settled since, and name those that failed."""
        settled = [unit for unit in self.left if RunFolder(unit.folder).has_record(unit.sequence)]
        done = set(map(id, settled))
        self.left = [unit for unit in self.left if id(unit) not in done]
        for unit in settled:
            record = RunFolder(unit.folder).record(unit.sequence)
            if record and record.status == "failed":
                self.failed += 1
                with self.bar.external_write_mode():
                    log(f"failed {unit.title}  {one_line(record.error)}")
            self.bar.update(unit.frames)
        now, count = time.monotonic(), self.total - len(self.left)
        self.bar.set_postfix_str(f"{count}/{self.total} sequences, {self.failed} failed", refresh=False)
        if self.bar.disable and now - self.told >= INTERVAL:
            self.told = now
            left = sum(unit.frames for unit in self.left)
            eta = (now - self.start) * left / max(1, self.frames - left)
            log(f"{count}/{self.total} sequences, {self.failed} failed, about {eta / 60:.0f} min left")
