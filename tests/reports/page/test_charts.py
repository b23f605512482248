"""The page's charts answer: by pointer, by keyboard, and about what they do not show. In a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import DESK, HOSTILE, PHONE, column, entries_of, make, names, opened


@pytest.fixture(scope="module")
def long(generated, tmp_path_factory) -> Iterator[Path]:
    """Generated trackers under hostile names, the truth as a fourth, one sequence of the first without boxes."""
    home = tmp_path_factory.mktemp("charts")
    benchmark, entries = entries_of(generated)
    truth = home / "truth"
    shutil.copytree(generated / "LasHeR/annos", truth)
    part = home / "part"
    shutil.copytree(entries[0].origin, part)
    next(path for path in part.rglob("*.txt") if path.stem == benchmark.names[0]).unlink()
    entries = [replace(entries[0], origin=part), *entries[1:], replace(entries[0], label="gt", origin=truth)]
    path = home / "page.html"
    path.write_bytes(make("charts", benchmark, entries, allow_missing=True)[0])
    return path


def over(page: Any, css: str, share: float, height: float = 0.5) -> None:
    """Move the pointer to a share of a drawing's width and height."""
    drawing = page.locator(css).first
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + height * box["height"])


def test_the_crosshair_tells_what_the_table_tells_and_a_click_takes_it(browser, real_page):
    with opened(browser, real_page) as page:
        over(page, "#curves .drawing > svg", 0.3)
        tip = page.locator("#curves .tip")
        threshold = tip.locator("b").inner_text().split()[-1]
        told = dict(row.inner_text().split() for row in tip.locator("tr").all())
        assert 0.2 < float(threshold) < 0.3
        page.mouse.down()
        page.mouse.up()
        assert page.locator("#curves thead th >> nth=2").inner_text() == f"at {threshold}"
        rows = page.locator("#curves .legend tbody tr").all()
        assert {row.locator(".label").inner_text(): row.locator("td").last.inner_text() for row in rows} == told
        page.mouse.move(0, 0)
        assert not tip.is_visible()
        page.locator("[data-key=threshold]").focus()
        page.keyboard.press("ArrowRight")
        assert tip.is_visible()
        assert float(tip.locator("b").inner_text().split()[-1]) > float(threshold)


def test_a_click_on_a_time_line_reads_that_frame(browser, real_page):
    with opened(browser, real_page) as page:
        over(page, "#sequence .drawing > svg", 0.5)
        assert page.locator("#sequence .cross[visibility=visible]").count() == 2  # in both charts
        first = int(re.search(r"\d+", page.locator("#sequence .tip:visible b").inner_text().replace(",", ""))[0])
        page.mouse.down()
        page.mouse.up()
        text = page.locator("#sequence .slider output").inner_text().replace(",", "")
        assert 0 <= int(text.split()[0]) - first < 10
        assert (" means of frames " in text) == ("–" in page.locator("#sequence .tip:visible b").inner_text())


def test_frame_1_is_frame_1(browser, real_page):
    """The first box is given, so the first value of every tracker whose row is the truth's is 1 and 0."""
    with opened(browser, real_page) as page:
        assert page.locator("#sequence .slider output").inner_text().startswith("1 of 1,")
        assert "means" not in page.locator("#sequence .slider output").inner_text()
        for row in page.locator("#sequence .legend tbody tr").all():
            assert row.locator("td").all_inner_texts()[1:] == ["1.00", "0.0"]


def test_a_tracker_is_lit_everywhere(browser, real_page):
    with opened(browser, real_page) as page:
        for place in ("#leaderboard", "#chips", ".legend"):
            page.locator(f"{place} [data-tracker=MaCNet]").first.hover()
            lit = page.locator(".lit").evaluate_all("nodes => nodes.map((node) => node.dataset.tracker)")
            assert set(lit) == {"MaCNet"}
            assert page.locator("#curves g.lit path.line").count() == 1
            assert page.locator("#sequence path.line.lit").count() == 2
            assert page.locator("#attributes svg.lit").count() == 20
            page.mouse.move(1, 1)
            assert page.locator(".lit").count() == 0
        page.locator("#chips [data-tracker=MANet]").focus()
        assert page.locator("#curves g.lit").get_attribute("data-tracker") == "MANet"
        page.keyboard.press("Enter")  # it is taken out
        assert page.locator("#curves [data-tracker=MANet]").count() == 0


def test_a_curve_under_the_pointer_is_lit(browser, real_page):
    with opened(browser, real_page) as page:
        for height in np.linspace(0.1, 0.9, 9):
            over(page, "#curves .drawing > svg", 0.55, height)
            if page.locator("#curves g.lit path.line").count():
                name = page.locator("#curves g.lit:has(path.line)").get_attribute("data-tracker")
                assert page.locator(".legend tr.lit .label").first.inner_text() == name
                return
        raise AssertionError("no curve lit up")


def test_attributes_have_intervals_and_tell_them(browser, real_page):
    with opened(browser, real_page) as page:
        assert page.locator("#attributes .interval").count() == 20 * 4
        page.locator("#attributes .attribute").nth(1).focus()
        told = page.locator("#attributes .tip:visible tr").first.inner_text()
        assert re.search(r"\d+\.\d \(\d+\.\d–\d+\.\d\)", told)
        page.locator("#attributes .dots").nth(3).hover()
        assert page.locator("#attributes .tip:visible b").last.inner_text() == "total occlusion"


def test_what_is_not_drawn_is_explained(browser, long, real_page):
    with opened(browser, long) as page:
        page.get_by_role("button", name="all 4").click()
        assert f"{HOSTILE[0]} has no curve: 1 sequence without boxes" in page.locator("#curves").inner_text()
        assert f"{HOSTILE[0]} has no mark on some attributes" in page.locator("#attributes").inner_text()
        page.locator("[data-key='sequence 0']").click()
        assert f"{HOSTILE[0]} has no boxes here." in page.locator("#sequence").inner_text()
        assert page.locator("main img, main i:has(*)").count() == 0
    with opened(browser, real_page) as page:
        page.get_by_label("Find a sequence").fill("leftblkTboy")
        page.locator("#sequence-list tbody button").first.click()
        assert re.search(
            r"No line at frames .*: the truth there is empty", page.locator("#sequence .gaps").inner_text()
        )


def test_the_truth_as_a_tracker_has_no_rank(browser, long):
    with opened(browser, long) as page:
        assert names(page)[-1] == "gt"
        row = page.locator(".board tr[data-tracker=gt]")
        assert row.locator("td").nth(1).inner_text() == "ref."
        assert row.locator(".whisker").count() == 0
        assert not row.locator("input").is_checked()
        assert "gt has the truth's own boxes" in page.locator("#leaderboard").inner_text()
        assert page.locator("#chips .chip").count() == 2  # of the third a sequence is missing
        row.locator("input").check()
        assert page.locator("#curves path.line").count() == 3  # its curve is drawn
        assert page.locator("#attributes [data-tracker=gt]").count() == 0  # and does not squeeze the others


def test_the_best_are_drawn_where_nothing_is_ticked(browser, real_page):
    with opened(browser, real_page) as page:
        assert page.locator("#controls input[value='0']").first.is_checked()
        assert "LasHeR test" in page.locator("#leaderboard .under").inner_text()
        before = page.locator("#chips .chip").all_inner_texts()
        for chip in before:
            page.get_by_role("checkbox", name=f"Draw {chip.removesuffix('×').strip()}", exact=True).uncheck()
            if page.locator("#chips .chip").count() == 1:
                break
        page.locator("#chips .chip").click()
        assert page.locator("#chips .chip").all_inner_texts() == before
        assert "nothing is ticked" in page.locator("#chips").inner_text()


def test_scored_ones_stand_before_printed_ones_and_keep_what_is_printed_of_them(browser, real_page):
    with opened(browser, real_page) as page:
        sources = page.locator(".board td.source").all_inner_texts()
        assert sources == sorted(sources, key=lambda text: text != "scored from raw results")
        row = page.locator(".board tr[data-tracker=MANet]")
        assert [row.locator(f"td.{key} i").inner_text() for key in ("printed_fps", "params_m")] == ["1", "7.28"]
        assert "ICCVW" in row.locator("td.year").inner_text()
        assert float(page.locator(".board tr[data-tracker=MTNet] td.authors_fps i").inner_text()) > 10
        page.get_by_label("scored ones before printed ones").uncheck()
        scores = column(page, "td.active :is(b, i)")
        assert scores == sorted(scores, reverse=True)


def test_progress_keeps_printed_and_scored_and_hardware_apart(browser, real_page):
    with opened(browser, real_page) as page:
        marks = page.locator("#progress .point")
        told = marks.evaluate_all("nodes => nodes.map((node) => node.getAttribute('aria-label'))")
        manet = sorted(text for text in told if text.startswith("MANet,"))
        assert [text.rpartition(", ")[2] for text in manet] == ["quoted by others", "scored from raw results"]
        assert page.locator("#progress .front").count() == 2
        best: dict[str, float] = {}
        for text in told:
            found = re.search(r"SR ([\d.]+), (\d{4})", text)
            if found and "scored" not in text and "doubt" not in text:
                best[found[2]] = max(best.get(found[2], 0), float(found[1]))
        records = sum(all(best[y] > best[z] for z in best if z < y) for y in best)
        line = page.locator("#progress .front.printed").get_attribute("d")
        assert line.count("V") == records - 1  # it starts with the first
        page.get_by_role("radio", name="FPS", exact=True).check()
        assert page.locator("#progress h2").inner_text() == "SR against frames a second"
        machines = page.locator("[data-key=hardware] option").all_inner_texts()
        assert any("RTX 3090" in text for text in machines)
        page.locator("[data-key=hardware]").select_option(label=next(t for t in machines if "RTX 3090 (" in t))
        assert all(
            "RTX 3090;" in text for text in marks.evaluate_all("n => n.map((m) => m.getAttribute('aria-label'))")
        )
        page.locator("#progress .point[tabindex='0']").focus()
        first = page.locator("#progress .tip").inner_text()
        page.keyboard.press("ArrowRight")
        assert page.locator("#progress .tip").inner_text() != first
        assert page.evaluate("document.activeElement.dataset.tracker") in page.locator("#progress .tip").inner_text()


def test_pictures_enlarge(browser, run):
    with opened(browser, run) as page:
        page.locator(".enlarge").last.click()
        dialog = page.get_by_role("dialog")
        assert dialog.locator("image").count() == 2
        wide = dialog.locator("svg[role=img]").first.bounding_box()["width"]
        assert wide > 2 * page.locator(".strip .film svg").first.bounding_box()["width"]
        before = dialog.get_by_role("status").inner_text()
        page.keyboard.press("ArrowLeft")
        assert dialog.get_by_role("status").inner_text() != before
        page.keyboard.press("Escape")
        assert page.locator("dialog").count() == 0
        assert page.evaluate("document.activeElement.className") == "enlarge"


@pytest.mark.parametrize("how", [DESK, {"color_scheme": "dark", **PHONE}], ids=["desk", "dark phone"])
def test_what_appears_stands_in_nobodys_way(browser, run, how):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install '.[browser]'")
    with opened(browser, run, **how) as page:
        page.locator("[data-key=threshold]").focus()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator(".enlarge").first.click()
        found = axe.Axe().run(page).response["violations"]
        told = [f"{rule['impact']} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
        assert not [line for line in told if line.startswith(("serious", "critical"))], told
