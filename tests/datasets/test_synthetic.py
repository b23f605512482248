"""Every attribute is verified against a twin: the same scene without the attribute."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from rgbtbench.core.errors import ConfigError
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.synthetic import ATTRIBUTES, CAUSES, Clip, design, scene

SIZE, FRAMES = (320, 240), 48


@lru_cache(maxsize=6)
def filmed(*attributes: str, benchmark: str = "LasHeR", seed: int = 3) -> tuple[Clip, np.ndarray, np.ndarray]:
    """A clip, its RGB (N, H, W, 3) and its thermal images (N, H, W)."""
    clip = scene(seed, attributes, FRAMES, SIZE, benchmark=benchmark)
    rgb, tir = zip(*((f.rgb, f.tir[..., 0]) for f in clip), strict=True)
    return clip, np.stack(rgb).astype(np.int16), np.stack(tir).astype(np.int16)


def inside(image: np.ndarray, box: np.ndarray, shrink: float = 0.25) -> np.ndarray:
    """The middle of a box."""
    x, y, w, h = box.astype(int)
    dx, dy = int(w * shrink), int(h * shrink)
    return image[y + dy : y + h - dy, x + dx : x + w - dx]


def contrast(image: np.ndarray, box: np.ndarray) -> float:
    """Mean of the target against the ring just outside its box."""
    x, y, w, h = box.astype(int)
    around = image[max(y - 6, 0) : y + h + 6, max(x - 6, 0) : x + w + 6]
    ring = (around.sum() - image[y : y + h, x : x + w].sum()) / (around.size - w * h)
    return abs(float(inside(image, box).mean() - ring))


def changed(image: np.ndarray, twin: np.ndarray, box: np.ndarray) -> float:
    """Share of a box's columns that look different; both images carry the same noise."""
    region = inside(np.abs(image - twin).max(axis=-1) > 8, box, 0)
    return float((region[len(region) // 4 : -len(region) // 4].mean(axis=0) > 0.5).mean())


def named(benchmark: str, cause: str) -> str | None:
    """The attribute that a benchmark has for a cause."""
    return next((name for name, known in ATTRIBUTES[benchmark].items() if known == cause), None)


# -- the table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("benchmark", ATTRIBUTES)
def test_attributes_are_those_of_the_benchmark_in_its_order(benchmark: str) -> None:
    assert list(ATTRIBUTES[benchmark]) == list(BENCHMARKS.get(benchmark).attributes)
    assert set(ATTRIBUTES[benchmark].values()) <= set(CAUSES)


@pytest.mark.parametrize("benchmark", ATTRIBUTES)
@pytest.mark.parametrize("seed", [0, 7])
def test_twenty_sequences_show_everything_and_one_modality_always_sees(benchmark: str, seed: int) -> None:
    shown = [design(benchmark, seed, index) for index in range(20)]
    assert frozenset().union(*shown) == set(ATTRIBUTES[benchmark])
    dark, cold = (named(benchmark, cause) for cause in ("dark", "crossover"))
    assert not any({dark, cold} <= attributes for attributes in shown)
    assert sum(dark in a for a in shown) >= 4
    assert sum(cold in a for a in shown) >= 4
    assert sum(not {dark, cold} & a for a in shown) >= 4


def test_hard_sequences_are_crowded_one_modality_weak_and_most_occluded() -> None:
    hard = [design("LasHeR", 3, index, hard=True) for index in range(60)]
    assert all("BC" in asked and len({"LI", "TC"} & asked) == 1 for asked in hard)
    assert sum("LI" in asked for asked in hard) == 30
    assert sum(bool({"PO", "TO", "HO"} & asked) for asked in hard) >= 50
    assert frozenset().union(*hard) >= set(ATTRIBUTES["LasHeR"]) - {"HI"}  # dazzled, but not in the dark
    assert hard == [design("LasHeR", 3, index, hard=True) for index in range(60)]
    assert all("TC" in design("GTOT", 3, k, hard=True) or "LI" in design("GTOT", 3, k, hard=True) for k in range(9))


@pytest.mark.parametrize("benchmark", ATTRIBUTES)
@pytest.mark.parametrize("size", [(160, 120), (640, 480)])
def test_labels_are_what_the_boxes_show(benchmark: str, size: tuple[int, int]) -> None:
    for index in range(40):
        asked = design(benchmark, 1, index)
        clip = scene((1, index), asked, FRAMES, size, benchmark=benchmark)
        assert asked <= clip.attributes, (index, asked - clip.attributes)
        boxes = clip.boxes
        there = boxes[:, 2] > 0
        assert there[0]
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, :2] + boxes[:, 2:] <= size).all()
        w, h = boxes[there].T[2:]
        moves = np.linalg.norm(np.diff(boxes[:, :2] + boxes[:, 2:] / 2, axis=0), axis=1)[there[1:] & there[:-1]]
        ratio, aspect = w * h / (w[0] * h[0]), w / h / (w[0] / h[0])
        facts = {
            "fast": moves.max() > 20,
            "scale": ratio.max() > 2 or ratio.min() < 0.5,
            "aspect": aspect.max() > 2 or aspect.min() < 0.5,
            "small": np.median(w * h) < 400,
        }
        for attribute, cause in ATTRIBUTES[benchmark].items():
            if cause in facts:
                assert (attribute in clip.attributes) == facts[cause], (index, attribute)
        if not {named(benchmark, cause) for cause in ("out", "total")} & asked:
            assert there.all()
            assert clip.attributes - asked <= {"NO"}


# -- light and heat ----------------------------------------------------------------------------------------------------


def test_li_darkens_rgb_only() -> None:
    _, rgb, tir = filmed("LI")
    _, twin, twin_tir = filmed()
    assert rgb.mean() < 0.1 * twin.mean()
    assert np.array_equal(tir, twin_tir)


def test_hi_blows_rgb_out_only() -> None:
    clip, rgb, tir = filmed("HI")
    _, twin, twin_tir = filmed()
    assert (rgb > 245).mean() > 0.6 > 0.05 > (twin > 245).mean()
    assert np.mean([(inside(f, b) > 245).mean() for f, b in zip(rgb, clip.boxes, strict=True)]) > 0.4
    assert np.array_equal(tir, twin_tir)


def test_aiv_makes_light_jump_between_two_frames() -> None:
    def jump(frames: np.ndarray) -> float:
        mean = frames.mean(axis=(1, 2, 3))
        return float(np.maximum(mean[1:] / mean[:-1], mean[:-1] / mean[1:]).max())

    assert jump(filmed("AIV")[1]) > 2
    assert jump(filmed()[1]) < 1.1
    assert np.array_equal(filmed("AIV")[2], filmed()[2])


@pytest.mark.parametrize("benchmark", ATTRIBUTES)
def test_tc_hides_the_target_in_thermal_only(benchmark: str) -> None:
    clip, rgb, tir = filmed("TC", benchmark=benchmark)
    _, twin, twin_tir = filmed(benchmark=benchmark)
    thermal = clip.truth[-1]
    place = np.median(tir, axis=0)  # the camera stands still

    def shows(frames: np.ndarray) -> float:
        return float(np.median([abs(inside(frames[t] - place, thermal[t]).mean()) for t in range(10, FRAMES)]))

    assert shows(tir) < 3 < 40 < shows(twin_tir)
    assert np.array_equal(rgb, twin)


def test_dark_and_crossed_over_each_blind_one_modality() -> None:
    def overlap(modality: str, *attributes: str) -> float:
        clip, rgb, tir = filmed(*attributes, seed=1)
        return _overlap(_follow(rgb.mean(axis=-1) if modality == "rgb" else tir, clip.boxes[0]), clip.boxes)

    assert overlap("rgb") > 0.6
    assert overlap("tir") > 0.6
    assert overlap("rgb", "LI") < 0.4 < 0.6 < overlap("tir", "LI")
    assert overlap("tir", "TC") < 0.4 < 0.6 < overlap("rgb", "TC")


def _follow(frames: np.ndarray, box: np.ndarray, reach: int = 12) -> np.ndarray:
    """The simplest tracker that works: the first frame's template, least absolute difference."""
    x, y, w, h = box.astype(int)
    template, found = frames[0, y : y + h, x : x + w].astype(np.float32), []
    for frame in frames:
        top, left = max(y - reach, 0), max(x - reach, 0)
        windows = sliding_window_view(frame[top : y + h + reach, left : x + w + reach].astype(np.float32), (h, w))
        cost = np.abs(windows[..., ::2, ::2] - template[::2, ::2]).sum(axis=(2, 3))
        dy, dx = np.unravel_index(cost.argmin(), cost.shape)
        y, x = top + int(dy), left + int(dx)
        found.append((x, y, w, h))
    return np.array(found)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    start, end = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    both = np.maximum(end - start, 0).prod(axis=1)
    return float((both / (a[:, 2:].prod(axis=1) + b[:, 2:].prod(axis=1) - both)).mean())


# -- occlusion ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("benchmark", "attribute", "low", "high"),
    [
        ("LasHeR", "PO", 0.3, 0.7),
        ("RGBT234", "PO", 0.3, 0.7),
        ("RGBT234", "HO", 0.8, 1.0),
        ("LasHeR", "TO", 0.98, 1.0),
        ("GTOT", "OCC", 0.5, 0.9),
    ],
)
def test_occluders_cover_what_the_label_says(benchmark: str, attribute: str, low: float, high: float) -> None:
    clip, rgb, _ = filmed(attribute, benchmark=benchmark)
    bare, twin, _ = filmed(benchmark=benchmark)
    shares = [changed(a, b, box) for a, b, box in zip(rgb, twin, bare.boxes, strict=True)]
    assert shares[0] == 0
    assert low <= max(shares) <= high
    if attribute == "TO":  # no box where there is nothing to see, as LasHeR has it
        hidden = clip.boxes[:, 2] == 0
        assert (clip.boxes[hidden] == 0).all()
        assert np.flatnonzero(hidden).tolist() == np.flatnonzero(clip.plan.cover == 1).tolist()
        assert min(np.array(shares)[hidden]) > 0.9
    else:
        assert np.array_equal(clip.boxes, bare.boxes)


def test_no_means_that_the_target_is_always_seen() -> None:
    clip, _, tir = filmed("NO")
    means = np.array([inside(f, b).mean() for f, b in zip(tir, clip.boxes, strict=True)])
    assert np.ptp(means) < 15
    assert "NO" not in filmed("PO")[0].attributes | filmed("HO")[0].attributes


def test_hyaline_is_see_through_in_rgb_and_not_in_thermal() -> None:
    clip, rgb, tir = filmed("HO")
    _, twin, twin_tir = filmed()
    t = int(clip.plan.veil.argmax())
    box = clip.boxes[t]
    seen, bare = inside(rgb[t], box).reshape(-1, 3), inside(twin[t], box).reshape(-1, 3)
    assert np.corrcoef(seen.ravel(), bare.ravel())[0, 1] > 0.6
    assert np.abs(seen - bare).mean() > 8
    assert contrast(tir[t], box) < 0.3 * contrast(twin_tir[t], box)


# -- shape, size and motion: the pixels agree with the boxes -----------------------------------------------------------


@pytest.mark.parametrize("attribute", ["FM", "SV", "ARC", "LR", "CM"])
def test_the_target_fills_its_box_exactly(attribute: str) -> None:
    clip, _, tir = filmed(attribute)
    tight = []
    for frame, (x, y, w, h) in zip(tir, clip.boxes.astype(int), strict=True):
        row, column = frame[y + h // 2], frame[:, x + w // 2]
        middle = np.median(inside(frame, np.array([x, y, w, h])))
        outer = np.array([row[x - 3], row[min(x + w + 2, 319)], column[y - 3], column[min(y + h + 2, 239)]])
        inner = np.array([row[x + 1], row[x + w - 2], column[y + 1], column[y + h - 2]])
        tight.append((np.abs(inner - middle) < 40) & (np.abs(outer - middle) > 40))  # a distractor may be near
    assert (np.median(tight, axis=0) == 1).all()


def test_ov_leaves_the_image() -> None:
    clip, _, tir = filmed("OV")
    bare, _, twin = filmed()
    gone = clip.boxes[:, 2] == 0
    assert gone.any()
    assert (clip.boxes[gone] == 0).all()
    assert not gone[-1]
    assert (clip.boxes[:, 0] + clip.boxes[:, 2] == SIZE[0]).any()  # cut at the edge before
    away = np.flatnonzero(clip.plan.outside)
    assert np.median([changed(tir[t][..., None], twin[t][..., None], bare.boxes[t]) for t in away]) > 0.8


def test_def_bends_the_silhouette() -> None:
    def fill(*attributes: str) -> np.ndarray:
        clip, _, tir = filmed(*attributes, seed=5)
        return np.array([(inside(f, b, 0) > 125).mean() for f, b in zip(tir, clip.boxes, strict=True)])

    assert np.ptp(fill("DEF")) > 0.12
    assert np.ptp(fill("DEF")) > 2 * np.ptp(fill())


def test_mb_smears_both_modalities() -> None:
    clip, *images = filmed("MB")
    _, *twins = filmed()
    blurred = clip.plan.blur > 1
    assert 4 < blurred.sum() < FRAMES / 2
    for frames, twin in zip(images, twins, strict=True):
        assert np.array_equal(frames[~blurred], twin[~blurred])
        for t in np.flatnonzero(blurred):
            edges = [np.abs(np.diff(f[t].reshape(240, 320, -1).mean(-1), axis=1)) for f in (frames, twin)]
            box = clip.boxes[t] + [-4, 0, 8, 0]
            sharp, smooth = (np.percentile(inside(e, box, 0), 98) for e in reversed(edges))
            assert smooth < 0.75 * sharp


def test_cm_moves_the_background() -> None:
    clip, rgb, tir = filmed("CM")
    _, still, _ = filmed()
    assert np.median(np.abs(still[1:, ::4, ::4] - still[0, ::4, ::4])) < 8
    t = int(np.abs(clip.plan.camera - clip.plan.camera[0]).sum(axis=1).argmax())
    dx, dy = (clip.plan.camera[t] - clip.plan.camera[0]).tolist()
    assert max(abs(dx), abs(dy)) > 20
    for frames in (rgb, tir[..., None]):
        first, later = frames[0], np.roll(frames[t], (dy, dx), axis=(0, 1))
        both = np.s_[max(dy, 0) : 240 + min(dy, 0), max(dx, 0) : 320 + min(dx, 0)]
        assert np.median(np.abs(first[both] - later[both])) < 8  # noise only
        assert np.median(np.abs(first - frames[t])) > np.median(np.abs(first[both] - later[both]))


# -- look --------------------------------------------------------------------------------------------------------------


def test_bc_clutters_both_backgrounds() -> None:
    def edges(image: np.ndarray) -> float:
        """Share of pixels at a clear edge; the mean of 5 rows hides the noise."""
        rows = image.reshape(48, 5, 320, -1).mean(axis=(1, 3))
        return float((np.abs(rows[:, 3:] - rows[:, :-3]) > 20).mean())

    for frames, twin in zip(filmed("BC")[1:], filmed()[1:], strict=True):
        assert edges(frames[0]) > 1.5 * edges(twin[0])


def test_sa_distractors_look_like_the_target() -> None:
    def difference(*attributes: str) -> list[float]:
        clip, rgb, tir = filmed(*attributes)
        found = []
        for t in range(0, FRAMES, 3):
            for x, y, w, h in clip.plan.distractors[:, t].tolist():
                own = clip.plan.extent[t]
                near = abs(x - own[0]) < w + 2 and abs(y - own[1]) < h + 2
                if not near and 0 <= x <= 320 - w and 0 <= y <= 240 - h:
                    for frames in (rgb, tir[..., None]):
                        ours, theirs = (
                            Image.fromarray(inside(frames[t], np.array(b)).mean(-1).astype(np.uint8)).resize((12, 12))
                            for b in (own, (x, y, w, h))
                        )
                        found.append(float(np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).mean()))
        return found

    assert np.median(difference("SA")) < 6
    assert np.median(difference()) > 12


@pytest.mark.parametrize("seed", [0, 1])
def test_fl_loses_one_modality_at_a_time(seed: int) -> None:
    def lost(frames: np.ndarray) -> np.ndarray:
        repeated = [False, *(np.array_equal(a, b) for a, b in pairwise(frames))]
        return np.array(repeated) | (frames.reshape(FRAMES, -1).max(axis=1) == 0)

    _, rgb, tir = filmed("FL", seed=seed)
    assert 3 <= (lost(rgb) | lost(tir)).sum() <= 12
    assert not (lost(rgb) & lost(tir)).any()
    assert not (lost(filmed(seed=seed)[1]) | lost(filmed(seed=seed)[2])).any()


# -- the same everywhere -----------------------------------------------------------------------------------------------


def test_a_scene_is_the_same_on_every_machine() -> None:
    clip = scene((2, 5), ["PO", "SV", "DEF", "CM", "MB", "AIV", "BC"], 12, (160, 120))
    pixels = hashlib.sha256()
    for frame in clip:
        pixels.update(frame.rgb.tobytes() + frame.tir.tobytes())
    again = hashlib.sha256(b"".join(f.rgb.tobytes() + f.tir.tobytes() for f in clip))
    assert again.hexdigest() == pixels.hexdigest()
    assert hashlib.sha256(clip.truth.astype("<i4").tobytes()).hexdigest()[:16] == "1acae9a8ba9ab8c8"
    assert pixels.hexdigest()[:16] == "0f5123609170198d"


def test_scene_refuses_unknown_and_contradictory_attributes() -> None:
    with pytest.raises(ConfigError, match="unknown attribute of LasHeR 'OCC'"):
        scene(0, ["OCC"], 10, SIZE)
    with pytest.raises(ConfigError, match="exclude each other"):
        scene(0, ["LI", "TC"], 10, SIZE)
