"""A tracker in a real child process: it answers, crashes, hangs, babbles."""

import os
import sys
import time

import numpy as np
import pytest
from clips import clip, follow

from rgbtbench.errors import ConfigError, TrackerError
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
