from __future__ import annotations

import pytest
import torch
from golden import assert_close, fixture, tensor

from rgbtbench.trackers.crossmodal.reviewkd import ABF, TopDown, hcl
from rgbtbench.trackers.networks.resnet import Levels

GOLDEN = fixture("reviewkd")


def loaded(abf, weights):
    missing, unexpected = abf.double().eval().load_state_dict({k: tensor(v) for k, v in weights.items()}, strict=False)
    assert not unexpected
    assert all("running" in key or "num_batches" in key for key in missing)
    return abf


@pytest.fixture(scope="module")
def fused():
    top = loaded(ABF(3, 4, 5, fuse=False), GOLDEN["top_weights"])
    low = loaded(ABF(2, 4, 6, fuse=True), GOLDEN["low_weights"])
    top_out, top_residual = top(tensor(GOLDEN["top_in"]))
    low_out, low_residual = low(tensor(GOLDEN["low_in"]), top_residual)
    return {"top_out": top_out, "top_residual": top_residual, "low_out": low_out, "low_residual": low_residual}


@pytest.mark.parametrize("name", ["top_out", "top_residual", "low_out", "low_residual"])
def test_attention_based_fusion(fused, name):
    assert_close(fused[name], GOLDEN[name])


def test_hierarchical_context_loss(fused):
    targets = {"low_out": tensor(GOLDEN["teacher_low"]), "top_out": tensor(GOLDEN["teacher_top"])}
    assert_close(sum(hcl(fused[k], t, "mean") for k, t in targets.items()), GOLDEN["hcl"])
    channels = sum(hcl(fused[k], t, "mean") * t.shape[1] for k, t in targets.items())
    assert_close(sum(hcl(fused[k], t) for k, t in targets.items()), channels)
    top = targets["top_out"]
    assert_close(hcl(fused["top_out"], 7 * top, "normalised"), hcl(fused["top_out"], top, "normalised"))


def test_the_chain_at_the_papers_size():
    channels, sides = (64, 64, 128, 256), (144, 72, 36, 18)
    chain = TopDown(channels, (64, 256, 512, 1024)).eval()
    with torch.no_grad():
        outputs = chain(Levels(*(torch.zeros(1, c, s, s) for c, s in zip(channels, sides, strict=True))))
    counts = [sum(p.numel() for p in abf.parameters()) for abf in chain.levels]
    assert counts == [165_506, 608_258, 1_214_978, 2_427_392]
    assert [o.shape[1:3] for o in outputs] == [(64, 144), (256, 72), (512, 36), (1024, 18)]


def test_what_the_top_sees_reaches_the_bottom():
    torch.manual_seed(0)
    chain = TopDown((4, 4, 8, 16), (4, 16, 32, 64)).eval()
    levels = Levels(*(torch.randn(2, c, s, s) for c, s in ((4, 16), (4, 8), (8, 4), (16, 2))))
    before, after = chain(levels), chain(levels._replace(layer3=levels.layer3 + 1))
    assert all(not torch.allclose(a, b) for a, b in zip(before, after, strict=True))
    after = chain(levels._replace(stem=levels.stem + 1))
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [False, True, True, True]
