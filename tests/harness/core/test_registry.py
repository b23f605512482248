"""Names to trackers, and what is said about a wrong one."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.registry import Registry
from rgbtbench.trackers import MEANINGS, TRACKERS

BUILTIN = {"still": "rgbtbench.trackers.still:Still"}


def entry(name, value, owner):
    return SimpleNamespace(name=name, value=value, dist=SimpleNamespace(name=owner))


@pytest.fixture
def installed(monkeypatch):
    entries = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: entries if group == "some.group" else [])
    return entries


def test_listing_imports_nothing():
    code = "import sys; from rgbtbench.trackers import TRACKERS; print(TRACKERS.names(), 'numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("False\n")
    assert "'dcf'" in out


def test_every_built_in_tracker_is_explained_and_importable():
    assert list(MEANINGS) == list(TRACKERS.builtin)
    for name in TRACKERS.builtin:
        made = TRACKERS.get(name)
        assert hasattr(getattr(made, "func", made), "update")  # a class, or a class with its network chosen


def test_lookup_by_any_of_the_four_ways(installed, tmp_path):
    registry = Registry("tracker", BUILTIN, group="some.group")
    installed.append(entry("theirs", "rgbtbench.trackers.dcf:DCF", "their-package"))
    (tmp_path / "mine.py").write_text("class Mine:\n    pass\n")
    assert registry.names() == ["still", "theirs"]
    assert registry.get("STILL").__name__ == "Still"
    assert registry.get("theirs").__name__ == "DCF"
    assert registry.get("rgbtbench.trackers.still:Still").__name__ == "Still"
    assert registry.get(f"{tmp_path}/mine.py:Mine").__name__ == "Mine"


def test_registered_class_is_found():
    registry = Registry("tracker", BUILTIN)

    @registry.register("mine")
    class Mine:
        pass

    assert registry.get("Mine") is Mine
    assert registry.names() == ["still", "mine"]


def test_two_owners_of_a_name_are_both_named(installed):
    installed += [entry("still", "a:B", "package-a"), entry("other", "b:B", "package-b")]
    registry = Registry("tracker", BUILTIN, group="some.group")
    with pytest.raises(ConfigError, match="two owners") as caught:
        registry.get("still")
    assert "package-a" in str(caught.value)
    assert "rgbtbench (" in str(caught.value)


def test_unknown_name_suggests_a_close_one():
    with pytest.raises(ConfigError, match="did you mean 'still'"):
        Registry("tracker", BUILTIN).get("stil")


def test_wrong_parameters_name_the_accepted_ones():
    with pytest.raises(ConfigError) as caught:
        TRACKERS.create("dcf", grdi=32)
    assert "grdi" in str(caught.value)
    assert "grid: 'int' = 32" in str(caught.value)
    with pytest.raises(ConfigError, match="results"):
        TRACKERS.create("replay")


def test_error_inside_a_constructor_is_not_mistaken_for_wrong_parameters(tmp_path):
    (tmp_path / "bad.py").write_text("class Bad:\n    def __init__(self):\n        int(None)\n")
    with pytest.raises(TypeError, match="int"):
        TRACKERS.create(f"{tmp_path}/bad.py:Bad")


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("x = 1\nimport no_such_thing\n", 2, "no_such_thing"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError"),
        ("a = 1\nb = = 2\n", 2, "SyntaxError"),
        ("import sys\n\nsys.exit(3)\n", 3, "SystemExit"),
    ],
)
def test_fault_in_a_file_is_shown_with_its_line(tmp_path, code, line, said):
    file = tmp_path / "faulty.py"
    file.write_text(code)
    for _ in range(2):  # the second time too: nothing half-loaded is kept
        with pytest.raises(ConfigError) as caught:
            TRACKERS.get(f"{file}:Mine")
        assert f"{file}:{line}" in str(caught.value)
        assert said in str(caught.value)


def test_a_file_whose_error_has_no_words_is_named_all_the_same(tmp_path):
    file = tmp_path / "my faulty.py"
    file.write_text("class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Mute\n")
    with pytest.raises(ConfigError, match="cannot load") as caught:
        TRACKERS.get(f"{file}:Mine")
    assert "Mute: [its message cannot be had" in str(caught.value)
    assert f"python '{file}'" in str(caught.value)


def test_missing_file_and_missing_class_are_told(tmp_path):
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(ConfigError, match="no such file"):
        TRACKERS.get(f"{tmp_path}/none.py:Mine")
    with pytest.raises(ConfigError, match="cannot load") as caught:
        TRACKERS.get(f"{tmp_path}/empty.py:Mine")
    assert "Mine" in str(caught.value)


def test_neighbours_of_two_files_are_not_confused(tmp_path):
    path = list(sys.path)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "helper_of_mine.py").write_text(f"WHO = '{folder}'\n")
        (tmp_path / folder / "mine.py").write_text("from helper_of_mine import WHO\nclass Mine:\n    who = WHO\n")
    assert [TRACKERS.get(f"{tmp_path}/{f}/mine.py:Mine").who for f in ("one", "two")] == ["one", "two"]
    assert sys.path == path
    assert "helper_of_mine" not in sys.modules
