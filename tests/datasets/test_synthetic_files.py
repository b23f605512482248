"""Generated benchmarks on disk, through the real readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import REAL
from PIL import Image

import rgbtbench
from rgbtbench.cli import main
from rgbtbench.core.errors import ConfigError, DataError
from rgbtbench.datasets.check import problems
from rgbtbench.datasets.synthetic import ATTRIBUTES, design, scene, write

SIZE = (320, 240)
PHOTOGRAPHS = REAL / "frames" / "vifb_pairs"


def _files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_same_seed_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        write("LasHeR", tmp_path / name, 2, 3, (160, 120), seed)
    a, b, c = (_files(tmp_path / name) for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert a["annos/synthetic001.txt"] != c["annos/synthetic001.txt"]


# -- on disk -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("benchmark", "visible", "thermal"),
    [
        ("LasHeR", "testingset/synthetic002/visible/v000.jpg", "testingset/synthetic002/infrared/i000.jpg"),
        ("RGBT234", "synthetic002/visible/00001v.jpg", "synthetic002/infrared/00001i.jpg"),
        ("GTOT", "synthetic002/v/00001v.png", "synthetic002/i/00001i.png"),
    ],
)
def test_the_real_reader_reads_it(benchmark: str, visible: str, thermal: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = write(benchmark, out, 3, 12, (200, 150), 9)
    opened = rgbtbench.load(benchmark, out)
    assert opened.names == names
    [problem] = problems(opened, every_image=True)
    assert "as published" in problem.text
    for index, name in enumerate(names):
        clip = scene((9, index), design(benchmark, 9, index), 12, (200, 150), benchmark=benchmark)
        sequence = opened.sequence(name)
        assert np.array_equal(sequence.truth, clip.truth)
        assert sequence.attributes == clip.attributes
        for frame, rgb, tir in zip(clip, sequence.rgb, sequence.tir, strict=True):
            for expected, path in ((frame.rgb, rgb), (frame.tir, tir)):
                error = np.abs(np.asarray(Image.open(path).convert("RGB"), int) - expected).mean()
                assert error == 0 if benchmark == "GTOT" else error < 12
    second = opened.sequence(names[1])
    assert (second.rgb[0], second.tir[0]) == (out / visible, out / thermal)
    assert {p.name for p in out.parent.iterdir()} == {"out"}


def test_text_files_are_written_as_published(tmp_path: Path) -> None:
    for name in ATTRIBUTES:
        write(name, tmp_path / name, 1, 2, (160, 120), 0)
    lasher, rgbt234, gtot = (tmp_path / name for name in ("LasHeR", "RGBT234", "GTOT"))
    truth = (lasher / "annos/synthetic001.txt").read_bytes()
    assert truth.count(b"\r\n") == 2
    assert truth.count(b",") == 6
    assert all((lasher / f"testingset/synthetic001/{f}.txt").read_bytes() == truth for f in ("init", "visible"))
    assert (lasher / "AttriSeqsTxt/synthetic001.txt").read_text().count(",") == 18
    assert len(list((rgbt234 / "attr_txt").iterdir())) == 13
    assert (gtot / "SequencesName.txt").read_bytes() == b"synthetic001"
    x, y, right, bottom = map(int, (gtot / "synthetic001/groundTruth_v.txt").read_text().split("\n")[0].split(" "))
    assert (gtot / "synthetic001/init.txt").read_bytes().startswith(f"{x}\t{y}\t{right - x}\t{bottom - y}\r\n".encode())


def test_two_annotations_differ_by_the_parallax() -> None:
    shifts = [np.ptp(scene(s, [], 3, SIZE, benchmark="GTOT").truth, axis=0).max() for s in range(6)]
    assert 1 <= max(shifts) <= 2


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    def fail(names):  # type: ignore[no-untyped-def]
        yield next(iter(names))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("LasHeR", tmp_path / "out", 2, 2, (160, 120), 0, progress=fail)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "LasHer2"}, "did you mean 'LasHeR'"),
        ({"name": "RGBT210"}, "unknown synthetic benchmark"),
        ({"frames": 1}, "at least 2 frames"),
        ({"sequences": 0}, "sequences >= 1"),
        ({"seed": -1}, "seed >= 0"),
        ({"size": (64, 48)}, "160x120 to 4096x4096"),
        ({"size": (320, 5000)}, "impossible image size"),
        ({"out": "taken"}, "will not write over"),
        ({"out": "absent/out"}, "no such folder"),
    ],
)
def test_bad_input_says_what_is_wrong(change: dict, message: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def,type-arg]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    good = {"name": "LasHeR", "out": "new", "sequences": 1, "frames": 2, "size": (160, 120), "seed": 0}
    with pytest.raises(ConfigError, match=message):
        write(**(good | change))
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = f"synth gtot {tmp_path / 'g'} --sequences 1 --frames 3 --size 160x120 --seed 1".split()
    assert main(call) == 0
    assert main(call) == 2
    assert "will not write over" in capsys.readouterr().err
    assert main([*call[:2], str(tmp_path / "h"), "--size", "big"]) == 2
    assert "WIDTHxHEIGHT" in capsys.readouterr().err


# -- photographs -------------------------------------------------------------------------------------------------------


def test_backgrounds_are_the_given_photographs(tmp_path: Path) -> None:
    for folder, colour in (("VI", (200, 30, 30)), ("IR", (60, 60, 60))):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (90, 70), colour).save(tmp_path / folder / f"{folder}1.png")
    write("GTOT", tmp_path / "out", 6, 2, (160, 120), 0, tmp_path)
    opened = rgbtbench.load("GTOT", tmp_path / "out")
    lit = next(s for s in map(opened.sequence, opened.names) if "LI" not in s.attributes)
    for path, colour in ((lit.rgb[0], (200, 30, 30)), (lit.tir[0], (60, 60, 60))):
        assert np.median(np.asarray(Image.open(path)), axis=(0, 1)) == pytest.approx(colour, abs=3)


@pytest.mark.parametrize("thermal", [None, b"not an image"])
def test_bad_photographs_are_refused(thermal: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "visible").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "visible/1.png")
    if thermal is not None:
        (tmp_path / "infrared").mkdir()
        (tmp_path / "infrared/1.png").write_bytes(thermal)
    with pytest.raises(DataError):
        write("LasHeR", tmp_path / "out", 1, 2, (160, 120), 0, tmp_path)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason=f"no real photographs at {PHOTOGRAPHS}")
def test_real_photographs(tmp_path: Path) -> None:
    write("LasHeR", tmp_path / "out", 2, 3, SIZE, 0, PHOTOGRAPHS)
    assert len(list(problems(rgbtbench.load("LasHeR", tmp_path / "out"), every_image=True))) == 1
