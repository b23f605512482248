"""What each stress does to pixels, when it strikes, and that every process makes the same bytes."""

import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from clips import clip
from small import write_benchmark

from rgbtbench import load
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.types import Frame
from rgbtbench.datasets.decode import frames, pair
from rgbtbench.datasets.stress import STRESSES, Chosen, Sight, chosen, require_modality, spoiled, stressed

SPOILING = [name for name, stress in STRESSES.items() if stress.pixels]
BY_TIME = ("black", "static", "switch")  # of these a severity says when, not how much
LENGTH = 96


@pytest.fixture(scope="module")
def images():
    frames, _ = clip(2)
    return frames[1].rgb, frames[1].tir


def sight(name, severity=3, sequence="one", seed=0, alone=None):
    return Sight(Chosen(name, severity), seed, sequence, alone)


def strikes(one, images):
    """The frames among ``LENGTH`` whose images are others than they were, by modality."""
    seen = [one(Frame(k, *images)) for k in range(LENGTH)]
    return [{m for m, image in zip(("rgb", "tir"), images, strict=True) if getattr(f, m) is not image} for f in seen]


@pytest.mark.parametrize("name", SPOILING)
def test_a_stress_changes_the_modality_that_it_names_and_more_at_higher_severities(name, images):
    before = [image.copy() for image in images]
    changes, amounts = STRESSES[name].changes, []
    for severity in (1, 2, 3):
        struck = strikes(sight(name, severity), images)
        assert struck[0] == set(), "the first frame is clean"
        assert set.union(*struck) == set(changes)
        k = next(k for k, hit in enumerate(struck) if hit)
        seen = sight(name, severity)(Frame(k, *images))
        for m, image in zip(("rgb", "tir"), images, strict=True):
            after = getattr(seen, m)
            assert (after.shape, after.dtype) == (image.shape, np.uint8)
            if m in struck[k]:
                assert after.flags.writeable, "a tracker may draw into its frame"
                assert not np.array_equal(after, image)
            else:
                assert after is image
        moved = sum(
            np.abs(getattr(seen, m).astype(int) - im).mean() for m, im in zip(("rgb", "tir"), images, strict=True)
        )
        amounts.append(sum(map(len, struck)) if name.endswith(BY_TIME) else moved)
    assert amounts == sorted(set(amounts))
    assert all(map(np.array_equal, images, before)), "what was decoded is not written to"


def test_statistics_of_what_they_are_named_after(images):
    rgb, tir = images
    seen = {name: sight(name)(Frame(50, rgb, tir)) for name in SPOILING}
    assert not seen["rgb-black"].rgb.any()
    assert not seen["both-black"].rgb.any()
    assert not seen["both-black"].tir.any()
    assert seen["tir-static"].tir.std() == pytest.approx(74, abs=2)  # uniform on 0 to 255
    assert seen["rgb-dark"].rgb.mean() < 0.2 * rgb.mean()
    assert seen["rgb-overexposed"].rgb.mean() > 200
    assert seen["rgb-fog"].rgb.std() < 0.5 * rgb.std()
    assert (seen["rgb-rain"].rgb.astype(int) - rgb).max() > 50
    assert (seen["rgb-glare"].rgb.max(axis=2) == 255).mean() > 0.02
    for name in ("rgb-defocus", "rgb-motion-blur"):
        assert seen[name].rgb.std() < rgb.std()
        assert seen[name].rgb.mean() == pytest.approx(rgb.mean(), abs=2)
    assert seen["tir-crossover"].tir.std() < 0.1 * tir.std()
    noise = seen["tir-sensor-noise"].tir.astype(int) - tir
    assert np.array_equal(noise[..., 0], noise[..., 1]) or tir.shape[2] == 3
    flat = np.full((64, 96, 3), 128, np.uint8)
    pattern = [sight("tir-fixed-pattern")(Frame(k, flat, flat)).tir for k in (1, 7)]
    assert np.array_equal(*pattern)
    assert not np.ptp(pattern[0], axis=0).any(), "a column has one offset"
    noisy = [sight("tir-sensor-noise", 1)(Frame(k, flat, flat)).tir.astype(float) for k in (1, 7)]
    assert not np.array_equal(*noisy)
    assert noisy[0].std() == pytest.approx(20, rel=0.15)
    low = seen["tir-low-resolution"].tir
    assert np.array_equal(low[:8, :8], np.broadcast_to(low[0, 0], (8, 8, 3)))
    assert seen["tir-saturated"].tir.mean() > tir.mean() + 60


def test_a_shift_moves_thermal_by_a_share_of_the_width_and_further_in_the_same_direction(images):
    rgb, tir = images
    height, width = tir.shape[:2]
    for sequence in ("one", "two", "three"):
        directions = []
        for severity, far in ((1, width // 80), (3, width // 20)):
            moved = sight("tir-shift", severity, sequence)(Frame(5, rgb, tir)).tir
            inner = tir[far:-far, far:-far]
            here = [
                (dx, dy)
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                if np.array_equal(
                    moved[far + dy * far : height - far + dy * far, far + dx * far : width - far + dx * far], inner
                )
            ]
            directions += here
        assert len(directions) == 2
        assert directions[0] == directions[1] != (0, 0)


def test_which_frame_is_shown():
    shown = {name: [sight(name, 1).shown(k) for k in range(8)] for name in ("rgb-frozen", "tir-delay", "dropped")}
    assert shown["tir-delay"] == [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 5)]
    assert shown["dropped"] == [(0, 0), (0, 0), (2, 2), (2, 2), (4, 4), (4, 4), (6, 6), (6, 6)]
    assert [k - r for k, (r, t) in enumerate(shown["rgb-frozen"]) if r != k] == [1, 1]
    assert all(t == k for k, (_, t) in enumerate(shown["rgb-frozen"]))
    assert [sight("tir-frozen", 3).shown(k) for k in (0, 1, 50)] == [(0, 0), (1, 0), (50, 0)]
    late = [sight("tir-frozen", 2).shown(k)[1] for k in range(LENGTH)]
    assert max(k - t for k, t in enumerate(late)) == 16


def test_bursts_and_turns_cover_the_share_they_say(images):
    share = {
        name: [sum(map(len, strikes(sight(name, s), images))) for s in (1, 2, 3)] for name in ("rgb-black", "switch")
    }
    assert share["rgb-black"] == [LENGTH // 4, LENGTH // 2, LENGTH - 1]
    assert share["switch"][2] == LENGTH - 1
    assert all(len(hit) < 2 for hit in strikes(sight("switch", 3), images)), "never both"


def digests() -> str:
    made = sha256()
    frames, _ = clip(2, seed=3)
    for name in SPOILING:
        for severity in (1, 3):
            seen = sight(name, severity, "other", seed=4)(Frame(21, frames[1].rgb, frames[1].tir))
            made.update(seen.rgb.tobytes() + seen.tir.tobytes())
    return made.hexdigest()


def test_two_processes_make_the_same_bytes():
    code = "import sys; sys.path[:0] = sys.argv[1:]; from test_stress import digests; print(digests())"
    here = os.path.dirname(__file__)  # noqa: PTH120
    asked = [sys.executable, "-c", code, here, os.path.dirname(here)]  # noqa: PTH120
    other = subprocess.run(asked, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert other.stdout.strip() == digests() == digests()


def test_seed_and_sequence_draw_other_numbers(images):
    seen = [
        sight("tir-sensor-noise", 1, *who)(Frame(5, *images)).tir for who in (("a", 0), ("b", 0), ("a", 1), ("a", 0))
    ]
    assert np.array_equal(seen[0], seen[3])
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def test_decoded_frames_are_those_that_are_asked_for_one_by_one(tmp_path):
    sequence = load("LasHeR", write_benchmark(tmp_path, frames=9, names=("one",))).sequence("one")
    for name in ("tir-delay", "jpeg", "rgb-frozen", "tir-sensor-noise"):
        one = Chosen(name, 2)
        under = stressed(sequence, one, 0)
        assert np.array_equal(under.truth, sequence.truth)
        alone = spoiled(lambda k: pair(k, sequence.rgb[k], sequence.tir[k]), Sight(one, 0, "one"))
        for frame in frames(under):
            same = alone(frame.index)
            assert np.array_equal(frame.rgb, same.rgb)
            assert np.array_equal(frame.tir, same.tir)
        first = next(frames(under))
        assert np.array_equal(first.tir, pair(0, sequence.rgb[0], sequence.tir[0]).tir)


def test_a_tracker_of_one_modality_sees_it_spoiled_in_both_places(images):
    seen = sight("rgb-dark", alone="rgb")(Frame(3, images[0], images[0]))
    assert seen.rgb is seen.tir
    assert seen.rgb.mean() < images[0].mean()


def test_words():
    assert [str(one) for one in chosen(["tir-shift:2", "missing:3", "missing:3"])][-2:] == ["dropped:3", "tir-shift:2"]
    assert len(chosen(["all"])) == 3 * len(STRESSES)
    with pytest.raises(ConfigError, match="did you mean 'tir-black'"):
        chosen(["tir-blak:3"])
    for word in ("tir-black:4", "tir-black:", "tir-black:x"):
        with pytest.raises(ConfigError, match="no such severity of tir-black"):
            chosen([word])


@pytest.mark.parametrize(
    ("name", "modality"), [("tir-black", "rgb"), ("rgb-fog", "tir"), ("tir-shift", "tir"), ("switch", "rgb")]
)
def test_a_stress_needs_its_modality(name, modality):
    with pytest.raises(ConfigError, match=f"stress {name}:1 needs"):
        require_modality(Chosen(name, 1), modality, "exp.yaml:4")
    require_modality(Chosen(name, 1), None, "exp.yaml:4")
    require_modality(Chosen("jpeg", 1), modality, "exp.yaml:4")
