"""Runs under stress: their identity, their boxes in every kind of process, and what a report makes of them."""

import csv
import io
import re
import sys

import numpy as np
import pytest
from PIL import Image
from small import contents, rgbtbench, write_benchmark, write_experiment

from rgbtbench.core.errors import ConfigError
from rgbtbench.reports.page.packing import array_of, unpack
from rgbtbench.running.runs import plan_runs

LOOKS = """
class Looks:
    def init(self, frame, box):
        self.box = box
    def update(self, frame):
        return [float(frame.rgb.mean()), float(frame.tir.mean()), 8, 6]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("stressed")
    write_benchmark(home / "data", frames=8, names=("a", "b"))
    (home / "looks.py").write_text(LOOKS)
    inside = "- {use: './looks.py:Looks', label: inside}\n"
    child = (
        f"- {{use: process, label: child, params: {{command: ['{sys.executable}', '{{client}}', './looks.py:Looks']}}}}"
    )
    child = child.replace("./looks.py", str(home / "looks.py"))
    write_experiment(home, inside + child + "\n- {use: still, label: still}", extra="stress: [tir-black:3, jpeg:2]")
    for runs, only in (("one", ""), ("two", "inside")):
        done = rgbtbench("run", home / "exp.yaml", "--runs", home / runs, "--only", only)
        assert done.returncode == 0, done.stderr
    return home


def boxes(home, label):
    """All boxes of a run."""
    [folder] = (home / "one" / "LasHeR").glob(f"{label}@*")
    return [np.loadtxt(path, delimiter=",") for path in sorted(folder.glob("*.txt")) if "_" not in path.name]


def test_a_run_without_stress_is_the_run_of_before(home):
    clean = plan_runs(home / "exp.yaml", home / "one", ["stress=[]"]).runs
    both = plan_runs(home / "exp.yaml", home / "one").runs
    assert {run.folder.path for run in clean} == {run.folder.path for run in both if not run.tracker.stress}
    assert all("stress" not in run.identity for run in clean)
    under = [run for run in both if run.tracker.stress]
    assert len(under) == 6
    assert under[0].identity["stress"] == {"name": "tir-black", "severity": 3, "revision": 1}
    assert len({run.folder.path for run in both}) == len(both)


def test_trackers_see_it_here_and_in_a_process_of_their_own_and_twice_the_same(home):
    for stress in ("", "~tir-black-3", "~jpeg-2"):
        inside, child = boxes(home, f"inside{stress}"), boxes(home, f"child{stress}")
        assert all(map(np.allclose, inside, child))
    clean, black = boxes(home, "inside")[0], boxes(home, "inside~tir-black-3")[0]
    assert np.array_equal(clean[:, 0], black[:, 0]), "RGB is untouched"
    assert not black[1:, 1].any()
    assert clean[1:, 1].all()
    assert np.array_equal(clean[0], black[0]), "the first box is the given one"
    one, two = contents(home / "one"), contents(home / "two")
    assert two
    assert two.items() <= one.items()


def test_a_report_leaves_them_out_unless_it_is_asked(home):
    plain = rgbtbench("report", home / "exp.yaml", "--runs", home / "one", "--format", "csv")
    assert "~" not in plain.stdout
    asked = ("report", home / "exp.yaml", "--runs", home / "one", "--stress", "--metrics", "SR")
    rows = list(csv.DictReader(io.StringIO(rgbtbench(*asked, "--format", "csv").stdout)))
    cells = {(row["tracker"], row["stress"], row["severity"]): row for row in rows}
    still = cells["still", "mean", "0"]
    assert float(still["difference"]) == float(still["drop"]) == 0
    inside = cells["inside", "mean", "0"]
    parts = [float(cells["inside", name, level]["value"]) for name, level in (("tir-black", "3"), ("jpeg", "2"))]
    assert float(inside["value"]) == pytest.approx(np.mean(parts))
    assert float(inside["drop"]) == pytest.approx(100 * (1 - np.mean(parts) / float(inside["clean"])))
    table = rgbtbench(*asked).stdout
    assert "relative drop" in table
    assert "without thermal" in table
    assert "[95 % interval" in table
    plainly = rgbtbench(*asked, "--plain", "--format", "latex", "--cite", home / "trackers.bib").stdout
    assert "relative" in plainly
    assert "interval" not in plainly
    assert (home / "trackers.bib").read_text().startswith("% ")
    # a store alone says the same
    data = ("--truth", f"LasHeR={home / 'data'}")
    stored = rgbtbench("report", home / "one", *data, "--stress", "--metrics", "SR", "--format", "csv")
    assert sorted(stored.stdout.splitlines()) == sorted(rgbtbench(*asked, "--format", "csv").stdout.splitlines())


def test_the_page_shows_what_is_lost_and_a_moment_under_each_stress(home):
    done = rgbtbench("report", home / "exp.yaml", "--runs", home / "one", "--stress", "--format", "html", "--out",
                     home / "page.html")  # fmt: skip
    assert done.returncode == 0, done.stderr
    [data] = re.findall(r'id="data">([^<]*)<', (home / "page.html").read_text())
    words, arrays = unpack(data)
    shown = words["boards"][0]["stress"]
    still = [row for row in shown["rows"] if row["tracker"] == "still" and row["stress"] == "mean"]
    assert still
    assert all(row["drop"] == 0 for row in still)
    assert [picture["stress"] for picture in shown["pictures"]] == ["tir-black", "jpeg"]
    images = [Image.open(io.BytesIO(array_of(ref, arrays).tobytes())) for ref in shown["pictures"][0]["images"]]
    assert [np.asarray(image).max() > 8 for image in images] == [True, False]


def test_what_is_wrong_with_it_is_said_with_its_line(home):
    said = rgbtbench("run", home / "exp.yaml", "--runs", home / "one", "--stress", "rgb-fogg").stderr
    assert "did you mean 'rgb-fog'" in said
    with pytest.raises(ConfigError, match="stress tir-black:3 needs thermal") as error:
        plan_runs(home / "exp.yaml", home / "one", ["trackers.0.modality=rgb"])
    assert "exp.yaml:5 (inside)" in str(error.value)
