"""Comparisons of the page: the numbers of the command line, by mouse and by keyboard, for any set of sequences."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import HOSTILE, PHONE, data_of, entries_of, make, opened

from rgbtbench.reports.comparison import compare_all, compare_rows, mean_rank_rows
from rgbtbench.reports.page.document import ASSETS
from rgbtbench.scoring.evaluation import Evaluation

NODE = shutil.which("node")
LABELS = ("rgb-only", "thermal-only", "fused")
ENGINE = ("data.js", "draws.js", "statistics.js", "friedman.js", "signs.js", "combinations.js")
ASK = """
const byId = () => ({ textContent: process.argv[2] === "-" ? require("fs").readFileSync(0, "utf8") : "" });
load().then((data) => {
    const board = data.boards[0], told = { pairs: [], curves: [], scores: [], forest: [], ranks: [] };
    for (const size of [board.sequences.length]) {
        const work = signFlips(data.random, data.random.flips, size);
        let step = work.next();
        while (!step.done) step = work.next();
        signing.set(size, { signs: step.value });
    }
    const together = attributeAt(board, "LI+TC");
    countCombination(data, board, together);
    const many = board.scored.map((_, k) => k);
    board.measures.forEach((_, m) => {
        board.attributes.forEach((_, a) => {
            const tests = pairTests(data, board, m, a);
            for (const i of many) {
                told.curves.push(curveOf(data, board, i, m, a));
                told.scores.push(Object.values(scoreOf(data, board, i, m, a)));
                for (const j of many) if (i < j) {
                    const { difference, low, high } = pairSpan(data, board, m, a, i, j);
                    const { wins, ties, losses } = countWins(data, board, m, a, i, j);
                    const p = tests[i * many.length + j];
                    told.pairs.push([difference, low, high, p, wins, ties, losses]);
                    if (a < together) told.forest.push(Object.values(pairByAttribute(data, board, m, i, j)[a]));
                }
            }
        });
        told.ranks.push(meanRanks(data, board, m, 0, many));
    });
    console.log(JSON.stringify(told));
});
"""


@pytest.fixture(scope="module")
def real_board(real) -> tuple[bytes, Evaluation]:
    """LasHeR with its real results, and with LI+TC, which the page has to make itself."""
    from dataclasses import replace

    from rgbtbench.reports.inputs import Benchmarks, gather, score
    from rgbtbench.reports.page.build import Page

    entries = gather([str(real)], Benchmarks(name="LasHeR"))
    benchmark = entries[0].benchmark
    page = Page("real", {benchmark: entries})
    whole = score(entries, attributes=("LI", "TC", "HI", "LI+TC"), watch=page.watch[benchmark])
    assert whole
    spread = {name: values[:, :-1] for name, values in whole.spread.items()}
    shown = replace(whole, attributes=whole.attributes[:-1], has=whole.has[:, :-1], spread=spread)
    return page.html([shown]), whole


@pytest.mark.skipif(NODE is None, reason="no node on the PATH")
def test_the_scripts_have_the_numbers_of_the_command_line(real_board, tmp_path):
    """Every pair, metric and attribute, and a combination: to 1e-9 points, and the very p-values."""
    html, evaluation = real_board
    script = tmp_path / "engine.js"
    script.write_text("\n".join([*((ASSETS / name).read_text("utf-8") for name in ENGINE), ASK]))
    command = [str(NODE), str(script), "-"]
    told = json.loads(subprocess.run(command, input=data_of(html), capture_output=True, text=True, check=True).stdout)
    rows = compare_all(evaluation)
    order = {pair: n for n, pair in enumerate(itertools.combinations(evaluation.trackers, 2))}
    rows.sort(key=lambda row: ([m.name for m in evaluation.measures].index(row.metric),
                               evaluation.attributes.index(row.attribute), order[row.first, row.second]))  # fmt: skip
    assert len(rows) == len(told["pairs"]) == 3 * 5 * 28
    found = np.array(told["pairs"])
    spans = np.array([(row.difference, row.low, row.high) for row in rows])
    np.testing.assert_allclose(found[:, :3] * 100, spans, atol=1e-9)
    assert found[:, 3].tolist() == [row.p for row in rows]
    own = [row for row in rows if row.attribute != "LI+TC"]
    expected = [(row.difference / 100, row.low / 100, row.high / 100, row.p) for row in own]
    np.testing.assert_allclose(told["forest"], expected, atol=1e-11)
    assert found[:, 4:].astype(int).tolist() == [[row.wins, row.ties, row.losses] for row in rows]
    curves = np.concatenate([evaluation.curve(m).transpose(1, 0, 2).ravel() for m in evaluation.measures])
    np.testing.assert_allclose(np.concatenate(told["curves"]), curves, atol=1e-12)
    for m, measure in enumerate(evaluation.measures):
        ranks = {row.tracker: row for row in mean_rank_rows(evaluation) if row.metric == measure.name}
        own = told["ranks"][m]
        np.testing.assert_allclose(own["ranks"], [ranks[name].mean_rank for name in evaluation.trackers], atol=1e-12)
        assert own["critical"] == pytest.approx(ranks["MTNet"].critical_difference, abs=1e-8)
        assert own["p"] == pytest.approx(ranks["MTNet"].p, rel=1e-9)


@pytest.fixture(scope="module")
def night(generated, tmp_path_factory) -> tuple[Path, Evaluation]:
    path = tmp_path_factory.mktemp("pairs") / "page.html"
    html, evaluation = make("night", *entries_of(generated, LABELS))
    path.write_bytes(html)
    return path, evaluation


def settled(page: Any) -> None:
    """p-values are told once the signs are drawn."""
    page.locator(".matrix").get_by_text("All pairs").wait_for()
    for _ in range(200):
        if "…" not in page.locator("#pairs td").all_inner_texts():
            return
        page.wait_for_timeout(25)
    raise AssertionError("no p-values")


def test_a_pair_is_chosen_and_told_as_compare_tells_it(browser, night):
    path, evaluation = night
    rows = {row.attribute: row for row in compare_rows(evaluation._of([0, 2])) if row.metric == "SR"}
    with opened(browser, path) as page:
        settled(page)
        page.locator("[data-key=reference]").select_option("fused")
        page.locator("[data-key=rival]").select_option("rgb-only")
        settled(page)
        lines = page.locator(".forest tbody tr").all_inner_texts()
        assert len(lines) == len(evaluation.attributes)
        for line, name in zip(lines, evaluation.attributes, strict=True):
            numbers = [float(text.replace("−", "-")) for text in re.findall(r"[+−][\d.]+", line)]
            row = rows[name]
            assert numbers == pytest.approx([v for v in (row.difference, row.low, row.high) if v == v], abs=0.051), name
            if row.p_holm == row.p_holm:
                assert float(re.findall(r"[\d.]+$", line.strip())[0]) == pytest.approx(row.p_holm, abs=5.1e-5)
        row = rows["ALL"]
        assert f"{row.wins} / {row.ties} / {row.losses}" in page.locator(".against tr.current").inner_text()
        page.locator(".matrix [tabindex='0'][aria-pressed=true]").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        settled(page)
        assert page.locator("[data-key=reference]").input_value() != page.locator("[data-key=rival]").input_value()
        page.wait_for_timeout(50)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert "ref=" in page.url  # a link keeps the pair


def test_ranks_are_those_of_the_leaderboard(browser, night):
    path, evaluation = night
    with opened(browser, path) as page:
        shown = dict(zip(page.locator(".board tbody th .label").all_inner_texts(),
                         page.locator(".board tbody td:nth-child(2)").all_inner_texts(), strict=True))  # fmt: skip
        for name, ranks in evaluation.ranks("SR").items():
            assert ranks
            assert shown[name] == (f"{ranks[0]}–{ranks[1]}" if ranks[0] < ranks[1] else str(ranks[0]))


def test_a_combination_of_attributes_is_a_filter_everywhere(browser, night):
    path, evaluation = night
    names = evaluation.attributes
    first, second = next(
        (a, b) for a, b in itertools.combinations(names[1:], 2)
        if 0 < (evaluation.has[:, names.index(a)] & evaluation.has[:, names.index(b)]).sum()
        < min(evaluation.has[:, names.index(x)].sum() for x in (a, b))
    )  # fmt: skip
    both = evaluation.has[:, names.index(first)] & evaluation.has[:, names.index(second)]
    with opened(browser, path) as page:
        for key, name in (("attribute", first), ("attribute 2", second)):
            choice = page.locator(f"[data-key='{key}']")
            choice.select_option(
                next(t for t in choice.locator("option").all_inner_texts() if t.startswith(f"{name},"))
            )
        assert page.locator("#sequence-list tbody tr").count() == both.sum()
        assert f"{both.sum()} sequence" in page.locator("#leaderboard .under").inner_text()
        settled(page)
        assert f"{both.sum()} sequence" in page.locator("#pairs .under").inner_text()
        assert page.locator("#scatter circle").count() == both.sum()
        values = evaluation.values(evaluation.measure("SR"))[:, both].mean(axis=1) * 100
        scores = [float(t) for t in page.locator(".board td.active b").all_inner_texts()]
        assert scores == pytest.approx(sorted(values, reverse=True), abs=0.051)
        told = page.locator("#curves tbody td:nth-child(2)").all_inner_texts()
        assert [float(t) for t in told] == pytest.approx(sorted(values, reverse=True), abs=0.051)
        page.wait_for_timeout(50)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.locator("#sequence-list tbody tr").count() == both.sum()


@pytest.mark.parametrize("words", ["LI", "low illumination"])
def test_search_knows_attributes(browser, night, words):
    path, evaluation = night
    own = evaluation.has[:, evaluation.attributes.index("LI")]
    with opened(browser, path) as page:
        page.locator("#find").fill(words)
        assert page.locator("#sequence-list tbody tr").count() == own.sum() < len(own)


def test_a_dot_is_a_sequence_by_mouse_and_by_keyboard(browser, night):
    path, evaluation = night
    with opened(browser, path) as page:
        dots = page.locator("#scatter circle")
        assert dots.count() == len(evaluation.benchmark.names)
        first = dots.first.get_attribute("aria-label").partition(":")[0]
        dots.first.dispatch_event("click")
        assert page.locator("#sequence h3").inner_text() == first  # the one that is lost most
        page.locator("#scatter [tabindex='0']").focus()
        page.keyboard.press("ArrowRight")
        second = page.locator("#sequence h3").inner_text()
        assert second != first
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(f"{second}:")
        assert page.locator("#scatter [tabindex='0']").count() == 1


def test_lost_frames_are_jumped_to(browser, night):
    path, _ = night
    with opened(browser, path) as page:
        for button in page.locator("#sequence-list button.open").all():
            button.click()
            if page.locator(".jump").count():
                break
        jump = page.locator(".jump").first
        start = int(jump.inner_text().partition("–")[0].replace(",", ""))
        jump.click()
        assert f"frame {start:,} of" in page.locator("#sequence .slider").inner_text()
        tracker = page.locator(".lost .facts > div", has=page.locator(".jump")).first.locator("dt").inner_text().strip()
        reading = page.locator("#sequence table.legend tbody tr", has_text=tracker)
        assert float(reading.locator("td >> nth=1").inner_text()) <= 0.1  # what counts as lost


def test_names_stay_text_in_comparisons(browser, generated, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(make("night", *entries_of(generated))[0])
    with opened(browser, path) as page:
        settled(page)
        text = page.locator("#pairs").inner_text()
        assert all(name.split("\u202e")[0] in text for name in HOSTILE)
        assert page.locator("#pairs img, #scatter img, #pairs b").count() == 0
    with opened(browser, path, **PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
