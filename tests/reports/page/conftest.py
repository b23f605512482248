"""One browser for all tests of the page, and a page onto which results are dropped.

Needs ``pip install '.[browser]'`` and a chromium on the PATH (Debian: ``apt install chromium``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dropping import Generated, Tab
from small import write_experiment

from rgbtbench.reports.inputs import Benchmarks, gather, score
from rgbtbench.reports.page.build import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[browser]'")
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    """An experiment with images, one sequence of which failed."""
    from rgbtbench.cli import main

    home = tmp_path_factory.mktemp("run")
    size = ["--sequences", "4", "--frames", "24", "--size", "320x240"]
    assert main(["synth", "LasHeR", str(home / "data"), *size]) == 0
    trackers = "- {use: still, label: still}\n- {use: './trackers.py:Walk', label: quick, params: {step: 9}}\n"
    trackers += "- {use: './trackers.py:Walk', label: '<i>bad</i>', params: {victim: synthetic002, how: raises}}"
    experiment, runs = write_experiment(home, trackers.replace("</i>", "")), ["--runs", str(home / "runs")]
    assert main(["run", str(experiment), *runs]) == 1
    page = ["--format", "html", "--allow-missing", "--out", str(home / "page.html")]
    assert main(["report", str(experiment), *runs, *page]) == 1
    return home / "page.html"


@pytest.fixture(scope="session")
def real_page(real, tmp_path_factory) -> Path:
    """Two benchmarks of the real results, with printed numbers beside them."""
    path = tmp_path_factory.mktemp("real") / "page.html"
    groups = {}
    for name in ("GTOT", "LasHeR"):
        entries = gather([str(real)], Benchmarks(name=name), only=["MTNet", "DFAT", "CAT", "MANet", "MaCNet"])
        groups[entries[0].benchmark] = entries
    page = Page("real", groups)
    found = [score(e, attributes=tuple(b.spec.attributes), watch=page.watch[b]) for b, e in groups.items()]
    path.write_bytes(page.html([evaluation for evaluation in found if evaluation]))
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(tmp_path_factory.mktemp("drop"))


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Any]:
    """Opens a page of one's own. Afterwards: it has said nothing on the console and asked nobody for anything."""
    tabs: list[Tab] = []

    def run(path: Path, **how: Any) -> Tab:
        tabs.append(Tab(browser, path, **how))
        return tabs[-1]

    yield run
    for tab in tabs:
        tab.page.context.close()
        assert tab.trouble == []


@pytest.fixture(scope="session")
def shared(browser: Any, made: Generated) -> Iterator[Tab]:
    tab = Tab(browser, made.path)
    yield tab
    tab.page.context.close()
    assert tab.trouble == []


@pytest.fixture
def tab(shared: Tab) -> Iterator[Tab]:
    yield shared
    shared.remove()
