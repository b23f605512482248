"""Results as people nest, name and pack them: each is found and reads the same, or is refused with a reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.core.errors import ResultError
from rgbtbench.files.archive import Folder
from rgbtbench.results import discovery
from rgbtbench.results.formats import find_results

NAMES = ("easy_blackboy", "blackboy", "10runone", "leftgirl'swhitebag", "boy`headwithouthat", "Torabi1")
ROWS = {name: np.arange(12.0).reshape(3, 4) + at + 1 for at, name in enumerate(NAMES)}


def text(name: str, shift: float = 0) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in (ROWS[name] + shift).tolist())


def tree(pattern: str, shift: float = 0, only: tuple[str, ...] = NAMES) -> dict[str, str]:
    return {pattern.replace("*", name): text(name, shift) for name in only}


def lists() -> dict[str, list[list[float]]]:
    return {name: rows.tolist() for name, rows in ROWS.items()}


def as_bytes(save: Callable[..., None], *arguments: object, **arrays: object) -> bytes:
    stream = io.BytesIO()
    save(stream, *arguments, **arrays)
    return stream.getvalue()


STRANGERS = {
    "README.md": "Our results",
    "LICENSE": "MIT",
    "log.txt": "started\n",
    "src/package.json": "{",
    "a/list.txt": "x",
}
FOUND: dict[str, dict[str, str | bytes]] = {
    "three levels below a README": {**STRANGERS, **tree("results/LasHeR/T/*.txt")},
    "twelve levels below": tree("a/b/c/d/e/f/g/h/i/j/k/*.txt"),
    "a prefix and a suffix": {**tree("MANet_*_result.txt"), "README.txt": "x"},
    "VOT": tree("baseline/*/*_001.txt"),
    "got10k": {**tree("*/*_001.txt"), **{f"{name}/{name}_time.txt": "0.1\n" * 3 for name in NAMES}},
    "a folder for each": tree("T_*/boxes.txt"),
    "upper-case endings": tree("*.TXT"),
    "csv": tree("*.csv"),
    "both endings": {**tree("*.csv", only=NAMES[:3]), **tree("*.txt", only=NAMES[3:])},
    "other letter case": {path.upper().replace("TXT", "txt"): data for path, data in tree("*.txt").items()},
    "confidences beside": {**tree("T_*.txt"), **{f"T_{name}_conf.txt": "0.5\n" * 3 for name in NAMES}},
    "an old copy below": {**tree("*.txt"), **tree("old/*.txt", shift=9)},
    "few files of theirs above": {**tree("*.txt", shift=9, only=NAMES[:2]), **tree("final/*.txt")},
    "other folders of the same names": {
        **tree("T/boxes/*.txt", only=NAMES[:5]),
        **tree("T/boxes_of_some/*.txt", only=NAMES[:2], shift=9),
        **{f"T/{kind}/{name}.txt": "0.1\n" * 3 for name in NAMES for kind in ("all_times", "scores")},
    },
    "macOS": {**tree("T/*.txt"), **{f"T/._{name}.txt": b"\0\5\x16\7" for name in NAMES}},
    "scores beside": {**tree("*.txt"), "results.json": json.dumps(dict.fromkeys(NAMES, 0.5))},
    "UTF-16": {path: data.encode("utf-16") for path, data in tree("*.txt").items()},
    "one JSON": {"README.md": "x", "T.json": json.dumps(lists())},
    "one JSON, deeper": {"T.json": json.dumps({"T": {n: {"bbox": r, "score": [1.0] * 3} for n, r in lists().items()}})},
    "one JSON, a list": {"T.json": json.dumps([{"name": n, "res": r, "fps": 9} for n, r in lists().items()])},
    "JSON each": {f"{n}.json": json.dumps({"boxes": r, "scores": [1, 1, 1]}) for n, r in lists().items()},
    "one npz": {"log.txt": "x", "T.npz": as_bytes(np.savez, **ROWS)},
    "npz each": {f"{n}.npz": as_bytes(np.savez_compressed, boxes=r, time=r[:, 0]) for n, r in ROWS.items()},
    "npy each": {f"{n}.npy": as_bytes(np.save, np.asfortranarray(r.astype("f4"))) for n, r in ROWS.items()},
}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("case", FOUND)
def test_found_and_read(tmp_path, case, form):
    path = write(tmp_path / "r", FOUND[case])
    if form == "zip":
        path = tmp_path / "r.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in FOUND[case].items():
                archive.writestr(f"outer/{name}", data)
    files = find_results("T", path, NAMES)
    assert set(files.paths) == set(NAMES[: 5 if "of the same names" in case else None])
    assert files.runs == (files,)
    for name in files.paths:
        np.testing.assert_array_equal(files.read(name), ROWS[name])


@pytest.mark.parametrize("name", ["T.json", "T.npz"])
def test_a_file_of_arrays_is_results(tmp_path, name):
    data = json.dumps(lists()).encode() if name == "T.json" else as_bytes(np.savez, **ROWS)
    files = find_results("T", write(tmp_path, {name: data, **tree("*.txt", shift=9)}) / name, NAMES)
    for sequence in NAMES:
        np.testing.assert_array_equal(files.read(sequence), ROWS[sequence])
    assert name in files.tree.where(files.paths[NAMES[0]])


def test_mat_files_of_all_and_of_each(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    named = {"carNig": ROWS["blackboy"], "tunnel": ROWS["10runone"]}  # as MATLAB can name its variables
    savemat(tmp_path / "T.mat", named)
    (tmp_path / "each").mkdir()
    for name, rows in named.items():
        savemat(tmp_path / f"each/{name}.mat", {"results": rows, "fps": 3.0})
    for path in (tmp_path / "T.mat", tmp_path / "each"):
        files = find_results("T", path, list(named))
        for name, rows in named.items():
            np.testing.assert_array_equal(files.read(name), rows)
    savemat(tmp_path / "S.mat", {"results": {"res": ROWS["blackboy"]}})
    with pytest.raises(ResultError, match="no numbers or text"):
        find_results("T", tmp_path / "S.mat", list(named))


REPEATS = {
    "folders": "run*/", "from nought": "param_00*/", "seeds": "T_seed1*7/", "numbers": "*/", "deeper": "x/Run_*/y/",
}  # fmt: skip


@pytest.mark.parametrize("case", REPEATS)
def test_repeats_in_folders_belong_together(tmp_path, case):
    start = 0 if case == "from nought" else 1
    for at in range(3):
        write(tmp_path, tree(REPEATS[case].replace("*", str(at + start)) + "*.txt", shift=at))
    files = find_results("T", tmp_path, NAMES)
    assert [run.read("blackboy")[0, 0] - ROWS["blackboy"][0, 0] for run in files.runs] == [0, 1, 2]
    assert len({run.run for run in files.runs}) == 3
    with pytest.raises(ResultError, match="3 repeats of T"):
        files.only()


@pytest.mark.parametrize("pattern", ["*_00@.txt", "*/*_00@.txt", "T_*_run@.txt"])
def test_repeats_in_files_belong_together(tmp_path, pattern):
    for at in (1, 2, 3):
        write(tmp_path, tree(pattern.replace("@", str(at)), shift=at, only=NAMES[: None if at < 3 else 4]))
    runs = find_results("T", tmp_path, NAMES).runs
    assert [(len(run.paths), run.read("blackboy")[0, 0] - ROWS["blackboy"][0, 0]) for run in runs] == [
        (6, 1),
        (6, 2),
        (4, 3),
    ]


@pytest.mark.parametrize(
    "patterns",
    [
        ("A/*.txt", "B/*.txt"),
        ("A_*.txt", "B_*.txt"),
        ("MANet1/*.txt", "MANet2/*.txt"),
        ("v1/*.txt", "v2/*.txt"),
        ("epoch_001/*.txt", "epoch_002/*.txt"),
        ("run3/*.txt", "run5/*.txt"),
        ("A/*.txt", "B/*.csv"),
        ("*/a.txt", "*/b.txt"),
    ],
)
def test_two_trackers_are_never_mixed(tmp_path, patterns):
    for at, pattern in enumerate(patterns):
        write(tmp_path, tree(pattern, shift=at))
    with pytest.raises(ResultError, match="two sets of results") as caught:
        find_results("T", tmp_path, NAMES)
    for pattern in patterns:
        assert pattern.partition("*")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({f"{name}.pkl": b"\x80" for name in NAMES}, ["6 .pkl", "may run code", ".json"]),
        ({"results.rar": b"Rar!"}, ["1 .rar", "unpack"]),
        ({f"{name}/init.txt": text(name) for name in NAMES}, ["init"]),
        ({"T.npz": as_bytes(np.savez, boxes=np.array([[1], [1, 2]], dtype=object))}, ["may run code", "T.npz"]),
        ({"T.json": "{"}, ["not a JSON file", "T.json"]),
        ({"a.txt": "1"}, ["no result files", "found     a"]),
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_what_is_not_read_is_named(tmp_path, files, told, form):
    path = write(tmp_path / "r", files)
    if form == "zip":
        path = tmp_path / "r.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    with pytest.raises(ResultError) as caught:
        find_results("T", path, NAMES)
    for word in told:
        assert word in str(caught.value)


def test_two_files_of_one_sequence(tmp_path):
    write(tmp_path, {**tree("*.txt"), "blackboy.TXT": text("blackboy", 5)})
    with pytest.raises(ResultError, match="two files of one sequence"):
        find_results("T", tmp_path, NAMES)


def test_links_lead_nowhere_twice(tmp_path):
    home = write(tmp_path / "home", tree("T/*.txt"))
    (home / "loop").symlink_to(home)
    (home / "T" / "up").symlink_to(home)
    (home / "latest").symlink_to(home / "T")
    assert len(find_results("T", home, NAMES).runs) == 1
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/T").symlink_to(home / "T")
    assert len(find_results("T", tmp_path / "elsewhere", NAMES).paths) == len(NAMES)


def test_a_runs_own_records_are_no_boxes(tmp_path):
    write(tmp_path, {**tree("*.txt", only=NAMES[1:]), **{f"{name}.json": '{"status": "ok"}' for name in NAMES}})
    assert set(find_results("T", tmp_path, NAMES).paths) == set(NAMES[1:])


def test_a_folder_of_the_benchmarks_name_decides(tmp_path):
    more = (*NAMES, "more")
    write(tmp_path, {**tree("T/RGBT210/*.txt"), **tree("T/rgbt234/*.txt", shift=9), "T/rgbt234/more.txt": "1,2,3,4\n"})
    known = {"RGBT234": more, "RGBT210": NAMES}
    assert find_results("T", tmp_path, NAMES, lambda: known).paths["blackboy"] == "T/RGBT210/blackboy.txt"
    assert find_results("T", tmp_path, more, lambda: known).paths["blackboy"] == "T/rgbt234/blackboy.txt"


def test_a_fault_is_said_and_no_other_copy_is_taken_for_it(tmp_path):
    write(tmp_path, {**tree("T/*.txt"), **tree("T/old/*.txt", shift=9), f"T/{NAMES[0]}.txt": "1,2,3,4\n1,two,3,4\n"})
    with pytest.raises(ResultError, match="not a number"):
        find_results("T", tmp_path, NAMES).read(NAMES[0])


def test_arrays_of_many_files_are_bounded(tmp_path, monkeypatch):
    bomb = as_bytes(np.savez_compressed, x=np.zeros((9_000, 4)))
    monkeypatch.setattr(discovery, "KEPT_LIMIT", 3 << 20)
    for number in range(25):
        (tmp_path / f"{number}.npz").write_bytes(bomb)
    with pytest.raises(ResultError, match="too many files of arrays"):
        find_results("T", tmp_path, NAMES)


def test_an_unreadable_folder_beside_is_left_alone(tmp_path, monkeypatch):
    write(tmp_path, {**tree("T/*.txt"), "secret/a.txt": "x"})
    look = Folder.listing

    def listing(self, folder=""):
        if folder == "secret":
            raise PermissionError
        return look(self, folder)

    monkeypatch.setattr(Folder, "listing", listing)  # root may read everything
    assert len(find_results("T", tmp_path, NAMES).paths) == len(NAMES)


def test_results_of_another_benchmark_are_named(tmp_path):
    theirs = [f"their{at}" for at in range(30)]
    write(tmp_path, {f"T/T_{name}.txt": "1,2,3,4\n" for name in theirs})
    with pytest.raises(ResultError, match="these results of T are Their's") as caught:
        find_results("T", tmp_path, NAMES, lambda: {"Their": theirs, "Own": NAMES})
    assert "30 of 30" in str(caught.value)
    with pytest.raises(ResultError, match="no result files"):
        find_results("T", tmp_path, NAMES)
