"""The log of a training: a bar or a line a minute while it runs, files after every epoch."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

from rgbtbench.core.terminal import log
from rgbtbench.files import atomic

INTERVAL = 60.0  # seconds between lines where there is no terminal


class Speaker:
    """Tells on stderr how far it is: ``tell`` after each step."""

    def __init__(self, name: str, done: int, total: int, batch: int, *, silent: bool) -> None:
        from tqdm import tqdm

        self.name, self.first, self.step, self.total, self.batch, self.silent = name, done, done, total, batch, silent
        self.start = self.told = time.monotonic()
        off = silent or not sys.stderr.isatty()
        self.bar = tqdm(desc=name, initial=done, total=total, unit="step", disable=off, leave=False)

    def say(self, text: str) -> None:
        """One line."""
        if not self.silent:
            with self.bar.external_write_mode():
                log(text)

    def tell(self, loss: float, waited: float) -> None:
        """One step more. ``waited``: seconds so far, for data."""
        self.step += 1
        now = time.monotonic()
        passed = max(now - self.start, 1e-9)
        rate = (self.step - self.first) * self.batch / passed
        shown = f"loss {loss:.3g}, {rate:.3g} samples/s, {waited / passed:.0%} waiting for data"
        self.bar.set_postfix_str(shown, refresh=False)
        self.bar.update()
        if self.bar.disable and now - self.told >= INTERVAL:
            self.told = now
            left = (self.total - self.step) * self.batch / rate / 60
            self.say(f"{self.name}: step {self.step}/{self.total}, {shown}, about {left:.0f} min left")

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


def write_history(folder: Path, start: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """Write ``log.jsonl`` (a line about the run, one for each epoch) and ``curves.csv`` (a row for each value)."""
    lines = "".join(json.dumps(record) + "\n" for record in (start, *history))
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("epoch", "step", "part", "term", "value"))
    for record in history:
        for part in ("train", "validation", "gradient", "diagnostics"):
            for term, value in (record.get(part) or {}).items():
                rows.writerow((record["epoch"], record["step"], part, term, f"{value:.6g}"))
    atomic.save(folder / "log.jsonl", lines.encode())
    atomic.save(folder / "curves.csv", out.getvalue().encode())
