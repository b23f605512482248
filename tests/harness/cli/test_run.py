import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from small import NAMES, contents, write_benchmark, write_experiment

from rgbtbench.cli import main
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.plan import make_plan
from rgbtbench.trackers import REVISIONS

TWO = "- {use: './trackers.py:Walk', label: A}\n- {label: Raw, results: raw, year: 2022}"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tracker run and one imported, complete."""
    home = tmp_path_factory.mktemp("done")
    write_benchmark(home / "data")
    (home / "raw").mkdir()
    rng = np.random.default_rng(0)
    for k, name in enumerate(NAMES):
        first = np.array([[3, 2, 8, 6.0]])
        rows = np.concatenate([first, first + rng.normal(0, 2, (5 + k, 4))])
        np.savetxt(home / "raw" / f"{name}.txt", rows, delimiter="\t", fmt="%.17g")
    assert main(["run", str(write_experiment(home, TWO)), "--runs", str(home / "runs")]) == 0
    return home


@pytest.fixture
def home(done: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(done, tmp_path / "home"))


def call(home: Path, verb: str, *arguments: str) -> int:
    return main([verb, str(home / "exp.yaml"), "--runs", str(home / "runs"), *arguments])


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_report_gives_the_scores_that_score_gives(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(home, "report", "--format", "csv", "--by", "sequence") == 0
    reported = capsys.readouterr().out
    folder = next((home / "runs" / "LasHeR").glob("A@*"))
    results = ["--results", f"A={folder}", "--results", f"Raw={home / 'raw'}"]
    assert (
        main(["score", "LasHeR", "--truth", str(home / "data"), *results, "--format", "csv", "--by", "sequence"]) == 0
    )
    assert reported == capsys.readouterr().out
    assert {row["tracker"] for row in rows(reported)} == {"A", "Raw"}


def test_a_new_revision_of_networks_is_another_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def folders() -> list[str]:
        networks = "- {use: cmd-student, preset: nano, params: {untrained: true}}\n- {use: dcf}"
        return [
            run.folder.path.name for run in make_plan(load_experiment(write_experiment(home, networks)), home / "x")
        ]

    student, dcf = folders()
    monkeypatch.setitem(REVISIONS, "rgbtbench.trackers.crossmodal", 1000)
    changed, same = folders()
    assert changed != student
    assert same == dcf


def test_status_counts_and_tells_what_to_type(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(home, "status") == 0
    [folder] = (home / "runs" / "LasHeR").glob("A@*")
    (folder / "car.json").unlink()
    (folder / "dog.txt").write_text("1,2,3,4\n")
    assert call(home, "status") == 1
    line = next(line for line in capsys.readouterr().out.splitlines()[::-1] if line.startswith("LasHeR   A"))
    assert line.split()[2:7] == ["6", "0", "1", "0", "1"]  # done, failed, damaged, running, missing


def test_only_what_is_missing_or_damaged_runs_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(home / "runs")
    [folder] = (home / "runs" / "LasHeR").glob("A@*")
    (folder / "car.json").unlink()
    (folder / "dog.txt").write_text("1,2,3,4\n")
    untouched = (folder / "boy.json").stat().st_mtime_ns
    assert call(home, "run", "--dry-run") == 0
    assert "14 settled, 2 to run" in capsys.readouterr().err
    assert call(home, "run") == 0
    after = contents(home / "runs")
    assert {name: after[name] for name in before} == before
    assert [path.read_text() for path in folder.glob(".old-1/dog.txt")] == ["1,2,3,4\n"], "kept, though it was damaged"
    assert (folder / "boy.json").stat().st_mtime_ns == untouched


def test_an_incomplete_experiment_is_reported_only_if_asked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [folder] = (home / "runs" / "LasHeR").glob("A@*")
    (folder / "car.json").unlink()  # its boxes stay, as a kill between them and the record leaves them
    assert call(home, "report") == 2
    assert "1 of 8 sequences without boxes: car" in capsys.readouterr().err
    assert call(home, "report", "--allow-missing", "--format", "json") == 1
    scores = {(s["tracker"], s["metric"]): s["value"] for s in json.loads(capsys.readouterr().out)}
    assert scores["A", "SR"] is None
    assert scores["Raw", "SR"] > 0


def test_dry_run_writes_nothing(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["run", str(done / "exp.yaml"), "--runs", str(tmp_path / "new"), "--dry-run", "--devices", "cpu*3"]) == 0
    )
    told = capsys.readouterr()
    assert "0 settled, 16 to run, 3 lanes" in told.err
    assert "Raw" in told.out
    assert not (tmp_path / "new").exists()


def test_only_chooses_by_any_name(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for only, count in (("Raw", 8), ("boy", 6), ("car,dog", 4), ("LasHeR", 16)):
        assert main(["run", str(done / "exp.yaml"), "--runs", str(tmp_path / "x"), "--dry-run", "--only", only]) == 0
        assert f"{count} to run" in capsys.readouterr().err
    assert main(["run", str(done / "exp.yaml"), "--runs", str(tmp_path / "x"), "--dry-run", "--only", "nothing"]) == 2


def test_an_edited_experiment_gets_a_new_folder_and_old_scores_stay(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(home, "report", "--format", "csv")
    old = capsys.readouterr().out
    text = (home / "exp.yaml").read_text()
    (home / "exp.yaml").write_text(text.replace("label: A}", "label: A, params: {step: 5}}"))
    assert call(home, "report") == 2, "the old boxes are not the new experiment's"
    assert call(home, "run", "--only", "A") == 0
    assert len(list((home / "runs" / "LasHeR").glob("A@*"))) == 2
    capsys.readouterr()
    call(home, "report", "--format", "csv")
    assert capsys.readouterr().out != old
    (home / "exp.yaml").write_text(text)
    call(home, "report", "--format", "csv")
    assert capsys.readouterr().out == old


def test_whatever_changes_a_box_changes_the_folder_and_nothing_else_does(home: Path) -> None:
    from rgbtbench.running.experiment import load_experiment
    from rgbtbench.running.plan import make_plan

    def folder(*changes: str, path: Path = home / "exp.yaml") -> str:
        return make_plan(load_experiment(path, changes), home / "runs")[0].folder.path.name

    base = folder()
    (home / "w").write_text("1")
    changed = [folder("seed=1"), folder("trackers.0.modality=tir"), folder("trackers.0.weights=w")]
    (home / "w").write_text("2")
    changed += [folder("trackers.0.weights=w"), folder("trackers.0.params.step=1.5")]
    (home / "data" / "car" / "init.txt").write_text(
        (home / "data" / "car" / "init.txt").read_text().replace("8,6", "8,7")
    )
    changed += [folder()]
    assert len({base, *changed}) == 7
    moved = home.rename(home.with_name("moved"))
    (moved / "data" / "car" / "init.txt").write_text(
        (moved / "data" / "car" / "init.txt").read_text().replace("8,7", "8,6")
    )
    assert folder("name=other", "trackers.0.note=hello", path=moved / "exp.yaml") == base


def test_retry_failed_and_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = home / "data" / "car" / "visible" / "v003.jpg"
    good = image.read_bytes()
    image.write_bytes(good[: len(good) // 2])
    assert call(home, "run", "--only", "car", "--force") == 1
    assert "--retry-failed" in capsys.readouterr().err
    [folder] = (home / "runs" / "LasHeR").glob("A@*")
    assert (folder / ".old-1" / "car.txt").exists()
    image.write_bytes(good)
    assert call(home, "run") == 1, "a failure is a result until it is asked for again"
    assert call(home, "run", "--retry-failed") == 0
    assert json.loads((folder / "car.json").read_text())["status"] == "ok"
    assert json.loads((folder / ".old-2" / "car.json").read_text())["status"] == "failed"


def test_imports_lack_what_their_files_lack(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "raw" / "car.txt").unlink()
    (home / "raw" / "dog.txt").write_text("1 2 3 4\n")
    assert call(home, "run", "--only", "Raw") == 1
    assert "6 ok, 1 failed, 1 missing" in capsys.readouterr().err
    call(home, "status", "--only", "Raw")
    assert "dog  too few rows" in capsys.readouterr().out


def test_a_newer_record_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [folder] = (home / "runs" / "LasHeR").glob("A@*")
    record = folder / "car.json"
    record.write_text(record.read_text().replace('"format": 1', '"format": 2'))
    for verb in ("run", "status", "report"):
        assert call(home, verb) == 2
        assert "pip install --upgrade rgbtbench" in capsys.readouterr().err


def test_bad_input_names_the_next_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "exp.yaml").read_text()
    for old, new, told in (
        ("./trackers.py:Walk", "stil", "did you mean 'still'"),
        ("LasHeR: data", "LasHeR: gone", "--set datasets.LasHeR=PATH"),
    ):
        (home / "exp.yaml").write_text(text.replace(old, new))
        assert call(home, "run") == 2
        assert told in capsys.readouterr().err
    (home / "exp.yaml").write_text(text)
    assert main(["run", str(home / "exp.yaml"), "--runs", str(home / "exp.yaml")]) == 2
    assert main(["run", str(home / "exp.yaml"), "--runs", str(home)]) == 0, "no folder LasHeR in it is in the way"
    (home / "here").mkdir()
    (home / "data").rename(home / "here" / "LasHeR")
    (home / "exp.yaml").write_text(text.replace("LasHeR: data", "LasHeR: here/LasHeR"))
    assert main(["run", str(home / "exp.yaml"), "--runs", str(home / "here")]) == 2
    assert "no store of runs" in capsys.readouterr().err


def test_annotations_without_images_cannot_be_tracked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    for name in NAMES:
        for part in ("visible", "infrared"):
            shutil.rmtree(home / "data" / name / part)
    assert call(home, "run") == 0, "there is nothing left to track"
    assert call(home, "run", "--force") == 2
    assert "no images" in capsys.readouterr().err
    assert call(home, "status") == 0


def test_an_unknown_tracker_is_named_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_benchmark(tmp_path / "data")
    path = write_experiment(tmp_path, "- {use: stil}")
    assert main(["run", str(path), "--runs", str(tmp_path / "runs")]) == 2
    told = capsys.readouterr().err
    assert "did you mean 'still'" in told
    assert f"{path}:5" in told
    assert not (tmp_path / "runs").exists()


def test_imported_boxes_of_another_layout_are_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the store they would be x y w h for ever, and their scores silently low."""
    write_benchmark(tmp_path / "data")
    (tmp_path / "raw").mkdir()
    for name in NAMES:
        x, y, w, h = np.loadtxt(tmp_path / "data" / name / "init.txt", delimiter=",").T
        np.savetxt(tmp_path / "raw" / f"{name}.txt", np.stack([x, y, x + w, y + h], axis=1), delimiter=",")
    raw = "- {label: Raw, results: raw}"
    assert call_new(tmp_path, raw) == 2
    told = capsys.readouterr().err
    assert "look like ltrb" in told
    assert "boxes: ltrb" in told
    assert not (tmp_path / "runs").exists()
    assert call_new(tmp_path, "- {label: Raw, results: raw, boxes: ltrb}") == 0


def test_an_offset_of_imported_boxes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_benchmark(tmp_path / "data")
    (tmp_path / "raw").mkdir()
    for name in NAMES:
        rows = np.loadtxt(tmp_path / "data" / name / "init.txt", delimiter=",")
        np.savetxt(tmp_path / "raw" / f"{name}.txt", rows + [1, 1, 0, 0], delimiter=",")
    assert call_new(tmp_path, "- {label: Raw, results: raw}") == 0
    assert "the first pixel is 1" in capsys.readouterr().err


def test_a_tracker_that_answers_corners_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Row 1 is the given box, written by the run itself; the tracker's own rows are in another layout."""
    write_benchmark(tmp_path / "data")
    for k, name in enumerate(NAMES):
        rows = [f"{9 + k},{7 + t / 4},8,6" for t in range(6 + k)]
        (tmp_path / "data" / name / "init.txt").write_text("\n".join(rows))
    experiment = write_experiment(tmp_path, "- {use: './corners.py:Corners', label: Corners}")
    (tmp_path / "corners.py").write_text(
        "class Corners:\n"
        "    def init(self, frame, box): self.box = box\n"
        "    def update(self, frame): x, y, w, h = self.box; return [x, y, x + w, y + h]\n"
    )
    run = ["run", str(experiment), "--runs", str(tmp_path / "runs")]
    assert main(run) == 0
    said = capsys.readouterr().err
    assert "doubtful: Corners: the boxes of Corners look like ltrb" in said
    report = ["report", str(experiment), "--runs", str(tmp_path / "runs")]
    assert main(report) == 2
    assert "look like ltrb" in capsys.readouterr().err
    assert main([*report, "--boxes", "Corners=xywh"]) == 0


def call_new(home: Path, trackers: str) -> int:
    return main(["run", str(write_experiment(home, trackers)), "--runs", str(home / "runs")])


def test_only_combines_kinds_and_takes_whole_labels_first(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ("A", "A-tir", "B")
    path = write_experiment(
        done, "\n".join(f"- {{use: './trackers.py:Walk', label: {label}}}" for label in labels)
    ).rename(done / "three.yaml")
    write_experiment(done, TWO)
    for only, count in (
        ("A", 8),
        ("A,boy", 3),
        ("lasher,B", 8),
        ("A-", 8),
        ("A,B", 16),
        ("boy,dog,B", 4),
        ("A,A-", 16),
    ):
        assert main(["run", str(path), "--runs", str(tmp_path / "x"), "--dry-run", "--only", only]) == 0
        assert f", {count} to run" in capsys.readouterr().err, only
    for only in ("nobody", "A,boyy", "boy,dogg"):
        assert main(["run", str(path), "--runs", str(tmp_path / "x"), "--dry-run", "--only", only]) == 2
        assert only.rpartition(",")[2] in capsys.readouterr().err


def test_only_looks_for_nothing_of_what_it_leaves_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "exp.yaml").read_text()
    text = text.replace("trackers:", "  RGBT234: gone\ntrackers:") + "\n"
    lines = ["  - {use: './gone.py:X', label: Gone}", "  - {use: cmd-student, weights: gone.pt, label: Lost}"]
    lines += ["  - {use: unheard, label: Unheard}", "  - {label: Raw2, results: gone}"]
    (home / "exp.yaml").write_text(text.replace("seed: 0", "\n".join(lines) + "\nseed: 0"))
    assert call(home, "run", "--only", "A,LasHeR") == 0, capsys.readouterr().err
    assert call(home, "status", "--only", "LasHeR,A") == 0
    assert call(home, "status") == 2


def test_confidences_lie_beside_the_boxes_and_are_no_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(tmp_path / "data", names=("boy", "car"))
    (tmp_path / "w.txt").write_text("0.25")
    assert call_new(tmp_path, "- {use: './trackers.py:Loads', label: L, weights: w.txt}") == 0
    [folder] = (tmp_path / "runs" / "LasHeR").glob("L@*")
    rows = (folder / "boy_confidence.txt").read_text().split()
    assert rows == ["nan"] + ["0.25"] * 5
    assert json.loads((folder / "boy.json").read_text())["sha256"].keys() == {
        "boy.txt", "boy_time.txt", "boy_confidence.txt"}  # fmt: skip
    (folder / "boy_confidence.txt").write_text("1\n")
    assert call(tmp_path, "status") == 1
    assert call(tmp_path, "run") == 0
    assert (folder / "boy_confidence.txt").read_text().split() == rows
    (folder / "car.json").unlink()
    capsys.readouterr()
    assert call(tmp_path, "report", "--allow-missing", "--format", "json") == 1
    assert call(tmp_path, "run") == 0
    export = ["export", "LasHeR", "--truth", str(tmp_path / "data"), "--results", f"L={folder}"]
    assert main([*export, "--kit", "got10k", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "L" / "boy" / "boy_confidence.txt").read_text().split() == rows


def test_a_failure_in_one_line_names_file_and_counts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "raw" / "dog.txt").write_text("1 2 3 4\n")
    assert call(home, "run", "--only", "Raw", "--force") == 1
    call(home, "status", "--only", "Raw")
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed ")]
    for told in ("too few rows", str(home / "raw" / "dog.txt"), "; expected 12 rows", "; found 1 rows"):
        assert told in line


def test_a_failing_process_in_one_line_has_its_last_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_benchmark(tmp_path / "data", names=("boy",))
    code = "import sys; print('loading', file=sys.stderr); sys.exit('no such GPU')"
    tracker = f'- {{use: process, label: P, params: {{command: [{sys.executable}, -c, "{code}"]}}}}'
    assert call_new(tmp_path, tracker) == 1
    assert "its stderr ends: no such GPU; " in capsys.readouterr().err


def test_a_process_gets_what_the_experiment_says(tmp_path: Path) -> None:
    """Parameters, weights and seeds: its boxes are those of the same tracker in our own process."""
    write_benchmark(tmp_path / "data", names=("boy", "car"))
    (tmp_path / "w.txt").write_text("0.25")
    (tmp_path / "alike.py").write_text(ALIKE)
    command = f"command: [{sys.executable}, '{{client}}', './alike.py:Alike'], params: {{size: 3}}"
    both = "- {use: './alike.py:Alike', label: Here, weights: w.txt, params: {size: 3}}\n"
    both += f"- {{use: process, label: There, weights: w.txt, params: {{{command}}}}}"
    assert call_new(tmp_path, both) == 0
    here, there = (next((tmp_path / "runs" / "LasHeR").glob(f"{label}@*")) for label in ("Here", "There"))
    for name in ("boy.txt", "car.txt", "boy_confidence.txt"):
        assert (here / name).read_bytes() == (there / name).read_bytes()


ALIKE = """
import random
import numpy as np
class Alike:
    def __init__(self, size, weights, device):
        assert device == "cpu"
        self.size, self.step, self.luck = size, float(open(weights).read()), np.random.rand()
    def init(self, frame, box):
        self.box = box
    def update(self, frame):
        frame.rgb[:2] = 0
        self.box = self.box + self.step + random.random() + np.random.rand() + self.luck + frame.rgb.mean() / 1000
        return {"target_bbox": [*self.box[:2], self.size, 4], "best_score": random.random()}
"""
