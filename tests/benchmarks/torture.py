"""Everything that can go wrong in a night, many times over: ``python tests/benchmarks/torture.py [KILLS [SEED [K]]]``.

With K, such as 8, every tracker follows so many sequences at once.

Lanes and whole invocations are killed, stopped and continued at random, two invocations work at the same time, weights
and images are swapped under them, a worker of a dask cluster is killed, a disk is full in every verb that writes. Then
the store must be that of an undisturbed run: boxes byte for byte, statuses and reasons of failures (a truncated JPEG, a
tracker that raises, returns NaN or a wrong shape, exits with any status, crashes), and no other file. Hanging trackers
are left to the tests: each costs its time-out. Exit 1 if anything differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from small import command, contents, holders, write_benchmark, write_experiment

from rgbtbench.datasets.decode import decode

MANY = '''
import copy

class Flock(Walk):
    """Walk for several targets, each with its own random numbers. A victim is known by its first image."""
    def __init__(self, **more):
        super().__init__(**more)
        self.targets = []
    def init(self, frame, box):
        self.targets = []
        self.init_many([frame], [box], [np.random.randint(2**31)])
    def update(self, frame):
        return self.update_many([frame])[0]
    def init_many(self, frames, boxes, seeds):
        for frame, box, seed in zip(frames, boxes, seeds, strict=True):
            one = copy.copy(self)
            one.box, one.frame, one.rng, one.first = np.array(box), 0, random.Random(int(seed)), int(frame.rgb.sum())
            self.targets.append(one)
    def update_many(self, frames):
        time.sleep(self.pause)
        return [one.go_on(frame) for one, frame in zip(self.targets, frames, strict=True)]
    def keep(self, which):
        self.targets = [self.targets[k] for k in which]
    def go_on(self, frame):
        self.frame += 1
        if self.first == self.victim and self.frame == 3:
            return getattr(self, self.how)()
        self.box[0] += self.step * self.rng.random() + frame.rgb.mean() / 100
        self.box[1] += self.rng.random() + frame.tir.mean() / 100
        return self.box.copy()

class Laden(Flock):
    """Loads for several targets: what the weights said when each began."""
    def __init__(self, weights, late=False, **more):
        super().__init__(**more)
        self.weights = weights
    def init_many(self, frames, boxes, seeds):
        self.step = float(open(self.weights).read())
        super().init_many(frames, boxes, seeds)
    def go_on(self, frame):
        return super().go_on(frame), self.step
'''
HOWS = ("raises", "nan", "shape", "exits", "exits_well", "segfaults", "ctrl_c", "speechless", "real_time")
DISKS = ("200k", "72k", "56k", "44k", "32k")  # full in mid-run; and before the first eight sequences have begun


def prepare(home: Path, batch: int) -> Path:
    """24 sequences for trackers that behave, and for those that do not on one of them; one image is cut short."""
    write_benchmark(home / "data", frames=8, names=tuple(f"s{k:02d}" for k in range(24)))
    cut = home / "data" / "s07" / "infrared" / "i004.jpg"
    os.truncate(cut, cut.stat().st_size // 2)
    (home / "w.txt").write_text("1.0")
    walk, loads, victim, rest = "Walk", "Loads", "s03", ""
    if batch > 1:
        first = decode(home / "data" / "s03" / "visible" / "v000.jpg")
        walk, loads, victim, rest = "Flock", "Laden", str(int(first.sum())), f", batch: {batch}"
    lines = [f"- {{use: './trackers.py:{walk}', label: good, params: {{pause: 0.02}}{rest}}}"]
    params = "weights: w.txt, params: {pause: 0.01, late: true}"
    lines += [f"- {{use: './trackers.py:{loads}', label: loads, {params}{rest}}}"]
    lines += [
        f"- {{use: './trackers.py:{walk}', label: {how}, params: {{pause: 0.005, victim: {victim}, how: {how}}}{rest}}}"
        for how in HOWS
    ]
    path = write_experiment(home, "\n".join(lines))
    with (home / "trackers.py").open("a") as file:
        file.write(MANY)
    return path


def stop_and_continue(path: Path, runs: Path, stops: int, rng: random.Random) -> int:
    """Lanes and invocations that stand still for a while beside a second invocation; how often one stood."""
    live, stood = [], 0
    while stood < stops:
        live = [process for process in live if process.poll() is None]
        while len(live) < 2:
            live.append(run(path, runs, "--devices", "cpu*2", "--stale", "1"))
        time.sleep(rng.uniform(0.05, 0.3))
        victims = [rng.choice(live).pid, *holders(runs)]
        try:
            victim = rng.choice(victims)
            os.kill(victim, signal.SIGSTOP)
            time.sleep(rng.uniform(0.05, 1.5))
            os.kill(victim, signal.SIGCONT)
            stood += 1
        except ProcessLookupError:
            continue
        records = sorted(runs.rglob("s*.json"))
        if len(records) > 200:
            for record in rng.sample(records, 60):
                record.unlink()
    for process in live:
        process.wait()
    return stood


def swap(path: Path, runs: Path, swaps: int, rng: random.Random) -> tuple[int, int]:
    """Other weights, and other images of a sequence that is being tracked, for a moment each.

    How many swaps there were, and how many invocations stopped because of them.
    """
    stopped, live, done = 0, None, 0
    weights, home = path.parent / "w.txt", path.parent
    while done < swaps or (live and live.poll() is None):
        if live is None or live.poll() is not None:
            stopped += bool(live) and live.returncode == 2
            if done >= swaps:
                break
            live = run(path, runs, "--devices", "cpu*2", "--only", "loads")
        time.sleep(rng.uniform(0.02, 0.3))
        at_work = [p.name.removesuffix(".lease") for p in runs.rglob("*.lease") if not p.name.startswith(".")]
        if done < swaps and (rng.random() < 0.5 or not at_work):
            replace_for_a_moment(weights, b"2.0", rng)
            done += 1
        elif done < swaps:
            folder = home / "data" / rng.choice(at_work) / "visible"
            first, other = sorted(folder.iterdir())[2:4]
            replace_for_a_moment(first, other.read_bytes() + b"\0", rng)
            done += 1
        records = sorted(runs.rglob("s*.json"))
        if len(records) > 16 and done < swaps:
            for record in rng.sample(records, 12):
                record.unlink()
    return done, stopped


def remove_other_weights(runs: Path) -> int:
    """An invocation that began with the other weights made another run: its boxes must be theirs. How many boxes."""
    boxes = 0
    for about in runs.glob("LasHeR/loads@*/about-run.json"):
        weights = json.loads(about.read_text())["identity"]["weights"]
        step = next(step for step in ("1.0", "2.0") if hashlib.sha256(step.encode()).hexdigest() == weights)
        rows = [row for p in about.parent.glob("*_confidence.txt") for row in p.read_text().split()[1:]]
        assert {float(row) for row in rows} <= {float(step)}, f"boxes of other weights in {about.parent}"
        if step == "2.0":
            boxes += len(rows)
            shutil.rmtree(about.parent)
    return boxes


def replace_for_a_moment(file: Path, content: bytes, rng: random.Random) -> None:
    """Another file under the same name, then the first one again."""
    aside = file.with_suffix(".aside")
    aside.write_bytes(content)
    kept = file.with_suffix(".kept")
    os.link(file, kept)
    aside.replace(file)
    time.sleep(rng.uniform(0.0, 0.2))
    kept.replace(file)


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
        if not (found := holders(runs)):
            continue  # on a busy machine they may not have begun
        if rng.random() < 0.25:
            victim = rng.choice(live)
            victim.kill()
            victim.wait()
            whole += 1
        else:
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


class SmallDisk:
    """A folder on a small disk; where mounting is not allowed, a limit on the size of a file stands in for it."""

    def __init__(self, folder: Path, size: str = "200k") -> None:
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        self.mounted = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0

    def call(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """rgbtbench with that disk, or limit."""
        import resource

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))

        limit = None if self.mounted else limited
        done = subprocess.run(command(*arguments), capture_output=True, text=True, preexec_fn=limit)
        return done

    def move(self) -> None:
        """All that is on it to a larger one."""
        if self.mounted:
            larger = self.folder.with_name(self.folder.name + "-larger")
            shutil.copytree(self.folder, larger)
            subprocess.run(["umount", self.folder], check=True)
            self.folder.rmdir()
            larger.rename(self.folder)


def full_disk(path: Path, runs: Path, size: str) -> str:
    """A disk fills up under a run, a very small one as sequences begin; then all moves to a larger one."""
    disk = SmallDisk(runs, size)
    full = disk.call("run", path, "--runs", runs)
    left = [file for file in contents(runs) if file.endswith((".tmp", ".lease"))]
    disk.move()
    assert full.returncode == 2, f"exit {full.returncode}"
    assert "cannot write" in full.stderr, full.stderr
    assert not left, left
    return f"tmpfs of {size}B" if disk.mounted else "file size limit"


def full_disk_elsewhere(path: Path, runs: Path, out: Path) -> list[str]:
    """The other verbs that write, with a full disk: an error, no traceback, nothing half-written, nothing lost."""
    truth, found = path.parent / "data", []
    good = next((runs / "LasHeR").glob("good@*"))
    results = ("--results", f"good={good}")
    writes = {
        "report --format html": ("report", path, "--runs", runs, "--allow-missing", "--format", "html", "--out"),
        "score --curves": ("score", "LasHeR", "--truth", truth, *results, "--allow-missing", "--curves"),
        "export": ("export", "LasHeR", "--truth", truth, *results, "--out"),
        "synth": ("synth", "LasHeR", "--sequences", "4", "--frames", "20"),
    }
    for verb, arguments in writes.items():
        disk = SmallDisk(out)
        if disk.mounted:
            with suppress(OSError), (out / "filler").open("wb", buffering=0) as filler:
                while filler.write(bytes(4096)):
                    pass
        target = out / "target"
        words = [*arguments[:2], target, *arguments[2:]] if verb == "synth" else [*arguments, target]
        done = disk.call(*words)
        left = [p for p in out.rglob("*") if p.is_file() and p.name.startswith(".")]
        disk.move()
        shutil.rmtree(out)
        if done.returncode == 2 and "Traceback" not in done.stderr and not left:
            found.append(verb)
        else:
            print(f"  full disk in {verb}: exit {done.returncode}, left {left}, {done.stderr[-300:]}")
    return found


def main() -> int:
    """Run it all and compare."""
    kills, seed, batch = (int(value) for value in (sys.argv[1:] + ["60", "0", "1"][len(sys.argv) - 1 :]))
    home, start = Path(tempfile.mkdtemp()), time.monotonic()
    status = 0
    try:
        path = prepare(home, batch)
        assert run(path, home / "undisturbed").wait() == 1, "sequences that must fail are missing"
        expected = contents(home / "undisturbed")
        failed = sum(isinstance(v, tuple) and v[0] == "failed" for v in expected.values())
        print(
            f"undisturbed: {len(list((home / 'undisturbed').rglob('s*.json')))} sequences, {failed} failed as they must"
        )
        lanes, whole = kill_at_random(path, home / "killed", kills, random.Random(seed))
        print(f"killed -9: {lanes} lanes and {whole} whole invocations, two at a time")
        print(
            f"stopped and continued: {stop_and_continue(path, home / 'stopped', kills // 2, random.Random(seed))} times"
        )
        swaps, stopped = swap(path, home / "swapped", kills // 2, random.Random(seed))
        own = remove_other_weights(home / "swapped")
        print(f"swapped: {swaps} times weights or images; {stopped} invocations stopped, {own} boxes of other runs")
        verbs = full_disk_elsewhere(path, home / "undisturbed", home / "small")
        print(f"full disk elsewhere: {', '.join(verbs)}")
        full = [f"full{k}" for k in range(len(DISKS))]
        disks = [full_disk(path, home / name, size) for name, size in zip(full, DISKS, strict=True)]
        print(f"full disk: {', '.join(disks)}: exit 2, nothing half-written")
        stores = ["killed", "stopped", "swapped", *full]
        if batch == 1:  # a cluster's workers track one sequence at a time
            print(f"dask: exit {cluster(path, home / 'dask')} after a worker was killed in mid-sequence")
            stores.append("dask")
        for name in stores:
            code = run(path, home / name, "--devices", "cpu*2").wait()
            found = contents(home / name)
            wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k, "") != found.get(k, ""))
            if batch > 1:  # only what was tracked alone has times, and which that is is chance
                wrong = [k for k in wrong if not k.endswith("_time.txt")]
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
