"""What is dropped onto the page stands in all its views, with the published sets' own scores; in a real browser."""

from __future__ import annotations

import csv
import tarfile
import zipfile

import pytest
from dropping import expected, require_equal, write_page, zipped
from pages import HOSTILE

from rgbtbench.files.archive import stem
from rgbtbench.reports.inputs import Benchmarks, gather
from rgbtbench.scoring.evaluation import evaluate


def test_what_is_dropped_takes_its_place_in_all_views(open_tab, made):
    tab = open_tab(made.path, viewport={"width": 1280, "height": 900})
    page, views = tab.page, ("#leaderboard", "#curves", "#attributes", "#sequence-list", "#sequence", "#about")
    before = [page.locator(css).inner_html() for css in views]
    folder = made.home / "results" / "fused"
    tab.choose(folder, button="folder")
    assert "fused (dropped)" in page.locator("#drop [role=status]").inner_text()
    after = [page.locator(css).inner_html() for css in views]
    assert all(a != b for a, b in zip(before, after, strict=True))
    row = page.locator(".board tbody tr", has_text="fused (dropped)")
    assert row.locator(".tag.dropped").inner_text() == "dropped here, not part of this page's results"
    assert row.locator("td").nth(1).inner_text() == "1"
    found = evaluate(made.benchmark, {"T": folder})
    low, high = expected(found)["LasHeR", "test", "SR", "ALL"][1:]
    assert row.locator("td.active .sub").inner_text() == f"{low:.1f}–{high:.1f}"
    single = found.values(found.measures[-1])[0]
    page.get_by_label("Draw rgb-only").uncheck()
    heads = page.locator("#sequence-list thead th .label").all_inner_texts()
    rows = [r.locator("th, td").all_inner_texts() for r in page.locator("#sequence-list tbody tr").all()]
    shown = {cells[0].split()[0]: float(cells[heads.index("fused (dropped)")]) for cells in rows}
    for name, value in zip(made.benchmark.names, single, strict=True):
        assert abs(shown[name] - 100 * value) <= 0.0501
    assert page.locator("#sequence .drawing >> nth=0").locator("path.line").count() == 1
    tab.choose([zipped(made.texts, name="fused.zip")])
    assert page.locator(".board", has_text="fused (dropped 2)").count() == 1
    tab.remove()
    page.get_by_label("Draw rgb-only").check()
    assert [page.locator(css).inner_html() for css in views[1:-1]] == before[1:-1]


def test_a_twin_of_the_pages_own_tracker_cannot_be_told_from_it(open_tab, made):
    """Whatever the page shows of boxes that Python packed, it shows of the same boxes that were dropped."""
    tab = open_tab(made.path)
    tab.choose(made.home / "results" / "rgb-only", button="folder")
    page = tab.page
    scores = page.locator(".board tbody tr", has_text="rgb-only").all()
    assert len({tuple(row.locator("td.score, td.active").all_inner_texts()) for row in scores}) == 1
    for css in ("#curves tbody tr", "#attributes li:not(.head)", "#sequence tbody tr", "#sequence .lost dl div"):
        assert page.locator(css).count() >= 2, css
    buttons = page.locator("#sequence-list tbody button").all()
    lost = 0
    for button in buttons[:12]:  # where trackers are lost longest stands somewhere among these
        button.click()
        for css in ("#sequence .lost dl dd", "#sequence tbody tr"):
            first, second = page.locator(css).all_inner_texts()[:2]
            assert first.replace("rgb-only", "") == second.replace("rgb-only (dropped)", "").replace("rgb-only", "")
        lost += "never" not in page.locator("#sequence .lost dd").first.inner_text()
        lines = page.locator("#sequence .drawing >> nth=0").locator("path.line").all()
        assert len({line.get_attribute("d") for line in lines}) == 1
    assert lost


def test_a_zip_and_a_folder_are_dropped_with_the_mouse(open_tab, made):
    tab = open_tab(made.path)
    archive = made.home / "mouse.zip"
    archive.write_bytes(zipped(made.texts)["buffer"])
    session = tab.page.context.new_cdp_session(tab.page)
    for path, name in ((archive, "mouse"), (made.home / "results" / "fused", "fused")):
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
        tab.page.locator("#drop [role=status]", has_text=f"{name} (dropped)").wait_for()
        require_equal(
            tab.scores,
            expected(evaluate(made.benchmark, {"T": path}, attributes=tuple(made.benchmark.spec.attributes))),
        )


def test_hostile_names_stay_text(open_tab, made):
    tab = open_tab(made.path)
    for name in HOSTILE:
        label = name.replace("/", "")
        tab.choose([zipped({f"{label}_{n}": t for n, t in made.texts.items()}, name=f"{label}.zip")])
        tab.choose([zipped({f"{label}.txt": "1"}, name=f"{label}.zip")])
        assert label in tab.refusal
    assert tab.page.evaluate("document.scripts.length") == 2
    assert tab.page.locator("img, main b:has(*), h1 b").count() == 0


def test_the_buttons_are_reached_by_keyboard_and_open_a_chooser(open_tab, made):
    tab = open_tab(made.path)
    reached = []
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        reached.append(tab.page.evaluate("document.activeElement.dataset.key ?? ''"))
    assert {"files", "folder", "boxes"} <= set(reached)
    with tab.page.expect_file_chooser() as chooser:
        tab.page.locator("[data-key=files]").press("Enter")
    chooser.value.set_files([zipped(made.texts)])
    tab.wait()
    assert not tab.refusal


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_dropping(open_tab, made, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install '.[browser]'")
    tab = open_tab(made.path, color_scheme=scheme)
    tab.choose([zipped(made.texts)])
    tab.choose([zipped({"a.txt": "1"})])
    tab.page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    found = axe.Axe().run(tab.page).response["violations"]
    told = [f"{rule['impact']} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
    assert not [line for line in told if line.startswith(("serious", "critical"))], told


def test_a_page_without_truth_is_as_it_was(made, cli, tmp_path):
    sizes = {}
    common = ["report", made.home / "results/rgb-only", "--benchmark", "LasHeR", "--truth", made.home / "LasHeR"]
    for name, words in {"plain": [], "scores": ["--with-truth"]}.items():
        out = tmp_path / f"{name}.html"
        assert cli(*common, "--format", "html", "--out", out, *words)[0] == 0
        sizes[name] = out.read_text()
    assert "offerDrop = " not in sizes["plain"]
    assert "offerDrop = " in sizes["scores"]
    status, _, said = cli(*common, "--with-truth")
    assert status == 2
    assert "--format html" in said


def test_the_published_results_score_as_by_the_command_line(open_tab, real, tmp_path):
    """All 18 sets, each to 1e-6 of the reference; and one of each benchmark with the intervals of the command line."""
    reference: dict[tuple[str, ...], float] = {}
    with (real / "reference_scores.csv").open() as file:
        for row in csv.DictReader(file):
            reference[row["dataset"], row["split"], row["tracker"], row["metric"], row["attribute"]] = float(
                row["value"]
            )
    cheap = {"GTOT": "CAT", "RGBT210": "mfDiMP", "RGBT234": "MaCNet", "LasHeR": "MTNet"}
    groups = {}
    for name, tracker in cheap.items():
        entries = gather([str(real)], Benchmarks(name=name), only=[f"{name}/{tracker}", tracker])
        entries = [entry for entry in entries if entry.label == tracker]
        groups[entries[0].benchmark] = entries
    by_name = dict(zip(cheap, write_page(tmp_path / "page.html", groups), strict=True))
    tab = open_tab(tmp_path / "page.html")
    archives = sorted((real / "results").glob("*/*.tar.xz"))
    assert len(archives) == 18
    for path in archives:
        benchmark, tracker = path.parent.name, stem(path)
        names = by_name[benchmark].benchmark.names
        tab.page.get_by_role("radio", name=by_name[benchmark].benchmark.title, exact=True).check()
        with tarfile.open(path) as tar, zipfile.ZipFile(tmp_path / f"{tracker}.zip", "w") as archive:
            for (
                member
            ) in tar:  # one is whole, with all 1,224 files of LasHeR; of the others only what counts, to save time
                if member.isfile() and (tracker == "MANet" or any(name in member.name for name in names)):
                    archive.writestr(member.name, tar.extractfile(member).read())
        tab.choose(tmp_path / f"{tracker}.zip")
        assert not tab.refusal
        scores = tab.scores
        for (dataset, split, metric, attribute), (value, *_) in scores.items():
            assert abs(reference[dataset, split, tracker, metric, attribute] - value) <= 1e-6
        assert len(scores) == len(expected(by_name[benchmark]))
        if tracker == cheap[benchmark]:
            require_equal(scores, expected(by_name[benchmark]))
        tab.remove()
