"""A tracker in a real child process: it answers, crashes, hangs, babbles."""

import ast
import os
import shlex
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from clips import clip, follow

from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.core.seeds import current, seed_all
from rgbtbench.trackers import TRACKERS, process
from rgbtbench.trackers.process import Process

CHILD = """
import os, subprocess, sys, time
class Mine:
    def init(self, frame, box):
        print("printed, not answered")
        self.box, self.first = box, frame.rgb.mean()
    def update(self, frame):
        {body}
"""


@pytest.fixture
def child(tmp_path):
    made = []

    def make(body, **options):
        (tmp_path / "mine.py").write_text(CHILD.format(body=body))
        made.append(Process([sys.executable, "{client}", str(tmp_path / "mine.py:Mine")], **options))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close()


def test_boxes_confidence_and_pixels_cross_the_pipe(child):
    frames, truth = clip(4)
    tracker = child("return self.box + frame.index, frame.tir[7, 9, 0] + frame.rgb[5, 6, 2] / 1000")
    for _ in range(2):  # the same child serves the next sequence
        boxes, confidence = follow(tracker, frames, truth[0])
        np.testing.assert_array_equal(boxes, truth[0] + np.arange(4)[:, None])
        np.testing.assert_allclose(confidence, [f.tir[7, 9, 0] + f.rgb[5, 6, 2] / 1000 for f in frames[1:]])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise RuntimeError('out of memory')", "out of memory"),
        ("sys.stderr.write('last words'); sys.stderr.flush(); os._exit(3)", "(?s)ended without.*last words.*status 3"),
        ("os.kill(os.getpid(), 9)", "(?s)ended without.*exit status -9"),
        ("return 'nonsense'", "nonsense"),
        ("time.sleep(60)", "no answer within 0.5 s"),
    ],
)
def test_every_failure_is_one_clear_error_and_the_next_sequence_works(child, body, said):
    frames, truth = clip(2)
    tracker = child(f"{body}\n", timeout=0.5)
    with pytest.raises(TrackerError, match=said):
        follow(tracker, frames, truth[0])
    assert tracker.child is None
    tracker.init(frames[0], truth[0])  # a new child


@pytest.mark.parametrize("answer", ["'hello'", "'[1]'", "'{}'", '\'{"box": "x"}\'', "'a' * (1 << 21)", "'{}\\n{}'"])
def test_garbage_instead_of_an_answer(answer):
    frames, truth = clip(2)
    size = 2 * frames[0].rgb.size
    code = (
        "import sys\ni, o = sys.stdin.buffer, sys.stdout\n"
        f"i.readline(); i.read({size}); o.write('{{}}\\n'); o.flush()\n"
        f"i.readline(); i.read({size}); o.write({answer} + '\\n'); o.flush(); i.readline()"
    )
    tracker = Process([sys.executable, "-c", code], timeout=20)
    with pytest.raises(TrackerError, match="tracker process answered"):
        follow(tracker, frames, truth[0])


def test_a_hanging_child_is_killed_with_what_it_started(child, tmp_path):
    frames, truth = clip(2)
    start = f"p = subprocess.Popen(['sleep', '60']); open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid))"
    with pytest.raises(TrackerError, match="no answer"):
        follow(child(f"{start}; time.sleep(60)", timeout=1), frames, truth[0])
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        try:
            state = open(f"/proc/{pid}/stat").read().split()[2]  # noqa: PTH123, SIM115
        except OSError:
            return
        if state == "Z":  # dead; its new parent has not looked yet
            return
        time.sleep(0.02)
    os.kill(pid, 9)
    pytest.fail("the grandchild survived")


def test_a_command_that_cannot_run_is_a_matter_of_configuration():
    frames, truth = clip(1)
    with pytest.raises(ConfigError, match="cannot start"):
        Process("no-such-interpreter tracker.py").init(frames[0], truth[0])
    with pytest.raises(ConfigError, match="needs a command"):
        Process("")


LOUD = """
import os, random, subprocess, sys
import numpy as np
print("loading", flush=True)
os.write(1, b"x" * 20000)
subprocess.run([sys.executable, "-c", "print('a compiler'); import sys; sys.stdin.read()"])
class Loud:
    def __init__(self, size=1, weights=None, device="none"):
        self.made = [size, float(len(str(weights))), len(device), np.random.rand()]
    def init(self, frame, box):
        self.box = box
        frame.rgb[:] = 0
    def update(self, frame):
        frame.rgb[0, 0] = frame.tir[0, 0]
        frame.tir.sort()
        return {"target_bbox": self.made, "best_score": random.random() + np.random.rand()}
"""


def test_whatever_is_said_while_a_file_loads_is_no_answer_and_parameters_arrive(tmp_path):
    frames, truth = clip(2)
    (tmp_path / "loud.py").write_text(LOUD)
    command = [sys.executable, "{client}", str(tmp_path / "loud.py:Loud")]
    seed_all(3, "")
    tracker = Process(command, params={"size": 5}, weights="w.pt", device="cuda:1", timeout=20)
    try:
        boxes, _ = follow(tracker, frames, truth[0])
        np.testing.assert_array_equal(boxes[1][:3], [5, 4, 6])
    finally:
        tracker.close()


def test_a_class_without_device_gets_none_and_one_that_takes_no_weights_says_so(tmp_path):
    frames, truth = clip(1)
    (tmp_path / "plain.py").write_text("class Plain:\n    def init(self, frame, box): ...\n")
    command = [sys.executable, "{client}", str(tmp_path / "plain.py:Plain")]
    for options in ({}, {"weights": "w"}):
        tracker = Process(command, device="cuda", **options)
        try:
            if options:
                with pytest.raises(TrackerError, match="takes no arguments"):
                    tracker.init(frames[0], truth[0])
            else:
                tracker.init(frames[0], truth[0])
        finally:
            tracker.close()


def test_a_process_draws_what_the_same_tracker_draws_here(tmp_path):
    """In its constructor, and after each sequence's own seed: so two runs are equal, and the same as in-process."""
    path = tmp_path / "draws.py"
    path.write_text(
        "import random\nimport numpy as np\nclass Draws:\n"
        "    def __init__(self): self.first = np.random.rand()\n"
        "    def init(self, frame, box): ...\n"
        "    def update(self, frame): return [self.first, random.random(), np.random.rand(), frame.index]\n"
    )
    frames, truth = clip(3)
    found = []
    for name in ("draws.py:Draws", "process", "process"):
        seed_all(7, "")
        here = name.endswith(":Draws")
        command = [sys.executable, "{client}", f"{path}:Draws"]
        tracker = TRACKERS.create(str(tmp_path / name)) if here else Process(command)
        rows = []
        for sequence in ("a", "b"):
            seed_all(7, sequence)
            rows.append(follow(tracker, frames, truth[0])[0])
        found.append(np.array(rows))
        if not here:
            tracker.close()
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[1], found[2])
    assert not np.array_equal(found[0][0], found[0][1])


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
def test_torch_in_a_process_is_seeded_and_has_one_thread_on_a_cpu_lane(tmp_path):
    (tmp_path / "torched.py").write_text(
        "import torch\nclass Torched:\n    def init(self, frame, box): ...\n"
        "    def update(self, frame): return [torch.get_num_threads(), torch.initial_seed() % 1000, 1, 1]\n"
    )
    frames, truth = clip(2)
    seed_all(5, "boy")
    tracker = Process([sys.executable, "{client}", str(tmp_path / "torched.py:Torched")])
    try:
        boxes, _ = follow(tracker, frames, truth[0])
    finally:
        tracker.close()
    assert boxes[1].tolist()[:2] == [1, current() % 1000]


def test_a_client_that_heeds_no_parameters_is_refused():
    """An old copy of the client would make the tracker without them, in silence."""
    frames, truth = clip(1)
    size = 2 * frames[0].rgb.size
    code = f"import sys\ni = sys.stdin.buffer\ni.readline(); i.read({size}); print('{{}}', flush=True); i.readline()"
    tracker = Process([sys.executable, "-c", code], params={"size": 3})
    with pytest.raises(TrackerError, match="did not heed params"):
        tracker.init(frames[0], truth[0])


def test_python_3_6_can_read_the_client():
    text = (Path(process.__file__).parent / "process_client.py").read_text()
    ast.parse(text, feature_version=(3, 6))


PARENT = """
import sys, time
import numpy as np
from rgbtbench.core.types import Frame
from rgbtbench.trackers.process import Process
tracker = Process(sys.argv[1:])
image = np.zeros((8, 8, 3), np.uint8)
tracker.init(Frame(0, image, image), np.ones(4))
print("ready", flush=True)
tracker.update(Frame(1, image, image))
"""
BUSY = """
import ctypes, os, subprocess
class Busy:
    def init(self, frame, box):
        child = subprocess.Popen(["sleep", "60"])
        open({path!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
    def update(self, frame):
        ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock: no thread of ours can act
"""


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "behind-a-shell"])
def test_a_client_and_its_children_end_with_a_killed_parent(tmp_path, wrapped):
    (tmp_path / "busy.py").write_text(BUSY.format(path=str(tmp_path / "pids")))
    client = Path(process.__file__).with_name("process_client.py")
    command = [sys.executable, str(client), str(tmp_path / "busy.py:Busy")]
    command = ["sh", "-c", shlex.join(command) + "; true"] if wrapped else command
    with subprocess.Popen([sys.executable, "-c", PARENT, *command], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "ready\n"
        time.sleep(0.2)  # until it is inside update
        parent.kill()
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    end = time.monotonic() + 5
    while any(map(lives, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    left = [pid for pid in pids if lives(pid)]
    for pid in left:
        os.kill(pid, 9)
    assert not left


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
