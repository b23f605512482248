from __future__ import annotations

import zipfile

import numpy as np
import pytest

from rgbtbench.core.boxes import reading, to_corners
from rgbtbench.core.errors import ResultError
from rgbtbench.results.formats import find_results

NAMES = ("easy_blackboy", "blackboy", "ab_mototurn", "mototurn", "leftgirl'swhitebag", "boy`headwithouthat")


def write(folder, stems, text="1,2,3,4\n"):
    folder.mkdir(parents=True, exist_ok=True)
    for stem in stems:
        (folder / f"{stem}.txt").write_text(text)
    return folder


@pytest.mark.parametrize("prefix", ["", "DFAT_", "our_", "easy_", "MANet++_", "blackboy_"])
def test_any_constant_prefix(tmp_path, prefix):
    found = find_results("T", write(tmp_path / "r", [prefix + name for name in NAMES]), NAMES)
    assert {name: path.removesuffix(".txt") for name, path in found.paths.items()} == {n: prefix + n for n in NAMES}
    assert found.ignored == 0


def test_time_files_and_strangers_are_left_alone(tmp_path):
    write(tmp_path, NAMES)
    write(tmp_path, [f"{name}_time" for name in NAMES], "0.1\n")
    write(tmp_path, ["readme"], "hello")
    found = find_results("T", tmp_path, NAMES)
    assert len(found.paths) == len(NAMES)
    assert found.ignored == 1
    assert found.read("mototurn").tolist() == [[1, 2, 3, 4]]


def test_nested_archives_and_several_benchmarks_in_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(f"results/LasHeR/T_{name}.txt", "1 2 3 4")
        archive.writestr("results/GTOT/T_BlackCar.txt", "1 2 3 4")
        archive.writestr("__MACOSX/results/LasHeR/._T_blackboy.txt", "x")
    assert len(find_results("T", tmp_path / "t.zip", NAMES).paths) == len(NAMES)
    assert find_results("T", tmp_path / "t.zip", ["BlackCar"]).paths == {"BlackCar": "results/GTOT/T_BlackCar.txt"}


def test_two_trackers_in_one_folder_are_not_mixed(tmp_path):
    write(tmp_path, [f"{label}_{name}" for label in ("A", "B") for name in NAMES])
    with pytest.raises(ResultError, match="two sets of results") as caught:
        find_results("T", tmp_path, NAMES)
    assert "A_*.txt" in str(caught.value)
    assert "B_*.txt" in str(caught.value)


def test_two_folders_with_the_same_names_are_not_mixed(tmp_path):
    write(tmp_path / "a", NAMES)
    write(tmp_path / "b", NAMES)
    with pytest.raises(ResultError, match="two sets of results"):
        find_results("T", tmp_path, NAMES)


def test_nothing_that_matches(tmp_path):
    with pytest.raises(ResultError, match="no result files") as caught:
        find_results("T", write(tmp_path, ["other1", "other2"]), NAMES)
    assert "easy_blackboy.txt" in str(caught.value)
    assert "other1" in str(caught.value)


def test_one_sequence_alone_is_read_plainly(tmp_path):
    assert set(find_results("T", write(tmp_path, ["easy_blackboy"]), NAMES).paths) == {"easy_blackboy"}


def test_corners_are_subtracted_first_and_rounded_then():
    """MATLAB rounds x2 - x1, the peer subtracts rounded numbers: 0.07 points of PR on GTOT's APFNet."""
    rows = to_corners(np.array([[0.4, 0.4, 10.2, 10.5]]))
    assert reading(None).boxes(rows, round_corners=True).tolist() == [[0, 0, 10, 11]]
    np.testing.assert_allclose(reading(None).boxes(rows, round_corners=False), [[0.4, 0.4, 10.2, 10.5]])
    four = np.array([[0.4, 0.4, 10.2, 10.5]])
    assert reading(None).boxes(four, round_corners=True).tolist() == four.tolist()


def test_a_layout_for_another_number_of_columns():
    with pytest.raises(ResultError, match="wrong number of columns"):
        reading("corners").boxes(np.ones((3, 4)), round_corners=True)
