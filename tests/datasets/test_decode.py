"""Images into frames."""

import threading
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from rgbtbench.core import Sequence
from rgbtbench.datasets import decode as module
from rgbtbench.datasets.decode import decode, frames
from rgbtbench.errors import DataError

RAMP = (np.add.outer(np.arange(48), np.arange(64)) * 2).astype(np.uint8)
COLOUR = np.stack([RAMP, RAMP.T[:48, :48].repeat(2, 1)[:, :64], 255 - RAMP], -1)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def sequence(folder, count=20, width=64):
    rgb = [save(folder / f"v{k}.png", np.full((48, 64, 3), k, np.uint8)) for k in range(count)]
    tir = [save(folder / f"i{k}.png", np.full((48, width), 100 + k, np.uint8)) for k in range(count)]
    return Sequence("s", tuple(rgb), tuple(tir), np.ones((1, count, 4)), frozenset())


def decoders():
    return [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_lossless_formats_come_back_exactly(tmp_path, kind):
    np.testing.assert_array_equal(decode(save(tmp_path / f"a.{kind}", COLOUR)), COLOUR)


@pytest.mark.parametrize("pixels", [COLOUR, RAMP])
def test_jpeg_is_close_and_has_three_channels(tmp_path, pixels):
    found = decode(save(tmp_path / "a.jpg", pixels, quality=98, subsampling=0))
    wanted = pixels if pixels.ndim == 3 else pixels[..., None]
    assert found.shape == (48, 64, 3)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - wanted).mean() < 3


def test_grey_is_repeated_and_sixteen_bits_are_stretched(tmp_path):
    np.testing.assert_array_equal(decode(save(tmp_path / "g.png", RAMP)), RAMP[..., None].repeat(3, 2))
    counts = (29000 + RAMP.astype(np.uint16) * 4).astype(np.uint16)
    found = decode(save(tmp_path / "t.png", counts))
    wanted = np.rint((counts - counts.min()) * (255 / np.ptp(counts)))
    np.testing.assert_array_equal(found[..., 0], wanted)
    assert found.min() == 0
    assert found.max() == 255
    assert decode(save(tmp_path / "c.png", np.full((4, 4), 30000, np.uint16))).max() == 0


@pytest.mark.parametrize("kind", ["jpg", "png", "bmp"])
@pytest.mark.parametrize("keep", [0, 10, 0.7])
def test_truncated_file_is_named(tmp_path, kind, keep):
    whole = save(tmp_path / f"a.{kind}", COLOUR).read_bytes()
    bad = tmp_path / f"bad.{kind}"
    bad.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(DataError) as caught:
        decode(bad)
    assert str(bad) in str(caught.value)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_text("not found")
    (tmp_path / "e.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name in ("a.jpg", "e.png", "absent.jpg", "."):
        with pytest.raises(DataError):
            decode(tmp_path / name)


def test_frames_come_in_order_and_close_their_threads(tmp_path):
    found = list(frames(sequence(tmp_path)))
    assert [f.index for f in found] == list(range(20))
    assert [(f.rgb[0, 0, 0], f.tir[0, 0, 2]) for f in found] == [(k, 100 + k) for k in range(20)]
    assert not decoders()


def test_no_more_than_ahead_pairs_are_decoded_and_leaving_early_ends_it(tmp_path, monkeypatch):
    started = []
    real = module.pair
    monkeypatch.setattr(module, "pair", lambda k, *paths: started.append(k) or real(k, *paths))
    with closing(frames(sequence(tmp_path), ahead=3)) as stream:
        for k in range(5):
            assert next(stream).index == k
            threading.Event().wait(0.03)  # time to run further ahead than it may
            assert max(started) <= k + 3
    assert not decoders()
    assert max(started) <= 7


def test_a_bad_frame_is_an_error_where_it_belongs(tmp_path):
    clip = sequence(tmp_path)
    clip.tir[7].write_bytes(b"\x89PNG")
    stream = frames(clip)
    assert [next(stream).index for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match=r"i7\.png"):
        next(stream)
    assert not decoders()


def test_images_of_different_size_are_told(tmp_path):
    with pytest.raises(DataError, match="differ in size"):
        list(frames(sequence(tmp_path, 2, width=60)))
    clip = sequence(tmp_path, 3)
    for path in (clip.rgb[2], clip.tir[2]):
        save(path, np.zeros((20, 20), np.uint8))
    with pytest.raises(DataError, match="another size") as caught:
        list(frames(clip))
    assert "20 x 20" in str(caught.value)
