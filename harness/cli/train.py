"""The verb ``train``: a recipe into a file of weights."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import not_installed
from rgbtbench.core.terminal import log as _log

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def add_verb(verbs: _Verbs) -> None:
    """Add it to the command line's subparsers."""
    train = verbs.add_parser("train", help="a recipe into a network's weights; goes on where it stopped")
    train.add_argument("recipe", metavar="RECIPE.yaml", help="a file, or one that we ship, such as nano/teacher")
    train.add_argument("--out", type=Path, metavar="DIR", help="default: trained/ and the recipe's name")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.root=PATH")
    train.add_argument("--device", default="cpu", metavar="D", help="cpu (default), cuda or cuda:N; torchrun: cuda")
    train.add_argument("--steps", type=_count, metavar="N", help="stop after so many; the same command goes on")
    train.add_argument("--fresh", action="store_true", help="begin again, whatever --out holds")
    train.set_defaults(verb=_train)


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1 << 40:
        raise argparse.ArgumentTypeError("must be a number of steps, at least 1")
    return value


def _train(arguments: argparse.Namespace) -> int:
    try:
        from rgbtbench.training.ranks import ranks
        from rgbtbench.training.recipe import load_recipe
        from rgbtbench.training.trainer import Training
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    from rgbtbench.running.cost import check_device

    check_device(arguments.device)
    recipe = load_recipe(arguments.recipe, arguments.set)
    named = Path(arguments.recipe)
    folder = arguments.out or Path("trained") / (recipe.name if named.suffix else named)
    with ranks(arguments.device) as joined:
        training = Training(recipe, folder, joined, fresh=arguments.fresh)
        if training.state.step and joined.first:
            _log(f"{recipe.name}: {training.state.step} of {recipe.steps} steps are in {training.file}")
        finished = training.run(arguments.steps)
    if joined.first and finished:
        _log(f"done   {training.output}        next: rgbtbench weights inspect {shlex.quote(str(training.output))}")
    elif joined.first:
        _log(f"stopped after step {training.state.step} of {recipe.steps}; the same command goes on")
    return 0
