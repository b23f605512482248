from __future__ import annotations

import numpy as np
import pytest

import rgbtbench
from rgbtbench.errors import BenchError
from rgbtbench.results.export import KITS, export
from rgbtbench.results.formats import find_results, to_xywh


@pytest.mark.parametrize("kit", KITS)
def test_what_is_written_reads_back_the_same(generated, tmp_path, kit):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results("T", generated / "results" / "fused", names)
    export(files, kit, tmp_path / "out")
    back = find_results("T", tmp_path / "out", names)
    assert set(back.paths) == set(names)
    for name in names:
        rows = back.read(name)
        assert rows.shape[1] == KITS[kit].columns
        np.testing.assert_allclose(to_xywh(rows, None, round_corners=False), files.read(name), atol=1e-9)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # no temporary folder is left


def test_real_results_survive_a_round_trip_through_both_forms(real, tmp_path):
    names = rgbtbench.load("GTOT", real / "gt/GTOT.tar.xz").names
    for label in ("CAT", "MaCNet"):  # 8 and 4 columns
        files = find_results(label, real / f"results/GTOT/{label}.tar.xz", names)
        export(files, "gtot", tmp_path / label)
        export(find_results(label, tmp_path / label, names), "lasher", tmp_path / f"{label}-again")
        again = find_results(label, tmp_path / f"{label}-again", names)
        for name in names:
            before = to_xywh(files.read(name), None, round_corners=False)
            np.testing.assert_allclose(again.read(name), before, atol=1e-9)


def test_nothing_is_overwritten_and_nothing_is_half_written(generated, tmp_path):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results("T", generated / "results" / "fused", names)
    taken = tmp_path / "out" / "T_tracking_result" / f"{names[2]}.txt"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    with pytest.raises(BenchError, match="file exists"):
        export(files, "lasher", tmp_path / "out")
    assert taken.read_text() == "mine"
    assert list(taken.parent.iterdir()) == [taken]


@pytest.mark.parametrize("label", ["../T", "a/b", "..", "x\0y"])
def test_a_label_cannot_leave_the_folder(generated, tmp_path, label):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results(label, generated / "results" / "fused", names)
    with pytest.raises(BenchError, match="label"):
        export(files, "lasher", tmp_path / "out")
    assert not list(tmp_path.iterdir())
