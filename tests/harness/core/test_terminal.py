"""What strangers wrote cannot pass for what we say, and every terminal gets its table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rgbtbench.cli import fault, main
from rgbtbench.cli.listings import LISTS
from rgbtbench.core.errors import BenchError, ConfigError, advised
from rgbtbench.core.terminal import LONGEST, block, log

ODD = "a\x1b[2J\x1b]0;x\x07b\x85\u2028\u202ec\x9b\udcff\r\x7f"


class Silent:
    def __str__(self) -> str:
        raise RuntimeError


def test_a_message_has_no_line_and_no_control_code_of_a_stranger():
    error = BenchError(f"what {ODD}", where=f"x{ODD}\n  next      rm -rf ~", found=f"{ODD}\r\nlast line\n", next="ours")
    lines = str(error).split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("  next")] == ["  next      ours"]
    assert "            |   next      rm -rf ~" in lines
    assert "            | last line" in lines
    assert lines[-2].endswith("last line")


@pytest.mark.parametrize("value", [Silent(), 10**5000, "x" * 10**6], ids=["silent", "huge", "long"])
def test_a_value_is_shown_whatever_it_is(value: object):
    assert 0 < len(str(BenchError("what", found=value))) < LONGEST + 100


def test_a_short_value_is_shown_as_it_is():
    assert block("/a b/é '%'\t") == "/a b/é '%'\\t"


def test_the_log_has_one_line_a_time(capsys: pytest.CaptureFixture[str]):
    log(f"missing: {ODD}\n  next      rm -rf ~")
    [line] = capsys.readouterr().err.splitlines()
    assert line.isprintable()


def test_errors_that_name_no_next_step_get_one():
    for own, expected in ((None, "general"), ("special", "special")):
        with pytest.raises(ConfigError) as caught, advised("general"):
            raise ConfigError("what", next=own)
        assert caught.value.details["next"] == expected


def test_a_fault_of_ours_has_its_own_status_and_asks_for_a_report(monkeypatch, capsys):
    monkeypatch.setitem(LISTS, "boxes", lambda _: {}["no such key"])
    assert main(["list", "boxes"]) == fault.STATUS == 70
    told = capsys.readouterr().err
    assert "KeyError" in told
    assert "no such key" in told
    assert "test_terminal.py" in told
    assert "RGBTBENCH_TRACEBACK=1 rgbtbench list boxes" in told
    assert "Traceback" not in told
    monkeypatch.setenv(fault.VARIABLE, "1")
    assert main(["list", "boxes"]) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def shell(line: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    command = line.replace("rgbtbench", f"{sys.executable} -m rgbtbench")
    return subprocess.run(["sh", "-c", command], capture_output=True, env={**os.environ, **env}, timeout=60)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_tables_on_any_terminal(encoding: str):
    run = shell("rgbtbench list boxes", PYTHONIOENCODING=encoding)
    assert (run.returncode, run.stderr) == (0, b"")
    rule = run.stdout.decode(encoding).splitlines()[3]
    assert set(rule) == ({"─", " "} if encoding == "utf-8" else {"-", " "})


def test_a_label_in_json_is_json_on_any_terminal(generated: Path):
    import json

    line = f"rgbtbench score LasHeR --truth {generated}/LasHeR --results é={generated}/results/fused --format json"
    run = shell(line, PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert json.loads(run.stdout)[0]["tracker"] == "é"


def test_a_closed_output_is_an_error_and_a_closed_log_is_none(generated: Path):
    run = shell("rgbtbench list boxes >&-")
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
    assert b"standard output" in run.stderr
    run = shell("rgbtbench list boxes > /dev/full")
    assert run.returncode == 2
    assert b"No space left" in run.stderr
    assert b"Exception ignored" not in run.stderr
    line = f"rgbtbench score LasHeR --truth {generated}/LasHeR --results A={generated}/results/fused --format csv"
    assert shell(f"{line} 2>&-").stdout == shell(line).stdout  # the log does not run into the data


def test_a_log_that_cannot_be_written_changes_no_status(generated: Path):
    score = f"rgbtbench score LasHeR --truth {generated}/LasHeR --results A={generated}/results/fused --format csv"
    run = shell(f"{score} --curves /dev/null 2>/dev/full")
    assert (run.returncode, run.stdout) == (0, shell(score).stdout)
    assert shell(f"{score} --truth /nowhere 2>/dev/full").returncode == 2  # 1 would mean gaps


def test_help_to_a_closed_output_ends_in_silence():
    run = shell("rgbtbench --help >&-", PYTHONUNBUFFERED="")
    assert (run.returncode, run.stderr) == (0, b"")


def test_names_that_are_no_utf8_are_refused_or_shown_as_escapes(cli, generated: Path, tmp_path: Path):
    odd = os.fsdecode(b"caf\xe9")
    for name in ("boy", odd):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "init.txt").write_text("1,2,3,4\n5,6,7,8\n")
    status, _, err = cli("score", "RGBT210", "--truth", tmp_path / "data", "--results", f"A={tmp_path / 'data'}")
    assert (status, "caf\\udce9" in err, "sequence name" in err) == (2, True, True)
    inputs = (f"{odd}={generated}/results/fused", "--truth", f"LasHeR={generated}/LasHeR", "--benchmark", "LasHeR")
    for form in ("table", "csv", "json", "md", "latex", "html"):
        status, _, err = cli("report", *inputs, "--format", form, "--out", tmp_path / form)
        assert status == 0, err
        assert form in ("md", "latex", "html") or b"caf\\udce9" in (tmp_path / form).read_bytes()
