"""The Python in README, docs and the tutorial runs, block after block, as a reader would type it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.scoring.evaluation import Evaluation

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?:<!-- not run: (.+?) -->\n+)?```python\n(.*?)```", re.S)
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if "```python" in path.read_text()
]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generated: Path):
    """A page may name ``LasHeR.tar.xz`` and results ``MTNet.tar.xz``, which stand for what a reader has."""
    for name, place in (("LasHeR.tar.xz", "LasHeR"), ("MTNet.tar.xz", "results/fused")):
        (tmp_path / name).symlink_to(generated / place)
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": page.stem}
    for number, (reason, code) in enumerate(BLOCK.findall(page.read_text()), 1):
        if not reason:  # a comment that readers do not see
            exec(compile(code, f"{page.name}, block {number}", "exec"), space)


def test_the_tutorial_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for needed in ("pandas", "matplotlib"):
        pytest.importorskip(needed)
    cells = json.loads((ROOT / "docs/tutorial.ipynb").read_text())["cells"]
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            assert not cell["outputs"], f"cell {number}: keep outputs out of the repository"
            exec(compile("".join(cell["source"]), f"tutorial.ipynb, cell {number}", "exec"), space)
    evaluation = space["evaluation"]
    assert isinstance(evaluation, Evaluation)
    scores = evaluation.score("SR")
    assert scores["dcf"] > scores["still"]
    assert np.isclose(space["compared"].iloc[-1]["difference"], evaluation.compare("dcf", "still")[-1].difference)
    assert Path("success.svg").read_bytes().startswith(b"<?xml")
