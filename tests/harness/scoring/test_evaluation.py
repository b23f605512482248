"""What goes in (files, arrays, stores), what the protocol changes, and what an Evaluation tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.boxes import to_corners
from rgbtbench.core.errors import BenchError, ConfigError, ResultError
from rgbtbench.core.identity import truth_digest
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.reports.comparison import compare_rows
from rgbtbench.reports.figures import curves, drawn
from rgbtbench.reports.inputs import Entry
from rgbtbench.reports.leaderboard import ranked
from rgbtbench.results.store import RunFolder
from rgbtbench.scoring.evaluation import Aligned, Evaluation, evaluate

TRACKERS = ("rgb-only", "thermal-only", "fused")


@pytest.fixture(scope="module")
def benchmark(generated: Path) -> Benchmark:
    return rgbtbench.load("LasHeR", generated / "LasHeR")


@pytest.fixture(scope="module")
def evaluation(benchmark: Benchmark, generated: Path) -> Evaluation:
    return evaluate(benchmark, {name: generated / "results" / name for name in TRACKERS}, attributes=("LI", "TC"))


def arrays(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.loadtxt(path, delimiter=",") for path in sorted(folder.glob("*.txt"))}


@pytest.fixture
def fused(generated: Path) -> dict[str, np.ndarray]:
    return arrays(generated / "results/fused")


def assert_same(one: Evaluation, other: Evaluation) -> None:
    assert one.missing == other.missing
    for name, table in one.curves.items():
        assert table.tobytes() == other.curves[name].tobytes()


def store_of(root: Path, benchmark: Benchmark, boxes: dict[str, np.ndarray], label: str = "T", **about) -> RunFolder:
    truth = truth_digest(benchmark.names, benchmark.lengths, benchmark.truth)
    identity = {"dataset": {"name": "LasHeR-test", "split": benchmark.split, "truth": truth}, "label": label}
    run = RunFolder.of(root, "LasHeR-test", label, identity)
    run.open(identity, {"label": label, **about})
    for name, rows in boxes.items():
        run.commit(name, rows, np.ones(len(rows)), device="cpu", shared=False)
    return run


# what goes in


def test_arrays_score_as_their_files_do(benchmark, generated, fused, tmp_path):
    files = evaluate(benchmark, {"T": generated / "results/fused"})
    before = {name: rows.copy() for name, rows in fused.items()}
    assert_same(files, evaluate(benchmark, {"T": fused}))
    assert all(np.array_equal(fused[name], before[name]) for name in fused)  # nothing is written into them
    assert_same(files, evaluate(benchmark, {"T": {name: rows.tolist() for name, rows in fused.items()}}))
    assert_same(files, evaluate(benchmark, {"T": {f"T_{name.upper()}": rows for name, rows in fused.items()}}))
    corners = {name: to_corners(rows) for name, rows in fused.items()}
    for name, rows in corners.items():
        np.savetxt(tmp_path / f"{name}.txt", rows, fmt="%.17g", delimiter=",")
    assert_same(evaluate(benchmark, {"T": tmp_path}), evaluate(benchmark, {"T": corners}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows[:-1], r"too few rows for generated03(.|\n)*where +T:generated03:19"),
        (lambda rows: np.where(np.arange(20)[:, None] == 4, np.inf, rows), r"not finite(.|\n)*T:generated03:5"),
        (lambda rows: rows[:, :3], r"not an array of boxes(.|\n)*T:generated03(.|\n)*20 x 3"),
        (lambda rows: rows[:0], r"not an array of boxes"),
        (lambda rows: rows.astype(str), r"not an array of numbers(.|\n)*T:generated03"),
        (lambda rows: rows > 0, r"not an array of numbers(.|\n)*bool"),
        (lambda rows: rows.astype(complex), r"not an array of numbers(.|\n)*complex"),
        (lambda rows: [[1, 2, 3, 4], [1, 2]], r"not an array(.|\n)*T:generated03"),
        (lambda rows: None, r"not an array of numbers"),
    ],
)
def test_a_bad_array_is_refused_by_name(benchmark, fused, spoil, message):
    with pytest.raises(ResultError, match=message):
        evaluate(benchmark, {"T": fused | {"generated03": spoil(fused["generated03"])}})


def test_a_mask_and_nan_are_mended_alike_as_in_files(benchmark, fused, tmp_path):
    masked = np.ma.masked_array(fused["generated03"], np.arange(80).reshape(20, 4) == 41)
    holed = fused | {"generated03": masked.filled(np.nan)}
    for name, rows in holed.items():
        np.savetxt(tmp_path / f"{name}.txt", rows, delimiter=",")
    found = [evaluate(benchmark, {"T": given}) for given in (fused | {"generated03": masked}, holed, tmp_path)]
    for one in found:
        assert [(repair.rows, repair.sequences) for repair in one.repairs] == [(1, ("generated03",))]
        assert_same(one, found[0])


def test_arrays_in_another_layout_are_refused_as_files_are(benchmark, fused):
    ltrb = {name: np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1) for name, rows in fused.items()}
    with pytest.raises(ResultError, match="--boxes T=ltrb"):
        evaluate(benchmark, {"T": ltrb})
    assert_same(evaluate(benchmark, {"T": fused}), replace(evaluate(benchmark, {"T": ltrb}, layouts={"T": "ltrb"})))


@pytest.mark.parametrize("given", [{}, {"nobody": np.ones((3, 4))}, {3: np.ones((3, 4))}, 5, None, [np.ones((3, 4))]])
def test_what_is_no_result_is_refused(benchmark, given):
    with pytest.raises(ResultError):
        evaluate(benchmark, {"T": given})


def test_no_tracker_is_refused(benchmark):
    with pytest.raises(ConfigError, match="no results"):
        evaluate(benchmark, {})


def test_a_store_scores_as_its_boxes_exported(benchmark, fused, tmp_path):
    run = store_of(tmp_path / "runs", benchmark, fused)
    (tmp_path / "plain").mkdir()
    for name in fused:
        shutil.copy(run.path / f"{name}.txt", tmp_path / "plain")
    plain = evaluate(benchmark, {"T": tmp_path / "plain"})
    for given in (run, run.path, str(run.path), tmp_path / "runs"):
        assert_same(plain, evaluate(benchmark, {"T": given}))
    whole = evaluate(benchmark, tmp_path / "runs")
    assert whole.trackers == ("T",)
    assert_same(plain, whole)


def test_only_settled_and_sound_sequences_of_a_run_count(benchmark, fused, tmp_path):
    run = store_of(tmp_path, benchmark, fused)
    names = list(fused)
    (run.path / f"{names[0]}.json").unlink()  # killed before the record
    (run.path / f"{names[1]}.txt").write_text("1,2,3,4\n" * 20)  # changed after it
    run.fail(names[2], "broke", None, frames=20, device="cpu", shared=False)
    with pytest.raises(ResultError, match="3 of 6 sequences"):
        evaluate(benchmark, {"T": run.path})
    assert evaluate(benchmark, {"T": run.path}, allow_missing=True).missing == {"T": tuple(names[:3])}
    for name in names[3:]:
        (run.path / f"{name}.json").unlink()
    with pytest.raises(ResultError, match=r"no sound sequence(.|\n)*4 missing, 1 damaged, 1 failed"):
        evaluate(benchmark, {"T": run.path}, allow_missing=True)


def test_which_run_of_a_store_is_never_guessed(benchmark, fused, tmp_path):
    first = store_of(tmp_path, benchmark, fused)
    about = json.loads((first.path / "about-run.json").read_text())
    second = RunFolder(first.path.with_name("T@00000000"))
    shutil.copytree(first.path, second.path)
    for given in ({"T": tmp_path}, tmp_path):
        with pytest.raises(ResultError, match=r"2 runs of T(.|\n)*T@00000000"):
            evaluate(benchmark, given)
    with pytest.raises(ResultError, match="no runs of U"):
        evaluate(benchmark, {"U": tmp_path})
    for path in (first.path, second.path):
        about["identity"]["dataset"]["name"] = "GTOT"
        (path / "about-run.json").write_text(json.dumps(about))
    with pytest.raises(ResultError, match="no runs on LasHeR test"):
        evaluate(benchmark, tmp_path)
    with pytest.raises(ResultError, match="no store"):
        evaluate(benchmark, tmp_path / "nowhere")


def test_a_run_on_another_truth_is_refused(benchmark, fused, tmp_path):
    run = store_of(tmp_path, benchmark, fused)
    moved = copy(benchmark)
    moved.truth = benchmark.truth + 1
    with pytest.raises(ResultError, match="made on another truth"):
        evaluate(moved, {"T": run})


# what the protocol and the caller change


def test_missing_sequences_are_nan_where_they_count(benchmark, fused):
    gone = next(name for name in fused if "LI" in benchmark.labels[name] and "TC" not in benchmark.labels[name])
    some = {name: rows for name, rows in fused.items() if name != gone}
    with pytest.raises(ResultError, match=r"1 of 6 sequences(.|\n)*--allow-missing"):
        evaluate(benchmark, {"T": some})
    found = evaluate(benchmark, {"T": some, "All": fused}, attributes=("LI", "TC"), allow_missing=True)
    assert found.missing == {"T": (gone,)}
    whole = [found.score("SR", a, "T") for a in ("ALL", "LI", "TC")]
    assert np.isnan(whole).tolist() == [True, True, False]
    assert found.score("SR", "TC", "T") == found.score("SR", "TC", "All")
    assert found.ranks()["T"] is None


def test_repairs_are_told(benchmark, fused):
    longer = fused | {"generated01": np.concatenate([fused["generated01"], [[1, 2, 3, 4]]])}
    found = evaluate(benchmark, {"T": longer})
    assert [str(repair) for repair in found.repairs] == ["T: 1 surplus rows, cut off in 1 sequences (generated01)"]
    assert_same(found, evaluate(benchmark, {"T": fused}))


def test_a_repairing_protocol_repeats_the_row_before(benchmark, fused):
    mending = Benchmark(replace(benchmark.spec, protocol=replace(benchmark.spec.protocol, repair=True)), benchmark.tree)
    broken = fused["generated02"].copy()
    broken[7, 2], broken[8] = 0, np.nan
    copied = fused["generated02"].copy()
    copied[7:9] = copied[6]
    found = evaluate(mending, {"T": fused | {"generated02": broken}})
    assert [(repair.rows, repair.sequences) for repair in found.repairs] == [(2, ("generated02",))]
    assert_same(found, evaluate(mending, {"T": fused | {"generated02": copied}}))


def test_repeats_become_a_mean_with_its_spread(benchmark, generated, tmp_path):
    for run, tracker in (("run1", "fused"), ("run2", "rgb-only")):
        shutil.copytree(generated / "results" / tracker, tmp_path / run)
    both = evaluate(benchmark, {"T": tmp_path})
    single = evaluate(benchmark, {name: generated / "results" / name for name in ("fused", "rgb-only")})
    each = list(single.score("SR").values())
    assert both.repeats == (2,)
    assert both.score("SR")["T"] == pytest.approx(np.mean(each))
    assert 100 * both.spread["SR"][0, 0] == pytest.approx(np.std(each, ddof=1))
    assert "±" in both._repr_html_()
    assert both.to_frame()["std"].notna().all()


def test_attributes_weigh_their_sequences_alone(benchmark, evaluation):
    for attribute in ("LI", "TC"):
        own = [attribute in benchmark.labels[name] for name in benchmark.names]
        for measure in evaluation.measures:
            mean = 100 * evaluation.values(measure)[:, own].mean(axis=1)
            assert list(evaluation.score(measure.name, attribute).values()) == pytest.approx(mean.tolist())


def test_round_corners_overrides_the_protocol(benchmark, fused):
    corners = {name: to_corners(rows) + 0.3 for name, rows in fused.items()}
    scores = [evaluate(benchmark, {"T": corners}, round_corners=rule).score("SR")["T"] for rule in (None, False, True)]
    assert scores[0] == scores[1] != scores[2]


def test_watch_sees_what_is_scored(benchmark, fused):
    seen: list[Aligned] = []
    evaluate(benchmark, {"A": fused, "B": fused}, watch=seen.append)
    assert [aligned.tracker for aligned in seen] == ["A", "B"]
    assert seen[0].boxes.tolist() == np.concatenate([fused[name] for name in benchmark.names]).tolist()
    assert seen[0].frames.tolist() == list(range(120))


# what it tells


def test_score_is_in_percent_and_by_name(evaluation):
    found = evaluation.score("sr", "li")
    assert list(found) == list(TRACKERS)
    assert found["fused"] > found["rgb-only"]  # which low light blinds
    assert evaluation.score("SR", "LI", "fused") == evaluation.score("SR", "LI", tracker="fused") == found["fused"]
    measure = evaluation.measures[-1]
    assert list(evaluation.score(measure.name).values()) == (100 * evaluation.scores(measure)[:, 0]).tolist()


@pytest.mark.parametrize(
    ("ask", "known"),
    [
        (lambda e: e.score("IoU"), "PR, NPR, SR"),
        (lambda e: e.score("SR", "FM"), "ALL, LI, TC"),
        (lambda e: e.score("SR", "nothing"), "ALL, LI, TC"),
        (lambda e: e.score("SR", tracker="fusd"), "did you mean 'fused'"),
        (lambda e: e.compare("fused", "other"), "rgb-only, thermal-only, fused"),
        (lambda e: e.compare("fused", "fused"), "two different labels"),
        (lambda e: e.ranks("XX"), "PR, NPR, SR"),
        (lambda e: e.plot("XX"), "PR, NPR, SR"),
        (lambda e: e.plot("SR", "FM"), "ALL, LI, TC"),
        (lambda e: e.to_frame("tracker"), "overall, attribute, sequence"),
    ],
)
def test_an_unknown_name_is_told_the_known_ones(evaluation, ask, known):
    with pytest.raises(ConfigError, match=known):
        ask(evaluation)


def test_compare_has_the_numbers_of_the_verb(evaluation, benchmark, generated):
    pair = evaluate(benchmark, {n: generated / "results" / n for n in ("fused", "rgb-only")}, attributes=("LI", "TC"))
    assert evaluation.compare("fused", "rgb-only") == compare_rows(pair)
    backwards = evaluation.compare("rgb-only", "fused")
    assert [row.difference for row in backwards] == [-row.difference for row in compare_rows(pair)]


def test_ranks_are_the_leaderboards(evaluation, benchmark):
    entries = [Entry(name, benchmark, "scored", Path(name)) for name in TRACKERS]
    for row in ranked(evaluation, entries):
        assert evaluation.ranks(row.metric, row.attribute)[row.tracker] == (row.rank, row.rank_high)
    assert evaluation.ranks() == evaluation.ranks("SR", "ALL")


def test_frames_are_tidy(evaluation):
    pytest.importorskip("pandas")
    overall, attribute, sequence = (evaluation.to_frame(by) for by in ("overall", "attribute", "sequence"))
    assert (len(overall), len(attribute), len(sequence)) == (3 * 3, 3 * 3 * 3, 3 * 3 * 6)
    wide = overall.pivot(index="tracker", columns="metric", values="value")
    assert wide["SR"].to_dict() == evaluation.score("SR")
    assert (overall["low"] <= overall["value"]).all()
    assert (overall["value"] <= overall["high"]).all()
    low_light = attribute.query("attribute == 'LI' and metric == 'PR'").set_index("tracker")["value"]
    assert low_light.to_dict() == evaluation.score("PR", "LI")
    assert sequence.groupby(["tracker", "metric"])["value"].mean()["fused", "SR"] == pytest.approx(
        evaluation.score("SR", tracker="fused")
    )
    for made, columns in ((overall, {"low", "std", "sequences"}), (sequence, {"sequence", "frames"})):
        assert columns <= set(made.columns)


def test_it_shows_itself_shortly_and_safely(benchmark, fused):
    hostile = evaluate(benchmark, {"<script>\x1b[31m": fused})
    html, text = hostile._repr_html_(), repr(hostile)
    assert "<script>" not in html
    assert "\x1b" not in html + text
    assert "LasHeR test: 6 sequences, 120 frames" in html
    assert "LasHeR test: 6 sequences, 120 frames" in text
    assert f"SR {hostile.score('SR').popitem()[1]:.1f}" in text
    assert len(text) < 300


def test_the_plot_is_the_reports_drawing_and_shows_in_a_notebook(evaluation):
    pytest.importorskip("matplotlib")
    made = evaluation.plot("SR", "LI")
    assert drawn(made, "svg") == drawn(curves(evaluation, evaluation.measures[-1], "LI"), "svg")
    data, about = made._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert 300 < about["width"] < 800


def test_scoring_alone_says_who_draws(monkeypatch, evaluation):
    monkeypatch.setattr(Evaluation, "draw", None)
    with pytest.raises(BenchError, match=r"import rgbtbench\.api"):
        evaluation.plot()


def test_scoring_loads_nothing_heavy(generated):
    code = (
        "import sys, rgbtbench\n"
        f"benchmark = rgbtbench.load('LasHeR', {str(generated / 'LasHeR')!r})\n"
        f"found = rgbtbench.evaluate(benchmark, {{'T': {str(generated / 'results/fused')!r}}}, attributes=('LI',))\n"
        "found.score('SR'), found.ranks(), repr(found), found._repr_html_()\n"
        "sys.exit(str({'pandas', 'matplotlib', 'scipy', 'seaborn', 'torch', 'PIL'} & set(sys.modules) or '') or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
