"""``status``, which looks where ``run`` and ``report`` do."""


def test_runs_lie_beside_the_experiment_or_here(generated, tmp_path, cli, monkeypatch):
    """One rule for run, status and report."""
    monkeypatch.chdir(tmp_path)
    results = generated / "results/fused"
    text = f"datasets: {{LasHeR: {generated}/LasHeR}}\ntrackers: [{{label: A, results: {results}}}]\n"
    (tmp_path / "here").mkdir()
    (tmp_path / "beside/runs").mkdir(parents=True)
    for folder, store in (("here", "runs"), ("beside", "beside/runs")):
        (tmp_path / folder / "e.yaml").write_text(f"name: e\n{text}")
        assert cli("run", f"{folder}/e.yaml")[0] == 0
        assert len(list((tmp_path / store).glob("LasHeR/A@*/generated00.json"))) == 1
        assert cli("status", f"{folder}/e.yaml")[0] == 0
        status, out, err = cli("report", f"{folder}/e.yaml")
        assert status == 0, err
        assert "A" in out
    assert cli("report", "beside/e.yaml", "--runs", "elsewhere")[0] == 2
