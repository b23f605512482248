"""Every shipped recipe learns for two steps: those of the paper from a folder in LasHeR's layout."""

import pytest
import torch
from tiny import SMALL, load_recipe, write_teacher

from rgbtbench.datasets.synthetic import write
from rgbtbench.trackers.mdnet import FAMILY
from rgbtbench.training import shipped
from rgbtbench.training.ranks import ranks
from rgbtbench.training.trainer import Training

FEW = "{positives: 2, negatives: 3, frames: 2, shortest: 20}"  # of MDNet's family, whose size is the paper's here


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    names = write("LasHeR", home / "LasHeR", 2, 24, (160, 120), 0, None)
    (home / "LasHeR" / "trainingsetList.txt").write_text("\n".join(names))
    write_teacher(home / "trained/paper/teacher/teacher.safetensors")
    return home


A_TABLE_EACH = ("hfrd", "ced", "mpsd", "reviewkd-1x", "hmft", "dafnet")  # Tables 1 to 5, the last by both families
OF_ALL = ("parts=2", "precision=fp32", "precision=tf32", "sync_batch_norm=true")
OF_MPSD = ("method_options.path_adapters=shared", "method_options.stop_gradient=false", "model=cmd-student-softmax")
SWITCHES = [(row, switch) for row in A_TABLE_EACH for switch in OF_ALL]
SWITCHES += [(row, switch) for row in ("hfrd", "mpsd") for switch in OF_MPSD]
SWITCHES += [("hfrd", "method_options.response_form=both"), ("hfrd", "method_options.response_form=hinge")]
SWITCHES += [(row, "model=cmd-student-living") for row in ("mpsd-alone", "fus", "hfrd")]


@pytest.fixture(autouse=True)
def quick(home, monkeypatch):
    monkeypatch.chdir(home)
    monkeypatch.setattr(Training, "_floor", lambda *_: 1.0)  # measured and saved elsewhere
    monkeypatch.setattr(Training, "_save", lambda *_: None)


@pytest.mark.parametrize("name", [name for name in sorted(shipped()) if name.startswith("paper/")])
def test_two_steps_teach_every_parameter(name, tmp_path):
    assert still_after_two_steps(name, tmp_path) == []


@pytest.mark.parametrize(("row", "switch"), SWITCHES)
def test_two_steps_under_every_switch(row, switch, tmp_path):
    assert still_after_two_steps(f"paper/{row}", tmp_path, "preset=nano", "batch=4", switch) == []


def still_after_two_steps(name, folder, *switches):
    """Parameters that two steps left as they were."""
    changes = ["trunk=null", "batch=2", "parts=1", "log_gradients=false", "workers=0"]
    of_mdnet = name.split("/")[1] in FAMILY
    changes += [f"data.sampling={FEW}"] if of_mdnet else ["preset=nano", f"data.sampling={SMALL}"]
    with ranks("cpu") as alone:
        training = Training(load_recipe(name, [*changes, *switches]), folder, alone)
        before = {n: p.detach().clone() for n, p in training.learner.named_parameters()}
        assert training.run(2) is False
    return [n for n, p in training.learner.named_parameters() if torch.equal(p, before[n])]
