"""A LasHeR of a few tiny images, and trackers that misbehave: what the tests of running share."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

NAMES = ("boy`head", "leftgirl'swhitebag", "floor-1", "easy_boy", "boy", "car", "dog", "man")

TRACKERS = '''
import os, random, sys, time
import numpy as np

class Walk:
    """Looks at the pixels and draws from every global generator: any leak between sequences changes its boxes."""
    def __init__(self, pause=0.0, step=1.0, weights=None, victim="", how=""):
        self.pause, self.step, self.victim, self.how = pause, step, victim, how
    def begin(self, sequence):
        self.name = sequence.name
    def init(self, frame, box):
        self.box, self.frame = np.array(box, float), 0
    def update(self, frame):
        time.sleep(self.pause)
        self.frame += 1
        if self.name == self.victim and self.frame == 3:
            return getattr(self, self.how)()
        self.box[0] += self.step * random.random() + frame.rgb.mean() / 100
        self.box[1] += np.random.rand() + frame.tir.mean() / 100
        return self.box
    def raises(self): raise RuntimeError("no idea")
    def nan(self): return [1, 2, float("nan"), 4]
    def shape(self): return [1, 2, 3]
    def none(self): return None
    def hang(self):
        while True: pass
    def hang_in_c(self):  # which holds the interpreter's lock
        import ctypes
        ctypes.PyDLL(None).sleep(600)
    def exits(self): os._exit(3)
    def sys_exits(self): sys.exit(4)
    def segfaults(self):
        import ctypes
        ctypes.string_at(0)
    def exits_well(self): os._exit(0)
    def real_time(self): os.kill(os.getpid(), 40)  # a signal without a name
    def ctrl_c(self): raise KeyboardInterrupt
    def generator(self): raise GeneratorExit
    def speechless(self):
        class Speechless(Exception):
            def __str__(self): raise RuntimeError
        raise Speechless
    def empty(self): raise Exception("")
    def blank(self): raise ValueError("\\n\\n")
    def surrogate(self): raise ValueError("a\\udc80b")
    def escapes(self): raise ValueError("\\x1b[31mred\\r\\n  next      rm")
    def novel(self): raise ValueError("x" * (2 << 20))
    def moves(self): os.chdir("/"); return self.box
    def closes_files(self): os.closerange(3, 300); return self.box
    def reads_terminal(self): os.read(0, 1); return self.box
    def silences(self):
        import faulthandler
        faulthandler.cancel_dump_traceback_later()
        while True: pass
    def stops(self):
        import signal
        os.kill(os.getpid(), signal.SIGSTOP)
    def leaves_a_child(self):
        import subprocess
        print(subprocess.Popen(["sleep", "60"]).pid, file=open("child", "w"))
        return self.box

class Stays(Walk):
    """Does not end when its work is done."""
    def __init__(self, how):
        super().__init__()
        if how == "close": self.close = lambda: time.sleep(600)
        if how == "thread":
            import threading
            threading.Thread(target=time.sleep, args=(600,)).start()
        if how == "atexit":
            import atexit
            atexit.register(time.sleep, 600)
        if how == "exits":
            import atexit
            atexit.register(os._exit, 5)

class Loads(Walk):
    """Moves by what its weights say, which it reads when it is made, or at each sequence."""
    def __init__(self, weights, late=False, **more):
        super().__init__(**more)
        self.weights, self.late, self.step = weights, late, float(open(weights).read())
    def init(self, frame, box):
        super().init(frame, box)
        if self.late: self.step = float(open(self.weights).read())
    def update(self, frame):
        return super().update(frame).copy(), self.step

class Asked(Walk):
    """Is told to stop, and does not care."""
    def update(self, frame):
        import signal
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except BaseException:
            pass
        return self.box
'''


def write_benchmark(
    root: Path, *, frames: int = 6, names: tuple[str, ...] = NAMES, size: tuple[int, int] = (24, 16)
) -> Path:
    """Write images and truth; the k-th sequence has ``frames + k`` frames."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for k, name in enumerate(names):
        for part, letter in (("visible", "v"), ("infrared", "i")):
            (root / name / part).mkdir(parents=True)
            for t in range(frames + k):
                pixels = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / name / part / f"{letter}{t:03d}.jpg")
        rows = [f"{3 + 0.5 * t},{2 + 0.25 * t},8,6" for t in range(frames + k)]
        (root / name / "init.txt").write_text("\n".join(rows) + "\n")
    (root / "testingsetList.txt").write_text("\n".join(names) + "\n")
    return root


def write_experiment(
    folder: Path, trackers: str = "- {use: './trackers.py:Walk', label: Walk}", *, extra: str = ""
) -> Path:
    """Write an experiment over the benchmark in ``folder / data``, and the trackers' file."""
    (folder / "trackers.py").write_text(TRACKERS)
    path = folder / "exp.yaml"
    lines = "\n".join("  " + line for line in trackers.splitlines())
    path.write_text(f"name: small\ndatasets:\n  LasHeR: data\ntrackers:\n{lines}\nseed: 0\n{extra}")
    return path


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "rgbtbench", *map(str, arguments)]


def rgbtbench(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=timeout)


def contents(runs: Path) -> dict[str, object]:
    """What must be the same after any disturbance: boxes byte for byte, statuses and reasons; and every file's name."""
    import json

    found: dict[str, object] = {}
    for path in sorted(runs.rglob("*")):
        name = str(path.relative_to(runs))
        if path.name.endswith("_time.txt") or path.name.startswith(("machine-", "about-run.json")):
            found[name] = None
        elif path.suffix == ".txt":
            found[name] = path.read_bytes()
        elif path.suffix == ".json":
            record = json.loads(path.read_text())
            found[name] = record["status"], record["error"], record["frames"]
        elif path.is_file():
            found[name] = "unexpected"
    return found


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def holders(runs: Path) -> list[int]:
    """Processes that hold leases."""
    found = []
    for path in runs.rglob("*.lease"):
        try:
            found.append(int(json.loads(path.read_text().splitlines()[0])["pid"]))
        except (OSError, ValueError, IndexError):
            continue
    return found
