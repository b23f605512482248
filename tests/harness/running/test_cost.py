"""What is measured is what a tracker does: counted on one whose cost is known by construction."""

from __future__ import annotations

import math
import sys
from importlib import metadata

import numpy as np
import pytest
from costly import FLOPS, MEGABYTES, PARAMS, write_network, write_trackers

from rgbtbench.core.errors import BenchError, ConfigError, TrackerError
from rgbtbench.reports.costs import PAPER_ROWS, cost_rows, cost_table, size_row, size_table
from rgbtbench.results.published import read_table
from rgbtbench.running.cost import Measured, Request, clip, count_parameters, make_request, measure
from rgbtbench.trackers.fidelity import rows_of

SMALL = {"frames": 4, "warmup": 2, "size": (160, 120)}


def test_a_torch_tracker_is_measured_as_it_was_made(tmp_path):
    request = make_request(write_network(tmp_path), {"device": "cpu", "preset": "nano"}, **SMALL)
    found = measure(request)
    assert (request.preset, request.precision) == ("nano", "fp32")
    assert (found.params_paper, found.params_active) == PARAMS
    assert found.gflops == pytest.approx(FLOPS / 1e9, rel=1e-9)
    assert MEGABYTES <= found.memory < MEGABYTES + 150  # what it holds, and nothing of torch itself
    assert len(found.seconds) == 4  # neither warm-up nor the frame that is counted
    assert (found.seconds > 0.01).all()  # it sleeps that long
    assert found.device == "cpu"
    assert found.hardware["torch"].startswith(metadata.version("torch"))
    assert found.machine["python"] == sys.version.split()[0]


def test_a_tracker_without_network_has_unknown_not_zero_parameters():
    found = measure(make_request("still", {"device": "cpu"}, **SMALL))
    assert (found.params_paper, found.params_active, found.hardware["torch"]) == (None, None, None)
    assert math.isnan(found.gflops)
    assert len(found.seconds) == 4


@pytest.mark.parametrize(("how", "told"), [("Raises", "no idea"), ("Dies", "SIGKILL"), ("Exits", "status 3")])
def test_a_failing_tracker_is_an_error_that_names_it(tmp_path, how, told):
    with pytest.raises(TrackerError, match=f"(?s){how}.*{told}"):
        measure(Request(f"{write_trackers(tmp_path)}:{how}", **SMALL))


def test_frames_go_there_and_back_when_more_are_asked_for_than_are_held(monkeypatch):
    monkeypatch.setattr("rgbtbench.running.cost.RENDERED", 3)
    frames, box = clip(Request("still", frames=4, warmup=1, size=(160, 120)))
    assert [frame.index for frame in frames] == list(range(7))
    same = [next(k for k in range(7) if frames[k].rgb is frame.rgb) for frame in frames]
    assert same == [0, 1, 2, 1, 0, 1, 2]
    assert box.shape == (4,)


def test_options_that_a_tracker_lacks_are_refused_and_its_defaults_known(tmp_path):
    with pytest.raises(ConfigError, match=r"'dcf' has no preset"):
        make_request("dcf", {"preset": "nano"})
    assert make_request("dcf", {"device": "cuda", "preset": None}).options == {}
    assert make_request(write_network(tmp_path), {}).preset == "paper"


def test_random_weights_are_asked_for_and_refine_what_they_find():
    assert make_request("mfdimp", {"preset": "nano"}).options == {
        "preset": "nano",
        "untrained": True,
        "online": {"not_found": 0.0, "second_look": 0.0},
    }
    assert make_request("mfdimp", {"weights": "x"}).options == {"weights": "x"}


def test_our_networks_are_counted_without_drawing_a_weight():
    """They are, if drawing would have changed the generator."""
    import torch

    from rgbtbench.trackers.crossmodal import models

    before = torch.random.get_rng_state()
    request = Request("CMD-Student", preset="paper")
    assert count_parameters(request) == (19_894_753, 10_988_025)
    assert torch.equal(before, torch.random.get_rng_state())
    unprinted = {n for n in models.MODELS if n not in PAPER_ROWS and not any(row.printed for row in rows_of(n))}
    ours = {"cmd-student-softmax", "cmd-student-living"}
    assert unprinted == {"cedimp", "dimp-18", "dimp-50", *ours}  # which the paper does not list


def test_every_model_has_its_row_of_the_paper():
    printed = {(row["table"], row["row"]) for row in read_table("cmd_ablations.csv")}
    assert set(PAPER_ROWS.values()) <= printed


def test_measured_and_printed_stand_apart_and_speeds_are_compared_with_the_teacher():
    def measured(milliseconds: float) -> Measured:
        hardware = {"cpu": "c", "gpu": None, "cores": 1, "threads": 1, "torch": "2"}
        return Measured(81_009_411, 46_981_939, np.full(10, milliseconds / 1e3), 2.0, 3.0, "cpu", hardware, {})

    pairs = [(Request(name, preset="paper"), measured(ms)) for name, ms in (("cmd-student-tf", 5), ("cmd-teacher", 10))]
    rows = cost_rows(pairs, {})
    assert [row.fps for row in rows] == pytest.approx([200, 100])
    assert [row.ratio for row in rows] == pytest.approx([2, 1])
    assert [(row.printed_params_m, row.printed_fps) for row in rows] == [(25.9, 23), (81.01, 18)]
    assert rows[1].ms_p99 == pytest.approx(10)
    table = cost_table(rows)
    assert table.rows[1][table.header.index("FPS")] == "100.0"
    assert table.rows[1][table.header.index("printed FPS")] == "18"
    assert 'speed on what it calls an "RTX 1080Ti"' in table.note


def test_a_baseline_stands_beside_table_5():
    row = size_row(Request("mfDiMP", preset="paper"), 79_860_721, 45_833_249)
    assert (row.printed_params_m, row.printed_reference) == (175.82, "CMD, CVPR 2023, Table 5, mfDiMP")


def test_the_paper_prints_nothing_about_sizes_that_are_not_its_own():
    paper, nano = (size_row(Request("cmd-teacher", preset=p), 81_009_411, None) for p in ("paper", "nano"))
    assert paper.params_difference_m == pytest.approx(-0.000589)
    assert math.isnan(nano.printed_params_m)
    assert "printed:" not in size_table([nano]).note


def test_bench_errors_of_a_tracker_arrive_whole(tmp_path):
    with pytest.raises(BenchError) as caught:
        measure(Request(f"{write_trackers(tmp_path)}:Refuses", **SMALL))
    assert caught.value.details["next"] == "another file"
