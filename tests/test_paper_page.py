"""docs/paper.md leads to what is there, and leaves no equation, figure or table out."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/paper.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/-]+\.(?:py|yaml|csv))(?::([\w.]+))?`", PAGE)))


def defined(tree: ast.AST, name: str) -> bool:
    """Whether a module defines ``name``, or a class of it ``CLASS.name``."""
    first, _, rest = name.partition(".")
    for node in ast.iter_child_nodes(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = {getattr(node, "name", None), *(getattr(target, "id", None) for target in targets)}
        if first in names:
            return not rest or defined(node, rest)
    return False


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_what_the_page_names_is_there(file, name):
    assert (ROOT / file).is_file()
    assert not name or defined(ast.parse((ROOT / file).read_text()), name)


def test_every_row_has_code_and_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count(" | ") == 4]
    assert len(rows) > 25
    for row in rows[1:]:
        *_, where, test = row.strip("| ").split(" | ")
        assert (where, test) == ("where", "test") or ("`" in where and "`tests/" in test), row


def test_every_equation_figure_and_table_is_traced():
    first = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| ")]
    said = {m for cell in first for m in re.findall(r"(?:Eq\.|Fig\.|Table) \d+", cell)}
    assert said == {
        f"{kind} {k}" for kind, last in (("Eq.", 14), ("Fig.", 6), ("Table", 5)) for k in range(1, last + 1)
    }


def test_nothing_cites_a_document_that_does_not_ship():
    places = [ROOT / top for top in ("harness", "trackers", "datasets", "results", "reports", "tests", "docs")]
    files = [path for top in places for path in top.rglob("*") if path.suffix in (".py", ".md", ".yaml", ".json")]
    pattern = re.compile(r"\bspec [0-9]|\bmodels(_baselines)?\.md")
    cited = [path for path in files if path.name != Path(__file__).name and pattern.search(path.read_text())]
    assert len(files) > 300
    assert cited == []
