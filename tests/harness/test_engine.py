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
from small import command, contents, rgbtbench, wait_for, write_benchmark, write_experiment

from rgbtbench.engine import parse_devices
from rgbtbench.errors import ConfigError

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


def holders(runs: Path) -> list[int]:
    """Processes that hold leases."""
    import json

    found = []
    for path in runs.rglob("*.lease"):
        try:
            found.append(int(json.loads(path.read_text().splitlines()[0])["pid"]))
        except (OSError, ValueError, IndexError):
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
