"""Data for the tests: real files where they are at hand, generated ones everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from generated import generate
from hypothesis import settings

from rgbtbench.cli import main

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch: for tiny networks threads cost more than they bring

settings.register_profile("same", derandomize=True)  # the same examples in every run
settings.load_profile("same")

REAL = Path(os.environ.get("RGBTBENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder with ``gt/`` and ``results/``: the published annotations and raw results."""
    if not (REAL / "gt").is_dir():
        pytest.skip(f"no real annotations and results at {REAL} (set RGBTBENCH_DATA)")
    return REAL


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a small ``LasHeR`` annotation pack and ``results`` of three trackers. Do not change it."""
    out = tmp_path_factory.mktemp("generated")
    generate(out, sequences=6, frames=20)
    return out


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]):
    """Run the command line in this process: ``status, stdout, stderr``."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run
