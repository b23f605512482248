"""Our trackers as TraX servers: what a client is told, whatever it says."""

import io
import os
import subprocess

import numpy as np
import pytest
from small import command, rgbtbench, write_benchmark, write_experiment

from rgbtbench import load
from rgbtbench.core.errors import BenchError, TrackerError
from rgbtbench.core.trax_protocol import parse, write
from rgbtbench.running.trax_server import serve
from rgbtbench.trackers.still import Still


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    root = write_benchmark(tmp_path_factory.mktemp("data"), frames=4, names=("a b",))
    return load("LasHeR", root).sequence("a b")


def talk(sequence, *said, make=Still, **options):
    """What a server answers, and what it raises."""
    answers, raised = io.BytesIO(), None
    files = {
        f"{name}{k}": f"file://{file}" for name in ("rgb", "tir") for k, file in enumerate(getattr(sequence, name))
    }
    try:
        calls = io.BytesIO(b"".join(line.format(**files).encode() + b"\n" for line in said))
        serve(make, calls, answers, label="mine", **options)
    except BenchError as error:
        raised = error
    lines = [line for line in answers.getvalue().split(b"\n") if line]
    return [parse(line) for line in lines], raised


START, NEXT = '@@TRAX:initialize "{rgb0}" "{tir0}" 1,2,3,4', '@@TRAX:frame "{rgb1}" "{tir1}"'


def test_hello_start_frames_and_goodbye(sequence):
    answers, raised = talk(
        sequence, "noise", START, NEXT, '@@TRAX:initialize "{rgb1}" "{tir1}" 5,6,7,8', "@@TRAX:quit", NEXT
    )
    assert raised is None
    assert [answer.name for answer in answers] == ["hello", "state", "state", "state"]
    assert answers[0].options["trax.channels"] == "color;ir"
    assert [answer.arguments[0] for answer in answers[1:]] == ["1.0,2.0,3.0,4.0"] * 2 + ["5.0,6.0,7.0,8.0"]


@pytest.mark.parametrize(("modality", "channel", "mean"), [("rgb", "color", "rgb"), ("tir", "ir", "tir")])
def test_one_modality_is_asked_for_and_stands_in_both_places(sequence, modality, channel, mean):
    class Look(Still):
        def update(self, frame):
            return [frame.rgb.mean(), frame.tir.mean(), frame.index, 1], 0.25

    said = [line.replace('"{tir0}"', "").replace('"{tir1}"', "").replace("rgb", mean) for line in (START, NEXT)]
    answers, _ = talk(sequence, *said, make=Look, modality=modality)
    assert answers[0].options["trax.channels"] == channel
    assert answers[2].options == {"confidence": "0.25"}
    seen = answers[2].arguments[0].split(",")
    assert seen[0] == seen[1]
    assert seen[2] == "1.0"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([NEXT], "broke the protocol"),
        (["@@TRAX:state 1,2,3,4"], "broke the protocol"),
        (['@@TRAX:initialize "{rgb0}" 1,2,3,4'], "2 images and 1 regions"),
        (['@@TRAX:initialize "{rgb0}" "{tir0}"'], "2 images and 1 regions"),
        (['@@TRAX:initialize "{rgb0}" "{tir0}" 1,1,2,1,2,2'], "a polygon of 3 points"),
        (['@@TRAX:initialize "image:1;1;rgb;AAAA" "{tir0}" 1,2,3,4'], "an image of kind 'image'"),
        (['@@TRAX:initialize "file:///nowhere.jpg" "{tir0}" 1,2,3,4'], "no such image"),
        ([START, '@@TRAX:frame "never ends'], "no words of a message"),
    ],
)
def test_a_client_that_breaks_the_protocol_is_told_why(sequence, said, reason):
    answers, raised = talk(sequence, *said)
    assert answers[-1].name == "quit"
    assert reason in answers[-1].options["trax.reason"]
    assert reason in str(raised)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no box but None"),
        ([1, 2, 3], "no box but"),
        ([1, 2, 3, np.nan], "no box but"),
        (([1, 2, 3, 4], "x"), "no number"),
    ],
)
def test_a_tracker_that_answers_no_box_ends_the_session(sequence, answer, reason):
    class Odd(Still):
        def update(self, frame):
            return answer

    answers, raised = talk(sequence, START, NEXT, make=Odd)
    assert isinstance(raised, TrackerError)
    assert reason in answers[-1].options["trax.reason"]


def test_a_tracker_that_raises_is_told_with_its_reason(sequence):
    class Raises(Still):
        def update(self, frame):
            raise RuntimeError('no "idea"\nat all')

    answers, raised = talk(sequence, START, NEXT, make=Raises)
    assert answers[-1].options["trax.reason"].startswith('RuntimeError: no "idea"')
    assert "RuntimeError" in str(raised)


def test_prints_and_children_of_a_tracker_do_not_reach_the_client(sequence, tmp_path):
    (tmp_path / "loud.py").write_text(
        "import os, subprocess, sys\nprint('loading')\nclass Loud:\n"
        "    def init(self, frame, box): os.write(1, b'half a line')\n"
        "    def update(self, frame):\n"
        "        subprocess.run([sys.executable, '-c', \"print('child'); import sys; sys.stdin.read()\"])\n"
        "        return [1, 2, 3, int(os.environ['OMP_NUM_THREADS'])]\n"
    )
    said = [write("initialize", *(f"file://{f[0]}" for f in (sequence.rgb, sequence.tir)), "1,2,3,4"),
            write("frame", *(f"file://{f[1]}" for f in (sequence.rgb, sequence.tir)))]  # fmt: skip
    done = subprocess.run(
        command("trax", f"{tmp_path / 'loud.py'}:Loud"),
        input=b"".join(said),
        capture_output=True,
        timeout=60,
        env={key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"},
    )
    names = [parse(line) for line in done.stdout.split(b"\n") if line]
    assert [answer and answer.name for answer in names] == ["hello", "state", "state"]
    assert names[-1].arguments == ("1.0,2.0,3.0,1.0",)
    assert done.returncode == 0
    assert b"child" in done.stderr


@pytest.fixture
def home(tmp_path):
    write_benchmark(tmp_path / "data", frames=2, names=("a",))
    write_experiment(tmp_path, "- {use: './trackers.py:Walk', label: 100% Walk, modality: rgb, params: {step: 2}}")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "unknown tracker 'nobody'"),
        (["nowhere.py:Mine"], "no such file"),
        (["cmd-student", "--weights", "nowhere.pt"], "no such file"),
        (["Nobody", "--experiment", "{home}/exp.yaml"], "unknown tracker of the experiment 'Nobody'"),
        (["100% Walk", "--experiment", "{home}/exp.yaml", "--preset", "nano"], "the experiment says that already"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(home, arguments, said):
    done = rgbtbench("trax", *(word.format(home=home) for word in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout


def test_the_section_for_the_toolkit_starts_the_same_tracker_anywhere(home, cli):
    from configparser import ConfigParser

    status, printed, _ = cli("trax", "100% Walk", "--experiment", home / "exp.yaml", "--seed", "3", "--ini")
    assert status == 0
    config = ConfigParser()
    config.read_string(printed)
    [name] = config.sections()
    assert name == "100__Walk"
    words = config[name]["command"]
    assert f"--experiment={home}/exp.yaml" in words
    assert "--seed=3" in words
    done = subprocess.run(["sh", "-c", words], input=b"", capture_output=True, cwd="/", timeout=60)
    assert done.returncode == 0, done.stderr
    assert parse(done.stdout.strip()).options["trax.channels"] == "color"
