"""YAML of strangers: what would take minutes, or leave the interpreter with a traceback, is refused at once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from small import write_experiment

from rgbtbench.core.errors import ConfigError
from rgbtbench.files.yaml_lines import SIZE_LIMIT, Document
from rgbtbench.running.experiment import load_experiment


def document(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return Document(path, Path("x.yaml"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: !!int " + "1:" * 50_000 + "1\n", 2),
        ("a: 1\nb: !!float " + "1:" * 50_000 + "1.\n", 2),
        ("a: 1\nb: " + "9" * 5000, 2),
        ("a: 1\nb: 0x" + "f" * 5000, 2),
        ('a: 1\nb: "\\ud800"', 2),
        ('a: 1\nb: "\\0"', 2),
        ('a: 1\n"\\ud800": 2', 2),
        ("b: !!bool maybe", None),
        ("b: !!int ''", None),
        ('b: "\\UFFFFFFFF"', None),
        ("a: 1\nb: !!timestamp 2022-13-45", 2),
        ("a: 1\nb: " + "[" * 20_000, 2),
        ("a: 1\nb: [&x 1, *x]", 2),
    ],
)
def test_values_that_no_experiment_has_are_named_with_their_line(tmp_path: Path, text: str, line: int | None):
    start = time.process_time()
    with pytest.raises(ConfigError, match="not valid YAML") as caught:
        document(tmp_path, text)
    assert time.process_time() - start < 2
    assert f"x.yaml:{line}\n" in str(caught.value) or line is None


def test_colons_and_dates_are_text_not_numbers_of_base_60(tmp_path: Path):
    found = document(tmp_path, "a: 12:30\nb: 2022-13-45\nc: 1:2:3.5\nd: 30\ne: -1.5e+3\nf: 0x1f\n<<: 1\n").value
    assert found == {"a": "12:30", "b": "2022-13-45", "c": "1:2:3.5", "d": 30, "e": -1500.0, "f": 31, "<<": 1}


def test_the_longest_file_that_is_read_takes_seconds(tmp_path: Path):
    start = time.process_time()
    assert len(document(tmp_path, "- a\n" * (SIZE_LIMIT // 4)).value) == SIZE_LIMIT // 4
    assert time.process_time() - start < 8
    with pytest.raises(ConfigError, match="too large"):
        document(tmp_path, "- a\n" * (SIZE_LIMIT // 4 + 1))


@pytest.mark.parametrize(
    "change", ["seed=2022-13-45", "seed=!!bool x", 'seed="\\ud800"', "seed=[[", "²=1", "9" * 5000 + "=1"]
)
def test_a_change_that_is_no_value_is_an_error_not_a_traceback(tmp_path: Path, change: str):
    (tmp_path / "data").mkdir()
    with pytest.raises(ConfigError) as caught:
        load_experiment(write_experiment(tmp_path), [change])
    assert "\n  next " in str(caught.value)
    assert len(str(caught.value)) < 13_000


def test_a_home_of_nobody_is_a_missing_path(tmp_path: Path):
    path = write_experiment(tmp_path)
    path.write_text(path.read_text().replace("LasHeR: data", "LasHeR: ~nobody-of-this-name/x"))
    with pytest.raises(ConfigError, match="not found"):
        load_experiment(path)


def test_a_pipe_is_no_experiment(tmp_path: Path):
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(ConfigError, match="not a plain file but a FIFO"):
        Document(tmp_path / "x.yaml", Path("x.yaml"))


def test_what_is_given_in_python_is_plain_and_complaints_name_its_keys(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pt").touch()
    given = {"trackers": ({"use": "still", "weights": Path("w.pt")},)}
    document = Document.given(given)
    assert document.value == {"trackers": [{"use": "still", "weights": "w.pt"}]}
    assert document.where(("trackers", 0, "use")) == "experiment.trackers.0.use"
    assert document.existing("w.pt", (), "weights", next="") == tmp_path / "w.pt"
    with pytest.raises(ConfigError, match="experiment is not plain"):
        Document.given({"trackers": [object()]})
