"""What all verbs have in common: a help that ends with two examples, a quick start, statuses that scripts rely on."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rgbtbench import cli


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield verb
                yield from parsers(verb)


VERBS = list(parsers(cli._parser()))


def examples(parser: argparse.ArgumentParser) -> list[str]:
    return parser.format_help().rstrip().partition("\nexamples:\n")[2].splitlines()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.prog)
def test_the_help_of_a_verb_ends_with_two_examples_that_parse(verb: argparse.ArgumentParser):
    lines = examples(verb)
    assert len(lines) == 2
    for line in lines:
        assert f"{line.strip()} ".startswith(f"{verb.prog} ")
        assert callable(cli._parsed(shlex.split(line)[1:]).verb)


def test_every_verb_is_a_file_of_its_name():
    names = [verb.prog.split()[1] for verb in VERBS if len(verb.prog.split()) == 2]
    assert names == [module.__name__.rpartition(".")[2] for module in cli.VERBS]


@pytest.mark.parametrize("code", ["import rgbtbench", "from rgbtbench.cli import main; main(['score', '--help'])"])
def test_a_start_takes_a_tenth_of_a_second(code: str):
    """Of processor time, which other programs do not lengthen; the bound is twice the promise, for slow machines."""

    def seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.2


def test_a_closed_pipe_is_no_error(generated):
    command = [sys.executable, "-m", "rgbtbench", "list", "published"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "Lasher2", "--results", "A=x"], ["unknown benchmark 'Lasher2'", "rgbtbench list benchmarks"]),
        (["score", "LasHeR", "--truth", "nowhere", "--results", "A=x"], ["path not found", "nowhere"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=nowhere"], ["path not found", "nowhere"]),
        (["score", "LasHeR", "--truth", "{truth}"], ["no results", "--results"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "=x"], ["malformed"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=x", "--results", "A=y"], ["two results labelled"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=x", "--split", "tset"], ["unknown split", "'test'"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--attributes", "X"], ["unknown attribute"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--metrics", "MPR"], ["unknown metric"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--boxes", "xyxy"], ["unknown box layout"]),
        (["score", "GTOT", "--truth", "{truth}", "--results", "A={ok}"], ["no sequences of GTOT"]),
        (["export", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--out", "o", "--kit=x"], ["unknown kit"]),
        (["compare", "LasHeR", "A={ok}", "A={ok}", "--truth", "{truth}"], ["different labels"]),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_clear_message(cli, generated, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    paths = {"truth": generated / "LasHeR", "ok": generated / "results" / "fused"}
    status, out, err = cli(*(argument.format(**paths) for argument in arguments))
    assert (status, out) == (2, "")
    for word in words:
        assert word in err, err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())
