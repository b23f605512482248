"""Windows are cut where DiMP's framework cuts them, and boxes find their way there and back."""

import numpy as np
import pytest
import torch
from golden import fixture, xy
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench.core.types import Frame
from rgbtbench.trackers.dimp.crop import MEAN, STD, batch, cut, to_crop, to_image

number = st.floats(-2000, 2000, allow_nan=False)
length = st.floats(0.5, 2000)


def ramp(height, width):
    return ((np.arange(height)[:, None] * width + np.arange(width)) / 1000)[..., None]


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("case", fixture("tracker_logic")["crops"])
def test_window_values_and_coordinates_are_the_reference(case):
    centre = xy(case["crop_center_yx"])
    crop, position, scale = cut([ramp(*case["image_hw"])], centre, case["scale"], 288)
    y0, x0, y1, x1 = case["patch_coord_y0x0y1x1"]
    assert position == pytest.approx([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2], abs=1e-12)
    assert position == pytest.approx(xy(case["sample_pos_yx"]), abs=1e-12)
    assert scale == pytest.approx(case["sample_scale"], rel=1e-12)
    for place, value in case["patch_samples"].items():
        row, column = map(int, place.split(","))
        assert float(crop[0, row, column]) == pytest.approx(value, abs=1e-4)

    size = xy(case["target_sz_hw"])
    target = xy(case["centered_sample_pos_yx"])
    box = np.concatenate([target - (size - 1) / 2, size])[None]
    assert to_crop(box, position[None], np.array([scale]), 288)[0] == pytest.approx(case["box_in_crop_xywh"], rel=1e-8)


@given(
    box=st.tuples(number, number, length, length),
    position=st.tuples(number, number),
    scale=st.floats(0.01, 50),
    size=st.sampled_from([128, 288, 576]),
)
def test_boxes_survive_the_way_into_a_crop_and_back(box, position, scale, size):
    box, position, scale = np.array([box]), np.array([position]), np.array([scale])
    back = to_image(to_crop(box, position, scale, size), position, scale, size)
    assert back == pytest.approx(box, abs=1e-8)


def padded(image, centre, scale, size):
    """The same by copying: a padded image, thinned by slicing, resized by torch."""
    far = 250
    image = np.pad(image, ((far, far), (far, far), (0, 0)), mode="edge").astype(np.float32)
    x, y = np.floor(centre).astype(int) + far
    n = round(scale * size)
    part = image[y - (n - 1) // 2 : y + n // 2 + 1, x - (n - 1) // 2 : x + n // 2 + 1]
    part = torch.from_numpy(part.transpose(2, 0, 1).copy())[None]
    return torch.nn.functional.interpolate(part, size=(size, size), mode="bilinear", align_corners=False)[0]


@pytest.mark.parametrize("scale", [0.05, 0.4, 1.0, 2.05])
@pytest.mark.parametrize(
    "centre", [(20, 15), (0, 0), (-30, 10), (45, 100), (-150, -150), (190, 15), (20, 180), (20.9, 14.2)]
)
def test_borders_repeat_wherever_the_window_lies(centre, scale):
    image = noise(30, 40)
    crop, _, _ = cut([image], np.array(centre, float), scale, 64)
    assert torch.allclose(crop, padded(image, centre, scale, 64), atol=1e-3)


@pytest.mark.parametrize("scale", [2.5, 40, 1e6])
@pytest.mark.parametrize("centre", [(20, 15), (-7, 33), (-5000, 15), (1e7, -1e7), (39, 29)])
@pytest.mark.parametrize("shape", [(30, 40), (1, 1)])
def test_huge_windows_cost_no_more_and_show_only_what_is_in_the_image(shape, centre, scale):
    image = noise(*shape) // 2 + 50
    crop, _, found = cut([image], np.array(centre, float), scale, 64)
    assert crop.shape == (3, 64, 64)
    assert crop.min() >= image.min()
    assert crop.max() <= image.max()
    assert found == pytest.approx(scale, rel=0.03)


def test_one_pixel_targets_fill_a_crop():
    image = noise(30, 40)
    crop, position, scale = cut([image], np.array([20.0, 15.0]), 5 / 288, 288)
    assert position.tolist() == [20, 15]
    assert scale == 5 / 288
    assert (crop[:, 143, 143] - torch.from_numpy(image[15, 20])).abs().max() < 5  # 1/100 pixel off its middle, twice


def test_images_that_are_views_or_read_only_are_fine():
    image = noise(30, 40)
    image.flags.writeable = False
    plain, _, _ = cut([image], np.array([20.0, 15.0]), 0.5, 64)
    flipped, _, _ = cut([image[:, ::-1][:, ::-1]], np.array([20.0, 15.0]), 0.5, 64)
    assert (plain == flipped).all()


def test_a_batch_is_its_frames_one_by_one_even_of_different_size():
    frames = [Frame(0, noise(60, 80, 1), noise(60, 80, 2)), Frame(7, noise(90, 50, 3), noise(90, 50, 4))]
    centres, scales = np.array([[40.0, 30.0], [3.5, 88.0]]), np.array([0.7, 2.7])
    rgb, tir, positions, found = batch(frames, centres, scales, 64)
    for s in range(2):
        alone = batch(frames[s : s + 1], centres[s : s + 1], scales[s : s + 1], 64)
        for together, single in zip((rgb, tir, positions, found), alone, strict=True):
            assert (together[s] == single[0]).all()


def test_both_modalities_are_normalised_with_the_same_constants():
    rgb, tir = np.full((50, 50, 3), 255, np.uint8), np.zeros((50, 50, 3), np.uint8)
    seen, warm, _, _ = batch([Frame(0, rgb, tir)], np.array([[25.0, 25.0]]), np.array([1.3]), 64)
    assert seen.mean(dim=(0, 2, 3)).tolist() == pytest.approx([(1 - m) / s for m, s in zip(MEAN, STD, strict=True)])
    assert warm.mean(dim=(0, 2, 3)).tolist() == pytest.approx([-m / s for m, s in zip(MEAN, STD, strict=True)])


@given(
    centre=st.tuples(st.floats(10, 50), st.floats(10, 40)),
    scale=st.floats(0.2, 1.5),
)
def test_a_blob_is_where_its_box_says(centre, scale):
    image = np.zeros((60, 60, 1), np.float32)
    column, row = (int(c) for c in centre)
    image[row - 2 : row + 3, column - 3 : column + 4] = 1
    box = np.array([[column - 3.0, row - 2.0, 7, 5]])
    crop, position, found = cut([image], np.array([30.0, 30.0]), scale, 128)
    x, y, w, h = to_crop(box, position[None], np.array([found]), 128)[0]
    if min(x, y) > 2 and max(x + w, y + h) < 126:
        assert centroid(crop[0]) == pytest.approx([x + (w - 1) / 2, y + (h - 1) / 2], abs=0.15)


def centroid(image):
    weights = image.double() / image.double().sum()
    at = torch.arange(image.shape[-1], dtype=torch.float64)
    return [float((weights.sum(0) * at).sum()), float((weights.sum(1) * at[: image.shape[0]]).sum())]
