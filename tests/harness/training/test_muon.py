import pytest
import torch

from rgbtbench.core.errors import ConfigError
from rgbtbench.training.defaults import Optimiser
from rgbtbench.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 16, 144), (2, 64, 16), (1, 1, 9)])
def test_orthogonal_keeps_singular_vectors_and_brings_values_near_one(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 1e-3
    found = orthogonal(matrices)
    values = torch.linalg.svdvals(found)
    assert values.flatten().tolist() == pytest.approx([1] * values.numel(), rel=0.35)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    across = left.mT @ found @ right.mT  # diagonal, if the vectors are the same
    assert torch.allclose(across, torch.diag_embed(across.diagonal(dim1=1, dim2=2)), atol=1e-3)


def test_kernels_step_as_far_in_all_directions_and_the_rest_as_by_adam():
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Conv2d(4, 32, 3), torch.nn.BatchNorm2d(32)).to(
        memory_format=torch.channels_last
    )
    alike = [p.detach().clone().requires_grad_() for p in module.parameters() if p.ndim < 4]
    optimiser = Muon([{"params": list(module.parameters()), "lr": 0.01}], kernels=5)
    adam = torch.optim.Adam(alike, lr=0.01)
    for _ in range(3):
        before = module[0].weight.detach().clone()
        optimiser.zero_grad()
        (module(torch.randn(2, 4, 8, 8)) * torch.randn(2, 32, 6, 6)).sum().backward()
        for parameter, twin in zip((p for p in module.parameters() if p.ndim < 4), alike, strict=True):
            twin.grad = parameter.grad.clone()
        gradient = module[0].weight.grad.clone()
        optimiser.step()
        adam.step()
        change = module[0].weight.detach() - before
        assert (change * gradient).sum() < 0, "uphill"
        moved = torch.linalg.svdvals(change.flatten(1))
        assert moved.tolist() == pytest.approx([0.05] * len(moved), rel=0.35)
    rest = [p for p in module.parameters() if p.ndim < 4]
    assert all(torch.equal(parameter, twin) for parameter, twin in zip(rest, alike, strict=True))


def test_sgd_and_muon_exclude_each_other():
    with pytest.raises(ConfigError, match=r"optimiser\.muon=0"):
        Optimiser({"trunk": 1.0}, momentum=0.9, muon=5)
