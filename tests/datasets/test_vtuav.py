"""VTUAV, by a generated copy and by its toolkit's arithmetic, written out here once more."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.errors import DataError, ResultError
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.names import sequence_names
from rgbtbench.datasets.synthetic import write

FRAMES = 45  # rows of truth at frames 1, 11, 21, 31, 41


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated VTUAV of six sequences. Do not change it."""
    out = tmp_path_factory.mktemp("vtuav") / "VTUAV"
    write("VTUAV", out, 6, FRAMES, (160, 120), 0)
    return out


def results(folder: Path, copy: Path, step: int = 1, seed: int = 0) -> Path:
    """A tracker that starts at the truth and wanders, with a row for every ``step``-th frame."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for place in sorted((copy / "test_ST").iterdir()):
        truth = np.loadtxt(place / "rgb.txt")
        boxes = np.repeat(truth, 10, axis=0)[:FRAMES] + np.cumsum(rng.normal(0, 0.4, (FRAMES, 4)), axis=0)
        boxes[0] = truth[0]
        np.savetxt(folder / f"{place.name}.txt", boxes[::step], fmt="%.3f", delimiter=",")
    return folder


def by_the_toolkit(copy: Path, folder: Path) -> tuple[float, float]:
    """PR and SR as calcPlotErr_TPR.m and plot_ST.m compute them: one frame after the other."""
    precision, success = [], []
    for place in sorted((copy / "test_ST").iterdir()):
        truths = [np.loadtxt(place / file) for file in ("rgb.txt", "ir.txt")]
        rows = np.loadtxt(folder / f"{place.name}.txt", delimiter=",")[::10]
        hits, shares = 0, np.zeros(21)
        for k, (x, y, w, h) in enumerate(rows):
            overlaps, errors = [], []
            for gx, gy, gw, gh in (truth[k] for truth in truths):
                across = max(0.0, min(x + w, gx + gw) - max(x, gx))
                down = max(0.0, min(y + h, gy + gh) - max(y, gy))
                overlaps.append(across * down / (w * h + gw * gh - across * down))
                errors.append(np.hypot(x + w / 2 - gx - gw / 2, y + h / 2 - gy - gh / 2))
            hits += min(errors) <= 20
            shares += max(overlaps) > np.arange(21) * 0.05 + 1e-9
        precision.append(hits / len(rows))
        success.append(shares.mean() / len(rows))
    return float(np.mean(precision)), float(np.mean(success))


def scores(benchmark, folder: Path) -> tuple[float, ...]:
    evaluation = rgbtbench.evaluate(benchmark, {"T": folder}, measures=("PR", "SR"))
    return tuple(float(evaluation.curve(measure)[0, 0] @ measure.weights()) for measure in evaluation.measures)


def test_scores_are_the_toolkits_and_the_same_from_either_kind_of_rows(copy, tmp_path):
    benchmark = rgbtbench.load("VTUAV", copy)
    assert (benchmark.lengths == 5).all()
    assert (benchmark.truth[:, :, 2:] == 0).all(axis=2).any(), "an absent target is part of this test"
    full = results(tmp_path / "full", copy)
    own = scores(benchmark, full)
    assert own == pytest.approx(by_the_toolkit(copy, full), abs=1e-9)
    assert own == scores(benchmark, results(tmp_path / "thin", copy, step=10))
    assert 0.2 < own[1] < 0.95


def test_a_number_of_rows_that_fits_neither_is_refused_with_both(copy, tmp_path):
    benchmark = rgbtbench.load("VTUAV", copy)
    for count, sound in ((40, False), (41, True), (50, True), (45, True), (6, False), (4, False)):
        folder = results(tmp_path / str(count), copy)
        file = folder / "synthetic002.txt"
        rows = (file.read_text().splitlines() * 2)[:count]
        file.write_text("\n".join(rows) + "\n")
        if sound:
            scores(benchmark, folder)
            continue
        with pytest.raises(ResultError, match=f"synthetic002.txt:{count}") as caught:
            scores(benchmark, folder)
        assert "41 to 50 rows, one per frame, or 5, one for every 10th frame" in str(caught.value)


def test_files_of_both_kinds_in_one_folder_are_refused(copy, tmp_path):
    """Five rows may be what a tracker wrote before it was killed at frame five."""
    folder = results(tmp_path / "mixed", copy)
    thin = results(tmp_path / "thin", copy, step=10)
    shutil.copy(thin / "synthetic003.txt", folder)
    with pytest.raises(ResultError, match="some files of T have a row per frame") as caught:
        scores(rgbtbench.load("VTUAV", copy), folder)
    assert "synthetic003.txt" in str(caught.value)


def test_attributes_images_and_truth_of_a_sequence(copy):
    benchmark = rgbtbench.load("VTUAV", copy)
    assert benchmark.membership(("EI", "TC")).any()
    sequence = benchmark.sequence("synthetic001")
    assert len(sequence.rgb) == len(sequence.tir) == FRAMES
    assert sequence.rgb[0].name == "000001.jpg"
    assert sequence.truth.shape == (2, FRAMES, 4)
    there = ~np.isnan(sequence.truth[0, :, 0])
    assert np.flatnonzero(there).tolist() == [0, 10, 20, 30, 40]
    np.testing.assert_array_equal(sequence.truth[:, there], benchmark.truth[:, :5])


def test_images_that_do_not_fit_the_truth_are_told_by_check_and_stop_a_sequence(cli, copy, tmp_path):
    root = tmp_path / "VTUAV"
    shutil.copytree(copy, root)
    for kind in ("rgb", "ir"):
        for number in range(41, 46):
            (root / "test_ST/synthetic004" / kind / f"{number:06d}.jpg").unlink()
    status, out, _ = cli("check", "VTUAV", root)
    assert status == 1
    assert "synthetic004: 5 truth rows, 40 visible and 40 thermal images" in out
    assert "number of images 1" in out
    with pytest.raises(DataError, match="41 to 50 frames: the truth has 5 rows, one for every 10th frame"):
        rgbtbench.load("VTUAV", root).sequence("synthetic004")


def test_run_report_page_and_export_cope_with_truth_of_every_tenth_frame(cli, copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("exp.yaml").write_text(f"datasets: {{VTUAV: {copy}}}\ntrackers: [{{use: still, label: S}}]\n")
    assert cli("run", "exp.yaml")[0] == 0
    [run] = Path("runs/VTUAV").glob("S@*")
    assert len((run / "synthetic001.txt").read_text().splitlines()) == FRAMES
    status, out, _ = cli("report", "exp.yaml", "--by", "attribute", "--format", "csv")
    assert status == 0
    assert "VTUAV" in out
    assert cli("report", "exp.yaml", "--format", "html", "--out", "page.html")[0] == 0
    assert cli("export", "VTUAV", "--truth", copy, "--results", f"S={run}", "--out", "kit")[0] == 0
    assert len(Path("kit/S_synthetic001.txt").read_text().splitlines()) == FRAMES
    thin = results(tmp_path / "thin", copy, step=10)
    status, _, err = cli("export", "VTUAV", "--truth", copy, "--results", thin, "--out", "no")
    assert status == 2
    assert "rows of every 10th frame" in err
    status, _, err = cli("export", "VTUAV", "--truth", copy, "--results", thin, "--out", "no", "--kit", "vot")
    assert status == 2
    assert "VOT needs truth of every frame" in err
    Path("import.yaml").write_text(
        f"datasets: {{VTUAV: {copy}}}\ntrackers: [{{results: thin, label: T}}, {{results: {run}, label: U}}]\n"
    )
    assert cli("run", "import.yaml")[0] == 0
    _, imported, _ = cli("report", "import.yaml", "--format", "csv")
    _, scored, _ = cli("score", "VTUAV", "--truth", copy, "--results", "T=thin", "--results", f"U={run}",
                       "--format", "csv")  # fmt: skip
    values = [[row.split(",")[4:] for row in text.splitlines()] for text in (imported, scored)]
    assert values[0] == values[1]


def test_names_tell_the_splits_also_where_training_sequences_lie_beside_them(tmp_path):
    spec = BENCHMARKS.get("VTUAV")
    for name in (*sequence_names("VTUAV"), "car_016", "truck_009"):
        (tmp_path / name).mkdir()
        for file in ("rgb.txt", "ir.txt"):
            (tmp_path / name / file).write_text("1 2 3 4\n")
    for split, count in (("ST", 176), ("LT", 74)):
        benchmark = rgbtbench.load("VTUAV", tmp_path, split)
        assert benchmark.names == sequence_names("VTUAV", split)
        assert (len(benchmark.names), benchmark.is_official) == (count, True)
    assert rgbtbench.load("VTUAV", tmp_path).split == spec.default_split == "ST"


@pytest.mark.parametrize("place", ["test_ST_001/{}", "test_ST/test_ST_002/{}", "test/short-term/{}"])
def test_the_archives_may_be_unpacked_anywhere(tmp_path, place):
    for name in sequence_names("VTUAV", "ST"):
        folder = tmp_path / place.format(name)
        folder.mkdir(parents=True)
        for file in ("rgb.txt", "ir.txt"):
            (folder / file).write_text("1 2 3 4\n5 6 7 8\n")
    assert rgbtbench.load("VTUAV", tmp_path).is_official


def test_attributes_of_the_toolkits_matlab_files(copy, tmp_path):
    savemat = pytest.importorskip("scipy.io", reason="extra 'test' is not installed").savemat
    root = tmp_path / "VTUAV"
    shutil.copytree(copy, root, ignore=shutil.ignore_patterns("*.jpg"))
    text = rgbtbench.load("VTUAV", root).labels
    (root / "attributes.txt").unlink()
    assert rgbtbench.load("VTUAV", root).labels is None
    names = list(text)
    for part, own in (("ST", names[:4]), ("LT", names[4:])):
        flags = {a: np.array([[a in text[n]] for n in own], np.uint8) for a in BENCHMARKS.get("VTUAV").attributes}
        attrs = {"SequencesName": np.array([[n] for n in own], dtype=object), **flags, "ZIO": flags["BC"]}
        savemat(root / f"AttrMat_{part}.mat", {"attrs": attrs})
    assert rgbtbench.load("VTUAV", root).labels == text
    (root / "AttrMat_LT.mat").unlink()
    with pytest.raises(DataError, match="bad attribute row of synthetic005"):
        _ = rgbtbench.load("VTUAV", root).labels
