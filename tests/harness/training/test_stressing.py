"""``data.stress``: off by default, no trace of it in the identity then; what it does to samples when it is on."""

import numpy as np
import pytest
import torch
from tiny import STUDENT, train, write_recipe

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.identity import digest
from rgbtbench.core.types import Frame
from rgbtbench.training import trainer
from rgbtbench.training.loader import Loader
from rgbtbench.training.recipe import load_recipe
from rgbtbench.training.sampling import Sampling
from rgbtbench.training.sources import Footage, Rendered
from rgbtbench.training.stressing import Stressing


def footage() -> Footage:
    boxes = np.tile([[20.0, 20, 30, 40]], (30, 1))
    return Footage(
        boxes, np.ones(30, bool), lambda t: Frame(t, *(np.full((80, 100, 3), v + t, np.uint8) for v in (50, 150)))
    )


def test_a_recipe_without_it_is_the_recipe_of_before(tmp_path):
    recipe = load_recipe(write_recipe(tmp_path))
    said = recipe.identity(recipe.data.open())
    assert "stress" not in said["data"]
    off = load_recipe(tmp_path / "tiny.yaml", ["data.stress.share=0"])
    on = load_recipe(tmp_path / "tiny.yaml", ["data.stress.share=0.5"])
    assert digest(off.identity(off.data.open())) == digest(said)
    assert on.identity(on.data.open())["data"]["stress"]["share"] == 0.5


def test_the_share_of_samples_is_stressed_after_their_first_frame():
    stressing, struck = Stressing(share=0.5, of=("rgb-black:3", "tir-black:3")), []
    for index in range(100):
        drawn = stressing.footage(footage(), 7, index)
        first, later = drawn.frame(12), drawn.frame(20)
        assert (first.rgb.max(), first.tir.max()) == (62, 162)
        struck.append((later.rgb.max() == 0, later.tir.max() == 0))
        again = stressing.footage(footage(), 7, index)
        again.frame(12)
        assert np.array_equal(again.frame(20).rgb, later.rgb)
    assert not any(a and b for a, b in struck)
    assert 35 <= sum(a or b for a, b in struck) <= 65
    assert min(sum(a for a, _ in struck), sum(b for _, b in struck)) >= 10


def test_no_share_leaves_footage_alone():
    one = footage()
    assert Stressing().footage(one, 0, 0) is one


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("{share: 1.5}", "share out of range"),
        ("{share: 0.5, of: [tir-blak]}", "did you mean 'tir-black'"),
        ("{share: 0.5, of: []}", "names nothing"),
        ("{shares: 0.5}", "did you mean 'share'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, line, wanted):
    path = write_recipe(tmp_path, STUDENT.replace("frames: 24", f"frames: 24, stress: {line}"))
    with pytest.raises(ConfigError, match=wanted) as error:
        load_recipe(path)
    assert "tiny.yaml:4" in str(error.value)


def test_a_training_asks_for_stressed_samples_and_its_validation_for_clean_ones(tmp_path, monkeypatch):
    asked = []

    class Asked(Loader):
        def __init__(self, *arguments, stress=None, **options):
            asked.append(stress and stress.share)
            super().__init__(*arguments, stress=stress, **options)

    monkeypatch.setattr(trainer, "Loader", Asked)
    text = STUDENT.replace("epochs: 2", "epochs: 1").replace("samples: 4", "samples: 2")
    assert train(write_recipe(tmp_path, text), tmp_path / "out", "--set", "data.stress.share=1") == 0
    assert asked == [1, None]


def test_batches_under_stress_are_others_and_the_same_each_time():
    options = {"batch": 2, "seed": 3}
    clean, stressed, again = (
        next(Loader(Rendered(size=(160, 120), frames=24), Sampling(crop=64, train=1, test=1), stress=stress, **options))
        for stress in (None, Stressing(share=1), Stressing(share=1))
    )
    assert torch.equal(clean.train.rgb, stressed.train.rgb), "the first frame stays clean"
    assert torch.equal(clean.test.boxes, stressed.test.boxes)
    assert not torch.equal(clean.test.tir, stressed.test.tir) or not torch.equal(clean.test.rgb, stressed.test.rgb)
    assert torch.equal(stressed.test.tir, again.test.tir)
