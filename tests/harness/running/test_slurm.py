"""The documented SLURM command with real daemons on this machine: Debian's slurm-wlm, as root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from small import command, contents, rgbtbench, wait_for, write_benchmark, write_experiment

NEEDED = [name for name in ("slurmctld", "slurmd", "srun", "scontrol") if not shutil.which(name)]
pytestmark = [
    pytest.mark.skipif(bool(NEEDED), reason=f"no {', '.join(NEEDED)}: apt install slurm-wlm"),
    pytest.mark.skipif(os.getuid() != 0, reason="slurmd starts as root alone"),
]
CONF = """
ClusterName=small
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={other}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment in which srun finds a cluster of this machine alone."""
    host = socket.gethostname().split(".")[0]
    for folder in ("state", "spool"):
        (tmp_path / folder).mkdir()
    conf = tmp_path / "slurm.conf"
    conf.write_text(CONF.format(host=host, home=tmp_path, port=free_port(), other=free_port()))
    environment = os.environ | {"SLURM_CONF": str(conf)}
    logs = (tmp_path / "daemons.log").open("wb")
    daemons = [
        subprocess.Popen([name, "-D", *more], env=environment, stdout=logs, stderr=logs)
        for name, more in (("slurmctld", []), ("slurmd", ["-N", host]))
    ]

    def idle() -> bool:
        shown = subprocess.run(["scontrol", "show", "node"], env=environment, capture_output=True, text=True)
        return "State=IDLE " in shown.stdout

    try:
        wait_for(idle, 60)
        yield environment
    finally:
        for daemon in daemons[::-1]:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(20)
        logs.close()


def test_tasks_of_srun_share_the_work(slurm: dict[str, str], tmp_path: Path) -> None:
    write_benchmark(tmp_path / "data")
    path = write_experiment(tmp_path, "- {use: './trackers.py:Walk', label: Walk, params: {pause: 0.05}}")
    assert rgbtbench("run", path, "--runs", tmp_path / "alone").returncode == 0
    words = ["srun", "--ntasks=2", "--cpus-per-task=1", *command("run", path, "--runs", tmp_path / "shared")]
    done = subprocess.run(words, env=slurm, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert "8 ok in" in done.stderr, done.stderr  # by the task that ended last
    assert done.stderr.count("plan ") == 2
    assert contents(tmp_path / "shared") == contents(tmp_path / "alone")
    assert not list((tmp_path / "shared").rglob("*.lease"))
