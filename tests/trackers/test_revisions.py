"""Whoever changes how networks track must say so: their runs would be taken for those of before."""

from dataclasses import asdict

import pytest

pytest.importorskip("torch")

from rgbtbench.core import identity
from rgbtbench.trackers import REVISIONS, TRACKERS, motion, revision
from rgbtbench.trackers.crossmodal import models as crossmodal
from rgbtbench.trackers.dimp import online
from rgbtbench.trackers.mdnet import models as mdnet

CONSTANTS = (motion.STEADY, online.BESIDE, online.WIDE, online.NEARNESS)
PINNED = {
    ("rgbtbench.trackers.crossmodal", 6): "f935afef9f6b69cd",
    ("rgbtbench.trackers.mdnet", 2): "497665a2c08ccc51",
}


@pytest.mark.parametrize("family", [crossmodal, mdnet])
def test_other_constants_are_another_revision(family):
    package = family.__package__
    tracking = {n: {p: asdict(preset.tracking) for p, preset in sizes.items()} for n, sizes in family.MODELS.items()}
    found = identity.digest([tracking, CONSTANTS])[:16]
    known = PINNED.get((package, REVISIONS[package]))
    assert found == known, f"raise REVISIONS[{package!r}] in trackers/__init__.py and pin {found} for it here"


def test_networks_have_a_revision_and_nothing_else_has():
    assert {name for name in TRACKERS.builtin if revision(name)} == {*crossmodal.MODELS, *mdnet.MODELS}
    for same in ("CMD-Student", "rgbtbench.trackers.crossmodal.models:student"):
        assert revision(same) == REVISIONS["rgbtbench.trackers.crossmodal"]
    assert revision("./dcf.py:DCF") is None
