"""Figures that look into sequences and frames, and the choice of kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.errors import ConfigError
from rgbtbench.reports.colours import looks_of
from rgbtbench.reports.watched import Watched
from rgbtbench.scoring.evaluation import Evaluation, evaluate

pytest.importorskip("matplotlib", reason="figures need matplotlib")

from rgbtbench.reports.figure_files import FIGURES
from rgbtbench.reports.frame_figures import overlap_shares, overlaps, scatter_pairs, survival, survival_curves
from rgbtbench.reports.strips import Strip, chosen_strips, draw_strip

HOSTILE = "_$x$ <b>&\x1b"


@pytest.fixture(scope="module")
def seen(generated: Path) -> tuple[Evaluation, Watched]:
    benchmark = rgbtbench.load("LasHeR", generated / "LasHeR")
    watched = Watched(benchmark)
    names = sorted((generated / "results").iterdir())
    results = {HOSTILE if k == 0 else path.name: path for k, path in enumerate(names)}
    return evaluate(benchmark, results, watch=watched.watch), watched


@pytest.fixture(scope="module")
def filmed(tmp_path_factory) -> tuple[Evaluation, Watched]:
    """Two trackers on a generated benchmark with images: the truth, and one that stands still."""
    from rgbtbench.datasets.synthetic import write

    root = tmp_path_factory.mktemp("filmed") / "LasHeR"
    write("LasHeR", root, sequences=2, frames=12, size=(160, 120), seed=0)
    benchmark = rgbtbench.load("LasHeR", root, "all")
    boxes = {name: benchmark.truth[0, 12 * s : 12 * s + 12] for s, name in enumerate(benchmark.names)}
    still = {name: np.repeat(own[:1], len(own), axis=0) for name, own in boxes.items()}
    watched = Watched(benchmark)
    return evaluate(benchmark, {"exact": boxes, "still": still}, watch=watched.watch), watched


def test_the_survival_curve_of_a_hand_made_example():
    """Lost at frame 4 of 30; kept for all of 20; lost at frame 24 of 40; kept for all of 50."""
    lengths = np.array([30, 20, 40, 50])
    values = np.full(140, 0.9)
    values[4:30] = 0
    values[50 + 24 : 90] = 0.1
    curve = survival(values, lengths)
    at = {int(frame): share for frame, share in zip(curve.frames, curve.shares, strict=True)}
    assert at[0] == 1
    assert at[4] == pytest.approx(3 / 4)
    assert at[20] == pytest.approx(3 / 4)  # it ended, and was not lost
    assert at[24] == pytest.approx(3 / 4 * 1 / 2)  # one of the two that were left
    assert (curve.lost, curve.sequences) == (2, 4)


def test_sequences_without_boxes_do_not_count_as_kept():
    values = np.append(np.full(20, np.nan), np.full(20, 0.5))
    assert survival(values, np.array([20, 20])).sequences == 1


def test_the_survival_figure_has_a_line_per_tracker(seen):
    evaluation, watched = seen
    made = survival_curves(evaluation, watched.overlaps, watched.benchmark.lengths)
    [axes] = made.axes
    assert len(axes.lines) == len(evaluation.trackers)
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    assert any(text.startswith(r"_$x$ <b>&\x1b [") for text in texts)
    assert "$" not in "".join(text.get_text() for text in axes.get_xticklabels())


def test_overlaps_are_the_steps_of_the_success_curve(seen):
    evaluation, _ = seen
    measure = evaluation.measure("SR")
    shares = overlap_shares(evaluation, measure)
    assert shares.sum(axis=1) == pytest.approx(100)
    half = list(measure.thresholds).index(0.6)
    assert shares[:, 4:].sum(axis=1) == pytest.approx(100 * evaluation.curve(measure)[:, 0, half])
    bars = overlaps(evaluation, measure).axes[0].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(100 * len(evaluation.trackers))


def test_the_scatter_has_a_dot_per_sequence_and_counts_them(seen):
    evaluation, _ = seen
    measure = evaluation.measure("SR")
    made = scatter_pairs(evaluation, measure)
    order = np.argsort(-evaluation.scores(measure)[:, 0], kind="stable")
    values = evaluation.values(measure) * 100
    for axes, k in zip(made.axes, order[1:], strict=True):
        assert np.asarray(axes.collections[0].get_offsets()) == pytest.approx(
            np.column_stack([values[k], values[order[0]]])
        )
        wins, ties, losses = map(int, axes.get_title().split("\n")[1].split(" / "))
        assert wins == (values[order[0]] > values[k] + 1e-9).sum()
        assert wins + ties + losses == values.shape[1]


def test_a_strip_shows_the_boxes_of_the_frames_asked_for(filmed):
    evaluation, watched = filmed
    name = evaluation.benchmark.names[1]
    [strip] = chosen_strips(watched, evaluation.trackers, [f"{name}:1,7,12"])
    assert strip == Strip(name, (0, 6, 11))
    looks = looks_of(evaluation.trackers)
    made = draw_strip(watched, strip, evaluation.trackers, looks)
    above, below = made.axes[:3], made.axes[3:]
    assert [axes.texts[0].get_text() for axes in above] == ["#1", "#7", "#12"]
    for axes in (above[1], below[1]):
        boxes = [(*p.get_xy(), p.get_width(), p.get_height()) for p in axes.patches if p.get_linewidth() == 1]
        drawn = [watched.boxes[tracker][12 + 6] for tracker in ("still", "exact")]
        assert np.array(boxes) == pytest.approx(np.array(drawn))
    assert {p.get_edgecolor()[:3] for p in above[0].patches if p.get_linewidth() == 1} == {
        tuple(int(looks[t].colour[k : k + 2], 16) / 255 for k in (1, 3, 5)) for t in evaluation.trackers
    }


def test_without_a_choice_strips_are_where_trackers_disagree(filmed):
    evaluation, watched = filmed
    spread = watched.overlaps["exact"] - watched.overlaps["still"]
    first = chosen_strips(watched, evaluation.trackers, [])[0]
    assert first.sequence == evaluation.benchmark.names[int(np.nanargmax(spread)) // 12]
    assert int(np.nanargmax(spread)) % 12 in first.frames


@pytest.mark.parametrize("asked", ["nosuch", "nosuch:1", "{}:0", "{}:13", "{}:x", "{}:1,2,3,4,5,6,7"])
def test_a_strip_of_what_is_not_there_is_refused(filmed, asked):
    evaluation, watched = filmed
    with pytest.raises(ConfigError):
        chosen_strips(watched, evaluation.trackers, [asked.format(evaluation.benchmark.names[0])])


def test_kinds_are_chosen_on_the_command_line(cli, generated, tmp_path):
    words = ("report", generated / "results" / "fused", generated / "results" / "rgb-only", "--benchmark", "LasHeR")
    words = (*words, "--truth", generated / "LasHeR", "--figures", tmp_path / "figures", "--metrics", "SR")
    status, _, err = cli(*words, "--kinds", "survival,scatter")
    assert status == 0, err
    assert {path.name.split("-", 2)[2] for path in (tmp_path / "figures").iterdir()} == {
        "survival.svg",
        "SR-scatter.svg",
    }
    status, _, err = cli(*words, "--kinds", "pie")
    assert status == 2
    assert "unknown kind of figure 'pie'" in err
    assert "survival" in err


def test_every_kind_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/reports.md").read_text()
    assert not [kind for kind in FIGURES if f"`{kind}`" not in page]
