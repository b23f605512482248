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
