"""A foreign repository runs as its authors published it: a made-up one that prints, draws from torch and wants CUDA."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from clips import clip, follow
from small import command, contents, rgbtbench, wait_for, write_benchmark, write_experiment

from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.core.seeds import seed_all
from rgbtbench.trackers.codebase import Codebase, offers, origin

TORCH = pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
PARAMETERS = """
import os
print("parameters are imported")
from lib.test.evaluation.environment import env_settings
class Params: ...
def parameters(yaml_name, epoch=None):
    params, home = Params(), env_settings().prj_dir
    assert os.path.isfile(os.path.join(home, "experiments/fake", yaml_name + ".yaml"))
    params.checkpoint = os.path.join(home, "models", yaml_name + ".pth")
    return params
"""
ENVIRONMENT = """
import importlib
def env_settings():
    try:
        return importlib.import_module("lib.test.evaluation.local").local_env_settings()
    except Exception:
        open(__file__ + ".made", "w").close()
        raise RuntimeError("YOU HAVE NOT SETUP YOUR local.py!!!")
"""
PLAIN = """
import os, random, subprocess, sys, time
print("the tracker is imported", flush=True)
os.write(1, b"x" * 20000)
import vot, jpeg4py, lmdb
from visdom import Visdom
import visdom.server
class Window(Visdom): ...
import numpy as np
class Fake:
    def __init__(self, params, dataset_name):
        self.params, self.moved = params, 0
    def initialize(self, image, info):
        assert image.shape[2] == 6 and type(info["init_bbox"]) is list
        assert params_ok(self.params)
        self.box = info["init_bbox"]
    def track(self, image, info=None):
        print("tracking")
        self.moved += 1
        self.box = [self.box[0] + random.random() + image[..., :3].mean() / 100, self.box[1] + image[0, 0, 5] / 50]
        self.box += [self.moved + np.random.rand(), 5.0]
        return {"target_bbox": self.box, "best_score": 0.25}
def params_ok(params): return open(params.checkpoint).read() == "trained"
def get_tracker_class(): return Fake
"""
WANTS_CUDA = """
import torch
class Fake:
    def __init__(self, params):
        self.net = torch.nn.Linear(6, 4).cuda().to("cuda:0")
        self.mean = torch.zeros(6, device="cuda") + torch.ones(6).to(torch.device("cuda"))
        torch.cuda.synchronize()
        self.scripted = torch.jit.script(scripted)
    def initialize(self, image, info): self.box = torch.tensor(info["init_bbox"], device="cuda")
    def track(self, image):
        seen = torch.from_numpy(image).cuda().float().mean((0, 1)) / 255 - self.mean
        self.box = self.box + torch.rand(4) + self.scripted(self.net(seen)).abs()
        return {"target_bbox": self.box.tolist()}
def scripted(x: torch.Tensor):
    return x + torch.zeros_like(x)
def get_tracker_class(): return Fake
"""


PYTRACKING = """
class T:
    def __init__(self, params): self.net = params.net.net_path
    def initialize(self, image, info): self.box = info["init_bbox"]
    def track(self, image, info):
        return {"target_bbox": [len(info["previous_output"]), len(self.net)] + self.box[2:]}
"""
PYTRACKING_PARAMETERS = """
class Params: ...
def parameters():
    params = Params()
    params.net = Params()
    params.net.net_path = "dimp50.pth"
    return params
"""


def write_repository(root, tracker=PLAIN):
    files = {
        "lib/test/tracker/fake.py": tracker,
        "lib/test/parameter/fake.py": PARAMETERS,
        "lib/test/evaluation/environment.py": ENVIRONMENT,
        "experiments/fake/deep.yaml": "SIZE: 1\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "w.pth").write_text("trained")
    return write_repository(tmp_path / "Fake")


@pytest.fixture
def served(tmp_path):
    made = []

    def make(root, **options):
        options = {"tracker": "fake", "config": "deep", "weights": str(tmp_path / "w.pth"), **options}
        made.append(Codebase(root=str(root), **options))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close()


def test_a_repository_tracks_and_nothing_is_written_into_it(repository, served):
    frames, truth = clip(4)
    tracker, found = served(repository), []
    for _ in range(2):  # made anew for each sequence: the counter in its constructor starts again
        seed_all(1, "a")
        boxes, confidence = follow(tracker, frames, truth[0])
        found.append(boxes)
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0][1:, 2].astype(int).tolist() == [1, 2, 3]
    assert set(confidence) == {0.25}
    files = {path.name for path in repository.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files == {"fake.py", "environment.py", "deep.yaml"}


@TORCH
def test_what_asks_for_cuda_is_answered_on_the_cpu_and_draws_what_the_seed_says(repository, served):
    write_repository(repository, WANTS_CUDA)
    frames, truth = clip(3)
    found = []
    for seed in (1, 1, 2):
        seed_all(seed, "a")
        tracker = served(repository)
        found.append(follow(tracker, frames, truth[0])[0])
        tracker.close()
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[1], found[2])


@pytest.mark.parametrize(("image", "shape"), [("list", "2"), ("rgb", "240"), ("tir", "240")])
def test_the_image_comes_as_the_tracker_wants_it(repository, served, image, shape):
    text = PLAIN.replace("assert image.shape[2] == 6", f"assert len(image) == {shape}")
    write_repository(repository, text.replace("return {", "return [len(image), 1, 1, 1] and {"))
    frames, truth = clip(1)
    served(repository, image=image).init(frames[0], truth[0])


BODY = 'return {"target_bbox": self.box, "best_score": 0.25}'
FAULTS = {
    "polygon": ("return [1, 2, 3, 4, 5, 6, 7, 8]", "expected a box x y w h, the tracker answered .1, 2, 3, 4, 5"),
    "mask": ("return {'target_bbox': np.zeros(image.shape[:2])}", r"an array of shape \(240, 320\)"),
    "none": ("return None", "answered None"),
    "no box": ("return {'best_score': 1}", "answered {'best_score': 1}"),
    "two boxes": ("return {'target_bbox': [[1, 2, 3, 4], [5, 6, 7, 8]]}", r"answered \[\[1, 2, 3, 4\]"),
    "fork that lives": ("if os.fork(): os._exit(3)\n        time.sleep(60)", "ended without an answer"),
    "floods and hangs": ("while True: os.write(2, b'y' * 65536)", "no answer within 2 s"),
    "window": ("return Window()", "visdom is not installed in"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_answer_is_one_clear_error(repository, served, name):
    body, said = FAULTS[name]
    assert BODY in PLAIN
    write_repository(repository, PLAIN.replace(BODY, body))
    frames, truth = clip(2)
    with pytest.raises(TrackerError, match=said):
        follow(served(repository, timeout=2.0, start=30.0), frames, truth[0])


def test_a_copy_that_the_tracker_forks_answers_nothing(repository, served):
    write_repository(repository, PLAIN.replace('print("tracking")', "os.fork()"))
    frames, truth = clip(4)
    assert follow(served(repository), frames, truth[0])[0].shape == (4, 4)


@pytest.mark.parametrize(
    ("line", "start", "said"),
    [("import time; time.sleep(60)", 1, "no answer within 1"), ("raise SystemExit(4)", 30, "SystemExit: 4")],
)
def test_one_that_hangs_or_leaves_while_it_is_made(repository, served, line, start, said):
    write_repository(repository, f"{line}\n{PLAIN}")
    frames, truth = clip(1)
    with pytest.raises(TrackerError, match=said):
        served(repository, timeout=0.5, start=start).init(frames[0], truth[0])


def test_weights_are_needed_and_the_message_says_where_theirs_are(repository, served):
    frames, truth = clip(1)
    with pytest.raises(TrackerError, match=r"weights: are missing; .*models/deep\.pth"):
        served(repository, weights=None).init(frames[0], truth[0])


def test_a_lane_with_cuda_needs_an_interpreter_with_cuda(repository, served):
    frames, truth = clip(1)
    with pytest.raises(TrackerError, match=r"the lane is cuda:0, but .* sees no CUDA"):
        served(repository, device="cuda:0", python=no_torch(repository.parent)).init(frames[0], truth[0])


def no_torch(folder):
    """An interpreter of its own whose torch has no CUDA: it cannot be imported."""
    (folder / "bare").mkdir()
    (folder / "bare/torch.py").write_text("raise ImportError")
    script = folder / "python-bare"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={folder}/bare exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"root": "nowhere"}, "no folder of a repository"),
        ({"root": "."}, "no repository of the pytracking or OSTrack shape"),
        ({"tracker": "fakd"}, "did you mean 'fake'"),
        ({"config": "deeep"}, "did you mean 'deep'"),
        ({"python": "/no/python"}, "no interpreter"),
        ({"tracker": None}, "needs root and tracker"),
    ],
)
def test_what_is_not_there_is_said_before_anything_starts(repository, tmp_path, change, said):
    params = {"root": "Fake", "tracker": "fake", "config": "deep", **change}
    write_benchmark(tmp_path / "data", names=("boy",))
    told = ", ".join(f"{key}: {value}" for key, value in params.items() if value)
    path = write_experiment(tmp_path, f"- {{use: codebase, label: F, weights: w.pth, params: {{{told}}}}}")
    done = rgbtbench("run", path, "--runs", tmp_path / "runs", "--dry-run")
    assert done.returncode == 2
    assert said in done.stderr
    assert "exp.yaml:5" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interpreter_that_is_none_fails_its_sequences_and_the_run_goes_on(repository, tmp_path):
    write_benchmark(tmp_path / "data", names=("boy",))
    params = "root: Fake, tracker: fake, config: deep"
    tracker = "- {{use: codebase, label: {}, weights: w.pth, params: {{{}}}}}"
    trackers = [tracker.format("Bad", f"{params}, python: {shutil.which('false')}"), tracker.format("Good", params)]
    path = write_experiment(tmp_path, "\n".join(trackers))
    done = rgbtbench("run", path, "--runs", tmp_path / "runs")
    assert done.returncode == 1
    assert "1 ok, 1 failed" in done.stderr
    assert "ended without an answer" in done.stderr


def test_list_shows_what_a_checkout_offers(repository, cli):
    (repository / "lib/test/tracker/base.py").write_text("class Base: ...\n")
    status, out, _ = cli("list", "codebases", repository)
    assert status == 0
    assert out.split("\n")[-2].split() == ["fake", "deep", "lib/test/tracker/fake.py"]
    assert list(offers(repository)) == ["fake"]
    with pytest.raises(ConfigError, match="no repository"):
        offers(repository / "lib")


def test_pytracking_keeps_trackers_in_folders_and_parameters_in_files(tmp_path, served):
    root = tmp_path / "pytracking-master"
    files = {
        "pytracking/tracker/dimp/__init__.py": "from .dimp import T\ndef get_tracker_class(): return T\n",
        "pytracking/tracker/dimp/dimp.py": PYTRACKING,
        "pytracking/parameter/dimp/__init__.py": "",
        "pytracking/parameter/dimp/dimp50.py": PYTRACKING_PARAMETERS,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "w.pth").write_text("x")
    frames, truth = clip(3)
    boxes, _ = follow(served(root, tracker="dimp", config="dimp50", image="rgb"), frames, truth[0])
    assert boxes[1:, :2].tolist() == [[n, len(str(tmp_path / "w.pth"))] for n in (0, 1)]


def test_the_identity_knows_commit_and_changes_but_not_the_place(repository, tmp_path):
    params = {"root": str(repository), "tracker": "fake", "config": "deep"}
    bare = origin(params)
    assert bare["commit"] is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(repository)]
    (repository / ".github").mkdir()
    (repository / ".github/ci.yml").write_text("a: 1\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    clean = origin(params)
    assert (clean["dirty"], clean["sources"], len(clean["commit"])) == (False, bare["sources"], 40)
    local = repository / "lib/test/evaluation/local.py"
    for path in (repository / "output.txt", local):
        path.write_text("anything")
    assert origin(params) == clean
    moved = shutil.copytree(repository, tmp_path / "elsewhere")
    assert origin({**params, "root": str(moved)}) == clean
    (moved / "experiments/fake/deep.yaml").write_text("SIZE: 2\n")
    changed = origin({**params, "root": str(moved)})
    assert (changed["commit"], changed["dirty"]) == (clean["commit"], True)
    assert changed["sources"] != clean["sources"]


def test_reading_the_identity_runs_nothing_that_the_repository_names(repository, tmp_path):
    """git's status and diff would: filters, monitors, external tools of .git/config."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(repository)]
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    trap = f"touch {tmp_path / 'trapped'}"
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external", "diff.evil.textconv"):
        subprocess.run([*git, "config", key, trap], check=True)
    (repository / "experiments/fake/deep.yaml").write_text("SIZE: 2\n")
    assert origin({"root": str(repository), "tracker": "fake", "config": "deep"})["dirty"]
    assert not (tmp_path / "trapped").exists()


def test_two_interpreters_in_one_experiment_survive_a_kill_to_the_same_bytes(tmp_path):
    """Both repositories have a package ``lib``; the second one's interpreter is a venv of its own."""
    (tmp_path / "w.pth").write_text("trained")
    write_repository(tmp_path / "One", PLAIN.replace('print("tracking")', "time.sleep(0.03)"))
    write_repository(tmp_path / "Two", PLAIN.replace("5.0]", "float(len(sys.prefix))]"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", tmp_path / "a-venv"], check=True)
    place = str(Path(np.__file__).parents[1])
    [site] = (tmp_path / "a-venv").glob("lib/python*/site-packages")
    (site / "numpy.pth").write_text(place + "\n")
    write_benchmark(tmp_path / "data", names=("boy", "car", "dog"), frames=5)
    tracker = "- {{use: codebase, label: {0}, weights: w.pth, params: {{root: {0}, tracker: fake, config: deep{1}}}}}"
    trackers = [tracker.format("One", ""), tracker.format("Two", ", python: a-venv/bin/python")]
    path = write_experiment(tmp_path, "\n".join(trackers))
    whole = rgbtbench("run", path, "--runs", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    runs = tmp_path / "killed"
    with subprocess.Popen(command("run", path, "--runs", runs), stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: list(runs.rglob("*_time.txt")) or process.poll() is not None)
        os.kill(process.pid, signal.SIGKILL)
    assert contents(runs) != contents(tmp_path / "whole")
    again = rgbtbench("run", path, "--runs", runs)
    assert again.returncode == 0, again.stderr
    assert contents(runs) == contents(tmp_path / "whole")
    rows = np.loadtxt(next(runs.glob("LasHeR/Two@*/boy.txt")), delimiter=",")
    assert rows[-1, 3] == len(str(tmp_path / "a-venv"))


def test_a_repository_that_changes_under_a_run_stops_it(repository, tmp_path):
    """It would read the changed configuration for the next sequence, and file its boxes under the old one."""
    write_repository(repository, PLAIN.replace('print("tracking")', "time.sleep(0.1)"))
    write_benchmark(tmp_path / "data", names=("boy", "car"))
    params = "root: Fake, tracker: fake, config: deep"
    path = write_experiment(tmp_path, f"- {{use: codebase, label: F, weights: w.pth, params: {{{params}}}}}")
    runs = tmp_path / "runs"
    with subprocess.Popen(command("run", path, "--runs", runs), stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: list(runs.rglob("*.lease")))
        (repository / "experiments/fake/deep.yaml").write_text("SIZE: 2\n")
        _, told = process.communicate(timeout=30)
    assert process.returncode == 2, told
    assert "the repository has changed since the run began" in told


@pytest.mark.parametrize("version", ["3.8"])
def test_the_clients_run_on_an_old_python(version, repository, served):
    old = next(filter(os.path.exists, old_pythons(version)), None)
    if old is None:
        pytest.skip(f"no Python {version} with NumPy")
    frames, truth = clip(3)
    boxes, _ = follow(served(repository, python=old), frames, truth[0])
    assert boxes.shape == (3, 4)


def old_pythons(version):
    given = os.environ.get("RGBTBENCH_OLD_PYTHON")
    for place in filter(None, (given, shutil.which(f"python{version}"))):
        if not subprocess.run([place, "-c", "import numpy"], capture_output=True).returncode:
            yield place
