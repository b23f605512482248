import json
from pathlib import Path

import pytest
from tiny import DISTILLED, STUDENT, write_recipe

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers import shipped_weights
from rgbtbench.trackers.crossmodal.methods import METHODS
from rgbtbench.trackers.networks import weights
from rgbtbench.training import shipped
from rgbtbench.training.recipe import load_recipe


def complaint(path: Path, *changes: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_recipe(path, changes)
    return str(error.value)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("epoch: 3", "did you mean 'epochs'"),
        ("optimiser: {rate: 1}", "did you mean 'rates'"),
        ("optimiser: {rates: {trunks: 1e-3}}", "did you mean 'trunk'"),
        ("optimiser: {rates: {trunk: fast}}", "a number"),
        ("optimiser: {schedule: cosines}", "did you mean 'cosine'"),
        ("method_options: {aplha: 1}", "did you mean 'alpha'"),
        ("method_options: {alpha: much}", "a number"),
        ("method_options: {reduction: sum}", "reduction"),
        ("precision: fp16", "precision"),
        ("teacher: {weights: x.safetensors}", "learns nothing from it"),
        ("trunk: nothing.pth", "nothing at"),
        ("batch: 1", "batch out of range"),
        ("seed: -1", "seed out of range"),
        ("data: {source: synthetic, size: []}", "impossible image size"),
        ("data: {source: synthetic, size: [320, 240, 3]}", "impossible image size"),
        ("data: {source: synthetic, size: [a, b]}", "wrong type"),
        ("data: {source: synthetic, size: [.nan, 240]}", "wrong type"),
        ("method_options: {terms: [1]}", "wrong type"),
        ("method_options: {targets: [[sem]]}", "wrong type"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, line, wanted):
    text = STUDENT.strip().splitlines()
    text = [old for old in text if old.split(":")[0] != line.split(":")[0]]
    path = write_recipe(tmp_path, "\n".join([*text, line]))
    told = complaint(path)
    assert wanted in told
    assert f"tiny.yaml:{len(text) + 1}" in told


def test_mistakes_in_data_are_named_too(tmp_path):
    path = write_recipe(tmp_path)
    assert "did you mean 'crop'" in complaint(path, "data.sampling.corp=64")
    assert "crop out of range" in complaint(path, "data.sampling.crop=65")
    assert "did you mean 'LasHeR'" in complaint(path, "data={source: LasHer1, root: .}")
    assert "--set data.root=PATH" in complaint(path, "data={source: LasHeR, root: nowhere}")
    assert "did you mean 'frames'" in complaint(path, "data.frame=30")


def test_a_benchmark_is_trained_on_its_training_split_unless_told_otherwise(tmp_path):
    path = write_recipe(tmp_path)
    assert load_recipe(path, ["data={source: lasher, root: .}"]).data.split == "train"
    assert load_recipe(path, ["data={source: GTOT, root: .}"]).data.split is None


def test_numbers_may_be_written_as_people_write_them(tmp_path):
    rates = load_recipe(write_recipe(tmp_path), ["optimiser.rates.trunk=1e-3"]).optimiser.rates
    assert rates["trunk"] == 1e-3
    assert rates["fusion"] > 0


def test_the_paper_size_is_trained_as_dimp_is(tmp_path):
    path = write_recipe(tmp_path, "method: student\ndata: {source: synthetic}")
    r18, r50 = load_recipe(path), load_recipe(path, ["method=null", "model=cmd-teacher"])
    assert [dict(r.optimiser.rates) for r in (r18, r50)] == [
        {"initialiser": 5e-5, "optimiser": 5e-4, "features": 5e-5, "iou": iou, "trunk": trunk}
        | {"fusion": 2e-4, "distill": 2e-4}
        for iou, trunk in ((1e-3, 2e-4), (2e-4, 2e-5))
    ]
    assert (r18.batch, r50.batch, r18.steps_per_epoch, r18.epochs, r18.validate_every) == (26, 10, 1000, 50, 5)
    assert [round(r18.scale(s), 6) for s in (0, 14_999, 15_000, 30_000, 45_000)] == [1, 1, 0.2, 0.04, 0.008]
    assert r18.data.sampling.crop == 288


def test_a_cosine_rises_falls_and_ends_at_nothing(tmp_path):
    options = ["optimiser.schedule=cosine", "optimiser.warmup=10", "epochs=100"]
    recipe = load_recipe(write_recipe(tmp_path), options)
    assert recipe.steps == 200
    assert recipe.scale(0) == pytest.approx(0.1)
    assert recipe.scale(100) == pytest.approx(0.5)
    assert recipe.scale(200) == pytest.approx(0)


def test_what_changes_no_weight_changes_no_identity(tmp_path):
    path = write_recipe(tmp_path, DISTILLED)
    recipe = load_recipe(path)
    source = recipe.data.open()
    identity = recipe.identity(source)
    for change in ("name=x", "workers=2", "validate_every=0", "log_gradients=false", "half=true"):
        assert load_recipe(path, [change]).identity(source) == identity
    for change in ("seed=1", "batch=3", "epochs=3", "optimiser.rates.trunk=1", "method_options={alpha: 1}"):
        assert load_recipe(path, [change]).identity(source) != identity
    assert load_recipe(path, ["data.frames=25"]).data.open().describe() != source.describe()
    (tmp_path / "teacher.safetensors").write_bytes(b"other")
    assert load_recipe(path).identity(source) != identity


def test_every_row_of_the_tables_is_shipped_at_both_sizes():
    paper, nano = (
        {name.partition("/")[2] for name in shipped() if name.startswith(f"{size}/")} for size in ("paper", "nano")
    )
    assert paper == nano >= {*METHODS, "teacher", "mfdimp", "hmft", "manet", "dafnet", "fanet", "macnet"}


@pytest.mark.parametrize("name", ["mfdimp", "hmft", "cedimp"])
def test_nano_baselines_learn_from_what_the_student_does_and_as_long(name):
    baseline, student = (load_recipe(f"nano/{row}") for row in (name, "student"))
    for part in ("data", "batch", "samples", "epochs", "optimiser", "precision"):
        assert getattr(baseline, part) == getattr(student, part), part


FUSED = sorted(name for name in shipped() if name.startswith("fused/"))  # of a teacher that fuses


@pytest.mark.parametrize("name", sorted(set(shipped()) - set(FUSED)))
def test_shipped_recipes_are_sound(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # which their paths are relative to
    size, row = name.split("/")
    for file in (
        "resnet18.pth",
        "resnet50.pth",
        "vgg-m.safetensors",
        "LasHeR",
        f"trained/{size}/teacher/teacher.safetensors",
    ):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
    recipe = load_recipe(name)
    assert (recipe.name, recipe.preset) == (row, size)
    assert recipe.model == (METHODS[row].student if row in METHODS else {"teacher": "cmd-teacher"}.get(row, row))
    assert (recipe.data.source, recipe.data.split) == (("LasHeR", "train") if size == "paper" else ("synthetic", None))
    assert (recipe.trunk is not None) == (size == "paper")


@pytest.mark.parametrize("name", FUSED)
def test_recipes_of_a_teacher_that_fuses_are_sound(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("nano", "fused"):
        Path(f"trained/{kind}/teacher").mkdir(parents=True)
        Path(f"trained/{kind}/teacher/teacher.safetensors").touch()
    recipe, row = load_recipe(name), name.removeprefix("fused/")
    assert (recipe.name, recipe.data.source) == (row, "synthetic")
    if row == "teacher":
        assert (recipe.preset, recipe.model, recipe.trunk is not None) == ("nano-fused", "cmd-teacher", True)
        return
    printed = METHODS[row.partition("-")[0] if row.startswith("hfrd") else row].student
    assert (recipe.preset, recipe.model) == ("nano", {"cmd-student": "cmd-student-living"}.get(printed, printed))
    assert (recipe.teacher is None) == (row in ("student", "mpsd-alone"))


def test_mdnets_family_is_trained_as_its_papers_are(tmp_path):
    path = write_recipe(tmp_path, "model: manet\ndata: {source: synthetic}")
    manet, dafnet = load_recipe(path), load_recipe(path, ["model=dafnet"])
    assert (manet.data.sampling.regime, dafnet.data.sampling.regime) == ("patch", "roi")
    assert (manet.batch, manet.steps_per_epoch, manet.epochs, dafnet.batch) == (1, 979, 100, 50)
    assert (manet.optimiser.momentum, manet.optimiser.decay, manet.optimiser.clip) == (0.9, 5e-4, 10)
    assert manet.data.sampling.frames * manet.data.sampling.positives == 32
    assert manet.data.sampling.frames * manet.data.sampling.negatives == 96
    assert (dafnet.data.sampling.positives, dafnet.data.sampling.negatives, dafnet.data.sampling.inter) == (
        64,
        196,
        0.1,
    )
    assert {manet.scale(step) for step in (0, 50_000, 97_899)} == {1.0}


def test_mistakes_in_a_recipe_of_mdnets_family_are_named(tmp_path):
    path = write_recipe(tmp_path, "model: dafnet\npreset: nano\ndata: {source: synthetic}")
    assert "did you mean 'head'" in complaint(path, "optimiser.rates.heads=1")
    assert "did you mean 'negatives'" in complaint(path, "data.sampling.negative=1")
    assert "did you mean 'roi'" in complaint(path, "data.sampling.regime=rio")
    assert "span" in complaint(path, "data.sampling.span=1")
    assert "cannot be distilled" in complaint(path, "method=hfrd")
    assert "held_out: not for this family" in complaint(path, "data={source: LasHeR, root: ., held_out: 3}")
    assert "momentum" in complaint(path, "optimiser.momentum=much")
    assert "'trunk'" in complaint(path, "optimiser.rates.trunks=1")


def test_networks_as_others_released_them_are_not_trained(tmp_path):
    path = write_recipe(tmp_path, "model: dimp-50\npreset: prdimp\ndata: {source: synthetic}")
    assert "'prdimp'" in complaint(path)


def test_nano_recipes_are_those_that_the_packages_networks_were_trained_by(tmp_path):
    """What is newer than they are changes nothing of them, and so neither the record of the study."""
    for row, model in (("hfrd", "cmd-student"), ("student", "cmd-student-origin"), ("teacher", "cmd-teacher")):
        told = json.loads(weights.read(shipped_weights(model, "nano")).metadata["recipe"])
        change = [f"teacher.weights={shipped_weights('cmd-teacher', 'nano')}"] if row == "hfrd" else []
        recipe = load_recipe(f"nano/{row}", change)
        assert recipe.identity(recipe.data.open()) == told, row


def test_the_papers_recipes_take_its_own_form_and_fit_a_smaller_card(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = shipped()["paper/hfrd"].read_text()
    for name in ("resnet18.pth", "trained/paper/teacher/teacher.safetensors", "LasHeR"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    recipe = load_recipe(write_recipe(tmp_path, text))
    assert recipe.method.path_adapters == "own"
    assert (recipe.precision, recipe.method.pool_stem) == ("amp", True)


def test_parts_leave_each_process_what_batch_norm_needs(tmp_path):
    path = write_recipe(tmp_path)
    assert load_recipe(path, ["batch=4", "parts=2"]).parts == 2
    assert "parts out of range" in complaint(path, "batch=4", "parts=3")
    assert "parts out of range" in complaint(path, "parts=0")


@pytest.mark.parametrize(
    "change",
    [
        "parts=2",
        "precision=tf32",
        "sync_batch_norm=true",
        "model=cmd-student-softmax",
        "method_options={path_adapters: shared}",
        "method_options={stop_gradient: false}",
    ],
)
def test_what_changes_a_weight_changes_the_identity(tmp_path, change):
    path = write_recipe(tmp_path, DISTILLED.replace("batch: 2", "batch: 4"))
    usual, other = load_recipe(path), load_recipe(path, [change])
    source = usual.data.open()
    assert usual.identity(source) != other.identity(source)
