from __future__ import annotations

import csv
import random

import pytest
from conftest import REAL

from rgbtbench.datasets.frames import frame_files, frame_order

NAMES = REAL.parent / "spec" / "frame_names.csv"


def test_numbers_sort_as_numbers():
    names = [f"v{n}.jpg" for n in range(120)]
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=frame_order) == names


@pytest.mark.parametrize("name", ["00001v.png", "00000291.png", "img_00000.bmp", "00001_i.png", "00000141_inf.png"])
def test_patterns_of_gtot(name):
    assert frame_order(name)[0] == int("".join(c for c in name if c.isdigit()))


def test_first_and_last_frames_of_the_real_sequences(tmp_path):
    if not NAMES.exists():
        pytest.skip(f"no list of real frame names at {NAMES}")
    with NAMES.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    for row in rows:
        for modality in ("visible", "infrared"):
            first, last = row[f"{modality}_first"], row[f"{modality}_last"]
            assert frame_order(first) < frame_order(last), row


def test_only_images_count(tmp_path):
    for name in ("00002v.png", "00001v.PNG", "Thumbs.db", "._00001v.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in frame_files(tmp_path)] == ["00001v.PNG", "00002v.png"]
    assert frame_files(tmp_path / "nowhere") == ()
