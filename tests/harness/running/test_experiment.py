from pathlib import Path

import pytest
from small import write_experiment

from rgbtbench.core.errors import ConfigError
from rgbtbench.running.experiment import load_experiment
from rgbtbench.trackers import shipped_weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "w.pt").write_bytes(b"w")
    return tmp_path


def test_paths_are_relative_to_the_file_wherever_it_is_read_from(folder: Path) -> None:
    path = write_experiment(folder, "- {use: './trackers.py:Walk', weights: w.pt, modality: tir, params: {step: 2}}")
    experiment = load_experiment(path)
    [entry] = experiment.trackers
    assert (entry.label, entry.modality, entry.spec) == ("Walk", "tir", f"{folder}/trackers.py:Walk")
    assert entry.arguments == {"step": 2, "weights": str(folder / "w.pt")}
    assert experiment.datasets[0].root == folder / "data"
    assert entry.where == f"{path}:5"


@pytest.mark.parametrize(
    ("trackers", "extra", "line", "told"),
    [
        ("- {use: still, lable: A}", "", 5, "did you mean 'label'"),
        ("- use: still\n  weigths: w.pt", "", 6, "did you mean 'weights'"),
        ("- {use: still}", "sed: 1\n", 7, "did you mean 'seed'"),
        ("- {use: still}\n- {use: still}", "", 6, "two trackers labelled alike"),
        ("- {use: still, weights: gone.pt}", "", 5, "--set trackers.0.weights=PATH"),
        ("- {use: './gone.py:A'}", "", 5, "tracker file not found"),
        ("- {label: A, results: gone}", "", 5, "--set trackers.0.results=PATH"),
        ("- {label: A}", "", 5, "either run or imported"),
        ("- {use: still, boxes: corners}", "", 5, "belongs to trackers with 'results'"),
        ("- {use: still, modality: ir}", "", 5, "unknown modality 'ir'"),
        ("- {use: still, label: ../x}", "", 5, "no folder name"),
        ("- {use: still, label: 3}", "", 5, "wrong type"),
        ("- {use: still, params: {when: !!timestamp 2022-01-01}}", "", 5, "not valid YAML"),
        ("- {label: x, results: ''}", "", 5, "either run or imported"),
        ("- {use: still, use: dcf}", "", 5, "key given twice"),
        ("[]", "", 5, "'trackers' is empty"),
        ("- {use: still}", "note: [\n", 8, "not valid YAML"),
        ("- {use: still}", "a: &a [1]\nb: *a\n", 8, "aliases are not supported"),
    ],
)
def test_every_complaint_has_its_line(folder: Path, trackers: str, extra: str, line: int, told: str) -> None:
    path = write_experiment(folder, trackers, extra=extra)
    if trackers == "[]":
        line = 4  # of the key
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    assert told in str(caught.value)
    assert f"{path.name}:{line}" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LasHeR: gone", "--set datasets.LasHeR=PATH"),
        ("LaSHer2: data", "did you mean 'LasHeR'"),
        ("LasHeR: {root: data, split: tset}", "did you mean 'test'"),
        ("LasHeR: {split: test}", "'root' is missing"),
    ],
)
def test_datasets_are_checked(folder: Path, line: str, told: str) -> None:
    path = write_experiment(folder)
    path.write_text(path.read_text().replace("LasHeR: data", line))
    with pytest.raises(ConfigError, match=r"exp\.yaml:3") as caught:
        load_experiment(path)
    assert told in str(caught.value)


def test_set_changes_any_key_and_is_named_when_it_is_wrong(folder: Path) -> None:
    path = write_experiment(folder)
    changed = load_experiment(path, ["trackers.0.params.step=3", "trackers.0.weights=w.pt", "seed=7"])
    assert (changed.seed, changed.trackers[0].arguments["step"]) == (7, 3)
    with pytest.raises(ConfigError, match=r"--set trackers\.0\.weights"):
        load_experiment(path, ["trackers.0.weights=gone"])
    for wrong in ("trackers.5.weights=a", "name.x=1", "seed"):
        with pytest.raises(ConfigError, match="--set"):
            load_experiment(path, [wrong])


def test_depth_and_size_are_bounded(tmp_path: Path) -> None:
    for content in ("[" * 20_000, "a" * (2 << 20)):
        (tmp_path / "exp.yaml").write_text(content)
        with pytest.raises(ConfigError):
            load_experiment(tmp_path / "exp.yaml")


def test_paths_deep_in_parameters_lie_beside_the_experiment(folder: Path) -> None:
    """A process's command names its tracker as ./file.py:Class, inside a list."""
    (folder / "mine.py").write_text("class Mine: ...\n")
    text = "- {use: process, params: {command: [python, '{client}', ./mine.py:Mine]}}"
    [entry] = load_experiment(write_experiment(folder, text)).trackers
    assert entry.arguments["command"] == ["python", "{client}", f"{folder}/mine.py:Mine"]
    assert entry.paths == {"./mine.py:Mine": folder / "mine.py"}
    (folder / "mine.py").unlink()
    with pytest.raises(ConfigError, match="path not found"):
        load_experiment(folder / "exp.yaml")


def test_weights_of_the_package_are_those_of_a_tracker_that_names_none(folder):
    """So that they are hashed: other weights, another run."""
    text = "- {use: cmd-student-origin, preset: nano}\n- {use: cmd-student-origin, label: paper}\n"
    text += "- {use: cmd-student-origin, preset: nano, label: random, params: {untrained: true}}"
    shipped, paper, random = load_experiment(write_experiment(folder, text)).trackers
    assert shipped.weights == shipped_weights("cmd-student-origin", "nano")
    assert paper.weights is random.weights is None


def test_a_preset_is_a_parameter_with_a_key_of_its_own(folder):
    entry = load_experiment(write_experiment(folder, "- {use: cmd-student, preset: nano}")).trackers[0]
    same = load_experiment(write_experiment(folder, "- {use: cmd-student, params: {preset: nano}}")).trackers[0]
    assert entry.arguments == same.arguments == {"preset": "nano", "weights": str(entry.weights)}
    with pytest.raises(ConfigError, match="given twice"):
        load_experiment(write_experiment(folder, "- {use: cmd-student, preset: nano, params: {preset: paper}}"))
