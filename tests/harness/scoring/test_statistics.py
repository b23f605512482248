from __future__ import annotations

import numpy as np
import pytest

from rgbtbench.core.errors import ConfigError
from rgbtbench.scoring.statistics import _quantiles, holm, intervals, mean_ranks, paired_test, ratio_interval


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    samples = rng.beta(2, 3, size=(300, 60))
    low, high = np.moveaxis(intervals(samples, np.ones((1, 60)))[:, 0], -1, 0)
    assert 0.90 <= ((low <= 0.4) & (high >= 0.4)).mean() <= 0.98


def test_interval_agrees_with_the_normal_approximation():
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    low, high = intervals(values[None], np.ones((1, 400)))[0, 0]
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.002)


def test_weights_restrict_and_pool():
    values = np.array([[0.0, 1.0, 0.0, 1.0]])
    rows = np.array([[1.0, 0, 1, 0], [0, 1, 0, 1], [1, 1e9, 1, 1e9], [1, 0, 0, 0]])
    found = intervals(values, rows)[0]
    assert found[0].tolist() == [0, 0]
    assert found[1].tolist() == [1, 1]
    assert found[2, 1] == pytest.approx(1)
    assert np.isnan(found[3]).all()  # one sequence has no spread


def test_a_gap_makes_a_row_unknown_but_no_other():
    found = intervals(np.array([[np.nan, 0.5, 0.6]]), np.array([[1.0, 1, 1], [0, 1, 1]]))[0]
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_a_ratio_is_of_the_same_draws_and_covers_the_true_one_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    whole = rng.normal(0.5, 1, 300)
    assert ratio_interval(0.6 * whole, whole) == pytest.approx((0.6, 0.6))  # drawn apart it would spread
    hits = 0
    for _ in range(200):
        whole = rng.normal(1, 0.5, 80)
        low, high = ratio_interval(0.6 * whole + rng.normal(0, 0.5, 80), whole)
        hits += low <= 0.6 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_sign_flips_match_the_exact_test():
    """With 8 sequences all 256 sign patterns can be counted."""
    difference = np.array([0.3, 0.1, 0.2, -0.05, 0.15, 0.25, 0.02, 0.07])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1).T
    exact = (np.abs(signs @ difference) >= abs(difference.sum()) - 1e-12).mean()
    assert paired_test(difference, np.ones((1, 8)))[0] == pytest.approx(exact, abs=0.005)


def test_no_difference_is_no_evidence_and_a_clear_one_is():
    p_values = paired_test(np.full(50, 0.1), np.stack([np.ones(50), np.zeros(50)]))
    assert p_values[0] < 0.001
    assert np.isnan(p_values[1])  # of no sequence nothing is known
    assert paired_test(np.zeros(50), np.ones((1, 50)))[0] == 1


def test_p_values_are_uniform_where_nothing_differs():
    rng = np.random.default_rng(3)
    p_values = np.array([paired_test(rng.normal(size=40), np.ones((1, 40)))[0] for _ in range(100)])
    assert 0.35 < p_values.mean() < 0.65
    assert (p_values < 0.05).mean() <= 0.12


def test_holm_keeps_order_and_gaps():
    adjusted = holm(np.array([0.01, np.nan, 0.5, 0.02]))
    assert adjusted[[0, 2, 3]] == pytest.approx([0.03, 0.5, 0.04])
    assert np.isnan(adjusted[1])


def test_intervals_are_those_of_scipys_bootstrap():
    """The same percentile intervals, each by its own draws: they differ by the noise of 2,000 draws alone."""
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(2).beta(2, 3, 80)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0))
    ours = intervals(values[None], np.ones((1, 80)))[0, 0]
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=0.06 * np.ptp(ours))


def test_the_sign_flip_test_is_scipys_permutation_test():
    stats = pytest.importorskip("scipy.stats")
    difference = np.random.default_rng(4).normal(0.15, 0.5, 14)  # few enough for scipy to go through all 2^14 flips
    theirs = stats.permutation_test(
        (difference, np.zeros(14)), lambda a, b, axis: (a - b).mean(axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert 0.05 < theirs.pvalue < 0.95
    assert paired_test(difference, np.ones((1, 14)))[0] == pytest.approx(theirs.pvalue, abs=0.01)


def test_mean_ranks_and_critical_difference_are_those_of_demsar():
    """Table 6 of Demsar 2006: AUC of four variants of C4.5 on 14 data sets; Sec. 3.2.2 gives what follows from it.

    The 0.9751 is printed as 0.975, but ranked before the other 0.975.
    """
    pytest.importorskip("scipy")
    auc = np.array([
        [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957],
        [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978],
        [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.000, 0.965, 0.614, 0.9751, 0.946],
        [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.000, 0.962, 0.669, 0.975, 0.970],
    ])  # fmt: skip
    found = mean_ranks(auc)
    assert found.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=0.006)  # printed with q = 2.569 and two decimals
    assert mean_ranks(auc, level=0.1).critical_difference == pytest.approx(1.12, abs=0.006)


def test_trackers_that_never_differ_share_a_rank_and_are_alike():
    pytest.importorskip("scipy")
    found = mean_ranks(np.ones((3, 10)))
    assert found.ranks.tolist() == [2, 2, 2]
    assert found.p == 1


def test_friedman_finds_what_is_there_and_no_more():
    pytest.importorskip("scipy")
    rng = np.random.default_rng(8)
    noise = [mean_ranks(rng.normal(size=(5, 40))) for _ in range(200)]
    assert np.mean([one.p < 0.05 for one in noise]) <= 0.1
    assert np.mean([np.ptp(one.ranks) > one.critical_difference for one in noise]) <= 0.1
    assert mean_ranks(rng.normal(size=(5, 40)) + np.arange(5)[:, None]).p < 1e-6


def test_two_trackers_are_no_field_to_rank():
    with pytest.raises(ConfigError, match="too few to rank"):
        mean_ranks(np.ones((2, 10)))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_quantiles_are_numpys_bit_for_bit(level):
    values = np.random.default_rng(6).normal(size=(2000, 3, 4))
    values[5, 1, 2] = np.nan  # drawn not at all
    levels = [(1 - level) / 2, (1 + level) / 2]
    assert np.array_equal(_quantiles(values, levels), np.quantile(values, levels, axis=0), equal_nan=True)
