"""TraX servers of all kinds behind `use: trax`: ours, one made with VOT's own library, and a zoo of broken ones."""

import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from clips import follow
from small import command, contents, rgbtbench, wait_for, write_benchmark, write_experiment

from rgbtbench import load
from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.datasets.decode import frames as decoded
from rgbtbench.datasets.stress import Chosen, stressed
from rgbtbench.trackers.trax import Trax

SERVER = """
import os, subprocess, sys, time
def tell(text): print(text, flush=True)
hello, answer = {hello!r}, {answer!r}
print("loading")
if hello == "hang": time.sleep(60)
tell("@@TRAX:hello " + hello)
index = 0
for line in sys.stdin:
    if line.startswith("@@TRAX:quit"): break
    index += 1
    if "log" in os.environ: open(os.environ["log"], "a").write(line)
    if line.startswith("@@TRAX:initialize") and "version=4" in hello: continue
    if index < 3: tell("a remark\\n@@TRAX:state " + '"1,2,3,4"')
    else: exec(answer)
"""
HELLO = 'trax.version=3 "trax.name=a server" "trax.image=path" trax.region=rectangle;polygon "trax.channels=color;ir"'


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    root = write_benchmark(tmp_path_factory.mktemp("data"), frames=5, names=("a=b c",))
    return load("LasHeR", root).sequence("a=b c")


@pytest.fixture
def server():
    made = []

    def make(answer="tell('@@TRAX:state 5,6,7,8')", hello=HELLO, **options):
        code = SERVER.format(hello=hello, answer=answer)
        made.append(Trax([sys.executable, "-c", code], **{"timeout": 20, **options}))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close()


def run(tracker, sequence):
    tracker.begin(sequence)
    return follow(tracker, list(decoded(sequence)), sequence.init)


def test_rectangles_and_confidences_come_back_and_prints_do_not_matter(server, sequence):
    tracker = server(
        'print(\'x\' * 99); tell(f\'@@TRAX:state "{index},2.5,3,4e1" "confidence=0.{index}" "mood=good"\')'
    )
    boxes, confidence = run(tracker, sequence)
    assert boxes[1:].tolist() == [[1, 2, 3, 4], [3, 2.5, 3, 40], [4, 2.5, 3, 40], [5, 2.5, 3, 40]]
    assert np.isnan(confidence[0])
    assert confidence[1:].tolist() == [0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("hello", "begin"),
    [
        (HELLO, ['@@TRAX:initialize "{rgb[0]}" "{tir[0]}" "3.0,2.0,8.0,6.0"', '@@TRAX:frame "{rgb[1]}" "{tir[1]}"']),
        (
            "trax.version=2 trax.channels=ir",
            ['@@TRAX:initialize "{tir[0]}" "3.0,2.0,8.0,6.0"', '@@TRAX:frame "{tir[1]}"'],
        ),
        ("", ['@@TRAX:initialize "{rgb[0]}" "3.0,2.0,8.0,6.0"', '@@TRAX:frame "{rgb[1]}"']),
        (
            'trax.version=4 "trax.channels=color;ir"',
            [
                '@@TRAX:initialize "3.0,2.0,8.0,6.0"',
                '@@TRAX:frame "{rgb[0]}" "{tir[0]}"',
                '@@TRAX:frame "{rgb[1]}" "{tir[1]}"',
            ],
        ),
    ],
    ids=["version-3", "heat-alone", "version-1", "version-4"],
)
def test_each_version_gets_the_files_of_the_channels_it_asks_for(server, sequence, tmp_path, monkeypatch, hello, begin):
    monkeypatch.setenv("log", str(tmp_path / "log"))
    run(server(hello=hello), sequence)
    files = {name: [f"file://{path}" for path in getattr(sequence, name)] for name in ("rgb", "tir")}
    assert (tmp_path / "log").read_text().splitlines()[: len(begin)] == [line.format(**files) for line in begin]


def test_a_server_that_takes_pixels_alone_gets_ours(server, sequence):
    look = (
        "import base64; raw = [base64.b64decode(w.strip('\"').split(';')[3]) for w in line.split()[1:]]; "
        "tell(f'@@TRAX:state {sum(raw[0])},{sum(raw[1])},{len(raw[0])},1')"
    )
    boxes, _ = run(server(look, hello=HELLO.replace("image=path", "image=memory")), sequence)
    frame = list(decoded(sequence))[3]
    assert boxes[3].tolist() == [frame.rgb.sum(), frame.tir.sum(), frame.rgb.size, 1]


def test_images_under_stress_come_as_pixels_or_as_files_that_go_again(server, sequence):
    under, seen = stressed(sequence, Chosen("tir-black", 3), 0), "{sum(pixels[0])},{sum(pixels[1])},7,8"
    look = {
        "memory": "import base64; pixels = [base64.b64decode(w.strip('\"').split(';')[3]) for w in line.split()[1:]]; ",
        "path": "from PIL import Image; pixels = [Image.open(w.strip('\"')[7:]).tobytes() for w in line.split()[1:]]; ",
    }
    frame = list(decoded(sequence))[3]
    for kind, reads in look.items():
        tracker = server(reads + f"tell(f'@@TRAX:state {seen}')", hello=HELLO.replace("image=path", f"image={kind}"))
        boxes, _ = run(tracker, under)
        assert boxes[3].tolist() == [frame.rgb.sum(), 0, 7, 8]
        folder = tracker.written and Path(tracker.written.name)
        assert (folder is not None) == (kind == "path")
        assert not folder or len(list(folder.iterdir())) == 2
        tracker.close()
        assert not folder or not folder.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hello": "hang", "timeout": 0.2, "start": 0.3}, "(?s)no answer within 0.5 s.*@@TRAX:hello"),
        ({"hello": "trax.region=polygon;mask"}, "(?s)does not take rectangles.*polygon;mask"),
        ({"hello": "trax.image=url"}, "(?s)takes no image files.*url"),
        ({"hello": 'trax.version=3 "trax.channels=color;depth"'}, "(?s)wants other channels.*color;depth"),
        ({"hello": '"never ends'}, "sent a broken message"),
        ({"answer": "tell('@@TRAX:state 1,1,2,1,2,2')"}, "(?s)answered no rectangle.*a polygon of 3 points"),
        ({"answer": "tell('@@TRAX:state \"mask:1,1,2,2,0,4\"')"}, "(?s)answered no rectangle.*a mask"),
        ({"answer": "tell('@@TRAX:state m1,1,2,2,0,4')"}, "(?s)answered no rectangle.*a mask"),
        ({"answer": "tell('@@TRAX:state 0')"}, "(?s)answered no rectangle.*no region but '0'"),
        ({"answer": "tell('@@TRAX:state nan,1,2,3')"}, "(?s)answered no rectangle.*nan,1,2,3"),
        ({"answer": "tell('@@TRAX:state')"}, "(?s)answered no single region.*0 regions"),
        ({"answer": "tell('@@TRAX:state 1,2,3,4 5,6,7,8')"}, "(?s)answered no single region.*2 regions"),
        ({"answer": "tell('@@TRAX:state 1,2,3,4\\n@@TRAX:state 5,6,7,8'); time.sleep(.3)"}, "answered (twice|before)"),
        ({"answer": "tell('@@TRAX:state 1,2,3,4 confidence=high')"}, "(?s)confidence that is no number.*high"),
        ({"answer": "tell('@@TRAX:quit \"trax.reason=out of memory\"')"}, "(?s)left.*out of memory"),
        ({"answer": "tell('@@TRAX:hello')"}, "(?s)did not say state"),
        ({"answer": "tell('x' * (1 << 21))"}, "answered without end"),
        (
            {"answer": "sys.stderr.write('z' * (1 << 22) + 'last words'); os._exit(3)"},
            "(?s)ended.*last words.*status 3",
        ),
        ({"answer": "print('to stdout', flush=True); os.kill(os.getpid(), 9)"}, "(?s)ended.*to stdout.*status -9"),
        ({"answer": "while True: print('flood')", "timeout": 0.5}, "no answer within 0.5 s"),
        (
            {"answer": "os.fork() or time.sleep(60); os._exit(5)", "timeout": 0.5},
            "(?s)ended without an answer.*status 5",
        ),
        ({"answer": "time.sleep(60)", "timeout": 0.5}, "no answer within 0.5 s"),
    ],
)
def test_every_failure_is_one_clear_error_and_the_process_is_gone(server, sequence, options, said):
    tracker = server(**options)
    with pytest.raises(TrackerError, match=said):
        run(tracker, sequence)
    assert tracker.child is None


def test_a_server_that_cannot_start_is_a_matter_of_configuration(sequence):
    with pytest.raises(ConfigError, match="cannot start"):
        run(Trax("no-such-tracker"), sequence)


@pytest.mark.parametrize(("restart", "word", "same"), [(True, "", False), (False, "", True), (False, " vot=1", False)])
def test_who_serves_the_next_sequence(server, sequence, restart, word, same):
    """A process of its own, unless the user says otherwise and the server does not."""
    tracker = server("tell(f'@@TRAX:state {os.getpid()},2,3,4')", hello=HELLO + word, restart=restart)
    first, second = (run(tracker, sequence)[0][-1, 0] for _ in range(2))
    assert (first == second) == same


LIBRARY = """
import os, trax
with trax.Server([trax.Region.RECTANGLE], [trax.Image.PATH], ["color", "ir"], "theirs") as server:
    while True:
        request = server.wait()
        if request.type in (trax.TraxStatus.QUIT, trax.TraxStatus.ERROR): break
        color, ir = (request.image[name].path() for name in ("color", "ir"))
        print("a tracker that prints", color)
        if request.type == trax.TraxStatus.INITIALIZE:
            [(region, _)] = request.objects
            box = list(region.bounds())
        else:
            box[0] += 0.5
        told = {"confidence": int(os.path.basename(color)[1:4]) + int(os.path.basename(ir)[1:4]) / 100}
        server.status([(trax.Rectangle.create(*box), told)])
"""


@pytest.mark.skipif(not find_spec("trax"), reason='VOT\'s library is not installed: pip install "rgbtbench[vot]"')
def test_a_tracker_made_with_vots_own_library(sequence):
    tracker = Trax([sys.executable, "-c", LIBRARY], restart=False)
    try:
        for _ in range(2):
            boxes, confidence = run(tracker, sequence)
            assert boxes[:, 0].tolist() == [3, 3.5, 4, 4.5, 5]
            np.testing.assert_allclose(confidence, [1.01, 2.02, 3.03, 4.04], atol=1e-6)
    finally:
        tracker.close()


def test_our_servers_answer_as_they_do_here(sequence):
    from rgbtbench.running.track import track
    from rgbtbench.trackers.dcf import DCF

    tracker = Trax([*command("trax", "dcf")])
    try:
        there, here = (track(one, sequence) for one in (tracker, DCF()))
    finally:
        tracker.close()
    np.testing.assert_array_equal(there.boxes, here.boxes)
    np.testing.assert_array_equal(there.confidence, here.confidence)


TRACKERS = """\
- {use: './trackers.py:Walk', label: Walk}
- {use: trax, label: Served, params: {command: [PYTHON, -m, rgbtbench, trax, './trackers.py:Walk']}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_benchmark(home / "data", frames=10, names=("a", "b", "c"))
    return home


def experiment(home, pause):
    text = TRACKERS.replace("PYTHON", sys.executable)
    path = write_experiment(home, text)
    (home / "trackers.py").write_text((home / "trackers.py").read_text().replace("pause=0.0", f"pause={pause}"))
    return path


def boxes_of(runs, label):
    return {path.name: path.read_bytes() for path in runs.glob(f"*/{label}@*/?.txt")}


def test_a_run_killed_in_the_middle_resumes_to_the_same_bytes_and_leaves_no_server(home):
    """Walk draws from every global generator: the seed must arrive, too."""
    path = experiment(home, 0.02)
    whole, killed = home / "whole", home / "killed"
    assert rgbtbench("run", path, "--runs", whole).returncode == 0
    assert len(boxes_of(whole, "Walk")) == 3
    assert boxes_of(whole, "Served") == boxes_of(whole, "Walk")
    with subprocess.Popen(command("run", path, "--runs", killed, "--only", "Served")) as process:
        wait_for(lambda: list(killed.glob("*/Served@*/?_time.txt")))
        wait_for(servers)
        lives = servers()
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not set(servers()) & set(lives))
    assert 0 < len(boxes_of(killed, "Served")) < 3
    assert rgbtbench("run", path, "--runs", killed).returncode == 0
    assert contents(killed) == contents(whole)


def test_a_run_goes_on_beside_a_server_that_answers_polygons(home):
    (home / "polygons.py").write_text(SERVER.format(hello=HELLO, answer="tell('@@TRAX:state 1,1,2,1,2,2')"))
    bad = f"- {{use: trax, label: Polygons, params: {{command: [{sys.executable}, ./polygons.py]}}}}\n"
    path = write_experiment(home, bad + "- {use: './trackers.py:Walk', label: Walk}")
    done = rgbtbench("run", path, "--runs", home / "beside")
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("failed")]
    assert len(told) == 3
    assert all("answered no rectangle" in line and "a polygon of 3 points" in line for line in told)
    assert len(boxes_of(home / "beside", "Walk")) == 3


def servers():
    """Processes that serve this test's tracker."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            state = (place / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"trax" in words and words[-2].endswith(b"trackers.py:Walk") and state not in "ZX":
            found.append(place.name)
    return found
