"""VOT's measures by VOT's toolkit, of trackers whose failures are known."""

import json
from importlib.util import find_spec

import pytest
from small import write_benchmark

from rgbtbench.reports.eao import Robust, robust_table

needs_toolkit = pytest.mark.skipif(
    not find_spec("vot"), reason='the VOT toolkit is not installed: pip install "rgbtbench[vot]"'
)


@pytest.fixture
def home(tmp_path):
    """Two sequences of 40 and 41 frames; ``Lost`` leaves the target of the first for good in frame 21."""
    write_benchmark(tmp_path / "data", frames=40, names=("boy", "car"), size=(64, 48))
    for label in ("Right", "Lost", "Short"):
        (tmp_path / label).mkdir()
        for name in ("boy", "car"):
            rows = (tmp_path / "data" / name / "init.txt").read_text().splitlines()
            if (label, name) == ("Lost", "boy"):
                rows[20:] = ["50,40,8,6"] * 20
            if label == "Short":
                del rows[-1]
            (tmp_path / label / f"{name}.txt").write_text("\n".join(rows))
    return tmp_path


def test_the_best_eao_comes_first():
    table = robust_table("GTOT", [Robust("A", 0.5, 0.6, 0.1, 20, 30), Robust("B", 0.4, 0.7, 0.2, 20, 30)])
    assert table.rows == (("B", "0.200", "0.400", "0.700"), ("A", "0.100", "0.500", "0.600"))
    assert "20 to 30 frames" in table.title


@needs_toolkit
def test_accuracy_robustness_and_eao_of_known_failures(home, cli):
    results = [word for label in ("Right", "Lost") for word in ("--results", f"{label}: 1={home / label}")]
    arguments = ("LasHeR", "--truth", home / "data", "--lengths", "5,15", "--format", "json")
    status, printed, said = cli("eao", *arguments, *results)
    assert status == 0, said
    right, lost = json.loads(printed)
    print(right, lost)
    assert [row["tracker"] for row in (right, lost)] == ["Right: 1", "Lost: 1"]
    assert (right["accuracy"], right["robustness"], right["eao"]) == pytest.approx((79 / 81, 1, 1), abs=1e-6)
    assert lost["robustness"] == pytest.approx((20 + 41) / 81)
    assert lost["accuracy"] == pytest.approx(59 / 61, abs=1e-6)  # the toolkit takes each given box for an overlap of 0
    assert not list(home.glob("*/anal*"))


@needs_toolkit
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--results", "{home}/Short"], "VOT needs a box in every frame"),
        (["--results", "{home}/Right", "--lengths", "9"], "no interval of lengths"),
        ([], "no results given"),
    ],
)
def test_what_vot_cannot_measure_is_refused(home, cli, arguments, said):
    words = (word.format(home=home) for word in arguments)
    status, printed, told = cli("eao", "LasHeR", "--truth", home / "data", *words)
    assert (status, printed) == (2, "")
    assert said in told


def test_without_the_toolkit_it_says_what_to_install(home, cli, monkeypatch):
    monkeypatch.setattr("rgbtbench.reports.eao.find_spec", lambda name: None)
    status, _, told = cli("eao", "LasHeR", "--truth", home / "data", "--results", home / "Right")
    assert status == 2
    assert 'pip install "rgbtbench[vot]"' in told
