"""Batches depend on seed and number only: not on workers, resume, or how many learn together."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data._utils.pin_memory import pin_memory

from rgbtbench.core.errors import ConfigError, DataError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.learn import forward, original_losses
from rgbtbench.training import loader
from rgbtbench.training.loader import Loader
from rgbtbench.training.sampling import Sampling
from rgbtbench.training.sources import Footage, Rendered

SAMPLING = Sampling(crop=64, train=1, test=1)


@dataclass
class Numbered:
    """A flat image whose grey value is the sequence's number, and a box that is seed-dependent. Cheap."""

    reuse: int = 1
    fails_at: int = -1
    slow: float = 0

    def footage(self, seed: int, number: int) -> Footage:
        if number == self.fails_at:
            raise DataError("cannot decode image", where="somewhere")
        time.sleep(self.slow)
        boxes = np.tile([[20.0, 20, 30 + seed % 7, 40]], (30, 1))
        image = np.full((80, 100, 3), number % 256, np.uint8)
        return Footage(boxes, np.ones(30, bool), lambda t: Frame(t, image, image))

    def describe(self) -> dict[str, Any]:
        return {}


def numbers(batch):
    """Which sequences a batch of ``Numbered`` shows."""
    values = (batch.train.rgb[0, :, 0, 0, 0] * 0.229 + 0.485) * 255
    return values.round().int().tolist()


def take(loader, count):
    batches = [next(loader) for _ in range(count)]
    loader.close()
    return batches


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip([*a.train, *a.test, *a[2:]], [*b.train, *b.test, *b[2:]], strict=True))


class Ending(Rendered):
    """Scenes; those from 261 on, which the eighth batch of seed 11 is the first to ask for, are unreadable."""

    def footage(self, seed: int, number: int) -> Footage:
        if number >= 261:
            raise DataError("cannot decode image", where="somewhere")
        return super().footage(seed, number)


def test_workers_resume_and_the_global_generators_change_nothing():
    source = Ending(frames=30, size=(160, 120), reuse=2)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    inline = take(Loader(source, SAMPLING, batch=4, seed=11), 7)
    np.random.seed(3)
    together = Loader(source, SAMPLING, batch=4, seed=11, workers=2)
    spawned = [next(together)]
    for process in multiprocessing.active_children():  # as a scheduler does: the trainer finishes its step first
        os.kill(process.pid, signal.SIGTERM)
    spawned += [next(together) for _ in range(6)]
    with pytest.raises(DataError, match=r"^cannot decode image\n  where     somewhere$"):
        take(together, 3)
    together.close()
    assert not multiprocessing.active_children()
    assert torch.equal(torch.get_rng_state(), before)
    resumed = take(Loader(source, SAMPLING, batch=4, seed=11, start=3), 2)
    assert all(same(a, b) for a, b in zip(inline, spawned, strict=True))
    assert all(same(a, b) for a, b in zip(inline[3:5], resumed, strict=True))
    assert not any(same(inline[0], b) for b in inline[1:])
    assert not same(inline[0], next(Loader(source, SAMPLING, batch=4, seed=12)))


def test_processes_that_learn_together_divide_each_batch():
    source = Rendered(frames=30, size=(160, 120), reuse=2)
    whole = next(Loader(source, SAMPLING, batch=5, seed=1, start=1))
    parts = [next(Loader(source, SAMPLING, batch=5, seed=1, start=1, share=(rank, 2))) for rank in (0, 1)]
    assert [p.train.boxes.shape[1] for p in parts] == [2, 3]
    assert torch.equal(torch.cat([p.test.rgb for p in parts], dim=1), whole.test.rgb)


def test_a_sequence_is_used_several_times_but_seldom_in_a_row(monkeypatch):
    seen = [numbers(b) for b in take(Loader(Numbered(), PLAIN, batch=4, seed=0), 3)]
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    reuse, batch, pool = 4, 2, 16
    monkeypatch.setattr(loader, "POOL", pool)
    seen = [numbers(b) for b in take(Loader(Numbered(reuse=reuse), PLAIN, batch=batch, seed=0), 200)]
    again = np.mean([len(set(a) & set(b)) / batch for a, b in pairwise(seen)])
    assert again < 3 / pool  # 1 / pool by chance; 1 - 1 / reuse if its uses followed one another
    middle = [n for shown in seen for n in shown if batch * pool <= n < batch * (pool + 20)]
    assert 0.8 * reuse < len(middle) / (batch * 20) < 1.2 * reuse
    for number, shown in enumerate(seen):
        assert all(batch * (number // reuse) <= n < batch * (number // reuse + 1 + pool) for n in shown)


PLAIN = Sampling(crop=64, train=1, test=1, grey=0, brightness=0)


def test_a_reused_sequence_is_drawn_from_anew(monkeypatch):
    monkeypatch.setattr(loader, "POOL", 1)
    source = Rendered(frames=30, size=(160, 120), reuse=4)
    first, second = take(Loader(source, SAMPLING, batch=1, seed=2), 2)
    assert not torch.equal(first.train.boxes, second.train.boxes)


def test_errors_arrive_as_they_were():
    batches = Loader(Numbered(fails_at=5), PLAIN, batch=2, seed=0)
    assert [numbers(next(batches)), numbers(next(batches))] == [[0, 1], [2, 3]]
    with pytest.raises(DataError, match=r"^cannot decode image\n  where     somewhere$"):
        next(batches)


def test_waiting_is_measured():
    batches = Loader(Numbered(slow=0.05), PLAIN, batch=2, seed=0)
    next(batches)
    time.sleep(0.2)  # the consumer's own time
    next(batches)
    assert 0.2 <= batches.waited < 0.4


@pytest.mark.parametrize(
    "wrong",
    [{"batch": 0}, {"seed": -1}, {"seed": 2**32}, {"workers": 9}, {"workers": -1}, {"start": -1},
     {"batch": 2, "share": (0, 3)}],
)  # fmt: skip
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Loader(Numbered(), PLAIN, **{"batch": 8, "seed": 0} | wrong)


def test_a_network_learns_from_a_batch():
    network = build("cmd-student", "nano").train()
    batch = next(Loader(Rendered(frames=30, size=(160, 120)), Sampling(crop=128, train=1, test=1), batch=2, seed=0))
    losses = original_losses(forward(network, batch, 1), batch)
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_what_goes_to_a_gpu_is_pinned_tensor_by_tensor(monkeypatch):
    """Bytes cannot be, and what is not pinned makes the copy wait for the kernels before it."""
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor) or tensor)
    packed = next(iter(loader._Stream(Numbered(), SAMPLING, loader.DIMP.kind, 2, range(2), 0, 0)))
    batch = pin_memory(packed)  # as torch's loader does
    assert len(pinned) == 8
    assert same(batch, packed.unpacked())
