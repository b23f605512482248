"""A study's record: a row for each training, and its scores on single sequences in a file beside it."""

from __future__ import annotations

import gzip

import pytest

from rgbtbench.core.errors import DataError
from rgbtbench.results.study_record import KEY, MEASURED, packed, read_study, sequences_file

ROWS = """recipe,preset,seed,steps,train_seconds,metric,value,low,high,sequences,weights_sha256,train_data,test_truth
mpsd,nano,0,600,9,SR,41.0,40,42,2,w,d,t
mpsd,nano,1,600,9,SR,43.0,42,44,2,v,d,t
"""
SCORES = (
    f"{','.join(KEY)},sequence,value\n"
    + """mpsd,nano,0,600,w,t,SR,b,42.125
mpsd,nano,0,600,w,t,SR,a,39.875
"""
)


@pytest.fixture
def record(tmp_path):
    def write(rows=ROWS, scores=SCORES):
        path = tmp_path / "x.csv"
        path.write_text(rows)
        sequences_file(path).write_bytes(scores if isinstance(scores, bytes) else packed(scores))
        return path

    return write


def test_scores_of_sequences_come_in_the_order_of_their_names_or_are_not_known(record):
    path = record()
    assert [t.each for t in read_study(path)] == [(39.875, 42.125), ()]
    sequences_file(path).unlink()
    assert [t.each for t in read_study(path)] == [(), ()]


def test_a_row_that_is_there_twice_has_its_scores_twice(record):
    line = ROWS.splitlines()[1]
    assert [len(t.each) for t in read_study(record(ROWS + line + "\n"))] == [2, 0, 2]


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("SR,b,42.125", "SR,b,142", "value is no percentage", 2),
        ("SR,b,42.125", "SR,b,", "value is no percentage", 2),
        ("SR,b,42.125", "SR,b", "a row is short", 2),
        ("SR,b,42.125", "SR,a,42.125", "a sequence is scored twice", 3),
        ("0,600,w,t,", "0,600,other,t,", "scores of a row that the record lacks", 2),
        ("seed,", "", "columns are missing", None),
    ],
)
def test_a_broken_file_of_sequences_is_refused_with_its_line(record, old, new, said, line):
    path = record(scores=SCORES.replace(old, new))
    with pytest.raises(DataError, match=said) as error:
        read_study(path)
    where = str(sequences_file(path))
    assert (f"{where}:{line}" if line else where) in str(error.value)


def test_missing_sequences_are_refused_and_the_record_is_named(record):
    with pytest.raises(DataError, match="one score for each sequence") as error:
        read_study(record(scores="".join(SCORES.splitlines(keepends=True)[:2])))
    assert "x.csv:2" in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SCORES.encode(), "is no CSV"),
        (packed(SCORES)[:-9], "not one whole gzip stream"),
        (packed(SCORES) * 2, "not one whole gzip stream"),
        (packed("0" * 5000), "over 1,000 bytes"),
    ],
    ids=["plain", "cut", "twice", "bomb"],
)
def test_what_is_no_such_file_is_refused(record, monkeypatch, data, said):
    monkeypatch.setattr("rgbtbench.results.study_record.LIMIT", 1000)
    with pytest.raises(DataError, match=said) as error:
        read_study(record(scores=data))
    assert "x_sequences.csv.gz" in str(error.value)


def test_scores_in_a_cell_of_the_record_are_not_dropped_in_silence(record):
    lines = ROWS.splitlines()
    path = record("\n".join([lines[0] + ",each", lines[1] + ",1 2"]), SCORES)
    with pytest.raises(DataError, match="older record"):
        read_study(path)


def test_the_same_text_gives_the_same_bytes():
    assert packed(SCORES) == packed(SCORES)
    assert gzip.decompress(packed(SCORES)).decode() == SCORES


def test_our_own_record_has_each_sequence_and_its_means():
    """The file beside it holds what was scored: its means are the rows' values."""
    known = [t for t in read_study(MEASURED / "study.csv") if t.each]
    assert len(known) == 69
    for t in known:
        assert len(t.each) == 200
        assert sum(t.each) / 200 == pytest.approx(t.value, abs=1e-3)
