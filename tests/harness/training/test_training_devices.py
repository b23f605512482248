"""A step of training mixes no devices: student, teacher and distillation on a pretended GPU, forward and backward."""

from __future__ import annotations

import pytest
import torch
from pretended_gpu import pretended_gpu
from tiny import DISTILLED, STUDENT, load_recipe, write_recipe

from rgbtbench.training.loader import Loader

RECIPES = {"student": STUDENT, "mpsd": DISTILLED.replace("hfrd", "mpsd"), "hfrd": DISTILLED}


@pytest.mark.filterwarnings("ignore:.*pin_memory")
@pytest.mark.parametrize("name", RECIPES)
def test_a_step_is_on_one_device(name, tmp_path):
    recipe = load_recipe(write_recipe(tmp_path, RECIPES[name]))
    family = recipe.family
    source = family.source(recipe)
    with pretended_gpu() as gpu:
        device = torch.device("cuda")
        loader = Loader(source, recipe.data.sampling, kind=family.kind, batch=2, seed=0, device=device)
        learner = family.learner(recipe, device, source)
        terms = learner(next(loader))
        assert {term.device.type for term in terms.values()} == {"cuda"}
        sum(terms.values()).backward()
        loader.close()
        assert gpu.held
