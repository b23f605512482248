from __future__ import annotations

import numpy as np
import pytest

from rgbtbench.scoring.statistics import holm, intervals, paired_test, ratio_interval


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
