"""Figures: the same bytes again, the same colour everywhere, labels that do not cover one another."""

from __future__ import annotations

import itertools
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.core.errors import ConfigError
from rgbtbench.reports.colours import DASHES, PALETTE, Look, looks_of
from rgbtbench.reports.comparison import Comparison, MeanRank, compare_rows, mean_rank_rows
from rgbtbench.reports.tables import p_value
from rgbtbench.results.study_record import Setting, Training
from rgbtbench.scoring.evaluation import Evaluation, evaluate

pytest.importorskip("matplotlib", reason="figures need matplotlib")

from rgbtbench.reports.attribute_figures import PALE, forest, heat_map, pair_map, radar
from rgbtbench.reports.figures import COLUMN, curves, dots, drawn, label, save
from rgbtbench.reports.paper_files import cell_texts, exhibit_table
from rgbtbench.reports.paper_tables import collect, exhibits, fill
from rgbtbench.reports.sequence_figures import critical_differences, distributions, seeds
from rgbtbench.reports.speed import Speed, printed_speeds, scatter

HOSTILE = "_$x$ <b>&\x1b"


@pytest.fixture(scope="module")
def scored(generated: Path) -> Evaluation:
    import rgbtbench

    benchmark = rgbtbench.load("LasHeR", generated / "LasHeR")
    names = sorted((generated / "results").iterdir())
    results = {HOSTILE if k == 0 else path.name: path for k, path in enumerate(names)}
    return evaluate(benchmark, results, attributes=(*benchmark.spec.attributes, *benchmark.pairs()))


def luminance(hexadecimal: str) -> float:
    parts = [int(hexadecimal[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_tracker_keeps_its_colour_and_no_two_lines_look_alike():
    assert looks_of(["MTNet"])["MTNet"].colour == PALETTE[0]
    assert looks_of(["a stranger"]) == {"a stranger": looks_of(["a stranger", "MTNet"])["a stranger"]}
    names = [f"tracker {k}" for k in range(60)]
    assert len({(look.colour, look.dashes) for look in looks_of(names).values()}) == 60
    assert looks_of(names) == looks_of(names[::-1])  # a better tracker changes nothing
    assert len({*DASHES}) == len(DASHES)


def test_no_colour_is_used_twice_while_others_are_free():
    names = [f"tracker {k}" for k in range(len(PALETTE))]
    assert {look.colour for look in looks_of(names).values()} == set(PALETTE)
    given = {"x": Look(3)}
    more = looks_of(["dcf", "MTNet", "a", "b"], given)
    assert more["x"] == Look(3)
    assert len({look.colour for look in more.values()}) == 5


def test_colours_can_be_seen_on_white():
    for tint in PALETTE:
        assert 1.05 / (luminance(tint) + 0.05) > 2, tint


def test_the_legend_has_scores_as_the_kits_print_them(scored):
    measure = scored.measures[0]
    made = curves(scored, measure)
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    assert sum(bool(re.search(r" \[[01]\.\d{3}\]$", text)) for text in texts) == len(scored.trackers)
    assert any(text.startswith(r"_$x$ <b>&\x1b [") for text in texts), texts
    assert made.get_size_inches()[0] == COLUMN


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_figures_are_the_same_bytes_again(scored, form):
    def all_of_them() -> list[bytes]:
        measure = scored.measures[-1]
        made = [curves(scored, measure), heat_map(scored, measure), radar(scored, measure)]
        made += [distributions(scored, measure), critical_differences(mean_rank_rows(scored)[-3:])]
        return [drawn(figure, form) for figure in (*made, pair_map(scored, measure, HOSTILE))]

    first, second = all_of_them(), all_of_them()
    assert first == second
    assert len(set(first)) == 6


def test_a_forest_plot_has_a_row_per_attribute_with_its_interval(scored, generated):
    pair = evaluate(
        scored.benchmark,
        {label: generated / "results" / label for label in ("fused", "rgb-only")},
        attributes=("LI", "TC"),
        measures=("SR",),
    )
    rows = compare_rows(pair)
    axes = forest(rows).axes[0]
    above = sorted(rows[1:], key=lambda row: -row.difference)
    assert [tick.get_text().split()[0] for tick in axes.get_yticklabels()] == ["ALL", *(r.attribute for r in above)]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2][1:]
    assert [tuple(line.get_xdata()) for line in lines] == [(row.low, row.high) for row in rows]
    told = [text.get_text() for text in forest(rows).legends[0].get_texts()]
    assert told == ["fused better", "rgb-only better", "pale: Holm's p > 0.05"]


def test_a_forest_plot_is_pale_where_the_adjusted_p_is_above_the_level():
    def row(metric: str, attribute: str, difference: float, p_holm: float) -> Comparison:
        known = {f.name: 0 for f in fields(Comparison)} | {"dataset": "LasHeR", "split": "test", "p": 0.001}
        known |= {"first": "a", "second": "b", "low": difference - 1, "high": difference + 1, "sequences": 20}
        return Comparison(**known | {"metric": metric, "attribute": attribute, "difference": difference,
                                     "p_holm": p_holm})  # fmt: skip

    rows = [row("PR", "ALL", 50, 0.04), row("PR", "LI", 3, 0.06), row("SR", "ALL", 2, 0.05), row("SR", "LI", -3, 0.2)]
    first, second = forest(rows).axes
    assert [line.get_alpha() for line in first.lines[1:-3:2]] == [1.0, PALE]
    assert [line.get_alpha() for line in second.lines[1::2]] == [1.0, PALE]
    assert second.lines[1].get_color() != second.lines[3].get_color()
    assert second.get_xlim()[1] < 10 < first.get_xlim()[1]  # each its own range


def test_names_beside_points_cover_neither_names_nor_points():
    printed = printed_speeds("LasHeR", "test", "SR")
    assert len(printed) > 15
    own = [Speed("near", printed[0].score, "measured", printed[0].fps * 1.01, 20.0)]
    made = scatter(own, printed, "LasHeR test", "SR")
    texts = made.axes[0].texts
    assert len(texts) >= 12
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(made).get_renderer()
    made.draw_without_rendering()
    for text in texts:
        text.update_positions(renderer)
    boxes = [Text.get_window_extent(text, renderer) for text in texts]
    apart = [box.expanded(1 + 4 / box.width, 1) for box in boxes]  # 2 pixels on each side: two names do not read as one
    assert not any(a.overlaps(b) for a, b in itertools.combinations(apart, 2))


def test_titles_are_no_wider_than_their_figures(scored):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    exhibit = next(e for e in exhibits() if e.dots)
    made = [radar(scored, scored.measures[-1]), pair_map(scored, scored.measures[-1], HOSTILE)]
    cells = fill(exhibit, collect([], {}, None))
    made.append(dots(exhibit, cells, cell_texts(exhibit, cells)))
    for figure in made:
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        for axes in figure.axes:
            title = axes.title.get_window_extent(renderer)
            assert title.x0 >= 0, axes.get_title()
            assert title.x1 <= figure.bbox.x1, axes.get_title()


def test_the_papers_figure_says_what_its_table_says():
    exhibit = next(e for e in exhibits() if e.dots)
    cells = fill(exhibit, collect([], {}, None))
    texts = cell_texts(exhibit, cells)
    made = dots(exhibit, cells, texts)
    assert sorted(text.get_text() for axes in made.axes for text in axes.texts) == sorted(texts)
    table = exhibit_table(exhibit, cells)
    assert texts == [text for row in table.rows for text in row[1:]]
    assert any("missing" in text for text in texts)


def test_small_p_values_are_not_printed_as_zero():
    assert [p_value(p) for p in (0.00005, 0.0001, 0.05, float("nan"))] == ["<0.0001", "0.0001", "0.0500", "–"]


def test_what_only_lists_and_notes_say_is_in_no_figure():
    assert {s.source for s in printed_speeds("LasHeR", "test", "SR")} <= {"printed", "quoted"}


def test_another_suffix_is_refused(scored, tmp_path):
    with pytest.raises(ConfigError, match="unknown figure format"):
        save(curves(scored, scored.measures[0]), tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_next_command_is_told_and_nothing_is_written(cli, monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = cli("report", "--paper", "--out", tmp_path / "paper")
    assert status == 2
    assert 'pip install "rgbtbench[figures]"' in err
    assert not (tmp_path / "paper").exists()


def test_every_sequence_is_a_dot_and_the_best_tracker_on_top(scored):
    measure = scored.measures[0]
    [axes] = distributions(scored, measure).axes
    order = np.argsort(-scored.scores(measure)[:, 0], kind="stable")
    assert [text.get_text() for text in axes.get_yticklabels()] == [label(scored.trackers[k], 18) for k in order]
    dots = next(line for line in axes.lines if line.get_marker() == ".")
    assert dots.get_xdata() == pytest.approx(scored.values(measure)[order].ravel() * 100)
    assert np.abs(dots.get_ydata() - np.repeat(np.arange(3), 6)).max() < 0.2


def test_a_bar_joins_trackers_that_are_not_told_apart():
    ranks = (1.2, 1.9, 2.0, 4.9)
    rows = [MeanRank("LasHeR", "test", "SR", f"t{k}", 50, rank, 0.8, 0.01, 40, "") for k, rank in enumerate(ranks)]
    made = critical_differences(rows[::-1])
    texts = [text.get_text().strip() for text in made.axes[0].texts]
    assert {"t0 1.20", "t3 4.90", "critical difference 0.80"} <= set(texts)
    wide = [line.get_xdata() for line in made.axes[0].lines if line.get_linewidth() > 2]
    assert np.array(wide) == pytest.approx(np.array([[1.15, 2.05]]))


def test_seeds_stand_beside_one_another():
    setting = Setting("nano", "x", "200")
    head = {"setting": setting, "steps": "9", "seconds": 1, "train_data": "", "metric": "PR", "each": ()}
    rows = [
        Training(recipe=r, seed=str(k), value=80 + k, low=70, high=90, **head)
        for r in ("student", "hfrd")
        for k in (0, 1)
    ]
    [axes] = seeds(rows).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["student", "hfrd"]
    assert [list(line.get_xdata()) for line in axes.lines] == [[80, 81], [80, 81]]
