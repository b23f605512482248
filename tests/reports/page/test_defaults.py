"""What a page takes for granted: its order, its title, what is a reference, what is known of a tracker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pages import data_of, entries_of, make

from rgbtbench.core.boxes import starts
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.reports.inputs import Benchmarks, gather
from rgbtbench.reports.page.packing import unpack
from rgbtbench.reports.page.prints import known
from rgbtbench.reports.page.speeds import hardware
from rgbtbench.reports.page.traces import first_frames
from rgbtbench.reports.whole import Material, collect_material, make_page, page_title
from rgbtbench.results.published.sources import prints


def page_of(material: Material, *printed: str) -> dict:
    page = make_page(material, printed=[BENCHMARKS.get(name) for name in printed])
    return unpack(data_of(page.content))[0]


def test_lasher_comes_first_and_the_title_names_benchmarks():
    page = page_of(Material(), "GTOT", "RGBT234", "LasHeR")
    assert [board["title"] for board in page["boards"]] == ["LasHeR test", "GTOT", "RGBT234"]
    assert page["title"] == "Trackers on LasHeR, GTOT and RGBT234"
    assert page_title(Material(), [BENCHMARKS.get("GTOT")]) == "Trackers on GTOT"
    assert page_title(Material(("runs/night.yaml", "day.yml"))) == "night, day"


def test_generated_data_are_called_generated(cli, tmp_path):
    assert cli("synth", "LasHeR", tmp_path / "data", "--sequences", 2, "--frames", 8, "--size", "160x120")[0] == 0
    results = tmp_path / "data/annos"
    material = collect_material([f"own={results}"], Benchmarks([f"LasHeR={tmp_path / 'data'}"], "LasHeR"))
    page = page_of(material)
    assert page["title"] == "Trackers on generated LasHeR"
    [board] = page["boards"]
    assert (board["title"], board["generated"], board["official"]) == ("LasHeR test (generated)", True, False)


def test_the_truth_as_a_tracker_is_seen_by_its_boxes(generated):
    benchmark, entries = entries_of(generated, ("a", "b", "c"))
    given = replace(entries[0], label="any name", origin=Path(generated / "LasHeR/annos"))
    [board] = unpack(data_of(make("page", benchmark, [*entries, given])[0]))[0]["boards"]
    assert {tracker["name"]: tracker["is_truth"] for tracker in board["scored"]} == {
        "a": False,
        "b": False,
        "c": False,
        "any name": True,
    }


def test_scored_trackers_keep_what_is_in_print(real):
    entries = gather([str(real)], Benchmarks(name="RGBT210"), only=["mfDiMP"])
    found = known("mfDiMP", entries[0])
    assert (found["venue"], found["about"]["year"], found["about"]["params_m"]) == ("ICCVW", "2019", "175.82")
    theirs, *others = found["speeds"]
    assert (theirs["fps"], theirs["hardware"]) == (found["about"]["authors_fps"], "the authors' own")
    assert {speed["reference"][:9] for speed in others} == {"CMD paper", "HMFT resu"}
    ours = known("mfDiMP", replace(entries[0], source="measured", raw=None))  # a run of ours is not the printed one
    assert "params_m" not in ours["about"]
    assert ours["speeds"] == []


def test_where_only_a_list_tells_the_year_it_is_marked():
    assert (known("MTNet")["about"]["year"], known("MTNet")["listed"]) == ("2023", True)
    assert known("MANet")["listed"] is False


def test_each_card_has_one_name():
    names = {hardware(entry.hardware) for entry in prints() if entry.hardware}
    assert {"RTX 4090", "RTX 3090", "RTX 2080 Ti", "GTX 1080 Ti", "GTX Titan", "V100", "T4", "A6000", "CPU"} <= names
    squeezed = [name.replace(" ", "").lower() for name in names]
    assert len(set(squeezed)) == len(names)
    assert not [name for name in squeezed if f"rtx{name}" in squeezed or f"gtx{name}" in squeezed]


def test_the_first_frame_is_a_point_of_its_own_and_all_frames_have_one():
    lengths = np.array([1, 2, 15, 16, 17, 18, 399, 4001])
    for points in (16, 400):
        first = first_frames(lengths, points)
        counts = np.minimum(lengths, points)
        assert len(first) == counts.sum()
        ends = np.append(first, lengths.sum())
        assert (np.diff(ends) > 0).all()
        assert set(starts(lengths)) <= set(first)
        for start, length, count in zip(starts(lengths), lengths, counts, strict=True):
            assert length < 2 or start + 1 in first
            own = ends[(ends >= start) & (ends <= start + length)]
            assert np.diff(own)[1:].max(initial=0) <= -(-(length - 1) // max(count - 1, 1))
