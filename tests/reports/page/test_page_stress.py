"""The view of trackers under stress: what each loses, and one moment as each stress shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import DESK, PHONE, opened
from small import write_experiment

STRESSES = ["tir-black 3", "jpeg 1", "jpeg 3"]
MEAN = """(node) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [node.naturalWidth, node.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(node, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((_, i) => i % 4 < 3).reduce((sum, value) => sum + value, 0) / (0.75 * data.length);
}"""


@pytest.fixture(scope="module")
def stressed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two trackers under two stresses."""
    from rgbtbench.cli import main

    home = tmp_path_factory.mktemp("stressed")
    size = ["--sequences", "3", "--frames", "8", "--size", "320x240"]
    assert main(["synth", "LasHeR", str(home / "data"), *size]) == 0
    trackers = "- {use: still, label: still}\n- {use: './trackers.py:Walk', label: quick, params: {step: 9}}\n"
    experiment = write_experiment(home, trackers, extra="stress: [tir-black:3, jpeg:1, jpeg:3]")
    runs = ["--runs", str(home / "runs")]
    assert main(["run", str(experiment), *runs]) == 0
    page = ["--stress", "--format", "html", "--out", str(home / "page.html")]
    assert main(["report", str(experiment), *runs, *page]) == 0
    return home / "page.html"


def test_a_line_for_each_stress_and_a_picture_of_what_it_spoils(browser, stressed):
    with opened(browser, stressed) as page:
        view = page.locator("#stress")
        assert view.locator("h2").inner_text() == "SR under stress"
        assert view.locator("thead th").all_inner_texts() == ["stress", "still", "quick"]
        assert view.locator("tbody th").all_inner_texts() == [*STRESSES, "mean"]
        for cell in view.locator("tbody td:nth-child(2)").all():  # it looks at nothing, so nothing is lost
            assert re.fullmatch(r"\d+\.\d \(\+0\.0\)", cell.inner_text().strip())
            assert cell.get_attribute("title") == "+0.0 to +0.0"
        assert view.locator("figcaption").all_inner_texts() == [STRESSES[0], STRESSES[2]]  # the worst of each
        visible, black, *_ = pictures = view.locator("img").all()
        assert len(pictures) == 4
        assert all(picture.evaluate("async (node) => { await node.decode(); return node.naturalWidth; }")
                   for picture in pictures)  # fmt: skip
        assert black.evaluate(MEAN) < 3 < visible.evaluate(MEAN)
        page.get_by_role("radio", name="PR", exact=True).check()
        assert page.locator("#stress h2").inner_text() == "PR under stress"
        with page.expect_download() as download:
            page.locator("[data-key='save stress']").click()
            page.locator("[data-key='save stress CSV']").click()
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert lines[0] == "stress,still,quick"
        assert len(lines) == 1 + len(STRESSES) + 1


def test_a_page_without_stress_has_no_such_view(browser, run):
    with opened(browser, run) as page:
        assert not page.locator("#stress").is_visible()


@pytest.mark.parametrize("how", [DESK, PHONE, {"color_scheme": "dark", **DESK}], ids=["desk", "phone", "dark"])
def test_it_stands_in_nobodys_way(browser, stressed, how):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install '.[browser]'")
    with opened(browser, stressed, **how) as page:
        page.locator("#stress").scroll_into_view_if_needed()
        found = axe.Axe().run(page).response["violations"]
        told = [f"{rule['impact']} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
        assert not [line for line in told if line.startswith(("serious", "critical"))], told
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
