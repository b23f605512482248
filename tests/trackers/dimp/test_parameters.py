"""The paper's values are the defaults, and smaller crops follow from the same formulas."""

import math
from dataclasses import FrozenInstanceError

import pytest

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.dimp.parameters import Parameters


def test_derived_values_of_the_paper():
    p = Parameters()
    assert (p.cells, p.scores, p.initial) == (18, 19, 15)
    assert p.radius == pytest.approx(7.6)


def test_a_small_crop_keeps_its_proportions():
    p = Parameters(crop=128)
    assert (p.cells, p.scores) == (8, 9)
    assert p.radius == pytest.approx(3.6)
    assert Parameters(rotations=(5,), blurs=()).initial == 9


def test_values_cannot_change_afterwards():
    with pytest.raises(FrozenInstanceError):
        Parameters().crop = 128  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrong",
    [{"crop": 100}, {"crop": 48}, {"crop": 0}, {"crop": 288.0}, {"crop": True}, {"scale": 0}, {"scale": math.nan},
     {"scale": "5"}, {"memory": 15}, {"rate": 1}, {"rate": -0.1}, {"steps": 0}, {"best": 0}, {"aspect": 1},
     {"blurs": ((1,),)}, {"blurs": 3}, {"blurs": ((0, 1),)}, {"rotations": (math.inf,)}, {"rotations": 4},
     {"shift": 1.2}, {"dropout": 1}, {"expansion": 1}, {"every": 0}, {"near": -1}, {"step": math.inf},
     {"velocity": -0.1}, {"second_look": 1}, {"convincing": "high"}, {"surroundings": 1}],
)  # fmt: skip
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Parameters(**wrong)
