import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small import contents, write_benchmark, write_experiment

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.processes import interruptible
from rgbtbench.results.store import RunFolder
from rgbtbench.running import held_tracker, jobs
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Device, Job, make_units, track_sequence
from rgbtbench.running.lane import run_lane
from rgbtbench.running.plan import Run, make_plan, prepare

CPU = Device("cpu")
Work = Callable[..., tuple[Job, list[Run]]]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    write_benchmark(tmp_path / "data", names=("boy`head", "b", "c"))

    def begin(trackers: str = "- {use: './trackers.py:Walk'}", runs: str = "runs") -> tuple[Job, list[Run]]:
        experiment = load_experiment(write_experiment(tmp_path, trackers))
        planned = make_plan(experiment, tmp_path / runs)
        for run in planned:
            run.choose(retry_failed=False, force=False)
            prepare(run, "r", 120)
        return Job(make_units(planned), experiment.seed, 60, "r"), planned

    return begin


def test_order_of_work_does_not_change_a_box(work: Work, tmp_path: Path) -> None:
    job, _ = work()
    assert [unit.frames for unit in job.units] == [8, 7, 6], "the longest first"
    run_lane(job, CPU)
    back, _ = work(runs="back")
    run_lane(replace(back, units=back.units[::-1]), CPU)
    assert contents(tmp_path / "runs") == contents(tmp_path / "back")
    assert len(list((tmp_path / "runs").rglob("*_time.txt"))) == 3


def test_a_tracker_is_made_once_for_its_sequences_and_closed(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    from rgbtbench.trackers import TRACKERS

    told: list[str] = []

    class Counted:
        def __init__(self, word: str, device: str) -> None:
            self.word = word
            told.append(f"{word} on {device}")

        def init(self, frame: object, box: object) -> None: ...

        def update(self, frame: object) -> list[int]:
            return [1, 2, 3, 4]

        def close(self) -> None:
            told.append(f"{self.word} closed")

    monkeypatch.setattr(TRACKERS, "get", lambda name: Counted)
    job, _ = work("- {use: 'm:A', label: A, params: {word: a}}\n- {use: 'm:B', label: B, params: {word: b}}")
    run_lane(job, CPU)
    assert told == ["a on cpu", "a closed", "b on cpu", "b closed"]


def test_a_truncated_image_is_recorded_and_the_rest_goes_on(work: Work, tmp_path: Path) -> None:
    image = tmp_path / "data" / "b" / "infrared" / "i004.jpg"
    os.truncate(image, image.stat().st_size // 2)
    job, [run] = work()
    run_lane(job, CPU)
    run.refresh()
    assert run.states == {"boy`head": "ok", "b": "failed", "c": "ok"}
    record = run.folder.record("b")
    assert record is not None
    assert "i004.jpg" in str(record.error)


def test_a_missing_image_is_one_sequences_failure(work: Work, tmp_path: Path) -> None:
    (tmp_path / "data" / "b" / "visible" / "v004.jpg").unlink()
    job, [run] = work()
    run_lane(job, CPU)
    run.refresh()
    assert run.states == {"boy`head": "ok", "b": "failed", "c": "ok"}


def test_a_tracker_that_cannot_be_made_stops_the_run(work: Work) -> None:
    job, [run] = work("- {use: './trackers.py:Walk', params: {stride: 3}}")
    with pytest.raises(ConfigError, match=r"exp\.yaml:5"):
        run_lane(job, CPU)
    run.refresh()
    assert set(run.states.values()) == {"missing"}


def test_a_tracker_file_that_changed_after_it_was_loaded_is_refused(work: Work, tmp_path: Path) -> None:
    job, _ = work()
    track_sequence(job, job.units[0], CPU)
    held_tracker.discard()
    (tmp_path / "trackers.py").write_text((tmp_path / "trackers.py").read_text() + "\n# edited\n")
    edited = make_plan(load_experiment(tmp_path / "exp.yaml"), tmp_path / "runs")
    for run in edited:
        run.choose(retry_failed=False, force=False)
        prepare(run, "r", 120)
    units = make_units(edited)
    assert units[0].folder != job.units[0].folder
    with pytest.raises(ConfigError, match="has changed since it was loaded"):
        track_sequence(replace(job, units=units), units[0], CPU)


def test_what_a_dead_process_left_is_recorded_not_tried_again(work: Work) -> None:
    job, [run] = work()
    unit = job.units[0]
    about = {"format": 1, "host": "elsewhere", "pid": 1, "start": 1, "token": "t", "run": "", "attempt": 1}
    note = "Fatal Python error: Segmentation fault\n\nCurrent thread ...\n"
    path = unit.folder / f"{unit.sequence}.lease"
    path.write_text(json.dumps(about) + "\n" + note)
    os.utime(path, (0, 0))
    assert track_sequence(job, unit, CPU)
    record = run.folder.record(unit.sequence)
    assert record is not None
    assert (record.status, record.error) == ("failed", "crashed the interpreter: Segmentation fault")
    assert not path.exists()


def test_in_a_cluster_the_fourth_worker_is_spared(work: Work) -> None:
    job, [run] = work()
    unit = job.units[0]
    about = {"format": 1, "host": "elsewhere", "pid": 1, "start": 1, "token": "t", "run": "r", "attempt": 3}
    (unit.folder / f"{unit.sequence}.lease").write_text(json.dumps(about) + "\n")
    assert not track_sequence(job, unit, CPU), "without a scheduler's word the lease is somebody's"
    assert track_sequence(replace(job, retake=True), unit, CPU)
    record = run.folder.record(unit.sequence)
    assert record is not None
    assert "3 processes died" in str(record.error)


def test_boxes_of_one_who_lost_the_lease_are_dropped(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    job, [run] = work()
    unit = job.units[0]
    attempt = jobs._attempt

    def slow(*arguments: object) -> object:
        found = attempt(*arguments)  # type: ignore[arg-type]
        (unit.folder / f"{unit.sequence}.lease").unlink()
        return found

    monkeypatch.setattr(jobs, "_attempt", slow)
    track_sequence(job, unit, CPU)
    assert run.folder.state(unit.sequence) == "missing"


def test_who_is_told_to_stop_keeps_no_box_though_the_tracker_goes_on(work: Work) -> None:
    """It caught our exception, and answered the box of the frame before: that is no result."""
    job, [run] = work("- {use: './trackers.py:Asked'}")
    with pytest.raises(KeyboardInterrupt), interruptible():
        track_sequence(job, job.units[0], CPU)
    assert not list(run.folder.path.glob("*.txt"))
    assert not run.folder.has_record(job.units[0].sequence)
    run.folder.sweep(120)  # the lease is left to whoever watches; here that is this process


def test_weights_put_back_after_they_were_read_are_found_out(work: Work, tmp_path: Path) -> None:
    """What the file holds before and after says nothing of what was loaded in between."""
    weights = tmp_path / "w.txt"
    weights.write_text("1.0")
    job, [run] = work("- {use: './trackers.py:Loads', weights: w.txt}")
    made, real = [], held_tracker.built

    def swapped(*arguments: object) -> object:
        if made:
            return real(*arguments)  # type: ignore[arg-type]
        weights.write_text("2.0")
        tracker = real(*arguments)  # type: ignore[arg-type]
        weights.write_text("1.0")
        made.append(tracker.step)  # type: ignore[attr-defined]
        return tracker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_tracker, "built", swapped)
        assert track_sequence(job, job.units[0], CPU)
    assert made[0] == 2.0
    given = (run.folder.path / f"{job.units[0].sequence}_confidence.txt").read_text().split()
    assert set(given[1:]) == {"1"}


@pytest.mark.parametrize("how", ["restored", "for-a-moment"])
def test_images_that_change_while_they_are_read_are_read_again(work: Work, tmp_path: Path, how: str) -> None:
    job, [run] = work()
    undisturbed, _ = work(runs="undisturbed")
    run_lane(undisturbed, CPU)
    unit = job.units[0]
    image = tmp_path / "data" / unit.sequence / "visible" / "v002.jpg"
    good, other = image.read_bytes(), (tmp_path / "data" / unit.sequence / "visible" / "v003.jpg").read_bytes()
    aside, tries, real = image.with_suffix(".aside"), [], jobs.track
    if how == "restored":
        image.write_bytes(other)

    def restored(*arguments: object) -> object:
        tries.append(how)
        if len(tries) > 1:
            return real(*arguments)  # type: ignore[arg-type]
        if how == "for-a-moment":  # its size and time of writing are the same before and after
            image.rename(aside)
            image.write_bytes(other)
        found = real(*arguments)  # type: ignore[arg-type]
        if how == "for-a-moment":
            aside.rename(image)
        else:
            image.write_bytes(good)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "track", restored)
        assert track_sequence(job, unit, CPU)
    assert len(tries) == 2
    name = f"{unit.sequence}.txt"
    assert (run.folder.path / name).read_bytes() == (undisturbed.units[0].folder / name).read_bytes()
    record = run.folder.record(unit.sequence)
    assert record is not None
    assert record.images == RunFolder(undisturbed.units[0].folder).record(unit.sequence).images  # type: ignore[union-attr]


CODE_BASE = """
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
class T:
    def __init__(self):
        from lib import net
        self.n = net.N
    def init(self, frame, box): self.box = box
    def update(self, frame): return self.box + self.n
"""


def test_two_code_bases_with_a_package_of_one_name_are_refused(work: Work, tmp_path: Path) -> None:
    """The second would track with the first one's code, and nobody would know."""
    for name, value in (("a", 1), ("b", 2)):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / f"{name}.py").write_text(CODE_BASE)
        (tmp_path / name / "lib" / "__init__.py").write_text("")
        (tmp_path / name / "lib" / "net.py").write_text(f"N = {value}\n")
    (tmp_path / "lib").mkdir()  # a mere folder of that name, beside a tracker that does not import it, is harmless
    path, modules = list(sys.path), set(sys.modules)
    try:
        one = "- {use: './a/a.py:T', label: A}\n"
        job, [run, walk] = work(one + "- {use: './trackers.py:Walk', label: Walk}", "alone")
        run_lane(job, CPU)
        for done in (run, walk):
            done.refresh()
            assert set(done.states.values()) == {"ok"}
        job, [_, second] = work(one + "- {use: './b/b.py:T', label: B}")
        with pytest.raises(ConfigError, match=r"two code bases with a package 'lib'(.|\n)*use: process"):
            run_lane(job, CPU)
        assert not list(second.folder.path.glob("*_time.txt"))
    finally:
        held_tracker.discard()
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            del sys.modules[name]


def test_harmless_oddities_of_images_are_counted_in_the_record(work: Work, tmp_path: Path) -> None:
    job, [run] = work()
    unit = job.units[0]
    image = tmp_path / "data" / unit.sequence / "visible" / "v002.jpg"
    whole = image.read_bytes()
    tables = whole.index(b"\xff\xdb")
    image.write_bytes(whole[:tables] + bytes(9) + whole[tables:])
    assert track_sequence(job, unit, CPU)
    record = run.folder.record(unit.sequence)
    assert record is not None
    assert record.status == "ok", record.error
    assert record.remarks == {"zeros between the parts of a JPEG": 1}
