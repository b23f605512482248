"""The store of runs: what each tracker answered on each sequence, in files that are whole or not there.

``DIR/<dataset>/<label>@<hash8>/`` holds ``about-run.json`` (what this is), ``machine-<host>.json``, and per sequence
the boxes ``<sequence>.txt``, ``<sequence>_time.txt``, ``<sequence>_confidence.txt`` if the tracker gives any, and the
record ``<sequence>.json``. The record is written last and holds the sha256 of the others: it exists if and only if the
sequence is settled, ok or failed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from rgbtbench.core import regular
from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ResultError, StoreError
from rgbtbench.core.identity import digest, host, machine
from rgbtbench.core.messages import TRACE, safe
from rgbtbench.files import atomic
from rgbtbench.files.archive import Folder

from . import lease
from .formats import ResultFiles

FORMAT = 1
ABOUT = "about-run.json"  # a sequence of RGBT234 is called run
BOXES, TIMES, CONFIDENCE, RECORD, LEASE = ".txt", "_time.txt", "_confidence.txt", ".json", ".lease"
DATA = (BOXES, TIMES, CONFIDENCE)
SIZE_LIMIT = 1 << 20  # bytes of a record
LARGEST = 10**9  # of any number in it

State = Literal["ok", "failed", "damaged", "running", "missing"]


@dataclass(frozen=True, slots=True)
class Record:
    """How a sequence was settled. ``fps`` = (N-1) / seconds after ``init``, decoding excluded."""

    status: Literal["ok", "failed"]
    frames: int
    sha256: Mapping[str, str]  # file name -> digest
    fps: float | None
    init_seconds: float | None
    device: str
    shared: bool  # other lanes used the device at the same time, so the speed is not the tracker's own
    error: str | None = None
    traceback: str | None = None
    images: str | None = None  # digest of the sizes of the image files, since their content is not part of the hash
    remarks: Mapping[str, int] | None = None  # what was odd about the images, but harmless: how often


def _is_speed(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value <= LARGEST)  # NaN is not


SOUND: Mapping[str, Callable[[Any], bool]] = {  # what a field of a record may be: files come from anywhere
    "status": lambda v: v in ("ok", "failed"),
    "frames": lambda v: type(v) is int and 0 <= v <= LARGEST,
    "sha256": lambda v: isinstance(v, dict) and all(isinstance(d, str) for d in v.values()),
    "fps": _is_speed,
    "init_seconds": _is_speed,
    "device": lambda v: isinstance(v, str),
    "shared": lambda v: isinstance(v, bool),
    "error": lambda v: v is None or isinstance(v, str),
    "traceback": lambda v: v is None or isinstance(v, str),
    "images": lambda v: v is None or isinstance(v, str),
    "remarks": lambda v: v is None or (isinstance(v, dict) and all(type(count) is int for count in v.values())),
}


class RunFolder:
    """One tracker on one dataset."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, root: Path, dataset: str, label: str, identity: Mapping[str, Any]) -> RunFolder:
        """Where a run of this identity lies, whether it exists or not."""
        return cls(root / dataset / f"{label}@{digest(identity)[:8]}")

    def open(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Make the folder, or check that it is this run's. Raises StoreError if it is not, or cannot be written."""
        self.check(identity)
        if not (self.path / ABOUT).exists():
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as reason:
                raise unwritable(self.path, reason) from None
            full = {"format": FORMAT, "hash": digest(identity), "identity": identity, **about}
            self._write(ABOUT, _json(full))

    def check(self, identity: Mapping[str, Any]) -> None:
        """Raise StoreError if what lies here is not this run's."""
        home = self.path.parent
        try:
            around = [e.name for e in home.iterdir() if not e.name.startswith(".")] if home.exists() else []
            inside = [e.name for e in self.path.iterdir()] if self.path.exists() else []
        except OSError as reason:
            raise unwritable(home, reason) from None
        foreign = [name for name in around if not re.fullmatch(r".+@[0-9a-f]{8}", name)]
        begun = (self.path / ABOUT).exists()  # looked for after the listing: it is the first file to be written
        if not begun:
            foreign += [name for name in inside if not (name.startswith(f".{ABOUT}.") and name.endswith(".tmp"))]
        if foreign:
            raise StoreError(
                "this folder is no store of runs",
                where=self.path if self.path.exists() else home,
                expected="folders LABEL@HASH with an about-run.json each",
                found=", ".join(sorted(foreign)[:3]),
                next="choose another folder with --runs DIR",
            )
        if begun:
            about = _parsed(self.path / ABOUT)
            if about is None or about.get("hash") != digest(identity):
                raise StoreError(
                    f"{ABOUT} is not that of this run",
                    where=self.path / ABOUT,
                    expected=f"hash {digest(identity)}",
                    found=about.get("hash") if about else "no JSON object",
                    next=f"move {self.path} away",
                )

    def record(self, name: str) -> Record | None:
        """The record of a sequence; None if there is none to be read. Raises StoreError if it is of a newer kind."""
        stored = _parsed(self.path / (name + RECORD))
        if stored is None:
            return None
        known = {f.name: stored.get(f.name, f.default) for f in fields(Record)}  # older records lack the newer fields
        if any(known[key] is MISSING or not is_sound(known[key]) for key, is_sound in SOUND.items()):
            return None
        return Record(**known)

    def about(self) -> dict[str, Any]:
        """What about-run.json says. Raises StoreError if it is of a newer kind or no run's."""
        about = _parsed(self.path / ABOUT)
        identity = about.get("identity") if about else None
        if not about or not isinstance(identity, dict) or not isinstance(about.get("label"), str):
            raise StoreError(f"{ABOUT} says nothing of a run", where=self.path / ABOUT, next=f"move {self.path} away")
        return about

    def unreadable(self) -> str | None:
        """Why about-run.json cannot be read; None if it can."""
        try:
            regular.opened(self.path / ABOUT).close()
        except OSError as reason:
            return f"{ABOUT}: {reason.strerror}"
        return None

    def machines(self) -> list[dict[str, Any]]:
        """What it ran on, one for each host."""
        return [machine for path in sorted(self.path.glob("machine-*.json")) if (machine := _parsed(path))]

    def files(self, label: str, names: Iterable[str], layout: str | None = None) -> ResultFiles:
        """The boxes of these sequences as result files: a killed run leaves others beside them."""
        own = list(names)
        times = {name: name + TIMES for name in own if (self.path / (name + TIMES)).exists()}
        paths = {name: name + BOXES for name in own}
        return ResultFiles(label, Folder(self.path, ResultError), paths, 0, times=times, layout=layout)

    def has_record(self, name: str) -> bool:
        """Whether a sequence is settled, without reading anything."""
        return os.path.exists(f"{self.path}/{name}{RECORD}")  # noqa: PTH110  asked for thousands of sequences a second

    def state(self, name: str) -> State:
        """What is known of a sequence; ``damaged`` if its record cannot be read or is not about the files beside it."""
        if self.has_record(name):
            record = self.record(name)
            return record.status if record and self._matches(name, record) else "damaged"
        held = lease.read(self.path / (name + LEASE))
        return "running" if held and not held.is_free(lease.STALE) else "missing"

    def _matches(self, name: str, record: Record) -> bool:
        own = set(record.sha256) <= {name + file for file in DATA}
        try:
            return (
                own
                and (name + BOXES in record.sha256) == (record.status == "ok")
                and all(
                    hashlib.sha256(regular.read(self.path / file)).hexdigest() == sha256
                    for file, sha256 in record.sha256.items()
                )
            )
        except OSError:
            return False

    def commit(
        self,
        name: str,
        boxes: Array,
        seconds: Array | None,
        *,
        device: str,
        shared: bool,
        confidence: Array | None = None,
        images: str | None = None,
        remarks: Mapping[str, int] | None = None,
        batch: int = 1,
    ) -> None:
        """Write boxes (N, 4), seconds (N,) and confidence (N,), then the record.

        Boxes get four decimals. Imported ones come without times and keep every digit, to score as their own files do.
        Of a ``batch`` of sequences at once no times are kept: they would not be those of one sequence alone.
        """
        files = {name + BOXES: _rows(boxes, "%r" if seconds is None else "%.4f")}
        fps = init = None
        if seconds is not None and batch == 1:
            files[name + TIMES] = _rows(seconds[:, None], "%.6f")
            init, total = float(seconds[0]), float(seconds[1:].sum())
            fps = (len(seconds) - 1) / total if total > 0 else None
        if confidence is not None:
            files[name + CONFIDENCE] = _rows(confidence[:, None], "%.6g")
        for file, data in files.items():
            self._write(file, data)
        self._drop(name + file for file in DATA if name + file not in files)
        digests = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
        record = Record("ok", len(boxes), digests, fps, init, device, shared, images=images, remarks=remarks or None)
        self._write(name + RECORD, _json({"format": FORMAT, **asdict(record)}))

    def fail(self, name: str, error: str, traceback: str | None, *, frames: int, device: str, shared: bool) -> None:
        """Record that a sequence failed, and why, in texts that can be read again. ``frames``: its length."""
        self._drop(name + file for file in DATA)  # halves of a commit that never came to its record
        error = safe(error).strip() or "no reason given"
        traceback = None if traceback is None else safe(traceback, TRACE)
        record = Record("failed", frames, {}, None, None, device, shared, error, traceback)
        self._write(name + RECORD, _json({"format": FORMAT, **asdict(record)}))

    def _drop(self, files: Iterable[str]) -> None:
        try:
            for file in files:
                (self.path / file).unlink(missing_ok=True)
        except OSError as reason:
            raise unwritable(self.path, reason) from None

    def set_aside(self, name: str) -> None:
        """Move a sequence's files into a hidden folder beside them: nothing is ever deleted."""
        number = 1
        while (aside := self.path / f".old-{number}").exists() and (aside / (name + RECORD)).exists():
            number += 1
        try:
            aside.mkdir(exist_ok=True)
            for file in [name + kind for kind in (*DATA, RECORD)]:  # the record last: until then it is settled
                if (self.path / file).exists():
                    (self.path / file).rename(aside / file)
        except OSError as reason:
            raise unwritable(self.path, reason) from None

    def note_machine(self) -> None:
        """Say once for each host what it is."""
        file = f"machine-{host()}.json"
        if not (self.path / file).exists():
            self._write(file, _json({"format": FORMAT, **machine()}))

    def claim(self, name: str, *, run: str, stale: float, retake: bool = False) -> lease.Lease | None:
        """The right to work on a sequence; None while somebody else has it."""
        try:
            return lease.claim(self.path / (name + LEASE), run=run, stale=stale, retake=retake)
        except OSError as reason:
            raise unwritable(self.path, reason) from None

    def leases(self) -> dict[str, lease.Held]:
        """Leases by sequence, live and dead."""
        names = [e.name.removesuffix(LEASE) for e in os.scandir(self.path) if e.name.endswith(LEASE)]
        all_leases = {name: lease.read(self.path / (name + LEASE)) for name in names if not name.startswith(".")}
        return {name: held for name, held in all_leases.items() if held}

    def sweep(self, stale: float) -> None:
        """Remove what killed processes left: temporary files, and leases that have nothing more to tell."""
        if not self.path.is_dir():
            return
        for entry in list(os.scandir(self.path)):
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                try:
                    if lease.is_left_over(entry.name, time.time() - entry.stat().st_mtime, stale):
                        Path(entry.path).unlink(missing_ok=True)
                except FileNotFoundError:
                    continue
        for name, held in self.leases().items():
            if held.is_free(stale) and (self.has_record(name) or not held.post_mortem):
                lease.remove(self.path / (name + LEASE), held.token)

    def _write(self, file: str, data: bytes) -> None:
        """Write all of a file or nothing, and know that it is on the disk."""
        try:
            atomic.write(self.path / file, data, tag=lease.tag())
        except OSError as reason:
            raise unwritable(self.path / file, reason) from None


def run_folders(root: Path) -> list[RunFolder]:
    """Every run of a store, by path, also those that cannot be read; [] if this is none."""
    runs: list[RunFolder] = []
    for home in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            inside = [path for path in home.iterdir() if re.fullmatch(r".+@[0-9a-f]{8}", path.name)]
            runs += [RunFolder(path) for path in sorted(inside) if path.is_dir()]
        except OSError:  # what cannot be listed may hold runs
            runs.append(RunFolder(home))
    return runs if any((run.path / ABOUT).exists() for run in runs) else []


def require_storable(names: Iterable[str], where: object) -> None:
    """Raise StoreError if files of two sequences, or of a sequence and the run, would have the same name."""
    files: dict[str, str] = {ABOUT: "the run"}
    for name in names:
        for file in [name + kind for kind in (*DATA, RECORD, LEASE)]:
            if file in files or (file.startswith((".", "machine-")) and file.endswith(RECORD)):
                owner = files.get(file, "the store")
                raise StoreError("file names clash", where=where, found=f"{file!r} of {name!r} and of {owner!r}")
            files[file] = name


def unwritable(path: Path, reason: OSError) -> StoreError:
    """Build the error for a disk that does not take what we write."""
    return StoreError(
        "cannot write to the store",
        where=path,
        found=reason.strerror or reason,
        next="free some space or choose another folder with --runs DIR, then run the same command again",
    )


def _rows(values: Array, form: str) -> bytes:
    line = ",".join([form] * values.shape[1]) + "\n"
    return "".join([line % tuple(row) for row in values.tolist()]).encode()


def _json(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")  # a lone surrogate, of a file's name, becomes JSON's own escape


def _parsed(path: Path) -> dict[str, Any] | None:
    """A JSON object of a format we know; None if it is absent or no such object. Raises StoreError if it is newer."""
    try:
        with regular.opened(path) as stream:
            data = stream.read(SIZE_LIMIT + 1)
        parsed = json.loads(data) if len(data) <= SIZE_LIMIT else None
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    except OSError as reason:
        next = f"ls -l {shlex.quote(str(path))}"
        raise StoreError("cannot read the store", where=path, found=reason.strerror, next=next) from None
    if not isinstance(parsed, dict) or not isinstance(version := parsed.get("format"), int):
        return None
    if version > FORMAT:
        raise StoreError(
            "written by a newer rgbtbench",
            where=path,
            expected=f"format {FORMAT} or older",
            found=f"format {version}",
            next="pip install --upgrade rgbtbench",
        )
    return parsed
