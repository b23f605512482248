"""A store of runs with one of its files spoilt: fields of other types, JSON of other shapes, bytes changed, no file."""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from rgbtbench import load
from rgbtbench.reports.inputs import Benchmarks, gather, score
from rgbtbench.results.store import RunFolder
from rgbtbench.running.plan import truth_of

NAMES = ("boy", "car", "dog")
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**400, float("nan"), "", "x", "../x", [], [1], {}, {"a": 1}, "a" * 100_000),
    *("0" * 64, "ok", "failed", "LasHeR", "test", "\ud800", "\x1b[2J\n  next rm"),
)
TEXTS = (
    *(b"", b"{", b"[]", b"null", b"1", b"{}", b"\xff\xfe", b"\0" * 10, b"[" * 100_000, b'{"format": 99}'),
    *(b'{"format": "1"}', b'{"format": 1' + b"0" * 5000 + b"}", b'{"a": NaN, "format": 1}'),
)


def one(rng: Random, folder: Path) -> None:
    """Spoil a file and do what ``report --allow-missing`` and ``status`` do."""
    if not (folder / "truth").exists():
        for name in NAMES:
            (folder / "truth" / name).mkdir(parents=True)
            (folder / "truth" / name / "init.txt").write_text("1,2,3,4\n5,6,7,8\n")
        (folder / "truth" / "testingsetList.txt").write_text("\n".join(NAMES) + "\n")
    home = folder / "runs" / "LasHeR" / "dcf@00000000"
    shutil.rmtree(folder / "runs", ignore_errors=True)
    home.mkdir(parents=True)
    for name, data in _sound(folder / "truth").items():
        (home / name).write_bytes(data)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        _spoil(home, rng)
    benchmarks = Benchmarks([str(folder / "truth")])
    entries = gather([str(folder / "runs")], benchmarks)
    for entry in entries:
        assert entry.run is not None
        assert set(entry.states) == set(NAMES)
        entry.fps()
        for name in NAMES:
            record = entry.run.record(name)
            assert entry.states[name] not in ("ok", "failed") or record is not None
        entry.run.machines()
        entry.run.leases()
    score(entries, allow_missing=True)
    for entry in entries:
        assert entry.run is not None
        entry.run.sweep(0.0)


@cache
def _sound(truth: Path) -> dict[str, bytes]:
    """Files of a run: one sequence tracked, one failed, one under way."""
    about = {"name": "LasHeR", "split": "test", "truth": truth_of(load("LasHeR", str(truth)))}
    run = RunFolder(truth.parent / "first" / "LasHeR" / "dcf@00000000")
    identity = {"dataset": about, "tracker": "dcf"}
    run.open(identity, {"label": "dcf", "year": 2020, "note": None, "imported": False})
    run.commit("boy", np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), np.ones(2), device="cpu", shared=False)
    run.fail("car", "RuntimeError: no", "Traceback", frames=2, device="cpu", shared=False)
    run.note_machine()
    lease = run.claim("dog", run="x", stale=120.0)
    assert lease is not None
    found = {path.name: path.read_bytes() for path in run.path.iterdir()}
    os.close(lease.fd)
    shutil.rmtree(truth.parent / "first")
    return found


def _spoil(home: Path, rng: Random) -> None:
    path = rng.choice([path for path in sorted(home.iterdir()) if path.is_file() and not path.is_symlink()])
    how = rng.random()
    if how < 0.08:
        path.unlink()
    elif how < 0.12:
        path.unlink()
        rng.choice((os.mkfifo, Path.mkdir, lambda p: p.symlink_to(p.name), lambda p: p.symlink_to("/dev/zero")))(path)
    elif how < 0.25:
        path.write_bytes(rng.choice(TEXTS))
    elif how < 0.4:
        data = bytearray(path.read_bytes())
        for _ in range(rng.choice((1, 3))):
            at = rng.randrange(len(data) or 1)
            data[at : at + rng.randrange(2)] = rng.randbytes(1)
        path.write_bytes(data)
    elif path.suffix in (".json", ".lease"):
        try:
            thing = json.loads(path.read_text())
        except (ValueError, RecursionError):
            return
        _change(thing, rng)
        path.write_text(json.dumps(thing), errors="replace")
    else:
        path.write_text(rng.choice(("nan,1,2,3\n1,2,3,4\n", "1,2,3,4\n", "1e308,1e308,1e308,1e308\n" * 2, "x")))


def _change(thing: Any, rng: Random) -> None:
    """Replace, drop or add a value somewhere."""
    keys = list(thing) if isinstance(thing, dict) else list(range(len(thing))) if isinstance(thing, list) else []
    if not keys:
        return
    key = rng.choice(keys)
    if isinstance(thing[key], dict | list) and rng.random() < 0.6:
        _change(thing[key], rng)
    elif rng.random() < 0.2:
        del thing[key]
    else:
        thing[key] = rng.choice(VALUES)
