"""Examples in docstrings. `pytest --doctest-modules` would import the files under the wrong names."""

from __future__ import annotations

import doctest
import importlib

import pytest
from test_layout import SOURCES, module_of

MODULES = [module_of(path).removesuffix(".__init__") for path in SOURCES if ">>> " in path.read_text()]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
