"""What is HMFT's own: two classifiers of one network, and their weights."""

from __future__ import annotations

import pytest
import torch
from golden import fixture

from rgbtbench.trackers.crossmodal.hmft import DecisionFusion, Similarity
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.filters import correlate

GENERATOR = torch.Generator().manual_seed(0)
BOXES = torch.tensor([[[40.0, 40.0, 30.0, 40.0], [50.0, 30.0, 40.0, 40.0]]])


@pytest.fixture(scope="module")
def hmft():
    torch.manual_seed(0)
    return build("hmft", "nano").eval()


@pytest.fixture(scope="module")
def features(hmft):
    rgb, tir = torch.randn(2, 2, 3, 128, 128, generator=GENERATOR)
    with torch.no_grad():
        return hmft.classifier.features(hmft.extract(rgb, tir).fused.level4)[None]


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_its_parts_are_the_released_codes():
    with torch.device("meta"):
        network = build("hmft")
    features = network.classifier.features
    assert count(features.fuse) == 788_736
    assert count(features.decide) == 1_574_482
    assert (count(features.own), count(features.shared)) == (4_718_592, 9_437_184)
    assert count(network.iou) == 29_925_761
    assert count(network.classifier.optimiser) == 64
    assert network.params_paper == fixture("param_counts")["hmft"]


def test_each_filter_learns_from_its_own_features(hmft, features):
    classifier, width = hmft.classifier, hmft.architecture.features
    filters = classifier.optimiser(classifier.initialiser(features, BOXES), features, BOXES, 3)
    for k, half in enumerate((slice(0, width), slice(width, 2 * width))):
        own = features[:, :, half]
        alone = classifier.optimiser[k](classifier.initialiser[k](own, BOXES), own, BOXES, 3)
        assert torch.allclose(filters[-1][:, half], alone[-1])


def test_scores_lie_between_the_two_classifiers(hmft, features):
    classifier, width = hmft.classifier, hmft.architecture.features
    filter = classifier.initialiser(features, BOXES)
    scores = classifier.scores(features, filter)
    both = [correlate(features[:, :, s], filter[:, s]) for s in (slice(0, width), slice(width, 2 * width))]
    low, high = torch.minimum(*both), torch.maximum(*both)
    assert ((scores >= low - 1e-5) & (scores <= high + 1e-5)).all()
    trusting = features.clone()
    trusting[:, :, -2:] = torch.tensor([50.0, 0.0])[:, None, None]
    assert torch.allclose(classifier.scores(trusting, filter), both[0], atol=1e-5)


def test_similarity_is_the_product_of_all_pairs_of_cells():
    part = Similarity(6, 4)
    x = torch.randn(3, 6, 5, 7, generator=GENERATOR)
    one, other = (conv(x).relu().flatten(2) for conv in (part.one, part.other))
    pairs = other.transpose(1, 2) @ one  # (N, cells, cells)
    expected = (x.flatten(2) @ pairs).sum(1).view(3, 1, 5, 7)
    assert torch.allclose(part(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [4, 8, 18])
def test_weights_have_the_maps_size_and_depend_on_no_other_sample(side):
    decide = DecisionFusion(6, 12, 4)
    own, shared = (torch.randn(2, c, side, side, generator=GENERATOR) for c in (6, 12))
    together = decide(own, shared)
    assert together.shape == (2, 2, side, side)
    assert torch.allclose(together[1:], decide(own[1:], shared[1:]), atol=1e-6)
