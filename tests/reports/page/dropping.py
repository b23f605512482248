"""A page, and what its reader drops onto it, beside what the command line says of the same files."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from generated import generate
from pages import SHOWN, whole

from rgbtbench.core.errors import ResultError
from rgbtbench.reports.inputs import Benchmarks, Entry, gather, score
from rgbtbench.reports.page.build import Page
from rgbtbench.reports.scores import score_rows
from rgbtbench.results.formats import find_results
from rgbtbench.scoring.evaluation import Evaluation, evaluate

KEY = ("dataset", "split", "metric", "attribute")
NUMBERS = ("value", "low", "high")


class Tab:
    """A page that is open, and what its reader does with it."""

    def __init__(self, browser: Any, path: Path, **how: Any) -> None:
        self.page = whole(browser.new_context(**how).new_page())
        self.page.set_default_timeout(20_000)
        self.trouble: list[str] = []
        say = self.trouble.append
        self.page.on("console", lambda message: say(message.text))
        self.page.on("pageerror", lambda error: say(str(error)))
        self.page.on("dialog", lambda dialog: (say(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: say(request.url) if request.url != path.as_uri() else None)
        self.page.add_init_script(SHOWN)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def choose(self, files: Any, boxes: str = "", button: str = "files") -> None:
        """Through the button, as a file chooser answers; boxes: the words of --boxes."""
        self.page.locator("[data-key=boxes]").fill(boxes)
        self.page.locator(f"[data-choose={button}]").set_input_files(files)
        self.wait()

    def wait(self) -> None:
        done = self.page.locator("#drop [role=status]", has_text="Scored in")
        done.or_(self.page.locator("#drop .refused p")).first.wait_for()

    @property
    def refusal(self) -> str:
        return str(self.page.locator("#drop .refused").inner_text())

    @property
    def scores(self) -> dict[tuple[str, ...], list[float]]:
        """Of the last one that was dropped, in percent, with intervals."""
        return numbers(self.page.locator("#drop textarea").last.input_value())

    def remove(self) -> None:
        self.page.evaluate("[...document.querySelectorAll('#drop details button')].forEach((button) => button.click())")


def numbers(text: str) -> dict[tuple[str, ...], list[float]]:
    rows = csv.DictReader(io.StringIO(text))
    return {tuple(row[key] for key in KEY): [float(row[name] or "nan") for name in NUMBERS] for row in rows}


def expected(evaluation: Evaluation, k: int = 0) -> dict[tuple[str, ...], list[float]]:
    rows = [row for row in score_rows(evaluation, "overall") if row.tracker == evaluation.trackers[k]]
    return {tuple(getattr(row, key) for key in KEY): [getattr(row, name) for name in NUMBERS] for row in rows}


def require_equal(found: dict[tuple[str, ...], list[float]], wanted: dict[tuple[str, ...], list[float]]) -> None:
    assert list(found) == list(wanted)
    np.testing.assert_allclose(list(found.values()), list(wanted.values()), rtol=0, atol=1e-6)


def write_page(path: Path, groups: dict[Any, list[Entry]], *, with_truth: bool = True) -> list[Evaluation]:
    page = Page("drop", groups, with_truth=with_truth)
    found = [score(e, attributes=tuple(b.spec.attributes), watch=page.watch[b]) for b, e in groups.items()]
    evaluations = [evaluation for evaluation in found if evaluation]
    path.write_bytes(page.html(evaluations))
    return evaluations


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED, name: str = "T.zip") -> dict[str, Any]:
    """A file chooser's answer."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return {"name": name, "mimeType": "application/zip", "buffer": out.getvalue()}


class Generated:
    """Forty sequences that nobody filmed, a page of one tracker, and the tracker's boxes."""

    def __init__(self, home: Path) -> None:
        generate(home, sequences=40, frames=60)
        self.home, self.path = home, home / "page.html"
        benchmarks = Benchmarks([f"LasHeR={home / 'LasHeR'}"])
        benchmarks.open("LasHeR")
        self.entries = gather([str(home / "results/rgb-only")], benchmarks)
        self.benchmark = self.entries[0].benchmark
        write_page(self.path, {self.benchmark: self.entries})
        files = find_results("fused", home / "results/fused", self.benchmark.names)
        self.boxes = {name: files.read(name) for name in self.benchmark.names}
        self.texts = {f"{name}.txt": text(boxes) for name, boxes in self.boxes.items()}

    def judged(self, answer: dict[str, Any], reading: str | None = None) -> Evaluation | ResultError:
        """What the command line says of a zip."""
        path = self.home / str(answer["name"])
        path.write_bytes(answer["buffer"])
        attributes = tuple(self.benchmark.spec.attributes)
        try:
            return evaluate(
                self.benchmark, {"T": path}, attributes=attributes, layouts={"T": reading} if reading else None
            )
        except ResultError as reason:
            return reason


def text(boxes: Any, form: str = "%.4f", mark: str = ",") -> str:
    out = io.StringIO()
    np.savetxt(out, boxes, fmt=form, delimiter=mark)
    return out.getvalue()
