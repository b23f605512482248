"""Peaks and distractors are judged as DiMP's framework judges them."""

from dataclasses import replace

import numpy as np
import pytest
from golden import fixture, xy

from rgbtbench.trackers.dimp.localise import Flag, localise, stay_near
from rgbtbench.trackers.dimp.parameters import Parameters

CASES = fixture("tracker_logic")["localize"]
P = Parameters()


def maps(cases=CASES):
    scores = np.zeros((len(cases), 19, 19))
    for s, case in enumerate(cases):
        for row, column, value in case["peaks_y_x_value"]:
            scores[s, row, column] = value
    states = (np.array([xy(c[key]) for c in cases]) for key in ("target_sz_hw", "prev_pos_yx", "sample_pos_yx"))
    return scores, *states, np.array([case["sample_scale"] for case in cases])


def test_all_reference_cases_at_once():
    moved, flags, _ = localise(*maps(), P)
    assert [Flag(flag).name.lower() for flag in flags] == [case["flag"] for case in CASES]
    assert moved == pytest.approx(np.array([xy(case["translation_yx"]) for case in CASES]), rel=1e-8)


def test_a_batch_is_its_maps_one_by_one():
    rng = np.random.default_rng(0)
    together = (rng.normal(0, 0.4, (64, 19, 19)), rng.uniform(5, 200, (64, 2)), *rng.uniform(0, 400, (2, 64, 2)))
    together = *together, rng.uniform(0.3, 4, 64)
    found = localise(*together, P)
    assert set(found[1]) > {Flag.HARD_NEGATIVE, Flag.UNCERTAIN}
    for s in range(64):
        for one, all_ in zip(localise(*(value[s : s + 1] for value in together), P), found, strict=True):
            assert (one[0] == all_[s]).all()


def test_a_window_prefers_the_middle_and_leaves_it_as_it_is():
    scores = np.zeros((1, 19, 19))
    scores[0, 9, 9], scores[0, 9, 17] = 0.6, 0.9
    here = np.array([[100.0, 100.0]])
    at = (np.array([[50.0, 50.0]]), here, here, np.ones(1))
    moved, _, peak = localise(scores, *at, P)
    assert (moved.tolist(), peak.tolist()) == ([[8 * 16, 0]], [0.9])
    moved, _, peak = localise(scores, *at, replace(P, window=0.5))
    assert (moved.tolist(), peak.tolist()) == ([[0, 0]], [0.6])


def test_a_softmax_judges_peaks_by_their_share_of_the_map():
    scores = np.full((2, 19, 19), -3.0)
    scores[:, 9, 12] = 7.0, 1.0  # of 361 cells the others weigh 18 together, after exp
    here, at = np.full((2, 2), 100.0), np.full((2, 2), 50.0)
    moved, flags, peaks = localise(scores, at, here, here, np.ones(2), replace(P, softmax=True, not_found=0.2))
    assert peaks == pytest.approx([np.exp(v) / (np.exp(v) + 360 * np.exp(-3)) for v in (7, 1)])
    assert (moved[0].tolist(), flags.tolist()) == ([48, 0], [Flag.NORMAL, Flag.NOT_FOUND])


def plain(scores, size, previous, sample, scale):
    """DiMP's rules for one map, as written."""
    first = np.array(np.unravel_index(scores.argmax(), scores.shape))
    a = scores[tuple(first)]
    if a < 0.25:
        return first, "NOT_FOUND", a
    hidden, half = scores.copy(), 2.2 * size[::-1] / scale / 16 / 2
    top, left = (max(round(v), 0) for v in first - half)
    bottom, right = (max(round(v), 0) for v in first + half + 1)
    hidden[top:bottom, left:right] = 0
    second = np.array(np.unravel_index(hidden.argmax(), scores.shape))
    b = hidden[tuple(second)]
    if b > 0.8 * a:
        last = 9 + (previous - sample)[::-1] / (16 * scale)
        d1, d2 = np.linalg.norm(first - last), np.linalg.norm(second - last)
        if d2 > 7.6 and d1 < 7.6:
            return first, "HARD_NEGATIVE", a
        if d2 < 7.6 and d1 > 7.6:
            return second, "HARD_NEGATIVE", b
        return first, "UNCERTAIN", a
    if b > 0.5 * a and b > 0.25:
        return first, "HARD_NEGATIVE", a
    return first, "NORMAL", a


def test_random_maps_agree_with_the_rules_as_written():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        scores = rng.uniform(0, 0.24, (19, 19)) * rng.integers(0, 2)
        scores[tuple(rng.integers(0, 19, (2, 3)))] = rng.uniform(0.1, 1, 3)
        # sides of which the mask's ends fall on halves
        size, scale = rng.integers(1, 40, 2) * 16 / 2.2, 1.0
        sample, previous = rng.uniform(0, 300, (2, 2))
        cell, name, value = plain(scores, size, previous, sample, scale)
        moved, flags, values = localise(scores[None], size[None], previous[None], sample[None], np.array([scale]), P)
        assert (Flag(flags[0]).name, values[0]) == (name, value)
        assert moved[0] == pytest.approx((cell[::-1] - 9) * 16.0)
        seen.add(name)
    assert len(seen) == 4


def test_a_map_without_numbers_finds_nothing():
    scores, *state = maps(CASES[:1])
    _, flags, _ = localise(scores * np.nan, *state, P)
    assert flags.tolist() == [Flag.NOT_FOUND]


def test_a_smaller_map_has_its_own_middle_and_radius():
    p = Parameters(crop=128)
    scores = np.zeros((1, 9, 9), np.float32)
    scores[0, 4, 4], scores[0, 4, 8] = 0.9, 0.88  # four cells away: beyond 3.6
    zeros = np.zeros((1, 2))
    moved, flags, values = localise(scores, np.array([[16.0, 16.0]]), zeros, zeros, np.ones(1), p)
    assert (moved.tolist(), flags.tolist()) == ([[0, 0]], [Flag.HARD_NEGATIVE])
    assert values[0] == pytest.approx(0.9)


def test_targets_stay_near_the_image():
    sizes, images = np.full((3, 2), 10.0), np.full((3, 2), 100.0)
    kept = stay_near(np.array([[-50.0, 50], [120, 101], [50, -2]]), sizes, images, P)
    assert kept == pytest.approx(np.array([[-3.0, 50], [103, 101], [50, -2]]))


def test_a_target_between_cells_is_placed_between_them():
    p = replace(P, between_cells=True)
    at = np.array([[6.3, 9.75], [12.0, 3.5]])
    x, y = (np.exp(-((np.arange(19) - at[:, k, None]) ** 2) / 8) for k in (0, 1))
    zeros = np.zeros((2, 2))
    moved, _, values = localise(y[:, :, None] * x[:, None], zeros + 20, zeros, zeros, np.ones(2), p)
    assert moved == pytest.approx((at - 9) * 16, abs=0.4)
    whole, _, same = localise(y[:, :, None] * x[:, None], zeros + 20, zeros, zeros, np.ones(2), P)
    assert np.abs(whole - moved).max() > 3
    assert (values == same).all()


def test_a_peak_at_the_border_stays_there():
    scores = np.zeros((1, 19, 19))
    scores[0, 18, 4:6] = 0.9, 0.6
    zeros = np.zeros((1, 2))
    moved, _, _ = localise(scores, zeros + 20, zeros, zeros, np.ones(1), replace(P, between_cells=True))
    assert moved == pytest.approx(np.array([[(4.25 - 9) * 16, 9 * 16.0]]))
