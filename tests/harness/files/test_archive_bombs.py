"""Small archives that cost much: each is refused, in a process of its own that counts seconds and memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
COST = """
import re, sys, time
from rgbtbench.files.archive import open_tree
from rgbtbench.core.errors import DataError
start = time.process_time()
try:
    open_tree(sys.argv[1], DataError)
except DataError as error:
    print(str(error).replace("\\n", " "))
print(time.process_time() - start)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())  # its own: getrusage's may be its parent's
print(int(peak[1]) // 1024)
"""


def header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """A tar's header of GNU's kind."""
    fields = struct.pack("100s8s8s8s12s12s8sc100s8s", name[:100], b"0000644\0", *[b"0000000\0"] * 2, b"%011o\0" % size,
                         b"00000000000\0", b" " * 8, kind, b"", b"ustar  \0")  # fmt: skip
    block = fields.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def extended(kind: bytes, content: bytes) -> bytes:
    """A header whose content is about the next one."""
    return header(b"@", len(content), kind) + content.ljust(-(-len(content) // 512) * 512, b"\0")


def zipped(write) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive)
    return out.getvalue()


def directory(count: int) -> bytes:
    """A zip that is only a list of members, all alike."""
    with_one = zipped(lambda archive: archive.writestr("a", b""))
    start = with_one.index(b"PK\x01\x02")
    entry = with_one[start : with_one.index(b"PK\x05\x06")]
    return entry * count + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * count, 0, 0)


def xz_of_a_large_dictionary() -> bytes:
    return lzma.compress(b"1", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}])


def bzip2_in_a_zip() -> bytes:
    """64 MB in 200 bytes that claim to be 8: the library unpacks them all before it looks at the size."""
    data = bytearray(zipped(lambda archive: archive.writestr("a.txt", bytes(1 << 26), compress_type=zipfile.ZIP_BZIP2)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (8).to_bytes(4, "little")
    return bytes(data)


def deep_names(count: int, folders: bytes) -> bytes:
    return b"".join(extended(b"L", b"%06d" % k + folders + b".txt\0") + header(b"a", 0) for k in range(count))


DEEP = b"a/" * 1_000_000 + b"b.txt"
GLOBALS = b"".join(b"%d %05x=\n" % (9 + 1, k) for k in range(1600))
BOMBS = {
    "deep name in pax": lambda: lzma.compress(
        extended(b"x", b"%d path=%s\n" % (len(DEEP) + 14, DEEP)) + header(b"a", 0)
    ),
    "deep name by GNU": lambda: lzma.compress(extended(b"L", DEEP + b"\0") + header(b"a", 0)),
    "deep name in zip": lambda: zipped(lambda archive: archive.writestr("a/" * 32_000 + "b.txt", b"1")),
    "many deep names": lambda: lzma.compress(deep_names(2000, b"/a" * 2000), preset=0),
    "digits in pax": lambda: lzma.compress(extended(b"x", b"1" * 300_000) + header(b"a", 0)),
    "digits in many pax": lambda: lzma.compress((extended(b"x", b"1" * 15_000) + header(b"a", 0)) * 2000, preset=0),
    "chain of headers": lambda: lzma.compress(extended(b"x", b"10 path=a\n") * 5000, preset=0),
    "chain of long names": lambda: lzma.compress(extended(b"L", b"a.txt\0") * 5000, preset=0),
    "global headers": lambda: lzma.compress(
        (extended(b"g", GLOBALS) + extended(b"x", b"10 path=a\n") + header(b"a", 0)) * 3000, preset=0
    ),
    "empty gzip streams": lambda: gzip.compress(b"") * 200_000,
    "empty bzip2 streams": lambda: bz2.compress(b"") * 200_000,
    "empty xz streams": lambda: lzma.compress(b"") * 200_000,
    "large dictionary": xz_of_a_large_dictionary,
    "archive in an archive": lambda: gzip.compress(lzma.compress(bytes(1 << 27), preset=0)),
    "sparse file": lambda: header(b"a.txt", 0, b"S")[:386] + bytes(126),
    "claims in a tar": lambda: header(b"a.txt", 30 << 20),
    "members without end": lambda: lzma.compress(header(b"a", 0) * 200_000, preset=0),
    "long list of members": lambda: directory(400_000),
    "bzip2 in a zip": bzip2_in_a_zip,
}  # fmt: skip


def cost(path: Path) -> tuple[list[str], float, int]:
    """The refusal, seconds and MiB of opening an archive in a process of its own."""
    run = subprocess.run([sys.executable, "-c", COST, path], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in run.stderr, run.stderr[-300:]
    *told, seconds, memory = run.stdout.splitlines()
    return told, float(seconds), int(memory)


@pytest.mark.parametrize("bomb", BOMBS)
def test_small_archives_that_cost_much_are_refused_cheaply(tmp_path: Path, bomb: str):
    path = tmp_path / "x.zip"
    path.write_bytes(BOMBS[bomb]())
    told, seconds, memory = cost(path)
    assert told, f"taken: {seconds} s, {memory} MiB"
    assert seconds < 5
    assert memory < 700


def test_the_largest_archive_that_is_taken_costs_little(tmp_path: Path):
    path = tmp_path / "x.tar"
    path.write_bytes(deep_names(20_000, b"".join(b"/%028d" % k for k in range(15))))
    told, seconds, memory = cost(path)
    assert not told
    assert seconds < 5
    assert memory < 1000
