"""Each row of the paper's tables as one training step of a nano student beside a nano teacher."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib import resources

import pytest
import torch
from torch import nn

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.distill import METHODS, Distiller, Method, ask, coverage, gradient_norms
from rgbtbench.trackers.crossmodal.methods import TABLES, VARIANTS
from rgbtbench.trackers.crossmodal.models import MODELS, build
from rgbtbench.trackers.dimp.learn import Batch, Views, forward, original_losses


@pytest.fixture(scope="module")
def batch():
    torch.manual_seed(0)
    n, s, crop = 2, 2, 64

    def views():
        boxes = torch.cat([16 + 8 * torch.rand(n, s, 2), 12 + 8 * torch.rand(n, s, 2)], 2)
        return Views(torch.randn(n, s, 3, crop, crop), torch.randn(n, s, 3, crop, crop), boxes)

    train, test = views(), views()
    return Batch(train, test, test.boxes[:, :, None] + torch.randn(n, s, 3, 4), torch.rand(n, s, 3))


@pytest.fixture(scope="module")
def teacher(batch):
    torch.manual_seed(1)
    network = build("cmd-teacher", "nano")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0  # one pass gives statistics: without any, random features explode
    forward(network, batch)
    return network.eval()


def step(method, teacher, batch, target=None):
    torch.manual_seed(2)
    student = build(method.student, "nano")
    distiller = Distiller(method, student, teacher)
    answer = forward(student, batch)
    return student, distiller, answer, distiller(answer, target or ask(teacher, method, batch), batch)


@pytest.mark.parametrize("name", METHODS)
def test_every_term_is_finite_and_reaches_the_students_trunk(name, teacher, batch):
    method = METHODS[name]
    student, distiller, _, terms = step(method, teacher, batch)
    assert tuple(terms) == method.terms
    norms = gradient_norms(terms, student.trunks.parameters())
    assert all(p.grad is None for p in student.parameters())
    for term, value in terms.items():
        assert value.shape == ()
        assert value.isfinite()
        assert norms[term] > 0 or (term == "p" and value == 0)
    if terms:
        sum(terms.values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in distiller.parameters())
    assert all(p.grad is None for p in teacher.parameters())


@pytest.mark.parametrize("frames", ["test", "all"])
def test_a_teacher_shows_the_same_features_whether_or_not_it_has_to_answer(frames, teacher, batch):
    alone, answered = (ask(teacher, replace(METHODS[name], frames=frames), batch) for name in ("scfd", "hfrd"))
    assert alone.answer is None
    assert answered.answer is not None
    for some, others in zip(alone.features, answered.features, strict=True):
        for a, b in zip(some, others, strict=True):
            assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("name", ["hfrd", "kd", "scfd"])
def test_of_a_teacher_nothing_is_kept_that_no_term_compares(name, teacher, batch):
    """A map that is part of a larger one keeps that one in memory: at the paper's size 2 GB of the train crops."""
    target = ask(teacher, METHODS[name], batch)
    kept = [t for part in target.features for t in part]
    frames = batch.test.boxes.shape[0] * batch.test.boxes.shape[1]
    assert all(t.shape[0] == frames for t in kept)
    assert all(t.untyped_storage().nbytes() == t.numel() * t.element_size() for t in kept)


def test_kd_and_md_say_in_which_stages_they_act():
    told = {name: METHODS[name].stages for name in ("kd", "md", "kd-features", "md-features", "hfrd", "student")}
    assert told == {
        "kd": ("responses",),
        "md": ("fusion", "responses"),
        "kd-features": ("features", "fusion"),
        "md-features": ("features", "fusion"),
        "hfrd": ("features", "fusion", "responses"),
        "student": (),
    }


@pytest.mark.parametrize("name", METHODS)
def test_a_student_holds_nothing_of_its_training(name, teacher):
    student = build(METHODS[name].student, "nano")
    distiller = Distiller(METHODS[name], student, teacher)
    own = {id(p) for p in student.parameters()} | {id(p) for p in teacher.parameters()}
    assert not own & {id(p) for p in distiller.parameters()}
    build(METHODS[name].student, "nano").load_state_dict(student.state_dict(), strict=True)


def test_training_only_parameters_at_the_papers_size():
    with torch.device("meta"):
        student, teacher = build("cmd-student"), build("cmd-teacher")
        distiller = Distiller(METHODS["hfrd"], student, teacher)
    counted = {name: sum(p.numel() for p in part.parameters()) for name, part in distiller.named_children()}
    one = 66_048 + 263_168
    assert counted == {"rgb": 4_416_134, "tir": 4_416_134, "adapt": one, "adapt_paths": 3 * one}


def test_the_paths_adapters_learn_to_fit_them_and_change_nothing_else(teacher, batch):
    """Eq. 8 through adapters of its own: L_p keeps its value, and what it asks of the student is the selector's."""
    own, shared = METHODS["mpsd"], replace(METHODS["mpsd"], path_adapters="shared")
    student, distiller, answer, terms = step(own, teacher, batch)
    target = ask(teacher, own, batch)
    of_adapters = list(distiller.adapt_paths.parameters())
    assert gradient_norms({"p": terms["p"]}, of_adapters)["p"] > 0
    assert gradient_norms({"p": terms["p"]}, distiller.adapt.parameters())["p"] == 0
    optimiser = torch.optim.Adam(of_adapters, lr=0.01)
    fits = []
    for _ in range(5):
        maps = student.fusion[0].paths(answer.test.rgb.layer2, answer.test.tir.layer2).maps
        losses, learnt = distiller._path_losses(0, maps, target.features.fused.level3)
        assert learnt == 0
        optimiser.zero_grad()
        (learnt * own.alpha).backward(retain_graph=True)
        optimiser.step()
        fits.append(losses.mean().item())
    assert all(p.grad is None for p in student.parameters())
    assert fits == sorted(fits, reverse=True)
    with torch.no_grad():  # three times the adapter of Eq. 7
        for three, one in zip(distiller.adapt_paths, distiller.adapt, strict=True):
            for a, b in zip(three.parameters(), one.parameters(), strict=True):
                a.copy_(torch.cat([b] * 3))
    both = [torch.clone(distiller(answer, target, batch)["p"])]
    distiller.method = shared
    both.append(distiller(answer, target, batch)["p"])
    assert torch.allclose(*both, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("adapters", ["own", "shared"])
def test_without_the_stop_gradient_the_selectors_loss_also_asks_for_better_paths(adapters, teacher, batch):
    """Trust does not depend on the maps here: all that reaches the trunk comes through L_lambda."""
    for stop in (True, False):
        torch.manual_seed(2)
        student = build("cmd-student", "nano")
        for fusion in student.fusion:
            nn.init.zeros_(fusion.selector[-1].weight)
            fusion.selector[-1].bias.data = torch.tensor([0.0, 5.0, 0.0])
        method = replace(METHODS["mpsd"], stop_gradient=stop, path_adapters=adapters)
        distiller = Distiller(method, student, teacher)
        term = {"p": distiller(forward(student, batch), ask(teacher, method, batch), batch)["p"]}
        assert term["p"] > 0
        assert (gradient_norms(term, student.trunks.parameters())["p"] > 0) == (not stop)
        adapt = distiller.adapt_paths if adapters == "own" else distiller.adapt
        assert (gradient_norms(term, adapt.parameters())["p"] > 0) == (not stop or adapters == "own")


def test_selector_loss_trains_the_selector_and_no_adapter_of_the_fused_maps(teacher, batch):
    """All trust on each path in turn: it can be the best one for every sample only once."""
    found = []
    for path in range(3):
        student = build("cmd-student", "nano")
        for fusion in student.fusion:
            nn.init.zeros_(fusion.selector[-1].weight)
            fusion.selector[-1].bias.data = 5 * nn.functional.one_hot(torch.tensor(path), 3).float()
        answer = forward(student, batch)
        for only in (False, True):
            method = replace(METHODS["mpsd"], selector_only=only, path_adapters="shared")
            distiller = Distiller(method, student, teacher)
            term = {"p": distiller(answer, ask(teacher, method, batch), batch)["p"]}
            assert gradient_norms(term, student.trunks.parameters())["p"] == 0 or not only
        found.append(term["p"] > 0)
        of_selectors = [fusion.selector[-1].bias for fusion in student.fusion]
        assert (gradient_norms(term, of_selectors)["p"] > 0) == found[-1]
        assert gradient_norms(term, distiller.parameters())["p"] == 0
    assert sum(found) >= 2


def test_diagnostics_tell_how_much_each_path_is_trusted(teacher, batch):
    _, distiller, *_ = step(METHODS["mpsd"], teacher, batch)
    told = distiller.diagnostics
    for level in ("level3", "level4"):
        weights = [told[f"{level}/{path}"] for path in ("attention", "product", "difference")]
        assert sum(weights) == pytest.approx(1)
        assert told[f"{level}/nu=lambda"] in (0, 0.25, 0.5, 0.75, 1)
        assert all(told[f"{level}/L_{path}"] > 0 for path in ("attention", "product", "difference"))
        assert (told[f"{level}/L_p"] == 0) == (told[f"{level}/nu=lambda"] == 1)
    distiller.seen |= {"level3/L_product": torch.tensor(5.0), "level4/product": torch.tensor(0.995)}
    assert distiller.collapsed == ["level4/product"]  # a loss is no weight


def test_weights_of_the_terms_and_their_reductions(teacher, batch):
    usual, double, mean, normalised = (
        step(replace(METHODS["hfrd"], **changes), teacher, batch)[3]
        for changes in ({}, {"alpha": 0.002, "beta": 300}, {"reduction": "mean"}, {"reduction": "normalised"})
    )
    for name, factor in {"scfd": 2, "fus": 2, "hfrd": 3}.items():
        assert torch.allclose(double[name], factor * usual[name])
    assert torch.equal(mean["hfrd"], usual["hfrd"])
    assert mean["fus"] < usual["fus"]
    assert len({float(t["scfd"].detach()) for t in (usual, mean, normalised)}) == 3


def test_responses_and_the_foreground_mask_by_hand(teacher, batch):
    method = Method(terms=("md", "fus", "kd"), beta=7.0)
    _, distiller, own, terms = step(method, teacher, batch)
    target = ask(teacher, method, batch)
    shown = target.answer
    for same, expected in (
        ({"iou": shown.iou}, 7 * (own.scores[-1] - shown.scores[-1]).square().mean()),
        ({"scores": shown.scores}, (own.iou - shown.iou).square().mean()),
    ):
        assert torch.allclose(distiller(own._replace(**same), target, batch)["kd"], expected)
    assert 0.2 * terms["fus"] < terms["md"] < terms["fus"]
    for x, factor in ((-99.0, 1.0), (999.0, 0.2)):  # a target that fills the crop; one outside
        boxes = torch.tensor([x, x, 500.0, 500.0]).expand_as(batch.test.boxes)
        other = distiller(own, target, batch._replace(test=batch.test._replace(boxes=boxes)))
        assert torch.allclose(other["md"], factor * terms["fus"])


@pytest.mark.parametrize("name", ["hfrd", "reviewkd-1x", "md"])
@pytest.mark.parametrize("changes", [{"frames": "all"}, {"pool_stem": True}], ids=str)
def test_other_readings_change_the_feature_terms_alone(name, changes, teacher, batch):
    usual, other = (step(replace(METHODS[name], **c), teacher, batch)[3] for c in ({}, changes))
    changed = {"frames": {"scfd", "fus", "reviewkd", "md"}, "pool_stem": {"scfd", "reviewkd"}}[next(iter(changes))]
    for term in usual.keys() - {"p"}:
        assert (term in changed) == (not torch.allclose(usual[term], other[term]))


def test_the_hole_can_be_mended_by_a_switch(teacher, batch):
    """A distractor as strong as the target asks nothing of the student in the literal reading."""
    target = ask(teacher, METHODS["hfrd"], batch)
    response = torch.full_like(target.answer.scores[-1], 1.3)
    target = target._replace(answer=target.answer._replace(scores=[response]))
    far = batch._replace(test=batch.test._replace(boxes=batch.test.boxes + 1000))  # nothing but background
    literal, mended = (step(replace(METHODS["hfrd"], hole_fix=f), teacher, far, target)[3] for f in (False, True))
    assert literal["hfrd"] < mended["hfrd"]


def test_half_precision_keeps_the_gradients(teacher, batch):
    method = replace(METHODS["hfrd"], terms=("p", "fus", "scfd", "hfrd"))
    student = build(method.student, "nano")
    distiller = Distiller(method, student, teacher)
    with torch.autocast("cpu", torch.bfloat16):
        terms = distiller(forward(student, batch), ask(teacher, method, batch), batch)
    assert all(term.dtype == torch.float32 and term.isfinite() for term in terms.values())
    sum(terms.values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in distiller.parameters())


def test_gradient_norms_are_those_of_backward(teacher, batch):
    student, _, answer, terms = step(METHODS["scfd"], teacher, batch)
    terms |= original_losses(answer, batch) | {"constant": torch.tensor(3.0)}
    trunk = list(student.trunks.parameters())
    norms = gradient_norms(terms, trunk)
    assert norms["constant"] == 0
    terms["cls"].backward()  # the graph is still there
    assert norms["cls"] == pytest.approx(float(torch.cat([p.grad.flatten() for p in trunk]).norm()), rel=1e-5)


def test_coverage_of_cells():
    covered = coverage(torch.tensor([[0.5, 1.0, 2.0, 0.25], [-9.0, -9.0, 99.0, 99.0]]), 3, 4)
    assert covered[0].tolist() == [[0, 0, 0, 0], [0, 0.25, 0.25, 0], [0, 0, 0, 0]]
    assert covered[1].min() == 1


def test_tables_are_the_printed_ones_and_methods_name_students():
    printed = csv.DictReader((resources.files("rgbtbench.results.published") / "cmd_ablations.csv").open())
    rows = [(int(row["table"]), row["row"]) for row in printed]
    assert [(table, name) for table, names in TABLES.items() for name in names] == rows
    rows = {m for names in (*TABLES.values(), *VARIANTS.values()) for m in names.values()}
    assert rows | {"mpsd-alone", "fus"} == set(METHODS)  # the controls are not printed
    assert all(method.student in MODELS for method in METHODS.values())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"terms": ("scdf",)}, "did you mean 'scfd'"),
        ({"reduction": "sum"}, "unknown reduction"),
        ({"frames": "train"}, "unknown choice of frames"),
        ({"targets": ("sem", "sem", "sem", "ced")}, "unknown SCFD target"),
        ({"targets": ("sem",)}, "four levels"),
        ({"terms": ("p",), "path_adapters": "shared"}, "without fus"),
        ({"path_adapters": "one"}, "unknown choice of path_adapters"),
        ({"response_form": "bot"}, "did you mean 'both'"),
    ],
)
def test_wrong_methods_are_answered(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Method(**wrong)


def test_the_selector_loss_needs_a_selector(teacher):
    with pytest.raises(ConfigError, match="MPSD"):
        Distiller(METHODS["mpsd"], build("cmd-student-origin", "nano"), teacher)
