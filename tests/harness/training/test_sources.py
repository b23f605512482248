"""Training sequences: LasHeR's train split on disk, and scenes that no generated test set can hold."""

import pickle
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench import load
from rgbtbench.core.errors import ConfigError, DataError
from rgbtbench.datasets.synthetic import design, scene, write
from rgbtbench.datasets.synthetic.waves import STREAMS, stream
from rgbtbench.training.sampling import Sampling
from rgbtbench.training.sources import SCENES, UNSEEN, Recorded, Rendered, scene_seed

SMALL = Sampling(crop=64, train=1, test=2)
word = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def lasher(tmp_path_factory):
    """A generated LasHeR of which two sequences are the train split, one of them too short."""
    root = tmp_path_factory.mktemp("train")
    write("LasHeR", root / "LasHeR", 3, 24, (160, 120), 5)
    out = root / "LasHeR"
    (out / "trainingset").mkdir()
    for name in ("synthetic001", "synthetic003"):
        shutil.move(out / "testingset" / name, out / "trainingset" / name)
    (out / "trainingsetList.txt").write_text("synthetic001\nsynthetic003\n")
    (out / "testingsetList.txt").write_text("synthetic002\n")
    boxes = (out / "annos" / "synthetic003.txt").read_text().splitlines()
    boxes[6:] = ["0,0,0,0"] * 18
    (out / "annos" / "synthetic003.txt").write_text("\n".join(boxes))
    return out


def test_the_train_split_is_read_and_short_sequences_left_out(lasher):
    source = Recorded(load("LasHeR", lasher, split="train"), SMALL)
    about = source.describe()
    assert (about["split"], about["sequences"], about["used"]) == ("train", 2, 1)
    clip = scene((5, 0), design("LasHeR", 5, 0), 24, (160, 120))
    for number in range(5):
        footage = source.footage(1, number)
        assert (footage.boxes == clip.boxes).all()
        assert (footage.visible == (clip.boxes[:, 2] > 0)).all()
    [there] = clip.frames([7])
    stored = footage.frame(7)
    assert np.abs(stored.rgb.astype(int) - there.rgb).mean() < 6
    assert np.abs(stored.tir.astype(int) - there.tir).mean() < 6


def test_sequences_are_drawn_by_seed_and_number_alone(lasher):
    source = Recorded(load("LasHeR", lasher, split="all"), SMALL)
    there = pickle.loads(pickle.dumps(source))
    first = [source.footage(3, n).boxes.tolist() for n in range(12)]
    assert [there.footage(3, n).boxes.tolist() for n in reversed(range(12))][::-1] == first
    assert {str(boxes) for boxes in first} == {
        str(source.benchmark.sequence(n).truth[0].tolist()) for n in ("synthetic001", "synthetic002")
    }
    assert [source.footage(4, n).boxes.tolist() for n in range(12)] != first


def test_held_out_sequences_are_seen_in_validation_alone(lasher):
    source = Recorded(load("LasHeR", lasher, split="all"), SMALL, held_out=1)
    trained, judged = ({str(source.footage(s, n).boxes) for n in range(20)} for s in (3, 3 + UNSEEN))
    assert len(trained) == len(judged) == 1
    assert trained != judged
    assert source.describe()["used"] == 1
    with pytest.raises(DataError, match="left to train on"):
        Recorded(load("LasHeR", lasher, split="all"), SMALL, held_out=2)


def test_a_benchmark_with_too_few_frames_says_how_many_it_has(lasher):
    with pytest.raises(DataError, match="long enough") as caught:
        Recorded(load("LasHeR", lasher, split="train"), Sampling(train=8, test=9))
    assert "more than 34 with a box" in str(caught.value)
    assert "2 sequences, the longest of 24 frames, at most 23 with a box" in str(caught.value)


def test_missing_images_are_found_before_training_starts(lasher, tmp_path):
    out = tmp_path / "LasHeR"
    shutil.copytree(lasher, out)
    (out / "trainingset" / "synthetic001" / "infrared" / "i009.jpg").unlink()
    with pytest.raises(DataError, match="synthetic001 do not match"):
        Recorded(load("LasHeR", out, split="train"), SMALL)


@pytest.mark.parametrize("attributes", [["FL"], ["FL", "CM", "MB", "DEF", "AIV"], ["TC", "SA", "PO"]])
def test_frames_in_any_order_have_the_pixels_of_the_whole_clip(attributes):
    clip = scene(scene_seed(1, 2), attributes, 40, (160, 120))
    whole = list(clip)
    indices = [39, 0, *np.flatnonzero(clip.plan.lost).tolist(), 8, 20, 8]
    for t, frame in zip(indices, clip.frames(indices), strict=True):
        assert frame.index == t
        assert (frame.rgb == whole[t].rgb).all()
        assert (frame.tir == whole[t].tir).all()
    with pytest.raises(IndexError):
        list(clip.frames([40]))


def test_footage_is_the_scene_of_its_number():
    source = Rendered(frames=30, size=(160, 120))
    clip = scene(scene_seed(9, 4), design("LasHeR", 9, 4), 30, (160, 120))
    footage = source.footage(9, 4)
    assert (footage.boxes == clip.boxes).all()
    assert (footage.frame(11).rgb == next(clip.frames([11])).rgb).all()
    assert (source.footage(9, 5).frame(11).rgb != footage.frame(11).rgb).any()
    assert (source.footage(8, 4).frame(11).rgb != footage.frame(11).rgb).any()


def test_a_crowd_changes_the_background_and_no_box():
    plain, crowded, half = (Rendered(frames=30, size=(160, 120), crowded=c) for c in (0.0, 1.0, 0.5))
    changed = 0
    for number in range(20):
        a, b, c = (source.footage(3, number) for source in (plain, crowded, half))
        assert (a.boxes == b.boxes).all()
        designed = "BC" in design("LasHeR", 3, number)
        assert (a.frame(5).tir == b.frame(5).tir).all() == designed
        changed += (a.frame(5).tir != c.frame(5).tir).any()
    assert 0 < changed < 20


def test_a_close_neighbour_wears_a_texture_of_its_own():
    source, shown = Rendered(frames=30, size=(160, 120), close=1.0), (0, 9, 18, 27)
    for number in range(20):
        clip = scene(scene_seed(3, number), design("LasHeR", 3, number) | {"SA"}, 30, (160, 120))
        footage = source.footage(3, number)
        assert (footage.boxes == clip.boxes).all()
        for modality in ("rgb", "tir"):
            pairs = [(getattr(footage.frame(t), modality), getattr(next(clip.frames([t])), modality)) for t in shown]
            assert any((a != b).any() for a, b in pairs) or "TC" in clip.attributes


def test_frames_without_target_or_with_a_modality_lost_are_not_visible():
    source, seen = Rendered(frames=40, size=(160, 120)), set()
    for number in range(40):
        clip = scene(scene_seed(0, number), design("LasHeR", 0, number), 40, (160, 120))
        visible = source.footage(0, number).visible
        absent = {"out": clip.plan.outside, "covered": clip.plan.cover >= 1, "lost": clip.plan.lost > 0}
        assert not any((visible & there).any() for there in absent.values())
        assert (visible | (clip.boxes[:, 2] == 0) | absent["lost"]).all()
        seen |= {name for name, there in absent.items() if there.any()}
    assert seen == {"out", "covered", "lost"}


@given(words=st.lists(word, min_size=1, max_size=6), index=word, seed=word, number=word)
def test_no_generated_benchmark_shares_a_scene_with_training(words, index, seed, number):
    mine = scene_seed(seed, number)
    for tail in (words, [*mine[:1], *words], list(mine), list(mine[:4]), list(mine[:3]), list(mine[:2])):
        huge = sum(w << 32 * k for k, w in enumerate(tail))  # what --seed would have to be
        for last in (index, number, 0, 1):
            for name in ("motion", "background"):
                assert state(mine, name) != state((huge, last), name)


def test_a_plain_tuple_would_have_shared_them():
    """Why the seed has five words: NumPy joins the words of all numbers."""
    assert state((SCENES, 7, 11), "motion") == state((SCENES + (7 << 32), 11), "motion")
    assert state((SCENES, 7, 0), "motion") == state((SCENES, 7), "motion")


@pytest.mark.parametrize("name", STREAMS)
def test_neighbouring_scenes_share_no_stream(name):
    states = {state(scene_seed(seed, number), name) for seed in range(5) for number in range(50)}
    assert len(states) == 250


@pytest.mark.parametrize(
    "wrong", [{"reuse": 0}, {"frames": 19}, {"size": (10, 10)}, {"benchmark": "OTB"}, {"crowded": 1.1}, {"close": -1}]
)
def test_impossible_scenes_are_refused(wrong):
    with pytest.raises(ConfigError):
        Rendered(**wrong)


def state(seed, name):
    return stream(seed, name).bit_generator.state["state"]["state"]
