from __future__ import annotations

from PIL import Image
from test_benchmark import image_folder

import rgbtbench
from rgbtbench.datasets.check import problems


def test_what_is_wrong_with_a_folder(tmp_path):
    folder = image_folder(tmp_path, "RGBT234", {"good": 2, "damaged": 2, "short": 3})
    for path in folder.rglob("*.jpg"):
        Image.new("RGB", (8, 6) if "infrared" in path.parts and "good" in path.parts else (4, 6)).save(path)
    (folder / "damaged/visible/00002v.jpg").write_bytes(b"\xff\xd8 not really")
    (folder / "short/infrared/00001i.jpg").unlink()
    found = list(problems(rgbtbench.load("RGBT234", folder)))
    for words in (
        ["234 sequences with 116,650", "3 sequences with 7"],
        ["no attribute labels", "attr_txt"],
        ["damaged", "cannot read", "00002v.jpg"],
        ["short", "3 visible and 2 thermal"],
        ["good", "different size", "4x6, 8x6"],
    ):
        assert any(all(word in line for word in words) for line in found), (words, found)
    assert len(found) == 5


def test_the_real_packs_have_no_problems(real):
    for name in ("GTOT", "RGBT210", "RGBT234", "LasHeR"):
        assert list(problems(rgbtbench.load(name, real / "gt" / f"{name}.tar.xz"))) == []
