from __future__ import annotations

import io
import lzma
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from rgbtbench.core.errors import DataError
from rgbtbench.files.archive import descend, open_tree
from rgbtbench.files.packed import TOTAL_LIMIT

CONTENT = {"top/a.txt": b"1", "top/in/b.txt": b"22", "top/in/c.txt": b"333"}


def as_folder(out: Path) -> Path:
    for name, data in CONTENT.items():
        (out / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (out / "tree" / name).write_bytes(data)
    return out / "tree"


def as_zip(out: Path) -> Path:
    with zipfile.ZipFile(out / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in CONTENT.items():
            archive.writestr(name, data)
    return out / "t.zip"


def as_tar(out: Path, kind: str) -> Path:
    with tarfile.open(out / f"t.{kind}", f"w:{kind}") as archive:
        archive.add(as_folder(out) / "top", "top")
    return out / f"t.{kind}"


@pytest.mark.parametrize("kind", ["folder", "zip", "", "gz", "bz2", "xz"])
def test_all_containers_look_the_same(tmp_path, kind):
    path = {"folder": as_folder, "zip": as_zip}.get(kind, lambda out: as_tar(out, kind))(tmp_path)
    tree = open_tree(path, DataError)
    assert descend(tree) == "top"
    assert tree.files("top") == ["a.txt"]
    assert tree.folders("top") == ["in"]
    assert tree.files("top/in") == ["b.txt", "c.txt"]
    assert tree.files("nowhere") == tree.folders("nowhere") == []
    assert tree.read("top/in/c.txt") == b"333"
    assert tree.exists("top/a.txt")
    assert not tree.exists("top/z.txt")
    with pytest.raises(DataError):
        tree.read("top/z.txt")


def tar_with(out: Path, name: str, kind: bytes = tarfile.REGTYPE, *, target: str = "", size: int = 0) -> Path:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    with tarfile.open(out / "bad.tar", "w") as archive:
        archive.addfile(info, io.BytesIO(b"\0" * size))
    return out / "bad.tar"


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/passwd.txt", "a/../../b.txt", "C:\\x.txt", "..\\x.txt"])
@pytest.mark.parametrize("form", ["tar", "zip"])
def test_names_that_leave_the_archive_are_refused(tmp_path, name, form):
    if form == "tar":
        path = tar_with(tmp_path, name)
    else:
        path = tmp_path / "bad.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"1")
    with pytest.raises(DataError, match="outside its folder"):
        open_tree(path, DataError)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    with pytest.raises(DataError, match="link or device"):
        open_tree(tar_with(tmp_path, "a.txt", kind, target="/etc/passwd"), DataError)


def test_links_in_a_zip_are_refused(tmp_path):
    info = zipfile.ZipInfo("a.txt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        open_tree(tmp_path / "bad.zip", DataError)


def test_a_zip_bomb_is_refused_by_what_it_claims(tmp_path):
    """10 GB of zeros, as a member's header claims them; nothing is decompressed."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"\0" * 1000)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")  # the central directory's entry: uncompressed size at +24
    data[at + 24 : at + 28] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match="too large"):
        open_tree(path, DataError)


def test_a_compressed_tar_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "bomb.tar.xz"
    block = b"\0" * (8 << 20)
    with lzma.open(path, "wb", preset=0) as stream:
        for _ in range(TOTAL_LIMIT // len(block) + 1):
            stream.write(block)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="too large"):
        open_tree(path, DataError)


def test_a_zip_that_lies_about_its_size_is_damaged_not_believed(tmp_path):
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"1 2 3 4\n" * 100_000)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (8).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        open_tree(path, DataError)


@pytest.mark.parametrize("keep", [10, 100, 200])
@pytest.mark.parametrize("make", [as_zip, lambda out: as_tar(out, "xz"), lambda out: as_tar(out, "gz")])
def test_truncated_archives_are_clear_errors(tmp_path, make, keep):
    path = make(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"archive|zip"):
        open_tree(path, DataError)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.rar", b"Rar!\x1a\x07\x00", ["RAR", "unrar x"]),
        ("a.zip", b"Rar!\x1a\x07\x01\x00", ["RAR", "unrar x"]),  # what it is called matters little
        ("a.7z", b"7z\xbc\xaf\x27\x1c", ["7z", "7z x"]),
        ("a.zip.001", b"PK\x03\x04", ["split zip", "a.zip.001"]),
        ("a.zip.002", b"", ["split zip", "a.zip.001"]),
        ("a.z01", b"PK\x07\x08PK\x03\x04", ["split zip", "a.zip"]),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd", ["Zstandard", "tar --zstd"]),
    ],
)
def test_other_archives_are_named_with_what_unpacks_them(tmp_path, name, data, told):
    path = tmp_path / name
    path.write_bytes(data + bytes(600))
    with pytest.raises(DataError, match="not an archive format that is read") as caught:
        open_tree(path, DataError)
    for word in told:
        assert word in str(caught.value)


def test_a_file_of_arrays_is_the_only_one_in_its_folder(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("[]")
    tree = open_tree(tmp_path / "a.json", DataError)
    assert (tree.files(), tree.folders(), tree.read("a.json")) == (["a.json"], [], b"[]")


def test_what_is_neither(tmp_path):
    (tmp_path / "x.rar").write_bytes(b"Rar!\x1a\x07\x00" + bytes(600))
    with pytest.raises(DataError, match="not an archive"):
        open_tree(tmp_path / "x.rar", DataError)
    with pytest.raises(DataError, match="not found"):
        open_tree(tmp_path / "nothing", DataError)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a plain file"):
        open_tree(tmp_path / "pipe", DataError)


def test_a_fifo_in_a_folder_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(DataError, match="not a plain file but a FIFO"):
        open_tree(tmp_path, DataError).read("a.txt")


def test_rubbish_of_macs_and_editors_is_skipped(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in ("__MACOSX/._a.txt", ".DS_Store", "r/a.txt", "r/Thumbs.db"):
            archive.writestr(name, b"1")
    tree = open_tree(tmp_path / "t.zip", DataError)
    assert (tree.folders(), tree.files("r")) == (["r"], ["a.txt"])
