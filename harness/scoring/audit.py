"""``rgbtbench check``: all faults of a benchmark's files and of trackers' results, not only the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rgbtbench.core.errors import BenchError
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.check import Problem, problem_text, problems

from .evaluation import evaluate
from .given import find


class Audit:
    """Lines to print, one after the other, and how many problems they told of."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def benchmark(
        self, benchmark: Benchmark, faults: Iterable[BenchError] = (), *, every_image: bool = False
    ) -> Iterator[str]:
        """Everything wrong with a benchmark's files, then a summary: it says what was not seen."""
        title = f"{benchmark.title}: {benchmark.size.replace(' with', ',', 1)}"
        seen = "" if benchmark.has_images else " in the annotations; no images seen"
        yield from self._lines(title, problems(benchmark, faults, every_image=every_image), "no problems", seen)

    def results(self, benchmark: Benchmark, label: str, path: str | Path) -> Iterator[str]:
        """Everything wrong with a tracker's files, then a summary."""
        yield from self._lines(label, _of_results(benchmark, label, path), "complete")

    def _lines(self, title: str, problems: Iterable[Problem], sound: str, seen: str = "") -> Iterator[str]:
        kinds_of: Counter[str] = Counter()
        for problem in problems:
            yield problem.text if problem.kind else f"note: {problem.text}"
            kinds_of[problem.kind] += 1
        del kinds_of[""]
        self.found += kinds_of
        kinds = ", ".join(f"{kind} {count}" for kind, count in kinds_of.items())
        summary = f"{kinds_of.total()} problem{'s' * (kinds_of.total() > 1)} ({kinds})" if kinds_of else sound
        yield f"{title}: {summary}{seen}"


def _of_results(benchmark: Benchmark, label: str, path: str | Path) -> Iterator[Problem]:
    try:
        runs = find(label, path, benchmark).runs
    except BenchError as reason:
        yield Problem("results", problem_text(reason))
        return
    bad = False
    for files in runs:
        of = f"{files.run}: " if files.run else ""
        if missing := [name for name in benchmark.names if name not in files.paths]:
            some = ", ".join(missing[:3]) + ", ..." * (len(missing) > 3)
            yield Problem(
                "missing sequences", f"{of}{len(missing)} of {len(benchmark.names)} sequences missing: {some}"
            )
        for name in files.paths:
            try:
                files.read(name)
            except BenchError as reason:
                bad = True
                yield Problem("unreadable file", problem_text(reason))
    if not bad:
        yield from _scored(benchmark, label, path)


def _scored(benchmark: Benchmark, label: str, path: str | Path) -> Iterator[Problem]:
    """What scoring repairs or refuses."""
    try:
        evaluation = evaluate(benchmark, {label: path}, allow_missing=True)
    except BenchError as reason:
        yield Problem("refused by score", problem_text(reason))
    else:
        yield from (Problem("", f"repaired as the toolkit does: {repair}") for repair in evaluation.repairs)
        yield from (Problem("doubtful", f"doubtful: {doubt}") for doubt in evaluation.notes)
