"""A tracker that is none stops the run before its first sequence, not after a night."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import write_benchmark

from rgbtbench.core.errors import ConfigError
from rgbtbench.running.held_tracker import require_interface
from rgbtbench.running.runs import plan_runs

TRACKERS = '''
class Lacks:
    def init(self, frame, box): ...
class Short:
    def init(self, frame): ...
    def update(self, frame): ...
class Late:
    """Has its methods only once it is made, and takes more than it is given."""
    def __init__(self):
        self.init = lambda frame, box, mask=None: None
        self.update = lambda *frames: [1, 1, 9, 9]
class Faulty(Late):
    def __init__(self):
        raise RuntimeError("no licence")
class Killed(Late):
    def __init__(self):
        import os
        os._exit(3)
'''


def experiment(home: Path, *names: str) -> dict[str, object]:
    write_benchmark(home / "data", names=("car", "dog"))
    (home / "mine.py").write_text(TRACKERS)
    trackers = [{"use": "still"}, *({"use": f"{home}/mine.py:{name}", "label": name} for name in names)]
    return {"trackers": trackers, "datasets": {"LasHeR": str(home / "data")}}


@pytest.mark.parametrize(("name", "told"), [("Lacks", r"no update\(frame\)"), ("Short", r"as init\(frame, box\)")])
def test_the_second_tracker_is_looked_at_before_the_first_one_tracks(tmp_path: Path, name: str, told: str) -> None:
    runs = plan_runs(experiment(tmp_path, name), tmp_path / "runs")
    runs.choose()
    with pytest.raises(ConfigError, match=told) as error:
        runs.execute()
    assert "trackers" in str(error.value)  # where it is asked for
    assert not list((tmp_path / "runs").rglob("car.json"))


def test_what_only_fails_is_left_to_its_sequences(tmp_path: Path) -> None:
    runs = plan_runs(experiment(tmp_path, "Late", "Faulty", "Killed"), tmp_path / "runs")
    runs.choose()
    runs.execute()
    assert str(runs) == "4 ok, 4 failed"


def test_a_method_written_in_c_is_taken_as_it_is() -> None:
    class Compiled:
        init, update = print, max

    require_interface(Compiled(), "compiled")
    with pytest.raises(ConfigError, match="no tracker"):
        require_interface(len, "len")
