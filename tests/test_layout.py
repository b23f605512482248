"""The folders are the package: what is on disk, in pyproject.toml and in the layers must agree."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"rgbtbench": "harness"} | {f"rgbtbench.{n}": n for n in ("trackers", "datasets", "results", "reports")}
SOURCES = [path for folder in FOLDERS.values() for path in sorted((ROOT / folder).rglob("*.py"))]
LAYERS = (  # floors, the lowest first: a module imports from its own room and from the floors below
    {"core"},
    {"files"},
    {"datasets", "results", "trackers"},
    {"scoring", "training"},
    {"running"},
    {"studies"},
    {"reports"},
    {"api"},
    {"__init__"},
    {"cli"},
    {"__main__"},
)
HEAVY = {
    "torch",
    "safetensors",
    "pandas",
    "matplotlib",
    "scipy",
    "seaborn",
    "PIL",
    "simplejpeg",
    "yaml",
    "joblib",
    "dask",
    "distributed",
}


def test_every_folder_with_code_is_packaged():
    on_disk = {
        ".".join((package, *path.parent.relative_to(ROOT / folder).parts))
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    text = (ROOT / "pyproject.toml").read_text()
    table = text[text.index("packages = [") :].partition("= ")[2].partition("]")[0] + "]"
    listed = set(ast.literal_eval(table))
    assert listed == on_disk


def test_top_level_is_the_agreed_one():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not listing:
        pytest.skip("not a git checkout")
    folders = {name.split("/")[0] for name in listing.splitlines() if "/" in name}
    assert folders <= {"harness", "trackers", "datasets", "results", "reports", "tests", "docs", ".ci"}


def test_the_root_is_a_facade_over_rooms():
    assert {path.name for path in (ROOT / "harness").glob("*.py")} == {"__init__.py", "__main__.py", "api.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path):
    own, own_level = _layer(module_of(path))
    for target in _imports(path):
        name, level = _layer(target)
        assert level < own_level or name == own, f"{path} imports {target}"


def test_no_module_imports_itself_through_others():
    """A circle would do only by chance of what is imported first; that an import is inside a function hides it."""
    modules = {module_of(path): path for path in SOURCES}
    below = {name: {_resolved(target, modules) for target in _imports(path)} - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        pytest.fail(f"circle: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_libraries_are_imported_inside_functions(path: Path):
    top = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name).split(".")[0] for n in top}
    of_networks = path.parent.name in ("networks", "dimp", "crossmodal", "mdnet", "fusions", "training")
    of_networks = of_networks or path.name == "models.py"
    networks = {"torch", "safetensors"} if of_networks else set()
    assert not names & (HEAVY - networks)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_fit_a_few_screens(path: Path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("folder", ["datasets", "trackers", "results", "reports"])
def test_a_folder_cannot_shadow_another_package(folder: str):
    """Python started in the checkout must not find ./datasets where Hugging Face's was meant."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {folder}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"import this as rgbtbench.{folder}" in result.stderr


def test_importing_and_help_load_nothing_heavy():
    code = (
        "import sys, rgbtbench\n"
        "from rgbtbench.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'pandas', 'matplotlib', 'PIL', 'scipy', 'yaml', 'joblib'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "score" in result.stdout


def module_of(path: Path) -> str:
    package = next(name for name, folder in FOLDERS.items() if (ROOT / folder) in path.parents)
    return ".".join((package, *path.relative_to(ROOT / FOLDERS[package]).with_suffix("").parts))


def _layer(module: str) -> tuple[str, int]:
    name = (module.split(".") + ["__init__"])[1]
    return name, next(level for level, names in enumerate(LAYERS) if name in names)


def _resolved(target: str, modules: Mapping[str, Path]) -> str:
    """The module in which an imported name lives."""
    places = (target, f"{target}.__init__", target.rpartition(".")[0], f"{target.rpartition('.')[0]}.__init__")
    return next(place for place in places if place in modules)


def _imports(path: Path) -> list[str]:
    """Full names of what a module imports from the package when it runs, at its top or inside functions."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    targets = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = module_of(path).split(".")[: -node.level] if node.level else []
            stem = ".".join([*home, *([node.module] if node.module else [])])
            targets += [f"{stem}.{alias.name}" for alias in node.names]
    return [target for target in targets if target.startswith("rgbtbench.") and target != "rgbtbench.__version__"]
