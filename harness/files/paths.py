"""Paths that users give: ``LABEL=PATH``, and files at any depth of a folder."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from rgbtbench.core.errors import BenchError

from .archive import Folder, Tree, join, stem

DEPTH_LIMIT = 12  # folders inside one another
FOLDER_LIMIT = 20_000
FILE_LIMIT = 500_000


def labelled(text: str) -> tuple[str, str]:
    """``LABEL=PATH``, or ``PATH`` labelled by its name, into label and path. The path may hold ``=``.

    >>> labelled("Mine=a=b/c.zip"), labelled("there/Mine.zip")
    (('Mine', 'a=b/c.zip'), ('Mine', 'there/Mine.zip'))
    """
    label, equals, path = text.partition("=")
    if not equals or Path(text).expanduser().exists():
        return stem(text), text
    return label, path


def walk(tree: Tree, error: type[BenchError]) -> Iterator[tuple[str, list[str]]]:
    """Every folder of a tree and its files, nearest first.

    A link to a folder of the same tree is not followed, so that nothing is seen twice. Raises ``error`` if there is too
    much to look at.
    """
    queue, seen, files = deque([""]), {_place(tree, "")}, 0
    while queue:
        folder = queue.popleft()
        try:
            if isinstance(tree, Folder):
                here, folders = tree.listing(folder)
            else:
                here, folders = tree.files(folder), tree.folders(folder)
        except PermissionError:
            if not folder:
                raise
            continue
        files += len(here)
        yield folder, here
        for inner in folders if folder.count("/") < DEPTH_LIMIT else ():
            path = join(folder, inner)
            place = _place(tree, path)
            if place not in seen and not _turns_back(tree, path):
                seen.add(place)
                queue.append(path)
        if len(seen) > FOLDER_LIMIT or files > FILE_LIMIT:
            raise error(
                "too many files and folders to search",
                where=tree.name,
                expected=f"at most {FOLDER_LIMIT:,} folders and {FILE_LIMIT:,} files",
                next="pass the folder that holds the result files",
            )


def _place(tree: Tree, folder: str) -> object:
    """What tells two folders apart, whatever their links are named."""
    if not isinstance(tree, Folder):
        return folder
    try:
        about = (tree.root / folder).stat()
    except OSError:
        return folder
    return about.st_dev, about.st_ino


def _turns_back(tree: Tree, folder: str) -> bool:
    if not isinstance(tree, Folder) or not (tree.root / folder).is_symlink():
        return False
    return Path(os.path.realpath(tree.root / folder)).is_relative_to(os.path.realpath(tree.root))
