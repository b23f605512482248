"""Everything that can go wrong in a night, many times over: ``python tests/benchmarks/torture.py [KILLS [SEED]]``.

Lanes and whole invocations are killed at random, two invocations work at the same time, a worker of a dask cluster is
killed, a disk is full. Then the store must be that of an undisturbed run: boxes byte for byte, statuses and reasons of
failures (a truncated JPEG, a tracker that raises, returns NaN or a wrong shape, exits, crashes), and no other file.
Hanging trackers are left to the tests: each costs its time-out. Exit 1 if anything differs.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "harness"))
from small import command, contents, write_benchmark, write_experiment
from test_engine import holders

HOWS = ("raises", "nan", "shape", "exits", "segfaults")


def prepare(home: Path) -> Path:
    """24 sequences for a tracker that behaves, and for five that do not on one of them; one image is cut short."""
    write_benchmark(home / "data", frames=8, names=tuple(f"s{k:02d}" for k in range(24)))
    cut = home / "data" / "s07" / "infrared" / "i004.jpg"
    os.truncate(cut, cut.stat().st_size // 2)
    lines = ["- {use: './trackers.py:Walk', label: good, params: {pause: 0.02}}"]
    lines += [
        f"- {{use: './trackers.py:Walk', label: {how}, params: {{pause: 0.005, victim: s03, how: {how}}}}}"
        for how in HOWS
    ]
    return write_experiment(home, "\n".join(lines))


def run(path: Path, runs: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start an invocation."""
    return subprocess.Popen(command("run", path, "--runs", runs, *options), stderr=subprocess.DEVNULL)


def kill_at_random(path: Path, runs: Path, kills: int, rng: random.Random) -> tuple[int, int]:
    """Two invocations at a time, killed or robbed of a lane; how many lanes and how many invocations were killed."""
    live, lanes, whole = [], 0, 0
    while lanes + whole < kills:
        live = [process for process in live if process.poll() is None]
        while len(live) < 2:
            live.append(run(path, runs, "--devices", "cpu*2"))
        time.sleep(rng.uniform(0.05, 0.6))
        if rng.random() < 0.25:
            victim = rng.choice(live)
            victim.kill()
            victim.wait()
            whole += 1
        elif found := holders(runs):
            try:
                os.kill(rng.choice(found), signal.SIGKILL)
                lanes += 1
            except ProcessLookupError:
                continue
        records = sorted(runs.rglob("s*.json"))
        if len(records) > 100:  # nearly done: begin again in part, or there is nothing to kill
            for record in rng.sample(records, 40):
                record.unlink()
    for process in live:
        process.wait()
    return lanes, whole


def cluster(path: Path, runs: Path) -> int:
    """A scheduler and two workers, of which one is killed in the midst of a sequence; the run's exit status."""
    address = f"tcp://127.0.0.1:{20_000 + os.getpid() % 20_000}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": path.parent}
    dask = [sys.executable, "-m", "dask"]
    started = [subprocess.Popen([*dask, "scheduler", "--host", address, "--no-dashboard"], **quiet)]  # type: ignore[call-overload]
    started += [
        subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **quiet)  # type: ignore[call-overload]
        for _ in range(2)
    ]
    try:
        process = run(path, runs, "--cluster", address)
        while not holders(runs) and process.poll() is None:
            time.sleep(0.02)
        worker = Path(f"/proc/{holders(runs)[0]}/stat").read_text().rpartition(")")[2].split()[1]
        os.kill(int(worker), signal.SIGKILL)
        return process.wait(300)
    finally:
        for service in started[::-1]:
            service.terminate()
            service.wait()


def full_disk(path: Path, runs: Path) -> str:
    """A disk of 200 kB (where mounting is not allowed: a limit on files) fills up; then all moves to a larger one."""
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))

    runs.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", runs], stderr=subprocess.DEVNULL)
    tmpfs = mounted.returncode == 0
    full = subprocess.run(
        command("run", path, "--runs", runs), stderr=subprocess.PIPE, text=True, preexec_fn=None if tmpfs else limited
    )
    left = [file for file in contents(runs) if file.endswith((".tmp", ".lease"))]
    if tmpfs:
        shutil.copytree(runs, runs.with_name("larger"))
        subprocess.run(["umount", runs], check=True)
        runs.rmdir()
        runs.with_name("larger").rename(runs)
    assert full.returncode == 2, f"exit {full.returncode}"
    assert "cannot write" in full.stderr, full.stderr
    assert not left, left
    return "tmpfs of 200 kB" if tmpfs else "file size limit"


def main() -> int:
    """Run it all and compare."""
    kills, seed = (int(value) for value in (sys.argv[1:] + ["60", "0"][len(sys.argv) - 1 :]))
    home, start = Path(tempfile.mkdtemp()), time.monotonic()
    status = 0
    try:
        path = prepare(home)
        assert run(path, home / "undisturbed").wait() == 1, "sequences that must fail are missing"
        expected = contents(home / "undisturbed")
        failed = sum(isinstance(v, tuple) and v[0] == "failed" for v in expected.values())
        print(
            f"undisturbed: {len(list((home / 'undisturbed').rglob('s*.json')))} sequences, {failed} failed as they must"
        )
        lanes, whole = kill_at_random(path, home / "killed", kills, random.Random(seed))
        print(f"killed -9: {lanes} lanes and {whole} whole invocations, two at a time")
        print(f"full disk: {full_disk(path, home / 'full')}, exit 2, nothing half-written")
        print(f"dask: exit {cluster(path, home / 'dask')} after a worker was killed in mid-sequence")
        for name in ("killed", "full", "dask"):
            code = run(path, home / name, "--devices", "cpu*2").wait()
            found = contents(home / name)
            wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k, "") != found.get(k, ""))
            print(f"{name}: exit {code}, {len(found)} files, {len(wrong)} differ from the undisturbed run {wrong[:5]}")
            for file in wrong[:5]:
                print(
                    f"  {file}: {str(expected.get(file, 'absent'))[-150:]} != {str(found.get(file, 'absent'))[-150:]}"
                )
            status |= bool(wrong) or code != 1
    finally:
        shutil.rmtree(home)
    print(f"{'the same' if not status else 'DIFFERENT'} after {time.monotonic() - start:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
