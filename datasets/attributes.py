"""Attributes in one table of 0/1 with a row for each sequence: a text file, or a toolkit's ``AttrMat.mat``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rgbtbench.core.errors import DataError
from rgbtbench.files.archive import Tree, join
from rgbtbench.files.mat import read_mat


class Table(NamedTuple):
    """Columns by name, and the row of each sequence as texts."""

    columns: list[str]
    rows: dict[str, list[str]]


def read_table(
    tree: Tree, root: str, names: tuple[str, ...], wanted: Mapping[str, str], files: tuple[str, ...]
) -> dict[str, frozenset[str]] | None:
    """The attributes of each sequence from the text among these files, or else from all ``.mat``; None without any.

    A text has a header and one row per sequence, split by blanks. Columns that are not ``wanted`` are left alone.
    Raises DataError for a table that lacks a wanted attribute or a sequence.
    """
    there = [path for file in files if tree.exists(path := join(root, file))]
    there = [path for path in there if not path.endswith(".mat")][:1] or there
    labels: dict[str, frozenset[str]] = {}
    odd: dict[str, str] = {}  # sequence -> what is wrong with its row
    for path in there:
        columns, rows = _of_mat(tree, path, wanted) if path.endswith(".mat") else _of_text(tree, path)
        if not set(wanted) <= set(columns):
            raise DataError(
                "attributes are missing in this file",
                where=tree.where(path),
                expected=" ".join(wanted),
                found=" ".join(columns)[:80] or "none",
            )
        for name, values in rows.items():
            if len(values) == len(columns) and set(values) <= {"0", "1"}:
                labels[name] = frozenset(a for a, v in zip(columns, values, strict=True) if v == "1" and a in wanted)
            else:
                odd[name] = " ".join(values)
    if there and (absent := [name for name in names if name not in labels]):
        raise DataError(
            f"bad attribute row of {absent[0]}",
            where=tree.where(there[0]),
            expected=f"{len(wanted)} values of 0 or 1",
            found=odd.get(absent[0], "no row")[:80],
        )
    return {name: labels[name] for name in names} if there else None


def _of_text(tree: Tree, path: str) -> Table:
    lines = tree.read(path).decode("utf-8", errors="replace").splitlines()
    (_, *columns), *rows = [line.split() for line in lines if line.strip()] or [[""]]
    return Table(columns, {name: values for name, *values in rows})


def _of_mat(tree: Tree, path: str, wanted: Mapping[str, str]) -> Table:
    """``seqName`` or ``SequencesName``, one line a sequence, and one 0/1 vector per attribute; alone or in a struct."""
    content = read_mat(tree.read(path), tree.where(path), DataError, structs=True)
    content = {name.rpartition(".")[2]: value for name, value in content.items()}
    columns = {name: np.ravel(content[name]) for name in wanted if isinstance(content.get(name), np.ndarray)}
    names = content.get("seqName", content.get("SequencesName"))
    if not isinstance(names, list) or {len(values) for values in columns.values()} != {len(names)}:
        sizes = ", ".join(f"{name} {np.shape(value)}" for name, value in content.items())
        raise DataError(
            "bad attribute file",
            where=tree.where(path),
            expected="seqName, and a vector of that length for each of " + " ".join(wanted),
            found=sizes[:200],
        )
    rows = zip(names, *columns.values(), strict=True)
    return Table(list(columns), {name: [f"{value:g}" for value in row] for name, *row in rows})
