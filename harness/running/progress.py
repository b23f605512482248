"""Progress of a run: what is settled by all processes, what runs now, and how long the rest takes.

A bar on a terminal, else a line a minute.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rgbtbench.core.messages import one_line
from rgbtbench.core.processes import Interrupted
from rgbtbench.core.terminal import log
from rgbtbench.results.store import RunFolder

from .jobs import Unit

INTERVAL = 60.0  # seconds between lines where there is no terminal
NAMED = 3  # sequences that are named of those that run now


class Progress:
    """A context that is told to look again, and says what it sees on stderr.

    ``before``: how many sequences were settled by earlier calls.
    """

    def __init__(self, units: Sequence[Unit], before: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.left, self.failed, self.total, self.before = list(units), 0, len(units), before
        self.pace = Pace()
        self.clock = clock
        self.looked = self.told = clock()

    def __enter__(self) -> Progress:
        from tqdm import tqdm

        self.bar = tqdm(
            total=sum(unit.frames for unit in self.left),
            bar_format="{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} frames{postfix}",
            unit_scale=True,
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
            leave=False,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.update()
        self.bar.close()
        if kind is not None and issubclass(kind, Interrupted):
            log(f"stopped  {self.settled} sequences are kept, and {self.before} of before")
            log(f"next: the same command goes on with the other {len(self.left)}")

    @property
    def settled(self) -> int:
        """Sequences that this call has settled."""
        return self.total - len(self.left)

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
        now = self.clock()
        running = _running(self.left)
        self.pace.note(now - self.looked, settled, running)
        self.looked = now
        self.bar.set_postfix_str(self._said(running))
        if self.bar.disable and now - self.told >= INTERVAL:
            self.told = now
            log(self._said(running))

    def _said(self, running: Sequence[Unit]) -> str:
        counts = f"{self.settled}/{self.total} sequences, {self.failed} failed"
        before = f", {self.before} before" if self.before else ""
        titles = [unit.title for unit in running]
        more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
        now = f"; now {', '.join(titles[:NAMED])}{more}" if titles else ""
        return f"{counts}{before}; {self.pace.rest(self.left, running)}{now}"


def _running(left: Sequence[Unit]) -> list[Unit]:
    """What somebody works on: there is a lease."""
    claimed: dict[Path, Collection[str]] = {}
    for folder in {unit.folder for unit in left}:
        with suppress(OSError):  # the disk may be away for a while
            claimed[folder] = RunFolder(folder).leases()
    return [unit for unit in left if unit.sequence in claimed.get(unit.folder, ())]


class Pace:
    """How long each tracker takes for a frame, decoding included: seconds of a lane, as they were seen."""

    def __init__(self) -> None:
        self.seconds, self.frames = defaultdict[str, float](float), Counter[str]()
        self.lanes = 0.0

    def note(self, seconds: float, settled: Sequence[Unit], running: Sequence[Unit]) -> None:
        """Count the time since the last look for what runs, and the frames of what is settled."""
        lanes = defaultdict[str, float](float)
        for unit in running:
            lanes[unit.tracker.label] += 1 / unit.tracker.batch  # sequences of a batch share a lane
        for label, count in lanes.items():
            self.seconds[label] += count * seconds
        for unit in settled:
            self.frames[unit.tracker.label] += unit.frames
        self.lanes = max(self.lanes, sum(lanes.values()))

    def rest(self, left: Sequence[Unit], running: Sequence[Unit]) -> str:
        """How long what is left takes, each tracker at its own pace; of what runs, half is taken for done."""
        halves, frames = defaultdict[str, float](float), Counter[str]()
        for unit in running:
            halves[unit.tracker.label] += unit.frames / 2
        for unit in left:
            frames[unit.tracker.label] += unit.frames
        known = {label for label in frames if self.seconds[label] and self.frames[label]}
        if not known:
            return "time left not known yet"
        paces = {label: self.seconds[label] / (self.frames[label] + halves[label]) for label in known}
        seconds = sum(paces[label] * (frames[label] - halves[label]) for label in known) / max(1.0, self.lanes)
        unknown = ", ".join(label for label in frames if label not in known)
        return f"more than {_time(seconds)} left ({unknown}: unknown)" if unknown else f"about {_time(seconds)} left"


def _time(seconds: float) -> str:
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
