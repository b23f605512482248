"""Real processes: what is left in the store after they were disturbed is what an undisturbed run leaves."""

import importlib.util
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small import command, contents, holders, rgbtbench, wait_for, write_benchmark, write_experiment

from rgbtbench.core.errors import ConfigError
from rgbtbench.running import lanes
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Job, make_units
from rgbtbench.running.lanes import parse_devices, run_lanes, usual_devices
from rgbtbench.running.plan import make_plan, prepare

HOWS = ("raises", "nan", "shape", "none", "hang", "hang_in_c", "exits", "sys_exits", "segfaults")
SLOW = "- {use: './trackers.py:Walk', label: Walk, params: {pause: 0.02}}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_benchmark(home / "data", frames=10)
    write_experiment(home, SLOW)
    return home


@pytest.fixture(scope="module")
def undisturbed(home: Path) -> dict[str, object]:
    done = rgbtbench("run", home / "exp.yaml", "--runs", home / "one")
    assert done.returncode == 0, done.stderr
    return contents(home / "one")


def test_lanes_that_nobody_chose_leave_fps_alone_and_use_all_cores_where_there_is_none(monkeypatch) -> None:
    monkeypatch.setattr(lanes, "cores", lambda: 4)
    alone = parse_devices("cpu")
    assert usual_devices([(1, 100)]) == alone
    assert usual_devices([(16, 100), (1, 1)]) == alone, "one entry has an FPS"
    assert usual_devices([(16, 100), (1, 0)]) == parse_devices("cpu*4")
    assert usual_devices([(16, 20)]) == parse_devices("cpu*2"), "no more than there are batches"
    assert usual_devices([(16, 8)]) == alone == usual_devices([])


def lanes_of(pid: int) -> list[int]:
    """Children that are lanes, not multiprocessing's resource tracker."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                found.append(int(child))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.parametrize("lanes", [2, 4])
def test_any_number_of_lanes_gives_the_same_store(home: Path, undisturbed: dict[str, object], lanes: int) -> None:
    runs = home / f"lanes{lanes}"
    done = rgbtbench("run", home / "exp.yaml", "--runs", runs, "--devices", f"cpu*{lanes}")
    assert done.returncode == 0, done.stderr
    assert contents(runs) == undisturbed


def test_killed_lanes_are_replaced(home: Path, undisturbed: dict[str, object]) -> None:
    runs = home / "killed"
    with subprocess.Popen(command("run", home / "exp.yaml", "--runs", runs, "--devices", "cpu*2")) as process:
        for _ in range(3):
            wait_for(lambda: holders(runs) or process.poll() is not None)
            for pid in holders(runs)[:1]:
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda gone=pid: gone not in holders(runs))
        assert process.wait(30) == 0
    assert contents(runs) == undisturbed


def test_a_killed_invocation_is_resumed_and_takes_its_lanes_along(home: Path, undisturbed: dict[str, object]) -> None:
    runs = home / "resumed"
    with subprocess.Popen(command("run", home / "exp.yaml", "--runs", runs, "--devices", "cpu*2")) as process:
        wait_for(lambda: len(list(runs.rglob("*_time.txt"))) > 1 and holders(runs))
        lanes = lanes_of(process.pid)
        process.kill()
        process.wait()
    assert len(lanes) == 2
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in lanes))
    assert contents(runs) != undisturbed
    done = rgbtbench("run", home / "exp.yaml", "--runs", runs, "--devices", "cpu*2")
    assert done.returncode == 0, done.stderr
    assert contents(runs) == undisturbed


def test_two_invocations_share_the_work(home: Path, undisturbed: dict[str, object]) -> None:
    runs = home / "shared"
    both = [subprocess.Popen(command("run", home / "exp.yaml", "--runs", runs)) for _ in range(2)]
    codes = [process.wait(60) for process in both]
    assert 0 in codes, "the last to end sees everything done"
    assert contents(runs) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_gives_all_leases_back(home: Path, number: int) -> None:
    runs = home / f"interrupted{number}"
    with subprocess.Popen(command("run", home / "exp.yaml", "--runs", runs, "--devices", "cpu*2")) as process:
        wait_for(lambda: holders(runs))
        process.send_signal(number)
        assert process.wait(20) == 130
    assert "unexpected" not in contents(runs).values()
    assert not list(runs.rglob("*.lease"))


def test_whatever_a_tracker_does_is_recorded_and_the_rest_is_done(home: Path) -> None:
    trackers = [f"- {{use: './trackers.py:Walk', label: {how}, params: {{victim: boy, how: {how}}}}}" for how in HOWS]
    path = write_experiment(home, "\n".join(trackers)).rename(home / "bad.yaml")
    write_experiment(home, SLOW)
    done = rgbtbench("run", path, "--runs", home / "bad", "--devices", "cpu*2", "--timeout", "2", "--only", "boy")
    assert done.returncode == 1
    assert "18 ok, 9 failed" in done.stderr
    shown = rgbtbench("status", path, "--runs", home / "bad", "--only", "boy").stdout
    reasons = {line.split()[1]: line for line in shown.splitlines() if line.startswith("failed ")}
    expected = ["no idea", "no box but [1, 2, nan, 4]", "no box but [1, 2, 3]", "no box but None"]
    expected += ["no answer within 0:00:02"] * 2 + ["status 3", "SystemExit: 4", "Segmentation fault"]
    for how, told in zip(HOWS, expected, strict=True):
        assert told in reasons[f"LasHeR/{how}/boy"]
    assert "unexpected" not in contents(home / "bad").values()


SAID = {
    "exits_well": "ended its process with status 0",
    "real_time": "ended its process by signal 40",
    "ctrl_c": "KeyboardInterrupt",
    "generator": "GeneratorExit",
    "speechless": "Speechless: [its message cannot be had: RuntimeError]",
    "empty": "Exception",
    "blank": "ValueError",
    "surrogate": "ValueError: a\\udc80b",
    "escapes": "ValueError: \\x1b[31mred\\r",
    "novel": "ValueError: xxxxx",
}


def test_no_exception_and_no_exit_of_a_tracker_stops_the_run_or_status(home: Path) -> None:
    """Some of these blocked a run for ever, ended it, or made a record that `status` could not read."""
    trackers = [f"- {{use: './trackers.py:Walk', label: {how}, params: {{victim: boy, how: {how}}}}}" for how in SAID]
    path = write_experiment(home, "\n".join(trackers)).rename(home / "said.yaml")
    write_experiment(home, SLOW)
    options = ("--runs", home / "said", "--only", "boy")
    done = rgbtbench("run", path, *options, "--devices", "cpu*2")
    assert done.returncode == 1, done.stderr
    assert f"{2 * len(SAID)} ok, {len(SAID)} failed" in done.stderr
    assert "\x1b" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 400
    shown = rgbtbench("status", path, *options)
    lines = {line.split()[1]: line for line in shown.stdout.splitlines() if line.startswith("failed ")}
    for how, told in SAID.items():
        assert told in lines[f"LasHeR/{how}/boy"]
    assert "unexpected" not in contents(home / "said").values()


@pytest.mark.parametrize("how", ["closes_files", "reads_terminal", "leaves_a_child"])
def test_a_tracker_that_meddles_with_its_process_harms_nobody_else(
    home: Path, undisturbed: dict[str, object], how: str
) -> None:
    tracker = f"- {{use: './trackers.py:Walk', label: Walk, params: {{victim: boy, how: {how}}}}}"
    path = write_experiment(home, tracker).rename(home / f"{how}.yaml")
    write_experiment(home, SLOW)
    done = rgbtbench("run", path, "--runs", home / how)
    others = {file.name for file in (home / how).rglob("*_time.txt")} - {"boy_time.txt"}
    assert len(others) == 7, done.stderr
    assert len(list((home / how).rglob("boy.json"))) == 1  # an image that was open just then is its own loss
    if how == "leaves_a_child":
        child = int(Path("child").read_text())
        Path("child").unlink()
        assert not lives(child)


def test_a_tracker_that_changes_its_folder_does_not_change_where_boxes_go(
    home: Path, undisturbed: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    tracker = "- {use: './trackers.py:Walk', label: Walk, params: {victim: boy, how: moves}}"
    path = write_experiment(home, tracker).rename(home / "moves.yaml")
    write_experiment(home, SLOW)
    done = rgbtbench("run", path.name, "--runs", "moved")
    assert done.returncode == 0, done.stderr
    assert len(list((home / "moved").rglob("*_time.txt"))) == 8


def test_a_lane_whose_own_watchdog_is_silent_is_ended_by_ours(home: Path) -> None:
    """A tracker can cancel the first, and stop its process; then only the parent is left."""
    trackers = [
        f"- {{use: './trackers.py:Walk', label: {how}, params: {{victim: boy, how: {how}}}}}"
        for how in ("silences", "stops")
    ]
    path = write_experiment(home, "\n".join(trackers)).rename(home / "silent.yaml")
    write_experiment(home, SLOW)
    options = ("--runs", home / "silent", "--only", "boy")
    done = rgbtbench("run", path, *options, "--devices", "cpu*2", "--timeout", "1")
    assert done.returncode == 1, done.stderr
    assert "4 ok, 2 failed" in done.stderr
    assert done.stderr.count("no answer within 1 s") == 2


def test_what_a_tracker_does_after_its_work_blocks_and_blames_nobody(home: Path) -> None:
    ways = ("close", "thread", "atexit", "exits")
    trackers = "\n".join(f"- {{use: './trackers.py:Stays', label: {how}, params: {{how: {how}}}}}" for how in ways)
    path = write_experiment(home, trackers).rename(home / "stays.yaml")
    write_experiment(home, SLOW)
    runs = make_plan(load_experiment(path), home / "stays", ["boy"])
    for run in runs:
        run.choose(retry_failed=False, force=False)
        prepare(run, "r", 120)
    start = time.monotonic()
    run_lanes(Job(make_units(runs), 0, 60, "r", closing=1.0), parse_devices("cpu*2"), lambda: None)
    assert time.monotonic() - start < 40
    for run in runs:
        run.refresh()
        assert set(run.states.values()) == {"ok"}


BUSY = """
import ctypes, os, subprocess
class Busy:
    def init(self, frame, box):
        child = subprocess.Popen(["sleep", "60"])
        open("pids.new", "w").write(f"{os.getpid()} {child.pid}")
        os.rename("pids.new", "pids")
    def update(self, frame):
        ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock: no thread of its own can act
"""


@pytest.mark.parametrize("ends", ["timeout", "SIGINT", "SIGTERM", "SIGKILL", "lane"])
def test_no_client_outlives_its_run(tmp_path: Path, ends: str) -> None:
    """However the run or its lane ends: else the next run meets a busy GPU."""
    write_benchmark(tmp_path / "data", names=("boy",))
    (tmp_path / "busy.py").write_text(BUSY)
    client = f"command: [{sys.executable}, '{{client}}', './busy.py:Busy'], folder: {tmp_path}"
    path = write_experiment(tmp_path, f"- {{use: process, label: Busy, params: {{{client}, timeout: 60}}}}")
    runs, pids = tmp_path / "runs", tmp_path / "pids"
    options = ("--timeout", "3") if ends == "timeout" else ()
    with subprocess.Popen(command("run", path, "--runs", runs, *options), stderr=subprocess.DEVNULL) as process:
        wait_for(pids.exists)
        started = [int(pid) for pid in pids.read_text().split()]
        if ends == "lane":
            pids.unlink()
            os.kill(holders(runs)[0], signal.SIGKILL)
            wait_for(pids.exists)  # of the next lane
            process.send_signal(signal.SIGTERM)
        elif ends != "timeout":
            process.send_signal(getattr(signal, ends))
        process.wait(20)
    try:
        wait_for(lambda: not any(map(lives, started)), 5)
    finally:
        for pid in filter(lives, started):
            os.kill(pid, signal.SIGKILL)
    if ends not in ("timeout", "SIGKILL"):
        assert not list(runs.rglob("*.lease"))


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_weights_that_change_under_a_run_stop_it(home: Path) -> None:
    """Boxes of the new weights would lie under the hash of the old ones; some trackers read them again and again."""
    for late in ("true", "false"):
        runs, weights = home / f"weights-{late}", home / f"{late}.txt"
        weights.write_text("1.0")
        params = f"weights: {late}.txt, params: {{late: {late}, pause: 0.02}}"
        tracker = f"- {{use: './trackers.py:Loads', {params}}}"
        path = write_experiment(home, tracker).rename(home / f"weights-{late}.yaml")
        write_experiment(home, SLOW)
        command_line = command("run", path, "--runs", runs, "--devices", "cpu*2")
        with subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True) as process:
            wait_for(lambda runs=runs: list(runs.rglob("*_time.txt")))
            weights.write_text("2.0")
            _, told = process.communicate(timeout=30)
        assert process.returncode == 2, told
        assert "has changed since the run began" in told
        assert weights.name in told
        written = [float(line) for file in runs.rglob("*_confidence.txt") for line in file.read_text().split()[1:]]
        assert set(written) == {1.0}
        assert "unexpected" not in contents(runs).values()


def test_a_full_disk_stops_the_run_and_loses_nothing(home: Path, undisturbed: dict[str, object]) -> None:
    """A limit on the size of a file stands in for it: records fit, the boxes of longer sequences do not."""
    runs = home / "full"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (490, resource.RLIM_INFINITY))

    assert rgbtbench("run", home / "exp.yaml", "--runs", runs, "--only", "floor").returncode == 0
    before = contents(runs)
    full = subprocess.run(
        command("run", home / "exp.yaml", "--runs", runs),
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=60,
    )
    assert full.returncode == 2
    assert "cannot write to the store" in full.stderr
    assert contents(runs) == before
    assert rgbtbench("run", home / "exp.yaml", "--runs", runs).returncode == 0
    assert contents(runs) == undisturbed


DASK = pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not installed ([cluster])")


@DASK
def test_a_cluster_gives_the_same_store_though_a_worker_is_killed(home: Path, undisturbed: dict[str, object]) -> None:
    runs, dask = home / "cluster", [sys.executable, "-m", "dask"]
    address = f"tcp://127.0.0.1:{20_000 + os.getpid() % 20_000}"
    worker = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--resources", "GPU=1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home}
    started = [subprocess.Popen([*dask, "scheduler", "--host", address, "--no-dashboard"], **quiet)]  # type: ignore[call-overload]
    try:
        time.sleep(0.1)
        started += [subprocess.Popen([*worker, "--name", f"w{k}"], **quiet) for k in range(2)]  # type: ignore[call-overload]
        arguments = ("run", home / "exp.yaml", "--runs", runs, "--devices", "cuda", "--cluster", address)
        with subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True) as process:
            wait_for(lambda: holders(runs) or process.poll() is not None, 40)
            assert holders(runs), process.communicate()[1]
            worker_of = Path(f"/proc/{holders(runs)[0]}/stat").read_text().rpartition(")")[2].split()[1]
            os.kill(int(worker_of), signal.SIGKILL)  # its nanny starts another one
            _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    finally:
        for service in started[::-1]:
            service.terminate()
            service.wait(20)
    assert contents(runs) == undisturbed


def test_devices() -> None:
    assert [d.name for d in parse_devices("cuda:0*3, cpu")] == ["cuda:0"] * 3 + ["cpu"]
    assert [d.shared for d in parse_devices("cuda:0,cuda:1,cuda:0")] == [True, False, True]
    for wrong in ("", "cpu*0", "cpu*", "cuda:", "cpu,,cpu", "cpu*999"):
        with pytest.raises(ConfigError):
            parse_devices(wrong)
