from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from golden import fixture

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.models import MODELS, build, find
from rgbtbench.trackers.dimp.network import Network

COUNTS = fixture("param_counts")
ROWS = {
    "cmd-teacher": "teacher",
    "cmd-student": "student_mpsd",
    "cmd-student-origin": "student_concat",
    "cmd-student-saf": "student_saf_matched",
    "cmd-student-caf": "student_caf_matched",
    "cmd-student-softmax": "student_mpsd",
    "cmd-student-living": "student_mpsd",
    "cmd-student-tf": "student_tf",
    "cmd-student-2xres18": "student_2xres18_mpsd",
    "dimp-18": "dimp18",
    "dimp-50": "dimp50",
}


GOLDEN = {name: COUNTS[row] for name, row in ROWS.items()}
GOLDEN["mfdimp"] = {"total_paper": COUNTS["mfdimp"]["both"], "total_active": 45_833_249}  # its released code
GOLDEN["cedimp"] = {"total_paper": COUNTS["dimp50"]["total_paper"] + 2 * 2 * (512 + 1024)}  # two batch norms a level
GOLDEN["hmft"] = {"total_paper": COUNTS["hmft"]}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_the_papers_to_the_last_one(name):
    golden = GOLDEN[name]
    with torch.device("meta"):
        network = build(name)
    assert network.params_paper == golden["total_paper"]
    if "total_active" in golden:
        assert network.params_active == golden["total_active"]


@pytest.mark.parametrize(("name", "level", "part", "key"), [
    ("cmd-teacher", 0, "mdc", "fusion3"), ("cmd-teacher", 1, "mdc", "fusion4"),
    ("cmd-teacher", 0, "frs", "fusion3"), ("cmd-teacher", 1, "frs", "fusion4"),
    ("cmd-student-tf", 0, "mdc", "fusion3"), ("cmd-student-tf", 1, "frs", "fusion4"),
    ("cmd-student", 0, "sa", "fusion3"), ("cmd-student", 1, "selector", "fusion4"),
])  # fmt: skip
def test_parameters_of_each_part_of_a_fusion(name, level, part, key):
    parts = {"sa": ("attention",), "selector": ("selector",), "frs": ("squeeze", "select")}
    parts["mdc"] = ("reduce_rgb", "reduce_tir", "compensate_rgb", "compensate_tir", "expand")
    with torch.device("meta"):
        fusion = build(name).fusion[level]
    counted = sum(p.numel() for child in parts[part] for p in getattr(fusion, child).parameters())
    assert counted == COUNTS[ROWS[name]][key][part]


@pytest.mark.parametrize("name", MODELS)
def test_nano_has_the_same_modules(name):
    """But for what follows from the trunk's depth, as a nano teacher is made of ResNet-18, and for its fusion."""
    with torch.device("meta"):
        paper, nano = build(name), build(name, "nano")
        preset = find(name, "nano")
        like = Network(replace(nano.architecture, depth=paper.architecture.depth), preset.fusion, preset.classifier)
    of_paper, of_nano = (
        [key for key, _ in network.named_parameters() if name != "cmd-teacher" or not key.startswith("fusion.")]
        for network in (paper, like)
    )
    assert of_paper == of_nano
    assert nano.params_active < paper.params_active / 10


def test_unknown_names_are_answered_with_suggestions():
    with pytest.raises(ConfigError, match="did you mean 'cmd-student-tf'"):
        build("cmd-student-tff")
    with pytest.raises(ConfigError, match="did you mean 'nano'"):
        build("cmd-student", "nanno")


def test_a_nano_teacher_that_fuses_gives_its_heads_maps_as_wide_as_a_modalitys():
    """As at the paper's size; the other nano teacher's are twice as wide."""
    fused, beside = build("cmd-teacher", "nano-fused"), build("cmd-teacher", "nano")
    assert tuple(fused.fused) == fused.channels[2:] == beside.channels[2:]
    assert tuple(beside.fused) == tuple(2 * c for c in beside.channels[2:])
    assert [type(f).__name__ for f in fused.fusion] == ["TeacherFusion"] * 2
    fused.trunks.load_state_dict(beside.trunks.state_dict())  # it may begin as the other one's trunks
