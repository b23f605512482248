"""A link is the view, and what is seen becomes a file. In a real browser."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from pages import DESK, HOSTILE, entries_of, make, names, opened

from rgbtbench.cli import main
from rgbtbench.reports.citations import bibliography

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[browser]'")
FORMULA = "=1+1,<b>\x01"


@pytest.fixture(scope="module")
def strange(generated, tmp_path_factory) -> Path:
    """Names that a browser, a spreadsheet, LaTeX or XML would take for something else."""
    path = tmp_path_factory.mktemp("links") / "page.html"
    path.write_bytes(make("links", *entries_of(generated, (HOSTILE[0], FORMULA, HOSTILE[2])))[0])
    return path


def go(page: Any, words: str) -> None:
    """To the page at another address, as from a link."""
    page.goto("about:blank")
    page.goto(f"{page.path}#{words}")
    page.wait_for_selector("html[data-ready]")


def at(page: Any, path: Path, **words: str) -> None:
    page.path = path.as_uri()
    go(page, urlencode(words))


def saved(page: Any, label: str, kind: str) -> bytes:
    """What a menu hands out."""
    page.locator(f"summary[aria-label='Save {label}']").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save {label} as {kind}", exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def seen(page: Any) -> list[str]:
    sync_api.expect(page.locator("#pairs")).not_to_contain_text("…", timeout=20000)  # p-values are told later
    parts = ["#leaderboard table", "#curves .legend", "#pairs", "#sequence-list", "#sequence .slider", "#progress h2"]
    return [page.locator(css).first.inner_text() for css in parts]


def test_a_reload_and_the_way_back_keep_all_of_the_view(browser, real_page):
    with opened(browser, real_page) as page:
        page.get_by_role("radio", name="PR", exact=True).check()
        page.locator("thead").get_by_role("button", name="Tracker", exact=True).click()
        page.get_by_label("Year from").select_option("2020")
        page.get_by_label("Tracker", exact=True).fill("t")
        page.get_by_role("checkbox", name="quoted by others").uncheck()
        page.get_by_label("scored ones before printed ones").uncheck()
        page.get_by_role("checkbox", name="Draw DFAT").uncheck()
        page.locator("[data-key=reference]").select_option("DFAT")
        choice = page.locator("[data-key=attribute]")
        choice.select_option(next(text for text in choice.locator("option").all_inner_texts() if text[:3] == "LI,"))
        page.locator("[data-key=threshold]").fill("7")
        page.get_by_label("Find a sequence").fill("a")
        page.locator("#sequence-list tbody button").nth(1).click()
        page.locator("#frame").fill("30")
        page.get_by_role("radio", name="FPS", exact=True).check()
        page.get_by_role("button", name="Sequence", exact=True).click()
        page.locator(".board button.open").first.click()
        before = seen(page)
        page.wait_for_timeout(60)
        address = page.url
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert seen(page) == before
        assert page.get_by_label("Tracker", exact=True).input_value() == "t"
        assert page.get_by_label("Find a sequence").input_value() == "a"
        page.evaluate("location.hash = 'b=gtot'")
        sync_api.expect(page.locator("#leaderboard .under")).to_contain_text("GTOT")
        page.go_back()
        sync_api.expect(page.locator("#leaderboard .under")).to_contain_text("LasHeR")
        assert (seen(page), page.url) == (before, address)
        assert page.locator("#unknown").is_hidden()


def test_an_address_is_understood_or_said_to_be_unknown(browser, real_page):
    with opened(browser, real_page) as page:
        page.path = real_page.as_uri()
        go(page, "b=LasHeR&a=tc+LI")
        assert "LasHeR test, LI+TC" in page.locator("#leaderboard .under").inner_text()
        assert page.locator("#unknown").is_hidden()
        markup = "<img src=x onerror=alert(1)>"
        wrong = {
            "b": "LasHeR",
            "a": "LI+nothing",
            "t": json.dumps(["MTNet", markup]),
            "sort": "constructor",
            "f": "0",
            "m": markup,
            "th": "1e3",
            "open": "{",
            "__proto__": "x",
            "v": "controls",
            "ref": "x" * 900,
        }
        go(page, urlencode(wrong))
        said = page.locator("#unknown").inner_text()
        for text in (f"metric “{markup}”", "attribute “LI+nothing”", f"tracker “{markup}”", "and "):
            assert text in said
        assert page.locator("img, #unknown b > *").count() == 0
        assert len(said) < 900
        assert page.locator("#chips .chip .label").all_inner_texts() == ["MTNet"]
        page.get_by_role("button", name="I see").click()
        assert page.locator("#unknown").is_hidden()
        go(page, quote("%E0%A4%A&b=%ff&=&&a", safe="&=%"))
        assert "benchmark “\ufffd”" in page.locator("#unknown").inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the link that skips to the leaderboard is no view
        sync_api.expect(page).to_have_url(re.compile("#b=LasHeR"))


def test_copy_link_leads_to_the_same_place(browser, real_page):
    with opened(browser, real_page) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("radio", name="GTOT", exact=True).check()
        page.evaluate("document.querySelector('#sequences').scrollIntoView()")
        page.locator("[data-key=link]").evaluate("(button) => button.click()")
        sync_api.expect(page.locator("#copied")).to_have_text("Copied.")
        link = page.evaluate("navigator.clipboard.readText()")
        page.path = real_page.as_uri()
        go(page, link.partition("#")[2])
        assert page.locator("#leaderboard .under").inner_text().startswith("GTOT")
        assert abs(page.locator("#sequences").bounding_box()["y"]) < 120


def test_tables_are_saved_as_they_are_shown(browser, real_page):
    with opened(browser, real_page) as page:
        at(page, real_page, b="GTOT", sort="name", search="m")
        shown = names(page)
        assert 2 < len(shown) < 40
        rows = list(csv.DictReader(saved(page, "the leaderboard", "CSV").decode().splitlines()))
        assert [row["tracker"] for row in rows] == shown
        lines = saved(page, "the leaderboard", "Markdown").decode().splitlines()
        cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
        assert [re.sub(r"\\(.)", r"\1", row[cells[0].index("Tracker")]) for row in cells[2:]] == shown
        sr = cells[0].index("SR")
        for row, record in zip(cells[2:], rows, strict=True):
            value, low, high = (float(record[f"SR{end}"] or "nan") for end in ("", "_low", "_high"))
            interval = rf"{value:.1f} \[{low:.1f}, {high:.1f}\]"
            assert row[sr] == (interval if low == low else f"{record['SR']}†")
        latex = saved(page, "the leaderboard", "LaTeX").decode()
        assert latex.count(r" \\") == len(shown) + 1
        assert re.search(r"MTNet & 93\.5 \[\S+, \S+\] & 76\.0 ", latex)
        assert saved(page, "the leaderboard", "BibTeX").decode() == bibliography(shown)
        rows = list(csv.DictReader(saved(page, "the forest", "CSV").decode().splitlines()))
        points = rows[0]["SR points"], rows[0]["SR points low"], rows[0]["SR points high"]
        assert float(points[1]) < float(points[0]) < float(points[2])


def test_charts_are_saved_with_what_is_behind_them(browser, real_page):
    with opened(browser, real_page) as page:
        at(page, real_page, b="GTOT", m="SR")
        drawn = page.locator("#curves .legend .label").all_inner_texts()
        head, *rows = csv.reader(saved(page, "the curves", "CSV").decode().splitlines())
        assert head[1:] == drawn
        half = next(row for row in rows if float(row[0]) == 0.5)
        assert half[1:] == [text.split()[-1] for text in page.locator("#curves .legend tbody tr").all_inner_texts()]
        for menu in page.locator("details.save summary").all():
            label = menu.get_attribute("aria-label").removeprefix("Save ")
            kinds = menu.locator("xpath=..").locator("button").evaluate_all("all => all.map((b) => b.textContent)")
            if "SVG" not in kinds:
                continue
            assert kinds == ["SVG", "PNG", "CSV"]
            picture = ElementTree.fromstring(saved(page, label, "SVG"))
            texts = " ".join("".join(node.itertext()) for node in picture.iter("{http://www.w3.org/2000/svg}text"))
            assert "GTOT" in texts
            if label in ("the curves", "the overlap", "the attributes"):
                assert all(name in texts for name in drawn), label
            assert not [node for node in picture.iter() if {"class", "style", "href"} & set(node.attrib)]
        image = saved(page, "the curves", "PNG")
        assert image.startswith(b"\x89PNG")
        width = picture.get("width")
        assert width
        assert int.from_bytes(image[16:20], "big") > 1000


def test_strange_names_stay_text_in_every_file(browser, strange):
    with opened(browser, strange) as page:
        at(page, strange, sort="name")
        rows = list(csv.DictReader(saved(page, "the leaderboard", "CSV").decode().split("\n")))
        assert sorted(row["tracker"] for row in rows) == sorted(["'" + FORMULA, HOSTILE[0], HOSTILE[2]])
        assert r"| =1+1,\<b\>\\x01 |" in saved(page, "the leaderboard", "Markdown").decode()
        latex = saved(page, "the leaderboard", "LaTeX").decode()
        assert r"A \& B\_\$\% \{\{x\}\} \textbackslash{}u202e \$\{data\}" in latex
        picture = ElementTree.fromstring(saved(page, "the curves", "SVG"))
        assert any(HOSTILE[0] in (node.text or "") for node in picture.iter())
        assert saved(page, "the curves", "PNG").startswith(b"\x89PNG")
        names_of_trackers = quote(json.dumps([FORMULA]))
        go(page, f"t={names_of_trackers}")
        assert page.locator("#chips .chip").count() == 1


def test_menus_answer_to_the_keyboard(browser, strange):
    with opened(browser, strange) as page:
        menu = page.locator("[data-key='save board']")
        menu.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == "Save the leaderboard as CSV"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.dataset.key") == "save board"
        assert not page.locator("[data-key='save board CSV']").is_visible()


def test_all_benchmarks_are_printed_without_what_acts(browser, real_page):
    with opened(browser, real_page) as page:
        at(page, real_page, b="GTOT", t='["MTNet","DFAT"]')
        before, address = seen(page), page.url
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        others = page.locator("#others > section")
        assert others.locator("> h2").all_inner_texts() == ["LasHeR test"]
        assert others.locator(".board tbody tr[data-tracker=MTNet]").count() == 1
        assert "…" not in others.locator("section.forest table").inner_text()  # p-values that are told later
        assert page.locator("select:visible, input:visible, .save:visible, #link:visible").count() == 0
        for chart in page.locator(".pair .drawing > svg:visible").all():
            drawn = float(chart.get_attribute("viewBox").split()[2])
            assert 0.8 < chart.bounding_box()["width"] / drawn < 2  # letters neither vanish nor shout
        repeated = page.evaluate("[...document.querySelectorAll('[id]')].map((n) => n.id)")
        assert len(repeated) == len(set(repeated))
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        page.wait_for_timeout(60)
        assert page.locator("#others").count() == 0
        for now, then in zip(seen(page), before, strict=True):
            assert now == then
        assert page.url.startswith(address)


@pytest.mark.parametrize("how", [DESK, {"color_scheme": "dark", "viewport": {"width": 390, "height": 840}}])
def test_the_papers_page_is_for_everybody(browser, tmp_path_factory, how):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install '.[browser]'")
    home = tmp_path_factory.getbasetemp() / "paper"
    if not home.exists():
        assert main(["report", "--paper", "--out", str(home)]) == 0
    context = browser.new_context(bypass_csp=True, **how)  # axe is a script, and the page allows none
    page = context.new_page()
    page.goto((home / "index.html").as_uri())
    found = axe.Axe().run(page).response["violations"]
    told = [f"{rule['impact']} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
    assert not [line for line in told if line.startswith(("serious", "critical"))], told
    width = how["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in ("claims", "errata"):
        page.locator(f"nav a[href='#{name}']").click()
        assert 0 <= page.locator(f"#{name} h2").bounding_box()["y"] < 300
        assert page.locator("nav").bounding_box()["y"] >= 0  # it stays
    figure = page.locator("#fig2 img")
    figure.scroll_into_view_if_needed()
    assert figure.bounding_box()["width"] > 0.55 * width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(ground[:3]) < 150) == ("color_scheme" in how)
    context.close()
