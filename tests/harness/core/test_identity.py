import json
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.core import identity


def test_digest_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert identity.digest({"a": 1, "b": [1.5, None]}) == identity.digest({"b": [1.5, None], "a": 1})
    values = [{"a": 1}, {"a": 1.0}, {"a": "1"}, {"a": True}, {"a": [1]}, {"b": 1}]
    assert len({identity.digest(value) for value in values}) == len(values)


def test_a_folder_is_its_names_and_contents(tmp_path: Path) -> None:
    def digest(files: dict[str, str]) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return identity.path_digest(folder)

    assert digest({"a": "1", "b/c": "2"}) == digest({"b/c": "2", "a": "1"})
    assert len({digest(f) for f in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": ""}, {"x/a": "1"})}) == 5


def test_truth_is_names_lengths_and_boxes() -> None:
    def digest(names: list[str], lengths: list[int], value: float) -> str:
        return identity.truth_digest(names, np.array(lengths), np.full((1, 5, 4), value))

    assert len({digest(["a", "b"], [2, 3], 1), digest(["a", "c"], [2, 3], 1), digest(["a", "b"], [3, 2], 1),
                digest(["a", "b"], [2, 3], 2)}) == 4  # fmt: skip


def test_machine_and_code_are_plain_json() -> None:
    about = json.loads(json.dumps({**identity.machine(), **identity.code()}))
    assert about["packages"]["numpy"] == np.__version__
    assert set(about) >= {"version", "commit", "dirty", "host", "cores"}


def test_code_without_a_repository_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(text: str) -> object:
        (tmp_path / "other.py").write_text(text)
        return identity.code()["sources"]

    monkeypatch.setattr(identity, "__file__", str(tmp_path / "core/identity.py"))
    assert of("a = 1") == of("a = 1") != of("a = 2")
    assert identity.code()["commit"] is None
