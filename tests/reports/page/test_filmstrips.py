import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from rgbtbench import load
from rgbtbench.reports.page import filmstrips
from rgbtbench.reports.page.filmstrips import APART, SHAPE, Album, Moment, cut, disagreement, moments
from rgbtbench.reports.page.packing import Pack, array_of, unpack
from rgbtbench.reports.page.traces import Traces
from rgbtbench.scoring.evaluation import evaluate


@pytest.fixture
def clips(cli, tmp_path):
    """Three short sequences with images, and boxes that leave the target in the middle of the second."""
    assert cli("synth", "LasHeR", tmp_path / "data", "--sequences", 3, "--frames", 24, "--size", "160x120")[0] == 0
    benchmark = load("LasHeR", tmp_path / "data")
    for label in ("good", "lost"):
        (tmp_path / label).mkdir()
        at = 0
        for k, (name, length) in enumerate(zip(benchmark.names, benchmark.lengths, strict=True)):
            boxes = benchmark.truth[0, at : at + length].copy()
            boxes[12, 0] += 60 * (label == "lost" and k == 1)
            np.savetxt(tmp_path / label / f"{name}.txt", boxes, delimiter=",")
            at += length
    return tmp_path


def album_of(folder):
    benchmark = load("LasHeR", folder / "data")
    traces = Traces(benchmark, 400, frames=True)
    evaluate(benchmark, {label: folder / label for label in ("good", "lost")}, watch=traces.watch)
    pack = Pack()
    found, notes = Album(pack).strips(traces, ("good", "lost"))
    return benchmark, found, notes, pack


def test_pictures_show_where_trackers_differ(clips):
    _, found, notes, pack = album_of(clips)
    assert [picture["frame"] for picture in found[1]] == [12]
    assert found[0] == found[2] == []  # the same boxes: nothing to show
    assert notes == []
    [picture] = found[1]
    assert picture["boxes"][1][0] == pytest.approx(picture["boxes"][0][0] + 60, abs=0.11)
    _, rest = unpack(pack.text({}))
    width, height = picture["cut"][2:]
    for ref in picture["images"]:
        with Image.open(io.BytesIO(array_of(ref, rest).tobytes())) as image:
            assert image.format == "JPEG"
            assert image.width / image.height == pytest.approx(width / height, rel=0.03)


def test_a_bad_image_costs_its_sequence_only(clips):
    benchmark = load("LasHeR", clips / "data")
    visible, _ = benchmark.images(benchmark.names[1])
    visible[12].write_bytes(b"\xff\xd8 no picture")
    _, found, [note], _ = album_of(clips)
    assert 1 not in found
    assert note == f"{benchmark.names[1]}: cannot decode image"
    visible[3].unlink()
    assert "23 and 24 images of 24 frames" in album_of(clips)[2][0]


def test_what_does_not_fit_is_said(clips, monkeypatch):
    monkeypatch.setattr(filmstrips, "BUDGET", 1)
    _, found, [note], _ = album_of(clips)
    assert list(found) == [1]  # the sequence with the largest disagreement came first
    assert note == "2 sequences on which trackers differ less: no room"


def test_moments_lie_apart():
    rng = np.random.default_rng(0)
    for length in (1, 2, 7, 300):
        chosen = moments(rng.random(length) + 0.1)
        assert chosen == sorted(set(chosen))
        assert all(0 <= k < length for k in chosen)
        assert all(b - a >= length / APART for a, b in pairwise(chosen))


def test_disagreement_of_one_tracker_is_its_distance_from_the_truth():
    nan = np.nan
    assert disagreement(np.array([[0.25, nan, 1.0]])).tolist() == [0.75, 0.0, 0.0]
    assert disagreement(np.array([[0.25, nan, nan], [0.5, nan, 0.5]])).tolist() == [0.25, 0.0, 0.0]


@pytest.mark.parametrize("image", [(640, 480), (160, 120), (48, 300)])
def test_a_cut_lies_in_the_image_and_holds_the_target(image):
    rng = np.random.default_rng(0)
    for _ in range(200):
        size = rng.uniform(1, np.array(image) / 2)
        corner = rng.uniform(0, np.array(image) - size)
        truth = np.concatenate([corner, size])[None]
        boxes = np.array([truth[0] + [9, 9, 0, 0], [1e9, 0, 5, 5], [np.nan] * 4])
        x, y, width, height = cut(Moment(0, truth, boxes), *image)
        assert 0 <= x <= x + width <= image[0]
        assert 0 <= y <= y + height <= image[1]
        assert x <= corner[0] + 1
        assert x + width >= corner[0] + size[0] - 1
        assert width / height >= SHAPE - 0.1
