"""Examples in docstrings. `pytest --doctest-modules` would import the files under the wrong names."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ["", ".boxes", ".bootstrap", ".metrics", ".protocol", ".datasets.frames"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str):
    result = doctest.testmod(importlib.import_module(f"rgbtbench{name}"))
    assert result.attempted > 0
    assert result.failed == 0
