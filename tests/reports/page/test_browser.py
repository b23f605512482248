"""The page as its reader has it: in a browser, from disk, by mouse, by keyboard, on a phone, in the dark, on paper.

Needs ``pip install '.[browser]'`` and a chromium on the PATH (Debian: ``apt install chromium``).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from pages import DESK, HOSTILE, PHONE, at_once, column, entries_of, make, names, opened

from rgbtbench.reports.page.document import document
from rgbtbench.reports.page.packing import Pack

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[browser]'")

VIEWS = ("#leaderboard", "#curves", "#attributes", "#sequence-list")


@pytest.fixture(scope="module")
def hostile(generated, tmp_path_factory) -> Path:
    """Generated numbers under names that try to run."""
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    path.write_bytes(make("<b>night</b></title><script>alert(2)</script>", *entries_of(generated))[0])
    return path


def test_names_are_shown_and_nothing_runs(browser, hostile):
    with opened(browser, hostile) as page:
        assert sorted(names(page)) == sorted(HOSTILE)
        assert page.title().startswith("<b>night</b></title><script>")
        assert page.locator("h1").inner_text() == "<b>night</b></title><script>alert(2)</script>"
        page.get_by_role("button", name=HOSTILE[0]).first.click()  # its details, and every drawing of it
        assert page.locator("img, main b:has(*), h1 b").count() == 0
        assert page.evaluate("document.scripts.length") == 2


def test_columns_sort_both_ways(browser, hostile):
    with opened(browser, hostile) as page:
        scores = column(page, "td.active b")
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        page.locator(".board thead").get_by_role("button", name="SR").click()
        assert column(page, "td.active b") == sorted(scores)
        assert page.locator("th.active").get_attribute("aria-sort") == "ascending"
        page.get_by_role("button", name="Tracker", exact=True).click()
        assert names(page) == sorted(HOSTILE, key=str.lower)
        assert page.locator("th.active").get_attribute("aria-sort") == "none"


def test_metric_and_attribute_change_every_view(browser, hostile):
    with opened(browser, hostile) as page:
        before = [
            page.locator(css).inner_html() for css in ("#leaderboard", "#curves", "#attributes", "#sequence-list")
        ]
        page.get_by_role("radio", name="NPR", exact=True).check()
        assert page.locator("#curves h2").inner_text() == "Normalised precision"
        choice = page.locator("[data-key=attribute]")
        choice.select_option(
            next(text for text in choice.locator("option").all_inner_texts() if text.startswith("LI,"))
        )
        after = [page.locator(css).inner_html() for css in VIEWS]
        assert all(a != b for a, b in zip(before, after, strict=True))
        assert "low illumination" in page.locator("#leaderboard .under").inner_text()
        assert page.locator("#attributes [aria-pressed=true]").get_attribute("data-key") == "attribute LI"
        assert page.locator("#sequence-list tbody tr").count() < 6


def test_chosen_trackers_are_drawn(browser, hostile):
    with opened(browser, hostile) as page:
        assert page.locator("#curves path.line").count() == 3
        page.get_by_label(f"Draw {HOSTILE[1]}").uncheck()
        assert page.locator("#curves path.line").count() == 2
        assert page.locator("#sequence .drawing >> nth=0").locator("path.line").count() == 2
        assert page.evaluate("document.activeElement.dataset.key") == f"choose {HOSTILE[1]}"  # the keyboard stays
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.locator("#curves path.line").count() == 2  # the address keeps what was chosen


def test_a_curve_reads_the_score_at_its_threshold(browser, hostile):
    with opened(browser, hostile) as page:
        page.get_by_role("radio", name="PR", exact=True).check()
        for row in page.locator("#curves tbody tr").all():
            score, reading = row.locator("td").all_inner_texts()
            assert abs(float(score) - float(reading)) <= 0.11  # PR is the curve at 20 pixels
        page.locator("#curves input[type=range]").fill("50")
        assert page.locator("#curves thead th >> nth=2").inner_text() == "at 50"


def test_everything_is_reached_by_keyboard(browser, hostile):
    with opened(browser, hostile) as page:
        reached = []
        for _ in range(120):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.dataset.key ?? document.activeElement.tagName"))
        for key in (f"Metric {'SR'}", "attribute", "search", "sort name", f"choose {HOSTILE[0]}", "threshold", "frame"):
            assert key in reached, key
        assert len({key for key in reached if key.startswith("sequence ")}) == 1  # one stop, then the arrows
        page.locator("[data-key='sort name']").focus()
        page.keyboard.press("Enter")
        assert names(page) == sorted(HOSTILE, key=str.lower)
        assert page.evaluate("document.activeElement.dataset.key") == "sort name"
        first = page.locator("#sequence h3").inner_text()
        page.locator("#sequence-list tr.current button").focus()
        page.keyboard.press("ArrowDown")
        assert page.locator("#sequence h3").inner_text() != first
        assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
        page.locator("#frame").focus()
        page.keyboard.press("ArrowRight")
        assert "frame 2 of 20" in page.locator("#sequence .slider").inner_text()


@pytest.mark.parametrize("source", ["hostile", "run"])
def test_a_phone_scrolls_down_only(browser, source, request):
    with opened(browser, request.getfixturevalue(source), **PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        wide = page.evaluate("""[...document.querySelectorAll('main *')]
            .filter((node) => node.getBoundingClientRect().right > 361 && !node.closest('svg'))
            .map((node) => node.outerHTML.slice(0, 80))""")
        assert wide == []
        assert page.locator(".board td.active").first.is_visible()
        assert page.locator("#sequence path.line").count() > 0


def test_the_dark_page_is_dark(browser, hostile):
    def lightness(page: Any, css: str, name: str) -> float:
        return sum(
            page.evaluate(f"getComputedStyle(document.querySelector({css!r})).{name}.match(/\\d+/g).map(Number)")[:3]
        )

    with opened(browser, hostile, color_scheme="dark", **DESK) as page:
        assert lightness(page, "body", "backgroundColor") < 150 < 600 < lightness(page, "body", "color")
    with opened(browser, hostile, color_scheme="light", **DESK) as page:
        assert lightness(page, "body", "backgroundColor") > 700


def test_paper_has_the_numbers_and_no_controls(browser, hostile):
    with opened(browser, hostile, color_scheme="dark", **DESK) as page:
        page.emulate_media(media="print")
        assert not page.locator("#controls").is_visible()
        assert not page.locator("input").first.is_visible()
        assert page.locator(".board").is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#about details:not([open])").count() == 0
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_failures_and_pictures_of_a_run(browser, run):
    with opened(browser, run) as page:
        gaps = page.locator("#gaps").inner_text()
        assert "synthetic002" in gaps
        assert "no idea" in gaps
        assert "1 sequence without boxes" in page.locator("#leaderboard").inner_text()
        pictures = page.locator(".film image")
        assert pictures.count() >= 2
        assert page.evaluate("Promise.all([...document.querySelectorAll('.film image')].map(async (node) => {"
                             "const image = new Image(); image.src = node.href.baseVal; await image.decode();"
                             "return image.naturalWidth; }))")  # fmt: skip
        assert page.locator(".film rect.truth").count() == pictures.count()
        assert page.locator(".film .pin").count() == page.locator(".film rect.box").count() > 0
        page.locator("figcaption button").last.click()
        frame = re.search(r"\d+", page.locator("figcaption button").last.inner_text())
        assert frame
        assert f"frame {frame.group()} of" in page.locator("#sequence .slider").inner_text()
        about = page.locator("#about").inner_text()
        assert "rgbtbench" in about


def test_the_table_is_there_as_csv(browser, real_page):
    with opened(browser, real_page) as page:
        page.get_by_role("radio", name="GTOT", exact=True).check()
        page.get_by_text("This table as CSV").click()
        sync_api.expect(page.locator("textarea")).not_to_have_value("")  # filled a moment after it opens
        rows = list(csv.DictReader(io.StringIO(page.locator("textarea").input_value())))
        assert [row["tracker"] for row in rows] == names(page)
        mtnet = next(row for row in rows if row["tracker"] == "MTNet")
        assert (mtnet["benchmark"], mtnet["SR"][:4], mtnet["source"]) == ("GTOT", "76.0", "scored from raw results")
        page.get_by_label("Tracker", exact=True).press_sequentially("mtn")
        assert len(page.locator("textarea").input_value().splitlines()) == 2  # it follows the filters
    with opened(browser, real_page, **PHONE) as page:
        page.get_by_text("This table as CSV").click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_prints_of_others_are_filtered_by_year_and_source(browser, real_page):
    with opened(browser, real_page) as page:
        page.get_by_role("radio", name="LasHeR test", exact=True).check()
        everything = len(names(page))
        assert everything > 50
        prints_called_scored = page.locator(".board tbody tr:has(td.active i) .tag.scored")
        assert prints_called_scored.count() == 0
        page.get_by_label("Year from").select_option("2025")
        years = column(page, "td.year")
        assert years
        assert min(years) >= 2025
        page.get_by_label("Year from").select_option("")
        for text in ("printed by its authors", "quoted by others"):
            page.get_by_role("checkbox", name=text).uncheck()
        assert sorted(names(page)) == ["DFAT", "MANet", "MTNet", "MaCNet"]
        assert column(page, "td:nth-child(2)")[0] == 1
        page.get_by_label("Tracker", exact=True).press_sequentially("mtn")
        assert names(page) == ["MTNet"]
        assert page.evaluate("document.activeElement.dataset.key") == "search"


def test_filters_answer_at_once(browser, real_page):
    """In the processor's time, not the clock's: others may be at work. tests/benchmarks/page.py takes the clock."""
    with opened(browser, real_page) as page:
        page.get_by_role("radio", name="LasHeR test", exact=True).check()
        ask, session = at_once(page), page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        used = []
        for attribute in range(1, 8):
            before = _used(session)
            ask(f"""{{
                const select = document.querySelector("[data-key='attribute']");
                select.value = {attribute};
                select.dispatchEvent(new Event("change"));
                document.body.getBoundingClientRect();
            }}""")
            used.append(_used(session) - before)
        assert 0 < max(used) < 0.1


def _used(session: Any) -> float:
    """Seconds that the page's thread has worked."""
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


@pytest.mark.parametrize("how", [DESK, PHONE, {"color_scheme": "dark", **DESK}], ids=["desk", "phone", "dark"])
@pytest.mark.parametrize("source", ["run", "real_page"])
def test_nothing_serious_stands_in_anybodys_way(browser, source, how, request):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install '.[browser]'")
    with opened(browser, request.getfixturevalue(source), **how) as page:
        for shorter in page.get_by_role("radio", name="GTOT", exact=True).all():  # of two benchmarks
            shorter.check()
        page.locator(".board button.open").first.click()
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        found = axe.Axe().run(page).response["violations"]
        told = [f"{rule['impact']} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
        assert not [line for line in told if line.startswith(("serious", "critical"))], told


def test_a_page_that_cannot_be_read_says_so(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(document("broken", Pack().text({})[:-20], []))
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    page.get_by_text("The page cannot be shown").wait_for()
    context.close()
