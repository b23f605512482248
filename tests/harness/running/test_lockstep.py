"""Several sequences at once: the same boxes as one by one, and what goes wrong with one costs no other."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from small import command, contents, holders, rgbtbench, wait_for, write_benchmark

from rgbtbench.core.errors import BenchError, ConfigError
from rgbtbench.datasets.decode import THREADS, decode
from rgbtbench.results.store import RunFolder
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Device, Job, make_units
from rgbtbench.running.lane import run_lane
from rgbtbench.running.plan import make_plan, prepare
from rgbtbench.trackers import TRACKERS

NAMES = ("a", "b", "c", "d", "e")  # of 6 to 10 frames
FLOCK = '''
import os, threading, time
import numpy as np

class Flock:
    """Each target walks by its own random numbers and pixels, so that the order of targets matters."""
    most = []
    decoding = set()
    def __init__(self, victim=0, how="", pause=0.0):
        self.victim, self.how, self.pause, self.targets = victim, how, pause, []
    def init(self, frame, box):
        self.targets = [self._target(frame, box, int(np.random.randint(2**31)))]
    def update(self, frame):
        return self._step(self.targets[0], frame)
    def init_many(self, frames, boxes, seeds):
        self.targets += map(self._target, frames, boxes, seeds)
        Flock.most.append(len(self.targets))
    def update_many(self, frames):
        Flock.decoding.add(sum(thread.name.startswith("decode") for thread in threading.enumerate()))
        return [self._step(target, frame) for target, frame in zip(self.targets, frames, strict=True)]
    def keep(self, which):
        self.targets = [self.targets[k] for k in which]
    def _target(self, frame, box, seed):
        return {"sum": int(frame.rgb.sum()), "box": np.array(box), "rng": np.random.default_rng(seed), "frame": 0}
    def _step(self, target, frame):
        time.sleep(self.pause)
        target["frame"] += 1
        if target["sum"] == self.victim and target["frame"] == 3:
            return getattr(self, self.how)()
        target["box"] = target["box"] + target["rng"].random(4) * [1, 1, 0, 0] + frame.tir.mean() / 100
        return target["box"]
    def raises(self): raise RuntimeError("no idea")
    def nan(self): return [1, 2, float("nan"), 4]
    def exits(self): os._exit(3)
    def hangs(self):
        while True: pass

class Alone:
    def init(self, frame, box): self.box = box
    def update(self, frame): return self.box
'''


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_benchmark(tmp_path / "data", names=NAMES)
    (tmp_path / "flock.py").write_text(FLOCK)
    return tmp_path


def experiment(home: Path, batch: int, use: str = "Flock", **params: object) -> Path:
    path = home / f"batch{batch}.yaml"
    tracker = f"{{use: './flock.py:{use}', label: T, batch: {batch}, params: {params}}}"
    path.write_text(f"datasets: {{LasHeR: data}}\ntrackers:\n- {tracker}\n")
    return path


def tracked(home: Path, batch: int, **params: object) -> dict[str, object]:
    """What a lane leaves in its run's folder."""
    planned = make_plan(load_experiment(experiment(home, batch, **params)), home / f"runs{batch}")
    for run in planned:
        run.choose(retry_failed=False, force=False)
        prepare(run, "r", 120)
    run_lane(Job(make_units(planned), 0, 60, "r"), Device("cpu"))
    return left(home / f"runs{batch}")


def left(runs: Path) -> dict[str, object]:
    """Contents by file name, but for times, which a batch does not have."""
    return {Path(name).name: value for name, value in contents(runs).items() if not name.endswith("_time.txt")}


def victim(home: Path, name: str) -> int:
    return int(decode(home / f"data/{name}/visible/v000.jpg").sum())


def test_sequences_at_once_get_the_boxes_of_each_alone_and_no_place_stays_empty(home: Path) -> None:
    alone = tracked(home, 1)
    assert tracked(home, 3) == alone
    flock = TRACKERS.get(f"{home / 'flock.py'}:Flock")
    assert max(flock.decoding) <= THREADS, "threads that decode, however many sequences there are"
    most = flock.most
    assert most == [3, 3, 3], "five sequences: three begin, and two take the places of the first that end"


def test_a_batch_is_a_run_of_its_own_and_has_no_times_of_one_sequence(home: Path) -> None:
    tracked(home, 3)
    [folder] = (home / "runs3" / "LasHeR").iterdir()
    record = RunFolder(folder).record("a")
    assert record is not None
    assert record.fps is None
    assert not list(folder.glob("*_time.txt"))
    names = {make_plan(load_experiment(experiment(home, size)), home / "r")[0].folder.path.name for size in (1, 2, 3)}
    assert len(names) == 3


@pytest.mark.parametrize("how", ["raises", "nan"])
def test_a_sequence_that_fails_costs_no_other_its_boxes(home: Path, how: str) -> None:
    assert tracked(home, 3, victim=victim(home, "c"), how=how) == tracked(home, 1, victim=victim(home, "c"), how=how)
    [folder] = (home / "runs3" / "LasHeR").iterdir()
    states = {name: RunFolder(folder).state(name) for name in NAMES}
    assert states == dict.fromkeys(NAMES, "ok") | {"c": "failed"}


def test_a_bad_image_is_one_sequences_failure(home: Path) -> None:
    (home / "data/b/infrared/i004.jpg").write_bytes(b"no image")
    assert tracked(home, 4) == tracked(home, 1)
    [folder] = (home / "runs4" / "LasHeR").iterdir()
    assert [name for name in NAMES if RunFolder(folder).state(name) == "failed"] == ["b"]


@pytest.mark.parametrize("how", ["exits", "hangs"])
def test_who_ends_its_process_is_found_and_the_others_get_their_boxes(home: Path, how: str) -> None:
    params = {"victim": victim(home, "c"), "how": how}
    for size in (1, 3):
        path = experiment(home, size, **params)
        done = rgbtbench("run", path, "--runs", home / f"runs{size}", "--timeout", "2")
        assert "4 ok, 1 failed" in done.stderr
    assert {name: value for name, value in left(home / "runs3").items() if name != "c.json"} == {
        name: value for name, value in left(home / "runs1").items() if name != "c.json"
    }


def test_a_lane_killed_with_several_sequences_loses_none(home: Path) -> None:
    whole = tracked(home, 3)
    path = experiment(home, 3, pause=0.01)
    runs = home / "killed"
    with subprocess.Popen(command("run", path, "--runs", runs)) as process:
        wait_for(lambda: len(holders(runs)) == 3)
        os.kill(holders(runs)[0], signal.SIGKILL)
        assert process.wait(60) == 0
    assert left(runs) == whole
    assert not list(runs.rglob("*.lease"))


def test_an_invocation_killed_with_several_sequences_is_resumed(home: Path) -> None:
    whole = tracked(home, 3)
    path = experiment(home, 3, pause=0.01)
    runs = home / "resumed"
    with subprocess.Popen(command("run", path, "--runs", runs)) as process:
        wait_for(lambda: len(holders(runs)) == 3)
        process.kill()
        process.wait()
    done = rgbtbench("run", path, "--runs", runs)
    assert done.returncode == 0, done.stderr
    assert left(runs) == whole


def test_an_interrupt_gives_all_leases_back(home: Path) -> None:
    runs = home / "interrupted"
    with subprocess.Popen(command("run", experiment(home, 3, pause=0.05), "--runs", runs)) as process:
        wait_for(lambda: len(holders(runs)) == 3)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert not list(runs.rglob("*.lease"))


def test_a_tracker_of_one_target_is_refused_with_its_line(home: Path) -> None:
    with pytest.raises(BenchError, match="follows one target at a time") as refused:
        tracked(home, 2, use="Alone")
    assert "batch2.yaml:3" in str(refused.value)


@pytest.mark.parametrize("size", [0, 5000])
def test_a_batch_out_of_range_is_refused(home: Path, size: int) -> None:
    with pytest.raises(ConfigError, match="batch out of range"):
        load_experiment(experiment(home, size))


def test_a_network_tracks_several_as_each_alone(home: Path) -> None:
    pytest.importorskip("torch")
    for size in (1, 2):
        path = home / f"net{size}.yaml"
        params = "{untrained: true, online: {first_iterations: 2, window: 0.9}}"
        tracker = f"{{use: cmd-student, label: T, preset: nano, batch: {size}, params: {params}}}"
        path.write_text(f"datasets: {{LasHeR: data}}\ntrackers:\n- {tracker}\n")
        assert rgbtbench("run", path, "--runs", home / f"net{size}").returncode == 0
    for name in NAMES:
        [alone], [together] = (
            [np.loadtxt(p, delimiter=",") for p in (home / f"net{k}").rglob(f"{name}.txt")] for k in (1, 2)
        )
        assert np.abs(alone - together).max() < 0.1
