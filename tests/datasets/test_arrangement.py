"""Benchmarks as people keep them: other letter case, outer folders, a README, lists that are gone."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from test_benchmark import image_folder

import rgbtbench
from rgbtbench.core.errors import DataError
from rgbtbench.datasets import arrangement
from rgbtbench.datasets.names import sequence_names

TEST, TRAIN = sequence_names("LasHeR", "test")[:4], sequence_names("LasHeR", "train")[:3]


def boxes(name: str) -> str:
    """Four rows that are no other sequence's."""
    start = sum(map(ord, name))
    return "".join(f"{start + k},20,30,40\n" for k in range(4))


def sequence(home, name, *, images=("visible", "infrared"), truths=("init.txt", "visible.txt", "infrared.txt")):
    for part in images:
        (home / part).mkdir(parents=True)
        for k in range(4):
            (home / part / f"{k:03d}.jpg").touch()
    for truth in truths:
        (home / truth).write_text(boxes(name))


def lasher(root, test="testingset", train="trainingset", change=str, **options):
    for folder, names in ((test, TEST), (train, TRAIN)):
        for name in names:
            sequence(root / folder / change(name), name, **options)
    return root


def require(benchmark, names=TEST):
    assert benchmark.names == tuple(sorted(names))
    first = np.cumsum(benchmark.lengths) - benchmark.lengths
    assert [boxes(name).partition(",")[0] for name in benchmark.names] == [
        f"{x:g}" for x in benchmark.truth[0, first, 0]
    ]
    for name in names:
        assert len(benchmark.sequence(name).rgb) == len(benchmark.sequence(name).tir) == 4


LAYOUTS = {
    "as published": lambda out: lasher(out / "LasHeR"),
    "other letter case": lambda out: lasher(
        out / "LASHER", "TestingSet", "TRAININGSET", str.upper, images=("Visible", "INFRARED"), truths=("Init.txt",)
    ),
    "an outer folder": lambda out: lasher(out / "download" / "data").parent,
    "one level more": lambda out: lasher(out, "TestingSet/TestingSet", "TrainingSet/trainingset"),
    "a README beside": lambda out: lasher(out / "LasHeR").parent,
    "all merged": lambda out: lasher(out / "all", "", ""),
    "all merged, one level down": lambda out: lasher(out / "x" / "sequences", "", "").parent,
    "split folders of other names": lambda out: lasher(out, "part1", "part2/b"),
    "other modalities": lambda out: lasher(out, "TestingSet", images=("RGB", "T")),
    "a link to it": lambda out: linked(out),
}


def linked(out):
    lasher(out / "far/LasHeR")
    (out / "here").mkdir()
    (out / "here/LasHeR").symlink_to(out / "far/LasHeR")
    (out / "far/LasHeR/again").symlink_to(out / "far")  # and one that leads back
    return out / "here"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lasher_is_read_however_it_is_kept(tmp_path, layout):
    root = LAYOUTS[layout](tmp_path)
    (tmp_path / "README.md").write_text("# LasHeR\n")
    (root / "README.txt").write_text("downloaded\n")
    for split, names in (("test", TEST), ("train", TRAIN), ("all", TEST + TRAIN)):
        require(rgbtbench.load("LasHeR", root, split), names)


def test_at_the_folder_of_a_split(tmp_path):
    lasher(tmp_path, "TestingSet/TestingSet")
    require(rgbtbench.load("LasHeR", tmp_path / "TestingSet"))
    require(rgbtbench.load("LasHeR", tmp_path / "trainingset", "train"), TRAIN)
    with pytest.raises(DataError, match="no sequences"):
        rgbtbench.load("LasHeR", tmp_path / "trainingset", "test")


def test_lists_and_attributes_are_found_where_they_lie(tmp_path):
    lasher(tmp_path / "LasHeR", "all/Sequences", "all/Sequences")
    (tmp_path / "toolkit/attriseqstxt").mkdir(parents=True)
    (tmp_path / "toolkit/TestingSetList.TXT").write_text("\n".join(TEST[:2]))
    for name in TEST + TRAIN:
        (tmp_path / f"toolkit/attriseqstxt/{name}.txt").write_text(",".join("01" + "0" * 17))
    benchmark = rgbtbench.load("LasHeR", tmp_path)
    require(benchmark, TEST[:2])
    assert benchmark.labels == dict.fromkeys(TEST[:2], frozenset({"PO"}))


@pytest.mark.parametrize("name", ["GTOT", "RGBT210", "RGBT234"])
def test_the_others_too(tmp_path, name):
    truths = {"GTOT": ("groundtruth_V.txt", "groundTruth_i.TXT"), "RGBT210": ("INIT.txt",)}
    images = {"GTOT": ("V", "I")}.get(name, ("visible", "infrared"))
    names = sequence_names(name)[:5]
    for sequence_name in names:
        truth = truths.get(name, ("Visible.txt", "infrared.txt"))
        sequence(tmp_path / "my data" / name.lower() / sequence_name, sequence_name, images=images, truths=truth)
    (tmp_path / "my data/README").touch()
    benchmark = rgbtbench.load(name, tmp_path)
    assert benchmark.names == tuple(sorted(names))
    assert len(benchmark.sequence(names[0]).tir) == 4


def test_archives_too(tmp_path):
    lasher(tmp_path / "in/LasHeR", "TestingSet/TestingSet")
    (tmp_path / "in/README.txt").write_text("see the paper\n")
    archive = shutil.make_archive(str(tmp_path / "pack"), "zip", tmp_path / "in")
    assert rgbtbench.load("LasHeR", archive).names == tuple(sorted(TEST))


def test_a_copy_of_a_part_does_not_hide_the_whole_and_two_wholes_are_refused(tmp_path):
    lasher(tmp_path / "LasHeR", "one/TestingSet")
    sequence(tmp_path / "LasHeR/old" / TEST[0], TRAIN[0])
    require(rgbtbench.load("LasHeR", tmp_path / "LasHeR"))
    for name in TEST:
        sequence(tmp_path / "LasHeR/two/TestingSet" / name, name[::-1])
    with pytest.raises(DataError, match="there twice") as caught:
        rgbtbench.load("LasHeR", tmp_path / "LasHeR")
    assert "one/TestingSet" in str(caught.value)
    assert "two/TestingSet" in str(caught.value)


def test_several_benchmarks_side_by_side_are_told_by_their_folders(tmp_path):
    for name in ("RGBT210", "RGBT234"):
        for sequence_name in sequence_names("RGBT210")[:3]:
            sequence(tmp_path / "data" / name / sequence_name, sequence_name + name)
    for name in ("RGBT210", "RGBT234"):
        benchmark = rgbtbench.load(name, tmp_path)
        assert f"{benchmark.truth[0, 0, 0]:g}" == boxes(benchmark.names[0] + name).partition(",")[0]


def test_another_benchmark_is_named(tmp_path, cli):
    lasher(tmp_path / "L", "annos", "annos")
    status, _, err = cli("score", "RGBT234", "--truth", lasher(tmp_path / "M"), "--results", tmp_path)
    assert status == 2
    assert "these are LasHeR's sequences, not RGBT234's" in err
    folder = image_folder(tmp_path, "RGBT234", dict.fromkeys(sequence_names("RGBT234")[:40], 2))
    for name in ("GTOT", "LasHeR"):  # its init.txt would do for LasHeR
        with pytest.raises(DataError, match=r"these are .*RGBT234's sequences"):
            rgbtbench.load(name, folder)


def test_another_real_benchmark_is_named(real):
    for name, other in (
        ("RGBT234", "LasHeR"),
        ("RGBT210", "RGBT234"),
        ("RGBT234", "RGBT210"),
        ("LasHeR", "GTOT"),
        ("LasHeR", "RGBT210"),
    ):
        with pytest.raises(DataError, match=f"these are {other}'s sequences, not {name}'s"):
            rgbtbench.load(name, real / "gt" / f"{other}.tar.xz")


def test_what_is_not_found_says_what_was_expected_and_what_is_there(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="no sequences of LasHeR") as caught:
        rgbtbench.load("LasHeR", tmp_path)
    for words in ("annos/SEQUENCE.txt", "testingset/SEQUENCE/init.txt", "testingsetList.txt", "videos, notes.txt"):
        assert words in str(caught.value)


def test_folders_of_images_of_other_names_are_told_wherever_the_sequence_lies(tmp_path, cli):
    root = lasher(tmp_path / "LasHeR", "TestingSet/TestingSet", images=("cam0", "cam1"))
    status, out, _ = cli("check", "LasHeR", root)
    assert status == 1
    assert f"TestingSet/TestingSet/{TEST[0]}; there is cam0/, cam1/, infrared.txt" in out
    with pytest.raises(DataError, match="do not match") as caught:
        rgbtbench.load("LasHeR", root).sequence(TEST[0])
    assert "there is cam0/, cam1/" in str(caught.value)


def test_names_that_are_no_text_are_refused(tmp_path):
    for name in (b"caf\xe9", b"a\nnext  rm"):
        home = os.fsencode(tmp_path / ascii(name).strip("b'").replace("\\", "_")) + b"/testingset/"
        os.makedirs(home + name)  # noqa: PTH103  a Path cannot hold it
        with open(home + name + b"/init.txt", "w") as out:  # noqa: PTH123
            out.write("1,2,3,4\n")
        with pytest.raises(DataError, match="no plain text") as caught:
            rgbtbench.load("LasHeR", os.fsdecode(home))
        assert ascii(os.fsdecode(name)) in str(caught.value)


def test_a_whole_disk_is_not_searched(tmp_path, monkeypatch):
    for k in range(40):
        (tmp_path / f"folder{k}").mkdir()
    monkeypatch.setattr(arrangement, "FOLDERS", 30)
    with pytest.raises(DataError, match="too many folders"):
        rgbtbench.load("LasHeR", tmp_path)


def test_a_folder_that_is_not_ours_to_read_is_passed_by(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    entries = arrangement.Folder._entries

    def guarded(tree, folder):
        if folder == "theirs":
            raise PermissionError(13, "Permission denied")
        return entries(tree, folder)

    monkeypatch.setattr(arrangement.Folder, "_entries", guarded)
    require(rgbtbench.load("LasHeR", lasher(tmp_path, "a/TestingSet")))


def test_nothing_waits_for_a_fifo(tmp_path, cli):
    root = lasher(tmp_path / "LasHeR")
    truth = root / "testingset" / TEST[0] / "init.txt"
    truth.unlink()
    os.mkfifo(truth)
    assert TEST[0] not in rgbtbench.load("LasHeR", root).names
    os.mkfifo(tmp_path / "fifo")
    assert cli("check", "LasHeR", tmp_path / "fifo")[0] == 2
