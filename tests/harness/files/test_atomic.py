from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

from rgbtbench.files.atomic import ABANDONED, save


def test_what_killed_processes_left_of_a_file_goes_away(tmp_path: Path):
    names = [
        f".a[1].bin.{uuid4().hex}.tmp",
        f".a[1].bin.{uuid4().hex}.tmp",
        f".other.{uuid4().hex}.tmp",
        ".a[1].bin.keep.tmp",
    ]
    for name in names:
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (0, time.time() - ABANDONED - 60))
    os.utime(tmp_path / names[1])  # of a process that is at it
    save(tmp_path / "a[1].bin", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a[1].bin", *names[1:]}


def test_a_pipe_is_written_to_and_a_link_kept(tmp_path: Path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    save(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save(tmp_path / "pipe", b"data")
    assert (os.read(end, 10), (tmp_path / "pipe").is_fifo()) == (b"data", True)
    os.close(end)
