"""Files that are dropped onto the page are scored as the command line scores them, or refused; in a real browser."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from dropping import expected, require_equal, text, zipped
from written import NOTED, REFUSED, SOUND

from rgbtbench.core.errors import ResultError
from rgbtbench.scoring.evaluation import Evaluation

WRITTEN = {f"refused: {name}": case[0] for name, case in REFUSED.items()}
WRITTEN |= {f"noted: {name}": case[0] for name, case in NOTED.items()}
WRITTEN |= {f"sound: {number}": change for number, change in enumerate(SOUND)}
WRITTEN |= {
    "noted: late": lambda b, at: np.vstack([b[:1], b[:1] + 0.3, b[1:-1]]),
    "noted: a placeholder": lambda b, at: np.vstack([b[:1] * 0, b[1:]]),
    "repaired: gaps": lambda b, at: np.where(np.arange(len(b))[:, None] % 7 == 3, b * [1, 1, 0, 1], b),
    "repaired: NaN": lambda b, at: np.where(np.arange(len(b))[:, None] % 7 == 3, np.nan, b),
    "refused: infinite": lambda b, at: np.where(np.arange(len(b))[:, None] == 9, np.inf, b),
    "refused: short": lambda b, at: b[:40] if at == 3 else b,
    "sound: on a grid of ties": lambda b, at: np.round(b / 4) * 4,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_way_of_writing_boxes_is_judged_as_by_the_command_line(tab, made, name):
    answer = zipped({f"{n}.txt": text(WRITTEN[name](b, at)) for at, (n, b) in enumerate(made.boxes.items())})
    judged = made.judged(answer)
    tab.choose([answer])
    assert isinstance(judged, ResultError) == name.startswith("refused")
    if isinstance(judged, ResultError):
        assert not tab.page.locator("#drop textarea").count()
        place = str(judged.details["where"]).rpartition("/")[2]  # T.zip:FILE:LINE
        assert place in tab.refusal
        words = str(judged.details["found"]).partition("(")[0].split()
        assert [word for word in words[:6] if word not in tab.refusal.split()] == []
    else:
        assert not tab.refusal
        require_equal(tab.scores, expected(judged))
        told = tab.page.locator("#about").text_content()
        assert told.count("repaired as the toolkit does") == len(judged.repairs) + len(judged.notes)
        for repair in judged.repairs:
            assert str(repair).partition(": ")[2] in told


OFFERS = {name: (change, offer) for name, (change, _, offer) in (REFUSED | NOTED).items() if offer}


@pytest.mark.parametrize("name", OFFERS)
def test_what_the_refusal_offers_reads_the_boxes_right(tab, made, name):
    change, offer = OFFERS[name]
    answer = zipped({f"{n}.txt": text(change(b, at)) for at, (n, b) in enumerate(made.boxes.items())})
    tab.choose([answer])
    said = tab.refusal if "refused" in tab.refusal or tab.refusal else tab.page.locator("#about").text_content()
    assert offer in said
    tab.remove()
    tab.choose([answer], offer)
    judged = made.judged(answer, offer)
    assert isinstance(judged, Evaluation)
    require_equal(tab.scores, expected(judged))


def lines(change: Any) -> Any:
    """Every file, changed as text."""
    return lambda texts: {name: change(content) for name, content in texts.items()}


FILES: dict[str, Any] = {
    "tabs": lines(lambda t: t.replace(",", "\t")),
    "blanks": lines(lambda t: t.replace(",", "  ")),
    "semicolons": lines(lambda t: t.replace(",", ";")),
    "commas and blanks": lines(lambda t: t.replace(",", ", ")),
    "commas at the ends": lines(lambda t: t.replace("\n", ",\n")),
    "CR": lines(lambda t: t.replace("\n", "\r")),
    "CRLF": lines(lambda t: t.replace("\n", "\r\n")),
    "a mark of byte order": lines(lambda t: b"\xef\xbb\xbf" + t.encode()),
    "UTF-16": lines(lambda t: t.encode("utf-16")),
    "blank lines at the end": lines(lambda t: t + "\n \n"),
    "VOT's code": lines(lambda t: "1\n" + t.partition("\n")[2]),
    "whole numbers": lines(lambda t: "\n".join(line.replace(".0000", "") for line in t.splitlines())),
    "exponents": lines(lambda t: text(np.loadtxt(io.StringIO(t), delimiter=","), "%.10e")),
    "a blank line": lines(lambda t: t.replace("\n", "\n\n", 1)),
    "a word": lines(lambda t: t.replace(",", ",x", 1)),
    "hexadecimal": lines(lambda t: "0x10" + t),
    "decimal commas": lines(lambda t: t.replace(",", ";").replace(".", ",")),
    "an empty field": lines(lambda t: t.replace(",", ",,", 1)),
    "both marks": lines(lambda t: t.replace(",", ";", 1)),
    "five columns": lines(lambda t: t.replace("\n", ",1\n")),
    "a longer row": lines(lambda t: t + "1,2,3,4,5,6,7,8\n"),
    "empty files": lines(lambda t: ""),
    "control codes": lines(lambda t: t + "\x07"),
    "prefix and folders": lambda texts: {f"out/a b/T_{n[:-4]}_result.txt": t for n, t in texts.items()},
    "a folder each": lambda texts: {f"T/{n[:-4]}/{n[:-4]}_001.txt": t for n, t in texts.items()},
    "boxes in folders": lambda texts: {f"T/{n[:-4]}/boxes.txt": t for n, t in texts.items()},
    "csv": lambda texts: {n.replace(".txt", ".CSV"): t for n, t in texts.items()},
    "upper case": lambda texts: {n.upper(): t for n, t in texts.items()},
    "beside others": lambda texts: texts | {"README.md": "read", "log.txt": "1 2", "a.py": "", ".x/y.txt": "hidden"},
    "a Mac's": lambda texts: texts | {f"__MACOSX/._{n}": b"\0\5\26\7" for n in texts},
    "times": lambda texts: texts | {n.replace(".txt", "_time.txt"): "0.1\n" * 60 for n in texts},
    "confidences": lambda texts: texts | {n.replace(".txt", "_confidence.txt"): "0.1\n" * 60 for n in texts},
    "a copy below": lambda texts: texts | {f"old/{n}": t.replace("1", "2") for n, t in texts.items()},
    "two copies": lambda texts: {f"{f}/{n}": t for n, t in texts.items() for f in ("a", "b")},
    "plain and csv": lambda texts: texts | {n.replace(".txt", ".csv"): "9" for n in texts},
    "twice": lambda texts: texts | {n.replace(".txt", ".TXT"): "9" for n in texts},
    "one missing": lambda texts: dict(list(texts.items())[1:]),
    "nothing": lambda texts: {"README.txt": "nothing"},
    "climbing": lambda texts: texts | {"../x.txt": "1"},
    "absolute": lambda texts: texts | {"/x.txt": "1"},
    "deep": lambda texts: texts | {"a/" * 17 + "x.txt": "1"},
    "a bomb": lambda texts: texts | {"x.txt": bytes(33 << 20)},
}
NOT_SCORED_HERE: dict[str, Any] = {  # which the command line scores
    "repeats": lambda texts: {f"run{k}/{n}": t for n, t in texts.items() for k in (1, 2)},
    "arrays": lambda texts: {
        "T.json": "{" + ",".join(f'"{n[:-4]}":[[{t.splitlines()[0]}]]' for n, t in texts.items()) + "}"
    },
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_by_the_command_line(tab, made, name):
    answer = zipped(FILES[name](made.texts))
    judged = made.judged(answer)
    tab.choose([answer])
    if isinstance(judged, ResultError):
        assert not tab.page.locator("#drop textarea").count(), judged
        line = str(judged.details.get("where", "")).rpartition(":")
        assert not line[2].isdigit() or f":{line[2]}" in tab.refusal
    else:
        assert not tab.refusal
        require_equal(tab.scores, expected(judged))


@pytest.mark.parametrize("name", NOT_SCORED_HERE)
def test_what_only_the_command_line_reads_is_refused(tab, made, name):
    tab.choose([zipped(NOT_SCORED_HERE[name](made.texts))])
    assert "command line" in tab.refusal
    assert not tab.page.locator("#drop textarea").count()


def test_zips_that_no_packer_wrote_are_refused(tab, made):
    plain = zipped(made.texts, zipfile.ZIP_STORED)["buffer"]
    packed = zipped(made.texts)["buffer"]
    first, end = packed.index(b"PK\1\2"), packed.index(b"PK\5\6")
    size = int.from_bytes(packed[first + 24 : first + 28], "little")

    def changed(data: bytes, at: int, new: bytes) -> bytes:
        return data[:at] + new + data[at + len(new) :]

    broken = {
        "a digit": changed(plain, plain.index(b".txt") + 10, b"7"),
        "cut": packed[:-400],
        "its middle lost": packed[:200] + packed[400:],
        "encrypted": changed(packed, first + 8, b"\1"),
        "a larger file than told": changed(packed, first + 24, (size - 9).to_bytes(4, "little")),
        "sizes of 4 GB": changed(packed, first + 24, b"\xfe\xff\xff\xff"),
        "another method": changed(packed, first + 10, b"\x0c"),
        "a link": changed(packed, first + 38, (0o120777 << 16).to_bytes(4, "little")),
        "another name inside": changed(packed, packed.index(b"generated00"), b"generated99"),
        "a list beyond the file": changed(packed, end + 16, b"\xff\xff\xff\x7f"),
        "not a zip": b"PK" + bytes(500),
        "a tar": b"x" * 600,
    }
    for what, data in broken.items():
        answer = zipped({}) | {"buffer": data}
        assert isinstance(made.judged(answer), ResultError), what
        tab.choose([answer])
        assert "Not scored" in tab.refusal, what
        assert not tab.page.locator("#drop textarea").count(), what
    tab.choose([{"name": "T.tar.xz", "mimeType": "", "buffer": b"\xfd7zXZ\0" + bytes(50)}])
    assert "command line reads .tar.gz" in tab.refusal
    tab.choose([zipped(made.texts) | {"buffer": b"PK: before it" + packed}])  # zipfile finds it, too
    assert not tab.refusal


def test_a_zip_of_64_bit_sizes_is_read(tab, made):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.texts.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content.encode())
    tab.choose([zipped({}) | {"buffer": out.getvalue()}])
    assert not tab.refusal


def test_a_run_of_ours_is_not_taken_for_results(tab, made, tmp_path):
    for name, content in made.texts.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "about-run.json").write_text("{}")
    tab.choose(tmp_path, button="folder")
    assert "rgbtbench report" in tab.refusal
