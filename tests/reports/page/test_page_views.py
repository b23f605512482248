"""What is on the screen is drawn at once; the rest of the page follows, and comes at once when it is asked for."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from pages import DESK, DRAWN, PHONE, at_once, opened

BUSY = "[...document.querySelectorAll('[aria-busy]')]"
OLD = f"""{BUSY}.filter((node) => {{
    const {{ top, bottom }} = node.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
}}).map((node) => node.id)"""
ROWS = "document.querySelectorAll('#sequence-list tbody tr').length"
SHOW = """(css) => new Promise((done) => {
    document.querySelector(css).scrollIntoView();
    nextFrame(() => nextFrame(done));
})"""


def choose(ask: Any, attribute: str) -> int:
    """Filter by an attribute. Answers how many sequences have it."""
    return int(
        ask(f"""{{
        const select = document.querySelector("[data-key=attribute]");
        const option = [...select.options].find(({{ text }}) => text.startsWith("{attribute},"));
        select.value = option.value;
        select.dispatchEvent(new Event("change"));
        option.text.match(/\\((\\d+)\\)$/)[1];
    }}""")
    )


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk", "phone"])
def test_the_screen_comes_first_and_what_is_scrolled_to_comes_at_once(browser, real_page, how):
    with opened(browser, real_page, **how) as page:
        ask = at_once(page)
        count = choose(ask, "TC")
        assert f"{count} sequences" in ask("document.querySelector('#leaderboard .under').textContent")
        assert ask(OLD) == []
        assert ask(f"{BUSY}.map((node) => node.id)")  # what nobody sees waits
        for css in ("#attributes", "#compared", "#matrix", "#finder", "#about"):
            ask(f"({SHOW})('{css}')")
            assert ask(OLD) == [], css
        assert f"{count} sequences" in ask("document.querySelector('#compared .under').textContent")
        ask("window.requestAnimationFrame = nextFrame")
        count = choose(ask, "LI")
        ask(f"({DRAWN})()")
        assert ask(ROWS) == count


def test_paper_and_files_do_not_wait(browser, real_page, tmp_path):
    with opened(browser, real_page) as page:
        ask = at_once(page)
        count = choose(ask, "TC")
        assert (
            ask("dispatchEvent(new Event('beforeprint')); document.querySelector('[aria-busy], [data-more]')") is None
        )
        assert f"{count} sequences" in ask("document.querySelector('#compared .under').textContent")
        ask("dispatchEvent(new Event('afterprint'))")
        count = choose(ask, "MB")
        with page.expect_download() as download:
            ask("document.querySelector(\"[data-key='save sequences CSV']\").click()")
        download.value.save_as(tmp_path / "list.csv")
        assert len(list(csv.reader((tmp_path / "list.csv").open(encoding="utf-8")))) == 1 + count


def test_a_long_list_comes_as_far_as_it_is_seen(browser, real_page):
    with opened(browser, real_page) as page:
        page.locator("#find").scroll_into_view_if_needed()
        page.locator("#sequence-list").evaluate("(box) => { box.scrollTop = 1500; }")
        page.evaluate("new Promise(requestAnimationFrame)")
        ask = at_once(page)
        ask("document.querySelector(\"[data-key='list frames']\").click()")
        box, last = (ask(f"document.querySelector('{css}').getBoundingClientRect().bottom")
                     for css in ("#sequence-list", "#sequence-list tbody tr:last-child"))  # fmt: skip
        assert ask("document.querySelector('#sequence-list').scrollTop") == 1500
        assert box < last
        assert ask(ROWS) < 245
        ask("document.querySelector('#sequence-list tbody button').focus()")
        ask("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }))")
        assert ask(ROWS) == 245
        assert ask("document.activeElement === document.querySelector('#sequence-list tbody tr:last-child button')")


def test_parts_that_nobody_sees_take_no_time_but_are_printed(browser, real_page):
    shown = "document.querySelector('#pairs h2').checkVisibility({ contentVisibilityAuto: true })"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(real_page.as_uri())
    page.wait_for_selector("html[data-settled]", timeout=20000)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not page.evaluate(shown)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('#pairs')).contentVisibility") == "visible"
    page.close()
