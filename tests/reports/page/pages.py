"""Pages to test: generated numbers under names that nobody should trust; and how they are opened and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.reports.inputs import Benchmarks, Entry, gather, score
from rgbtbench.reports.page.build import Page
from rgbtbench.scoring.evaluation import Evaluation

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
HOSTILE = ("<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "A & B_$% {{x}} \u202e ${data}")


DRAWN = """async () => {
    for (let turn = 0; document.querySelector("[aria-busy], [data-more]"); turn++) {
        if (turn > 2000) throw new Error("never drawn");
        await new Promise((done) => setTimeout(done, 5));
    }
}"""


ASKED = ("evaluate", "locator", "get_by_label", "get_by_role", "get_by_text")


def whole(page: Any) -> Any:
    """The tab, asked only when all of its page is drawn: what is off the screen follows what is on it."""
    evaluate = page.evaluate

    def waiting(ask: Any) -> Any:
        def asked(*what: Any, **how: Any) -> Any:
            evaluate(DRAWN)
            return ask(*what, **how)

        return asked

    for name in ASKED:
        setattr(page, name, waiting(getattr(page, name)))
    return page


def at_once(page: Any) -> Any:
    """Asks the tab without waiting, and from now on keeps back what it would draw later."""
    session = page.context.new_cdp_session(page)

    def ask(expression: str) -> Any:
        how = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = session.send("Runtime.evaluate", how)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    ask("window.nextFrame = window.requestAnimationFrame; window.requestAnimationFrame = () => 0")
    return ask


def entries_of(generated: Path, labels: tuple[str, ...] = HOSTILE) -> tuple[Benchmark, list[Entry]]:
    """The three generated trackers under other names."""
    benchmarks = Benchmarks([f"LasHeR={generated / 'LasHeR'}"])
    benchmarks.open("LasHeR")
    found = gather([str(path) for path in sorted((generated / "results").iterdir())], benchmarks)
    return found[0].benchmark, [replace(entry, label=label) for entry, label in zip(found, labels, strict=True)]


def make(
    title: str, benchmark: Benchmark, entries: list[Entry], *, allow_missing: bool = False
) -> tuple[bytes, Evaluation]:
    """The page of one benchmark, and what it shows."""
    page = Page(title, {benchmark: entries})
    evaluation = score(
        entries,
        attributes=tuple(benchmark.spec.attributes),
        allow_missing=allow_missing,
        watch=page.watch[benchmark],
    )
    assert evaluation
    return page.html([evaluation]), evaluation


def data_of(html: bytes) -> str:
    """The packed data of a page."""
    return html.decode().partition('id="data">')[2].partition("<")[0]


# What the page leaves out has no innerText, and when it begins to leave out is a matter of time.
SHOWN = """addEventListener("DOMContentLoaded", () =>
    document.styleSheets[0]?.insertRule("main > section { content-visibility: visible !important }"))"""


@contextmanager
def opened(browser: Any, path: Path, **how: Any) -> Iterator[Any]:
    """The page, ready. Afterwards: it has said nothing on the console and asked nobody for anything."""
    context = browser.new_context(**(how or DESK))
    page = context.new_page()
    page.add_init_script(SHOWN)
    page.set_default_timeout(5000)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "blob:")) else trouble.append(request.url)
    )
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield whole(page)
    page.wait_for_timeout(50)
    context.close()
    assert trouble == []


def names(page: Any) -> list[str]:
    return page.locator(".board tbody th .label").all_inner_texts()


def column(page: Any, css: str) -> list[float]:
    texts = page.locator(f".board tbody {css}").all_inner_texts()
    return [float(found.group()) for text in texts if (found := re.match(r"[\d.]+", text))]
