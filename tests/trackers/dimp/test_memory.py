"""Old samples fade as in DiMP's framework, and none is forgotten or grown."""

import numpy as np
import pytest
import torch
from golden import fixture

from rgbtbench.trackers.dimp.localise import Flag
from rgbtbench.trackers.dimp.memory import Memory, what_to_learn
from rgbtbench.trackers.dimp.parameters import Parameters

P = Parameters()


def memory(sequences=1, initial=15, p=P):
    return Memory(torch.zeros(initial, sequences, 2, 3, 3), np.zeros((initial, sequences, 4)), p)


def store(m, which, value=0.0, rate=0.01):
    which = np.asarray(which)
    k = len(which)
    return m.store(which, torch.full((k, 2, 3, 3), value), np.full((k, 4), value), np.full(k, rate))


@pytest.mark.parametrize("case", fixture("tracker_logic")["memory"], ids=lambda case: f"{case['memory_size']} slots")
def test_slots_and_weights_are_the_reference(case):
    p = Parameters(memory=case["memory_size"], blurs=(), rotations=()) if case["memory_size"] < 16 else P
    m = memory(1, case["num_init"], p)
    for step in case["steps"]:
        assert store(m, [0], rate=step["lr"]).tolist() == [step["replace"]]
        if "weights" in step:
            assert m.weights[0] == pytest.approx(step["weights"], rel=1e-8)


def test_the_first_frame_keeps_its_share_for_ever():
    m = memory()
    for _ in range(400):
        store(m, [0], rate=0.02)
        assert m.weights[0, :15].sum() >= 0.25 - 1e-12
        assert 1 - 1e-12 <= m.weights.sum() < 1.011
        assert np.ptp(m.weights[0, :15]) < 1e-15
    assert m.weights[0, :15].sum() < 0.26  # the floor was reached


def test_the_first_frame_is_never_replaced_even_when_it_weighs_least():
    m = memory(p=Parameters(initial_weight=0.05))
    slots = [store(m, [0], rate=0.02)[0] for _ in range(300)]
    assert m.weights[0, :15].max() < m.weights[0, 15:].min()
    assert min(slots) == 15


def test_sequences_do_not_touch_one_another():
    rng = np.random.default_rng(0)
    together, alone = memory(3), [memory() for _ in range(3)]
    for k in range(120):
        which = np.flatnonzero(rng.random(3) < (0.9, 0.5, 0.1))
        if len(which):
            rate = (0.01, 0.02)[k % 2]
            slots = store(together, which, float(k), rate)
            assert slots.tolist() == [store(alone[s], [0], float(k), rate)[0] for s in which]
    for s in range(3):
        assert (together.weights[s] == alone[s].weights[0]).all()
        assert (together.features[:, s] == alone[s].features[:, 0]).all()
        assert (together.boxes[:, s] == alone[s].boxes[:, 0]).all()
    assert together.used == 50
    assert alone[2].used < 50


def test_a_sample_lies_where_its_weight_says():
    m = memory(2)
    slots = m.store(np.array([1]), torch.ones(1, 2, 3, 3), np.array([[1.0, 2, 3, 4]]), np.array([0.02]))
    assert m.weights[1, slots[0]] > 0
    assert (m.features[slots[0], 1] == 1).all()
    assert (m.features[:, 0] == 0).all()
    assert m.boxes[slots[0], 1].tolist() == [1, 2, 3, 4]
    assert (m.weights[:, m.used :] == 0).all()


def test_finished_sequences_leave_and_the_others_go_on():
    m, expected = memory(3), memory(2)
    for k in range(60):
        store(m, [0, 1, 2], float(k))
        store(expected, [0, 1], float(k))
    m.keep(np.array([2, 0]))
    store(m, [0], 99.0)
    store(expected, [0], 99.0)
    assert (m.weights == expected.weights).all()
    assert (m.features == expected.features).all()
    assert m.features.shape[:2] == (50, 2)


def test_memory_stays_the_same_however_long_the_sequence():
    m = memory()
    place = m.features.data_ptr(), m.boxes.data_ptr()
    for k in range(200):
        store(m, [0], float(k))
    assert (m.features.data_ptr(), m.boxes.data_ptr()) == place
    assert set(m.features[15:, 0, 0, 0, 0].tolist()) == set(map(float, range(165, 200)))  # the latest 35


def test_what_is_learned_depends_on_the_flag_and_every_twentieth_frame():
    flags = np.array([Flag.NORMAL, Flag.NORMAL, Flag.HARD_NEGATIVE, Flag.UNCERTAIN, Flag.NOT_FOUND, Flag.HARD_NEGATIVE])
    which, rates, iterations = what_to_learn(flags, np.array([20, 21, 22, 40, 40, 40]), P)
    assert which.tolist() == [0, 1, 2, 5]
    assert rates.tolist() == [0.01, 0.01, 0.02, 0.02]
    assert iterations.tolist() == [2, 0, 1, 0, 0, 1]
