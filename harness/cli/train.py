"""The verb ``train``: a recipe into a file of weights."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rgbtbench.core.errors import not_installed
from rgbtbench.core.terminal import log

from .options import Verbs, add, count

EXAMPLES = (
    "train nano/teacher --out trained/teacher",
    "train nano/hfrd --set teacher.weights=trained/teacher/teacher.safetensors --device cuda",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    train = add(verbs, "train", _train, "a recipe into a network's weights; goes on where it stopped", EXAMPLES)
    train.add_argument("recipe", metavar="RECIPE.yaml", help="a file, or one that we ship, such as nano/teacher")
    train.add_argument("--out", type=Path, metavar="DIR", help="default: trained/ and the recipe's name")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.root=PATH")
    train.add_argument("--device", default="cpu", metavar="D", help="cpu (default), cuda or cuda:N; torchrun: cuda")
    train.add_argument("--steps", type=count, metavar="N", help="stop after so many; the same command goes on")
    train.add_argument("--fresh", action="store_true", help="begin again, whatever --out holds")


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
            log(f"{recipe.name}: {training.state.step} of {recipe.steps} steps are in {training.file}")
        finished = training.run(arguments.steps)
    if joined.first and finished:
        log(f"done   {training.output}        next: rgbtbench weights inspect {shlex.quote(str(training.output))}")
    elif joined.first:
        log(f"stopped after step {training.state.step} of {recipe.steps}; the same command goes on")
    return 0
