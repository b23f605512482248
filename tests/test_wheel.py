"""The wheel holds everything: an editable installation would not notice a file that is left out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_wheel_works_on_its_own(tmp_path):
    pytest.importorskip("setuptools", minversion="77", reason="building a wheel needs setuptools >= 77")
    source = tmp_path / "source"
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not listing:
        pytest.skip("not a git checkout")
    for name in listing.rstrip("\0").split("\0"):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, source]
    subprocess.run(build, check=True)
    wheel = next(tmp_path.glob("rgbtbench-*.whl"))
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("rgbtbench/")}
    folders = {"harness": "rgbtbench"} | {n: f"rgbtbench/{n}" for n in ("trackers", "datasets", "results", "reports")}
    expected = {
        name.replace(folder, package, 1)
        for name in listing.split("\0")
        for folder, package in folders.items()
        if name.startswith(f"{folder}/") and (ROOT / name).exists()
    }
    assert packed == expected
    environment = os.environ | {"PYTHONPATH": str(wheel)}  # a wheel is a zip: Python imports straight from it
    code = "import rgbtbench; print(rgbtbench.__file__)"
    found = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert str(wheel) in found.stdout, found.stderr
