from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from conftest import REAL

from rgbtbench.datasets.frames import breaks, frame_files, frame_order, modalities

NAMES = REAL.parent / "spec" / "frame_names.csv"


def test_numbers_sort_as_numbers():
    names = [f"v{n}.jpg" for n in range(120)]
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=frame_order) == names


@pytest.mark.parametrize("name", ["00001v.png", "00000291.png", "img_00000.bmp", "00001_i.png", "00000141_inf.png"])
def test_patterns_of_gtot(name):
    assert frame_order(name)[0] == (int("".join(c for c in name if c.isdigit())),)


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


def test_every_number_counts_not_only_the_first():
    names = [f"cam{c}_{n}.jpg" for c in (1, 2, 10) for n in (1, 2, 10, 100)]
    assert sorted(random.Random(0).sample(names, len(names)), key=frame_order) == names


def test_gaps_and_repeated_numbers_are_told():
    def told(*names):
        return breaks(tuple(map(Path, names)))

    assert told(*(f"{n:05d}v.png" for n in range(1, 200))) == []
    assert told(*(f"img_{n:05d}.bmp" for n in range(0, 40, 2))) == []  # Otcbvs counts by twos
    assert told("a.png") == told() == []
    assert told("1.png", "2.png", "3.png", "5.png", "6.png") == ["a gap between 3.png and 5.png"]
    assert told("1.png", "2.jpg", "2.png", "3.png") == ["2.jpg and 2.png have the same number"]
    assert told("frame.png", "1.png", "2.png", "3.png") == ["1.png after frame.png is numbered in another way"]


def test_folders_of_modalities_are_known_where_they_are_unambiguous():
    for pair in (
        ("rgb", "thermal"),
        ("color", "ir"),
        ("Visible", "INFRARED"),
        ("v", "i"),
        ("RGB", "T"),
        ("vis", "tir"),
    ):
        assert modalities(["notes", *reversed(pair)]) == pair
    for folders in ([], ["rgb"], ["rgb", "color", "ir"], ["visible", "ir", "thermal"], ["a", "b"]):
        assert modalities(folders) is None


def test_only_images_count(tmp_path):
    for name in ("00002v.png", "00001v.PNG", "Thumbs.db", "._00001v.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in frame_files(tmp_path)] == ["00001v.PNG", "00002v.png"]
    assert frame_files(tmp_path / "nowhere") == ()
