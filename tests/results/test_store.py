import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.core.errors import StoreError
from rgbtbench.core.messages import one_line
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.names import sequence_names
from rgbtbench.results import lease
from rgbtbench.results.store import RunFolder, require_storable, run_folders

IDENTITY = {"tracker": "still", "seed": 0}
BOXES, SECONDS = np.arange(12.0).reshape(3, 4) / 3, np.array([0.5, 0.1, 0.1])


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.of(tmp_path, "LasHeR", "Still", IDENTITY)
    made.open(IDENTITY, {"label": "Still"})
    return made


def commit(folder: RunFolder, name: str = "boy`s'-1") -> None:
    folder.commit(name, BOXES, SECONDS, device="cpu", shared=False)


def dead_lease(path: Path, *, host: str | None = None, run: str = "", age: float = 0, note: str = "") -> None:
    """What a process that has ended leaves behind."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    about = {"host": host or lease.Holder.here().host, "pid": int(gone.stdout), "start": 1, "token": "t"}
    path.write_text(json.dumps({"format": 1, **about, "run": run, "attempt": 1}) + "\n" + note)
    os.utime(path, (time.time() - age,) * 2)


def test_layout(folder: RunFolder, tmp_path: Path) -> None:
    commit(folder)
    assert folder.path.relative_to(tmp_path).as_posix()[:13] == "LasHeR/Still@"
    assert sorted(p.name for p in folder.path.iterdir()) == [
        "about-run.json", "boy`s'-1.json", "boy`s'-1.txt", "boy`s'-1_time.txt"]  # fmt: skip
    assert (folder.path / "boy`s'-1.txt").read_text().splitlines()[1] == "1.3333,1.6667,2.0000,2.3333"
    record = json.loads((folder.path / "boy`s'-1.json").read_text())
    assert (record["format"], record["status"], record["frames"], record["init_seconds"]) == (1, "ok", 3, 0.5)
    assert record["fps"] == pytest.approx(10)
    assert folder.state("boy`s'-1") == "ok"


def test_imported_boxes_keep_every_digit(folder: RunFolder) -> None:
    folder.commit("a", BOXES, None, device="imported", shared=False)
    rows = [[float(v) for v in line.split(",")] for line in (folder.path / "a.txt").read_text().splitlines()]
    assert rows == BOXES.tolist()
    assert folder.state("a") == "ok"


@pytest.mark.parametrize("harm", ["edit", "delete", "times", "record", "status"])
def test_a_record_that_does_not_fit_its_files_is_damaged(folder: RunFolder, harm: str) -> None:
    commit(folder, "a")
    boxes, record = folder.path / "a.txt", folder.path / "a.json"
    if harm == "edit":
        boxes.write_text(boxes.read_text().replace("1.3333", "1.3334"))
    elif harm == "delete":
        boxes.unlink()
    elif harm == "times":
        (folder.path / "a_time.txt").write_text("0\n")
    elif harm == "record":
        record.write_text(record.read_text()[:50])
    else:
        record.write_text(record.read_text().replace('"ok"', '"failed"'))
    assert folder.state("a") == "damaged"


def test_boxes_without_a_record_are_not_settled(folder: RunFolder) -> None:
    commit(folder, "a")
    (folder.path / "a.json").unlink()
    assert folder.state("a") == "missing"
    folder.fail("a", "no", None, frames=3, device="cpu", shared=False)
    assert folder.state("a") == "failed"
    assert not (folder.path / "a.txt").exists()


def test_files_are_those_that_were_asked_for(folder: RunFolder) -> None:
    commit(folder, "a")
    folder.commit("b", BOXES + 1, None, device="imported", shared=False)
    (folder.path / "c.txt").write_text("1,2,3,4\n")  # of a killed run
    files = folder.files("Still", ["a", "b"], "xywh")
    assert (files.label, files.layout, set(files.paths), files.runs) == ("Still", "xywh", {"a", "b"}, (files,))
    assert files.read("a") == pytest.approx(BOXES, abs=1e-4)
    assert files.read("b").tolist() == (BOXES + 1).tolist()
    assert files.times == {"a": "a_time.txt"}


@pytest.mark.parametrize("file", ["about-run.json", "a.json"])
def test_a_newer_format_is_refused(folder: RunFolder, file: str) -> None:
    commit(folder, "a")
    path = folder.path / file
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(StoreError, match=r"newer rgbtbench(.|\n)*pip install --upgrade"):
        folder.check(IDENTITY) if file == "about-run.json" else folder.state("a")


def test_foreign_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "LasHeR" / "boy").mkdir(parents=True)  # somebody passed the dataset's folder
    with pytest.raises(StoreError, match="no store of runs"):
        RunFolder.of(tmp_path, "LasHeR", "Still", IDENTITY).open(IDENTITY, {})
    assert [p.name for p in (tmp_path / "LasHeR").iterdir()] == ["boy"]
    (tmp_path / "GTOT").write_text("a file")
    with pytest.raises(StoreError):
        RunFolder.of(tmp_path, "GTOT", "Still", IDENTITY).open(IDENTITY, {})


def test_another_identity_under_the_same_name_is_refused(folder: RunFolder) -> None:
    with pytest.raises(StoreError, match="not that of this run"):
        folder.open({"tracker": "other"}, {})


def test_a_failed_write_leaves_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(folder.path.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        commit(folder, "a")
    assert sorted(folder.path.iterdir()) == before


def test_names_that_would_share_a_file_are_refused() -> None:
    require_storable(["boy", "easy_boy", "boy`head"], "here")
    for names in (["about-run"], ["machine-a"], ["boy", "boy_time"], [".hidden"]):
        with pytest.raises(StoreError, match="clash"):
            require_storable(names, "here")


@pytest.mark.parametrize("name", BENCHMARKS.names())
def test_every_benchmark_can_be_stored(name: str) -> None:
    require_storable(sequence_names(name), name)


def test_set_aside_deletes_nothing(folder: RunFolder) -> None:
    for _ in range(3):
        commit(folder, "a")
        folder.set_aside("a")
    assert folder.state("a") == "missing"
    assert len(list(folder.path.glob(".old-*/a.txt"))) == 3


def test_only_one_claim_succeeds_until_it_is_given_back(folder: RunFolder) -> None:
    first = folder.claim("a", run="r", stale=120)
    assert first is not None
    assert folder.state("a") == "running"
    with first:
        assert folder.claim("a", run="other", stale=0.0) is None, "its holder lives, however silent"
    second = folder.claim("a", run="other", stale=120)
    assert second is not None
    second.__exit__(None, None, None)
    assert folder.state("a") == "missing"


def test_a_dead_holder_is_succeeded_at_once_and_heard(folder: RunFolder) -> None:
    path = folder.path / "a.lease"
    dead_lease(path, run="earlier", note="Timeout (0:00:03)!\n")
    taken = folder.claim("a", run="r", stale=120)
    assert taken is not None
    with taken:
        assert taken.post_mortem == "Timeout (0:00:03)!"
        assert taken.is_held
    assert not list(folder.path.glob("*.lease"))
    assert not list(folder.path.glob(".*"))


def test_another_machines_lease_is_taken_over_only_when_stale(folder: RunFolder) -> None:
    path = folder.path / "a.lease"
    dead_lease(path, host="elsewhere", age=100)
    assert folder.claim("a", run="r", stale=120) is None
    dead_lease(path, host="elsewhere", age=130)
    assert folder.state("a") == "missing"
    taken = folder.claim("a", run="r", stale=120)
    assert taken is not None
    taken.__exit__(None, None, None)


def test_a_dead_lane_of_ours_is_left_to_its_parent_but_not_in_a_cluster(folder: RunFolder) -> None:
    dead_lease(folder.path / "a.lease", run="r")
    assert folder.claim("a", run="r", stale=120) is None
    taken = folder.claim("a", run="r", stale=120, retake=True)
    assert taken is not None
    assert taken.attempt == 2
    taken.__exit__(None, None, None)


def test_a_lost_lease_is_noticed_and_not_given_back(folder: RunFolder) -> None:
    ours = folder.claim("a", run="r", stale=120)
    assert ours is not None
    assert lease.remove(folder.path / "a.lease", ours.token)
    theirs = folder.claim("a", run="other", stale=120)
    assert theirs is not None
    assert not ours.is_held
    ours.__exit__(None, None, None)
    assert theirs.is_held
    theirs.__exit__(None, None, None)


def test_one_who_was_too_late_puts_the_new_lease_back(folder: RunFolder) -> None:
    ours = folder.claim("a", run="r", stale=120)
    assert ours is not None
    assert not lease.remove(folder.path / "a.lease", "the token that was there before")
    assert ours.is_held
    ours.__exit__(None, None, None)


def test_a_heartbeat_keeps_the_lease_fresh(folder: RunFolder) -> None:
    path = folder.path / "a.lease"
    ours = folder.claim("a", run="r", stale=0.12)  # beats every 0.01 s
    assert ours is not None
    with ours:
        os.utime(path, (0, 0))
        end = time.monotonic() + 5
        while path.stat().st_mtime == 0 and time.monotonic() < end:
            time.sleep(0.01)
        assert path.stat().st_mtime > 0


def test_sweep_removes_only_what_is_dead(folder: RunFolder) -> None:
    mine = folder.path / f".a.txt.{lease.tag()}.tmp"
    other = mine.with_name(mine.name.replace(f"-{os.getpid()}-", "-4194303-"))
    strange = folder.path / ".keep.tmp"
    for path in (mine, other, strange):
        path.write_text("half")
    dead_lease(folder.path / "b.lease")
    dead_lease(folder.path / "c.lease", note="Timeout (0:00:03)!\n")
    held = folder.claim("d", run="r", stale=120)
    assert held is not None
    folder.sweep(120)
    assert {p.name for p in folder.path.iterdir()} == {mine.name, ".keep.tmp", "c.lease", "d.lease", "about-run.json"}
    held.__exit__(None, None, None)


def test_a_lease_is_never_seen_without_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between making and writing it, a process would leave one that nobody can tell for dead."""
    path, write, seen = tmp_path / "s.lease", os.write, []

    def watched(fd: int, data: bytes) -> int:
        seen.append(path.exists())
        return write(fd, data)

    monkeypatch.setattr(os, "write", watched)
    held = lease.claim(path, run="r")
    assert seen == [False]
    assert held is not None
    assert lease.claim(path, run="other") is None
    with held:
        pass
    assert list(tmp_path.iterdir()) == []


ODD = (
    None,
    True,
    -1,
    0,
    1.5,
    float("inf"),
    float("nan"),
    10**30,
    10**400,
    "",
    "x",
    "ok",
    "\ud800",
    [],
    ["ok"],
    {},
    {"a": 1},
)


def harms(text: str, rng: random.Random) -> str:
    """The same JSON with one value, at any depth, of another type; or nonsense."""
    value = json.loads(text)
    place = value
    while True:
        key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
        if not place[key] or not isinstance(place[key], dict | list) or rng.random() < 0.3:
            place[key] = rng.choice(ODD)
            break
        place = place[key]
    extremes = ["", "[" * 20000, "1" * 5000, "null", "[]", '{"format": 1}', "\x00"]
    return rng.choice(extremes) if rng.random() < 0.1 else json.dumps(value)


def test_no_record_is_faster_than_nothing(folder: RunFolder) -> None:
    commit(folder, "a")
    path = folder.path / "a.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fps": -5}))
    assert folder.record("a") is None


def test_a_store_is_one_though_its_about_file_is_special(folder: RunFolder) -> None:
    (folder.path / "about-run.json").unlink(missing_ok=True)
    os.mkfifo(folder.path / "about-run.json")
    [run] = run_folders(folder.path.parent.parent)
    with pytest.raises(StoreError, match="cannot read"):
        run.about()


@pytest.mark.parametrize("kind", ["record", "about", "lease"])
def test_odd_types_in_a_file_are_no_tracebacks(folder: RunFolder, kind: str) -> None:
    """Whoever wrote it: `status`, `run` and `report` see a damaged record, a foreign lease, or an error with a name."""
    rng = random.Random(0)
    commit(folder, "a")
    lease_path = folder.path / "b.lease"
    dead_lease(lease_path, run="r")
    path = {"record": folder.path / "a.json", "about": folder.path / "about-run.json", "lease": lease_path}[kind]
    sound = path.read_text()
    for _ in range(600):
        path.write_text(harms(sound, rng), encoding="utf-8", errors="surrogatepass")
        if kind == "record":
            with suppress(StoreError):  # of a newer version
                assert folder.state("a") in ("ok", "failed", "damaged")
                if record := folder.record("a"):
                    assert one_line(record.error)
        elif kind == "about":
            with suppress(StoreError):
                assert isinstance(folder.about()["label"], str)
            with suppress(StoreError):
                folder.check(IDENTITY)
        else:
            assert folder.state("b") in ("running", "missing")
            for held in folder.leases().values():
                assert held.is_free(120) in (True, False)
            claimed = folder.claim("b", run="other", stale=120)
            if claimed is not None:
                claimed.__exit__(None, None, None)


def test_a_record_of_an_older_version_is_still_read(folder: RunFolder) -> None:
    commit(folder, "a")
    path = folder.path / "a.json"
    path.write_text(
        json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k not in ("images", "remarks")})
    )
    assert folder.state("a") == "ok"


@pytest.mark.parametrize("error", ["", "\n", "x" * (3 << 20), "a\udc80", "\x1b[31m\x00"])
def test_whatever_the_reason_is_the_record_can_be_read(folder: RunFolder, error: str) -> None:
    folder.fail("a", error, error, frames=3, device="cpu", shared=False)
    assert folder.state("a") == "failed"
    record = folder.record("a")
    assert record is not None
    assert record.error
    assert record.error.isprintable()
    assert (folder.path / "a.json").stat().st_size < 1 << 16


def test_confidence_is_part_of_what_a_record_is_about(folder: RunFolder) -> None:
    given = np.array([np.nan, 0.25, 1e-9])
    folder.commit("a", BOXES, SECONDS, device="cpu", shared=False, confidence=given)
    assert (folder.path / "a_confidence.txt").read_text() == "nan\n0.25\n1e-09\n"
    assert folder.state("a") == "ok"
    assert folder.files("Still", ["a"]).read("a").shape == BOXES.shape
    (folder.path / "a_confidence.txt").write_text("1\n")
    assert folder.state("a") == "damaged"
    folder.set_aside("a")
    assert not list(folder.path.glob("a[._]*"))
    commit(folder, "a_confidence")
    with pytest.raises(StoreError, match="clash"):
        require_storable(["a", "a_confidence"], "here")
