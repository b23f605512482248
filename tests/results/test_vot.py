"""A workspace of the VOT toolkit, and the toolkit itself as partner where it is installed."""

import os
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest
from small import TRACKERS, wait_for, write_benchmark

import rgbtbench
from rgbtbench.core.errors import ResultError
from rgbtbench.core.seeds import seed_all
from rgbtbench.files.trajectories import read_trajectory
from rgbtbench.results.formats import find_results
from rgbtbench.results.vot import anchors, write_workspace
from rgbtbench.running.track import track
from rgbtbench.trackers import TRACKERS as REGISTRY

NAMES = ("boy", "car", "dog")
needs_toolkit = pytest.mark.skipif(
    not find_spec("vot"), reason='the VOT toolkit is not installed: pip install "rgbtbench[vot]"'
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A benchmark in ``data``, in which the target of ``car`` is away for a frame, and trackers."""
    home = tmp_path_factory.mktemp("home")
    write_benchmark(home / "data", frames=7, names=NAMES, size=(96, 64))
    truth = home / "data/car/init.txt"
    rows = truth.read_text().splitlines()
    truth.write_text("\n".join([*rows[:5], "0,0,0,0", *rows[6:]]) + "\n")
    (home / "trackers.py").write_text(TRACKERS)
    return home


@pytest.fixture(scope="module")
def benchmark(home):
    return rgbtbench.load("LasHeR", home / "data")


def sequences(benchmark):
    return [benchmark.sequence(name) for name in benchmark.names]


def test_a_workspace_has_links_truth_and_starts(benchmark, tmp_path):
    write_workspace(tmp_path / "ws", "small", sequences(benchmark))
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]
    assert (tmp_path / "ws/sequences/list.txt").read_text().split() == list(NAMES)
    car, own = tmp_path / "ws/sequences/car", benchmark.sequence("car")
    for channel, files in (("color", own.rgb), ("ir", own.tir)):
        links = sorted((car / channel).iterdir())
        assert [link.name for link in links] == [f"{k:08d}.jpg" for k in range(1, 9)]
        assert [link.resolve() for link in links] == [file.resolve() for file in files]
    rows = (car / "groundtruth.txt").read_text().splitlines()
    assert rows[0] == "3,2,8,6"
    assert rows[5] == "0"  # nobody to be seen
    assert (car / "anchor.value").read_text().split() == ["1", *["0"] * 7]


def test_starts_are_50_frames_apart_and_look_the_longer_way():
    seen = np.ones(170, dtype=bool)
    seen[50] = False
    found = anchors(seen)
    assert {k: sign for k, sign in enumerate(found) if sign} == {0: 1, 100: -1, 150: -1}


def test_what_is_there_stays(benchmark, tmp_path):
    out = tmp_path / "ws"
    write_workspace(out, "small", sequences(benchmark))
    (out / "trackers.ini").write_text("mine")
    write_workspace(out, "small", sequences(benchmark))
    assert (out / "trackers.ini").read_text() == "mine"
    with pytest.raises(ResultError, match="no workspace of these sequences"):
        write_workspace(out, "small", sequences(benchmark)[:1])
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").write_text("mine")
    with pytest.raises(ResultError, match="folder is in use"):
        write_workspace(tmp_path / "other", "small", sequences(benchmark))


def test_export_writes_results_beside_the_sequences_and_score_reads_them(home, cli, tmp_path):
    plain, out = tmp_path / "Mine", tmp_path / "ws"
    plain.mkdir()
    for name in NAMES:
        (plain / f"{name}.txt").write_text((home / "data" / name / "init.txt").read_text().replace(",8,6", ",8,7"))
        (plain / f"{name}_time.txt").write_text("0.01\n" * 20)
    arguments = ("LasHeR", "--truth", home / "data", "--kit", "vot", "--out", out)
    assert cli("export", *arguments)[0] == 0  # a workspace alone
    status, printed, _ = cli("export", *arguments, "--results", plain)
    assert (status, printed.strip()) == (0, f"vot analysis --workspace {out} Mine")
    assert "[Mine]" in (out / "trackers.ini").read_text()
    written = out / "results/Mine/unsupervised/boy/boy_001.txt"
    assert written.read_text().splitlines()[:3] == ["1", "3.5,2.25,8,7", "4,2.5,8,7"]
    assert (written.parent / "boy_001_time.value").read_text().splitlines() == ["0.01"] * 20
    scores = [
        cli("score", "LasHeR", "--truth", home / "data", "--results", f"T={path}", "--format", "csv")[1]
        for path in (plain, out / "results/Mine")
    ]
    assert scores[0] == scores[1]
    for results, said in ((f"Mine+={plain}", "label that kit vot does not take"), (plain, "file exists")):
        status, _, told = cli("export", *arguments, "--results", results)
        assert (status, said in told) == (2, True)


def test_truth_without_images_makes_no_workspace(generated, cli, tmp_path):
    status, _, said = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--kit", "vot", "--out", tmp_path / "ws")
    assert status == 2
    assert "0 visible and 0 thermal images" in said
    assert not list(tmp_path.iterdir())


def vot(*arguments, **options):
    """The toolkit's command line; it writes progress for a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "vot", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
        **options,
    )


def finished(process):
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


SERVED = {"dcf": (), "Walk": (), "cmd-student": ("--preset", "nano")}


def trackers(home):
    """Ours as the toolkit is told to start them."""
    made = []
    for name, options in SERVED.items():
        use = f"{home / 'trackers.py'}:Walk" if name == "Walk" else name
        words = [sys.executable, "-m", "rgbtbench", "trax", use, *options, "--ini"]
        made.append(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return "".join(made)


def made(name, home):
    """The same tracker as a run makes it here."""
    from rgbtbench.trackers import shipped_weights

    params = {"preset": "nano", "weights": str(shipped_weights(name, "nano"))} if name.startswith("cmd") else {}
    factory = f"{home / 'trackers.py'}:Walk" if name == "Walk" else name
    REGISTRY.get(factory)
    seed_all(0, "")
    return REGISTRY.create(factory, **params)


@pytest.fixture(scope="module")
def evaluated(home, tmp_path_factory):
    """A workspace in which the toolkit has run all of them."""
    out = tmp_path_factory.mktemp("evaluated") / "ws"
    write_workspace(out, "small", sequences(rgbtbench.load("LasHeR", home / "data")))
    (out / "trackers.ini").write_text(trackers(home))
    names = [name for name in SERVED if name != "cmd-student" or find_spec("torch")]
    start = time.perf_counter()
    said = finished(vot("evaluate", "--workspace", out, *names))
    assert "concluded successfuly" in said, said
    print(f"vot evaluate, {len(names)} trackers: {time.perf_counter() - start:.1f} s")
    return out


@needs_toolkit
@pytest.mark.parametrize("name", SERVED)
def test_boxes_under_the_toolkit_are_those_of_a_run(home, benchmark, evaluated, name):
    """To the last bit that its files keep: it stores single precision. Two of the trackers draw random numbers."""
    if name == "cmd-student":
        pytest.importorskip("torch")
    tracker = made(name, home)
    for sequence in sequences(benchmark):
        seed_all(0, sequence.name)
        here = track(tracker, sequence)
        file = evaluated / f"results/{name}/unsupervised/{sequence.name}/{sequence.name}_001.bin"
        there = read_trajectory(file.read_bytes(), str(file), ResultError)
        np.testing.assert_array_equal(there, here.boxes[1:].astype(np.float32))
        if here.confidence is not None:
            told = file.with_name(f"{sequence.name}_001_confidence.value").read_text().split()
            np.testing.assert_array_equal(np.array(told, dtype=float), here.confidence[1:])


@needs_toolkit
def test_every_start_of_multistart_runs_and_its_analysis_knows_ours(evaluated):
    import json

    assert len(list(evaluated.glob("results/*/baseline/*/*_00000000.bin"))) >= 2 * len(NAMES)
    said = finished(vot("analysis", "--workspace", evaluated, "dcf", "--format", "json", "--name", "here"))
    found = json.loads((evaluated / "analysis/here.json").read_text())["results"]
    accuracy = found["unsupervised"]["results"][0][0][0]
    robust = found["baseline"]["results"][0][0]
    print(f"VOT's analysis: unsupervised accuracy {accuracy:.4f}, A {robust[0]:.4f}, R {robust[1]:.4f}", said[-80:])
    assert 0 < accuracy <= 1
    assert 0 < robust[1] <= 1


@needs_toolkit
def test_what_the_toolkit_wrote_is_scored_with_its_times(home, benchmark, evaluated, cli):
    place = evaluated / "results/dcf/unsupervised"
    files = find_results("dcf", place, benchmark.names)
    assert len(files.times) == len(NAMES)
    assert len(files.read("dog", benchmark.given["dog"])) == 9
    status, printed, said = cli("score", "LasHeR", "--truth", home / "data", "--results", place, "--format", "csv")
    assert status == 0, said
    assert "unsupervised" in printed


@needs_toolkit
def test_an_evaluation_that_is_killed_goes_on_to_the_same_bytes(evaluated, benchmark, tmp_path):
    again = tmp_path / "ws"
    write_workspace(again, "small", sequences(benchmark))
    (again / "trackers.ini").write_text((evaluated / "trackers.ini").read_text())
    process = vot("evaluate", "--workspace", again, "Walk", start_new_session=True)
    wait_for(lambda: list(again.glob("results/Walk/unsupervised/boy/*_time.value")))
    process.kill()
    process.communicate()
    assert not list(again.glob("results/Walk/unsupervised/dog/*.bin"))
    finished(vot("evaluate", "--workspace", again, "Walk"))
    boxes = [{p.name: p.read_bytes() for p in ws.glob("results/Walk/*/*/*.bin")} for ws in (evaluated, again)]
    assert len(boxes[0]) == 2 * len(NAMES)
    assert boxes[0] == boxes[1]


@needs_toolkit
def test_vot_test_runs_ours_on_its_own_sequence_and_on_one_of_a_workspace(evaluated, tmp_path):
    """Its own has one channel."""
    words = [sys.executable, "-m", "rgbtbench", "trax", "dcf", "--modality", "rgb", "--ini"]
    (tmp_path / "trackers.ini").write_text(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert "Test concluded successfuly" in finished(vot("test", "dcf", cwd=tmp_path))
    said = finished(vot("test", "Walk", "--sequence", evaluated / "sequences/car", cwd=evaluated))
    assert "Test concluded successfuly" in said


@needs_toolkit
def test_the_toolkit_hears_why_one_of_ours_gave_up(home, evaluated, benchmark, tmp_path):
    out = tmp_path / "ws"
    write_workspace(out, "small", sequences(benchmark))
    (home / "fails.py").write_text(
        "class Fails:\n    def init(self, frame, box): ...\n    def update(self, frame): 1 / 0\n"
    )
    words = [sys.executable, "-m", "rgbtbench", "trax", f"{home / 'fails.py'}:Fails", "--ini"]
    (out / "trackers.ini").write_text(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    said = finished(vot("evaluate", "--workspace", out, "Fails"))
    assert "ZeroDivisionError: division by zero" in said
