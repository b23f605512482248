"""Every way of writing boxes that people really have: read right, or refused with what reads it right."""

from __future__ import annotations

import numpy as np
import pytest
from generated import generate
from written import NOTED, REFUSED, SOUND, ltrb

import rgbtbench
from rgbtbench.core.errors import ResultError
from rgbtbench.files.archive import stem
from rgbtbench.results.formats import find_results
from rgbtbench.scoring.evaluation import evaluate


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    out = tmp_path_factory.mktemp("formats")
    generate(out, sequences=40, frames=60)
    return out


@pytest.fixture(scope="module")
def benchmark(home):
    return rgbtbench.load("LasHeR", home / "LasHeR")


@pytest.fixture(scope="module")
def boxes(home, benchmark):
    """Boxes (N, 4) of a sound tracker by sequence."""
    files = find_results("fused", home / "results/fused", benchmark.names)
    return {name: files.read(name) for name in benchmark.names}


@pytest.fixture
def score(benchmark, boxes, tmp_path):
    """Score changed boxes; ``reading`` is what --boxes says."""

    def run(change, reading=None, fmt="%.4f"):
        folder = tmp_path / "T"
        folder.mkdir(exist_ok=True)
        for at, (name, b) in enumerate(boxes.items()):
            np.savetxt(folder / f"{name}.txt", change(b, at), fmt=fmt, delimiter=",")
        return evaluate(benchmark, {"T": folder}, layouts={"T": reading} if reading else None)

    return run


def numbers(evaluation):
    return np.concatenate([evaluation.scores(measure) for measure in evaluation.measures]).round(6).tolist()


@pytest.mark.parametrize("written", REFUSED)
def test_what_reads_low_is_refused_and_the_offer_reads_it_right(score, written):
    change, words, offer = REFUSED[written]
    with pytest.raises(ResultError, match=f"(?s){words}") as caught:
        score(change)
    for detail in ("where", "expected", "found", "next"):
        assert caught.value.details[detail]
    if offer:
        assert f"--boxes T={offer}" in str(caught.value)
        plain = numbers(score(lambda b, at: b))
        assert numbers(score(change, offer)) == plain


def test_decimal_commas_that_look_like_eight_columns(score, tmp_path):
    with pytest.raises(ResultError, match="decimal commas"):
        score(lambda b, at: np.stack([np.floor(b), np.round(b % 1 * 100)], axis=2).reshape(len(b), 8), fmt="%d")


@pytest.mark.parametrize("written", NOTED)
def test_a_constant_offset_is_named_with_what_undoes_it(score, written):
    change, words, offer = NOTED[written]
    evaluation = score(change)
    (note,) = evaluation.notes
    assert words in str(note)
    assert f"--boxes T={offer} undoes it" in str(note)
    mended = score(change, offer)
    assert not mended.notes
    assert numbers(mended) == numbers(score(lambda b, at: b))
    assert numbers(mended) != numbers(evaluation)


def test_a_forced_layout_is_still_told_its_offset(score):
    (note,) = score(lambda b, at: ltrb(b - [0, 0, 1, 1]), "ltrb").notes
    assert "--boxes T=ltrb+inclusive" in str(note)


def test_a_doubt_about_rows_in_a_forced_layout_names_what_undoes_it(score):
    """The option that one refusal offers must not be the end of the way."""
    twice = lambda b, at: ltrb(np.vstack([b[:1], b]))  # noqa: E731
    (note,) = score(twice, "ltrb").notes
    assert "--boxes T=ltrb+first-twice drops row 1" in str(note)
    assert numbers(score(twice, "ltrb+first-twice")) == numbers(score(lambda b, at: b))


def test_a_weak_trackers_missing_last_frame_is_told_by_its_motion(score):
    """Its first boxes are an older truth's: they alone would say that the first frame is missing."""
    with pytest.raises(ResultError, match="no row for the last frame"):
        score(lambda b, at: np.vstack([b[:1] + [3, 1, 0, 0], b[1:-1]]))


def test_a_lag_without_a_copied_row_is_said(score):
    (note,) = score(lambda b, at: np.vstack([b[:1], b[:1] + 0.3, b[1:-1]])).notes
    assert "one frame late" in str(note)


def test_a_placeholder_in_row_1_is_said_not_refused(score):
    (note,) = score(lambda b, at: np.vstack([b[:1] * 0, b[1:]])).notes
    assert "40 of 40 first boxes are not the truth's" in str(note)
    assert "--boxes T=first-given puts the given boxes there" in str(note)


@pytest.mark.parametrize("change", SOUND)
def test_no_false_alarm(score, change):
    assert score(change).notes == ()


def test_a_choice_of_the_user_is_followed(score):
    assert score(lambda b, at: np.vstack([b[:1], b[1:] + 300]), "xywh").score
    assert score(lambda b, at: np.vstack([b[:1], b]), "xywh").notes


def test_one_missing_row_is_forgiven_in_the_named_sequence_alone(real):
    benchmark = rgbtbench.load("RGBT234", real / "gt/RGBT234.tar.xz")
    assert benchmark.spec.protocol.one_short == ("orangeman1",)
    assert not rgbtbench.load("RGBT210", real / "gt/RGBT210.tar.xz").spec.protocol.one_short


@pytest.mark.parametrize("name", ["GTOT", "RGBT210", "RGBT234", "LasHeR"])
def test_published_results_raise_no_doubt(real, name):
    benchmark = rgbtbench.load(name, real / f"gt/{name}.tar.xz")
    archives = {stem(path): path for path in sorted((real / "results" / name).iterdir())}
    assert evaluate(benchmark, archives).notes == ()
