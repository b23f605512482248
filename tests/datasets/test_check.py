from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image
from test_benchmark import image_folder

import rgbtbench
from rgbtbench.datasets.check import problems


def drawn(folder):
    """Images where there were empty files."""
    for path in folder.rglob("*.jpg"):
        Image.new("RGB", (4, 6)).save(path)
    return folder


def test_what_is_wrong_with_a_folder(tmp_path):
    folder = drawn(image_folder(tmp_path, "RGBT234", {"good": 2, "damaged": 2, "short": 6, "gone": 2}))
    for path in (folder / "good/infrared").iterdir():
        Image.new("RGB", (8, 6)).save(path)
    (folder / "damaged/visible/00002v.jpg").write_bytes(b"\xff\xd8 not really")
    (folder / "damaged/infrared/00000i.jpg").write_bytes(b"neither")
    (folder / "short/infrared/00003i.jpg").unlink()
    for part in ("visible", "infrared"):
        (folder / "gone" / part).rename(folder / "gone" / f"my_{part}")
    found = [problem.text for problem in problems(rgbtbench.load("RGBT234", folder))]
    for words in (
        ["234 sequences with 116,650", "4 sequences with 12"],
        ["no attribute labels", "attr_txt"],
        ["damaged", "cannot decode", "00002v.jpg"],
        ["damaged", "cannot decode", "00000i.jpg"],
        ["short", "6 visible and 5 thermal", "a gap between 00002i.jpg and 00004i.jpg"],
        ["good", "different size", "4x6 (2), 8x6 (2)"],
        ["gone", "no images", "visible and infrared", "gone; there is", "my_infrared/, my_visible/"],
    ):
        assert any(all(word in line for word in words) for line in found), (words, found)
    assert len(found) == 7, "\n".join(found)


def test_a_first_box_without_size_is_said(tmp_path):
    folder = image_folder(tmp_path, "RGBT234", {"a": 2, "b": 2})
    (folder / "b/infrared.txt").write_text("5,5,0,7\n5,5,6,7\n")
    [found] = [problem for problem in problems(rgbtbench.load("RGBT234", folder)) if problem.kind == "first box"]
    assert found.text.startswith("b: ")
    assert found.text.endswith("5 5 0 7")


def test_every_image_is_decoded_as_a_run_does(tmp_path, monkeypatch):
    folder = drawn(image_folder(tmp_path, "RGBT234", {"a": 9}))
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    places = [folder / f"a/infrared/0000{k}i.jpg" for k in range(2, 7)]
    Image.fromarray(noise).save(places[0], format="GIF")
    Image.fromarray(noise).save(places[1], format="WebP")
    places[2].write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # Pillow would start Ghostscript
    places[3].unlink()
    os.mkfifo(places[3])
    Image.fromarray(noise).save(places[4])
    whole = places[4].read_bytes()
    places[4].write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")  # half the image is lost
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was started"))
    benchmark = rgbtbench.load("RGBT234", folder)
    assert not any("unreadable" in problem.kind for problem in problems(benchmark))
    found = [problem.text for problem in problems(benchmark, every_image=True) if "unreadable" in problem.kind]
    assert [next(p.name for p in places if p.name in line) for line in found] == [p.name for p in places]


def test_images_that_are_not_found_are_said(tmp_path, cli):
    folder = image_folder(tmp_path, "RGBT234", {"a": 2, "b": 2})
    for path in [*folder.glob("*/visible"), *folder.glob("*/infrared")]:
        path.rename(path.with_name(f"camera_{path.name}"))
    status, out, _ = cli("check", "RGBT234", folder)
    assert status == 1
    assert "no images found: expected folders visible and infrared" in out
    assert "camera_infrared/, camera_visible/" in out
    assert "images 1) in the annotations; no images seen" in out.splitlines()[-1]
    with pytest.raises(rgbtbench.core.errors.DataError, match="do not match") as caught:
        rgbtbench.load("RGBT234", folder).sequence("a")
    assert "camera_infrared/, camera_visible/" in str(caught.value)


@pytest.mark.parametrize("pair", ["rgb thermal", "Color IR", "visible infrared", "V I", "RGB T", "visible thermal"])
def test_other_names_of_the_folders_are_taken_where_they_are_unambiguous(tmp_path, pair):
    folder = drawn(image_folder(tmp_path, "RGBT234", {"a": 2, "b": 2}))
    for ours, theirs in zip(("visible", "infrared"), pair.split(), strict=True):
        for path in folder.glob(f"*/{ours}"):
            path.rename(path.with_name(theirs))
    benchmark = rgbtbench.load("RGBT234", folder)
    sequence = benchmark.sequence("b")
    assert [path.parent.name for path in (sequence.rgb[0], sequence.tir[0])] == pair.split()
    assert {problem.kind for problem in problems(benchmark)} == {"size", "attributes"}


def test_it_goes_on_after_a_bad_file_and_counts_by_kind(tmp_path, cli):
    folder = drawn(image_folder(tmp_path, "RGBT234", {"a": 2, "b": 2, "c": 2, "d": 2}))
    (folder / "a/visible.txt").write_text("1,2,3\n")
    (folder / "b/infrared.txt").write_text("1,2,3,nan\n1,2,3,4\n")
    for name in "cd":
        (folder / name / "visible/00002v.jpg").write_text("no image")
    status, out, _ = cli("check", "RGBT234", folder)
    assert status == 1
    for words in ("a/visible.txt:1", "b/infrared.txt:1", "c: cannot decode", "d: cannot decode"):
        assert words in out
    assert out.splitlines()[-1] == (
        "RGBT234: 2 sequences, 4 frames: 6 problems (truth 2, size 1, attributes 1, unreadable image 2)"
    )


def test_results_of_several_trackers_are_all_looked_at(generated, tmp_path, cli):
    for label in "ABC":
        (tmp_path / label).mkdir()
        for path in (generated / "results/fused").iterdir():
            (tmp_path / label / path.name).write_bytes(path.read_bytes())
    for name in ("generated00", "generated01"):
        (tmp_path / f"A/{name}.txt").write_text("1,2,x,4\n")
    (tmp_path / "B/generated02.txt").write_text("1,2,3,4\n")
    given = [word for label in (*"ABC", "none") for word in ("--results", f"{label}={tmp_path / label}")]
    (tmp_path / "none").mkdir()
    status, out, _ = cli("check", "LasHeR", generated / "LasHeR", *given)
    assert status == 1
    lines = out.splitlines()
    assert "A: 2 problems (unreadable file 2)" in lines
    assert "B: 1 problem (refused by score 1)" in lines
    assert "C: complete" in lines
    assert "none: 1 problem (results 1)" in lines


def test_every_repeat_of_a_tracker_is_looked_at(generated, tmp_path, cli):
    for run in ("run1", "run2"):
        (tmp_path / "A" / run).mkdir(parents=True)
        for path in (generated / "results/fused").iterdir():
            (tmp_path / "A" / run / path.name).write_bytes(path.read_bytes())
    (tmp_path / "A/run2/generated03.txt").write_text("1,2,x,4\n")
    status, out, _ = cli("check", "LasHeR", generated / "LasHeR", "--results", tmp_path / "A")
    assert status == 1
    assert "A/run2/generated03.txt:1" in out
    assert out.splitlines()[-1] == "A: 1 problem (unreadable file 1)"


def test_the_real_packs_have_no_problems(real, cli):
    for name in ("GTOT", "RGBT210", "RGBT234", "LasHeR"):
        status, out, _ = cli("check", name, real / "gt" / f"{name}.tar.xz")
        assert status == 0
        assert out.splitlines()[-1].endswith("no problems in the annotations; no images seen")


def test_a_gap_that_all_share_is_a_note_and_a_repeated_number_is_not(tmp_path, cli):
    folder = drawn(image_folder(tmp_path, "RGBT234", {"a": 4, "b": 4}))
    for name in ("visible/00005v.jpg", "infrared/00003i.jpg"):
        path = folder / "a" / name
        path.rename(path.with_name(f"00009{path.name[5:]}"))
    (folder / "b/visible/00005v.jpg").rename(folder / "b/visible/00004v.jpeg")
    found = {problem.text: problem.kind for problem in problems(rgbtbench.load("RGBT234", folder))}
    assert found["a: a gap between 00004v.jpg and 00009v.jpg; a gap between 00002i.jpg and 00009i.jpg"] == ""
    assert found["b: 00004v.jpeg and 00004v.jpg have the same number"] == "numbers of images"
