"""What a run tells while it goes on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from rgbtbench.core.processes import Interrupted
from rgbtbench.results.store import RunFolder
from rgbtbench.running import progress
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.jobs import Unit
from rgbtbench.running.progress import Pace, Progress


def units(folder: Path, label: str, count: int, frames: int, batch: int = 1) -> list[Unit]:
    """Sequences ``s0`` ... of one tracker, of the same length."""
    (folder / "LasHeR" / label).mkdir(parents=True, exist_ok=True)
    plan = load_experiment({"trackers": [{"use": "still", "label": label}], "datasets": {"LasHeR": str(folder)}})
    what = (plan.datasets[0], "", replace(plan.trackers[0], batch=batch), None, None, ())
    return [Unit(folder / "LasHeR" / label, *what, f"s{k}", frames) for k in range(count)]


def settle(unit: Unit) -> None:
    RunFolder(unit.folder).fail(unit.sequence, "lost", None, frames=unit.frames, device="cpu", shared=False)


def test_each_tracker_has_its_own_pace(tmp_path: Path) -> None:
    fast, slow = units(tmp_path, "fast", 4, 100), units(tmp_path, "slow", 4, 100)
    pace = Pace()
    assert pace.rest([*fast, *slow], []) == "time left not known yet"
    pace.note(50.0, [], fast[:1])
    pace.note(50.0, fast[:1], fast[1:2])  # 100 s for 150 frames, as half of what runs is taken for done
    assert pace.rest([*fast[1:], *slow], fast[1:2]) == "more than 3 min left (slow: unknown)"
    pace.note(600.0, fast[1:], slow[:1])
    pace.note(600.0, slow[:1], [])  # 600 s for 100 frames
    assert pace.rest(slow[1:], []) == "about 30 min left"


def test_sequences_of_a_batch_share_a_lane(tmp_path: Path) -> None:
    batch = units(tmp_path, "many", 8, 60, batch=4)
    pace = Pace()
    pace.note(60.0, [], batch[:4])
    pace.note(0.0, batch[:4], [])
    assert pace.rest(batch[4:], []) == "about 1 min left"


def test_it_names_what_runs_and_what_was_done_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work, now = units(tmp_path, "still", 6, 100), [0.0]
    with Progress(work, before=3, clock=lambda: now[0]) as seen:
        leases = [RunFolder(unit.folder).claim(unit.sequence, run="a", stale=60.0) for unit in work[:5]]
        now[0] = progress.INTERVAL
        seen.update()
        settle(work[0])
        now[0] = 2 * progress.INTERVAL
        seen.update()
        assert all(leases)
    first, failed, second = capsys.readouterr().err.splitlines()
    assert first.startswith("0/6 sequences, 0 failed, 3 before; time left not known yet; now LasHeR/still/s0, ")
    assert first.endswith("LasHeR/still/s2 and 2 more")
    assert failed == "failed LasHeR/still/s0  lost"
    assert second.startswith("1/6 sequences, 1 failed, 3 before; about ")


def test_who_stops_it_reads_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = units(tmp_path, "still", 3, 10)
    with suppress(Interrupted), Progress(work, before=2):
        settle(work[0])
        raise Interrupted
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "stopped  1 sequences are kept, and 2 of before",
        "next: the same command goes on with the other 2",
    ]
