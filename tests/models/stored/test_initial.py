"""Does a training start from the weights that it is given, whatever file they are in?"""

import copy
import json

import pytest
import torch
from safetensors.torch import save_file

from scaling.launch.preflight import check_initial
from scaling.launch.trials.trial import train
from scaling.models import build_model
from scaling.models.formats.export import export_weights as export
from scaling.models.stored.initial import content_of, initial_weights, with_contents
from scaling.records import Run
from scaling.study import ModelSpec, Plan, Study
from scaling.study.settings import with_settings
from scaling.study.specs.weights import InitSpec
from scaling.training import Trainer
from scaling.training.checkpoint import load
from tests.models.foreign import SiT
from tests.models.networks.test_dit import randomised
from tests.models.test_weights import refusal


@pytest.fixture
def given(tmp_path, tiny):
    """Weights of the tiny trial's network, as DiT's script saves them."""
    model = randomised(tiny.model)
    torch.save(
        {"ema": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "c.pt"
    )
    return model, tmp_path / "c.pt"


def asking(tiny, **init) -> Study:
    trial = with_settings(tiny, {"train.init": {k: str(v) for k, v in init.items()}})
    return Study(name="s", question="?", expectation="!", trials=(trial,))


def started(tiny, **init):
    return with_contents(asking(tiny, **init)).trials[0]


def test_identity_is_what_the_weights_are(tiny, given, tmp_path):
    model, path = given
    assert with_settings(tiny, {"train.init": None}).train_id == tiny.train_id
    trial = started(tiny, path=path)
    assert trial.train_id != tiny.train_id and trial.train.init.content
    save_file(model.state_dict(), tmp_path / "other.safetensors")
    assert started(tiny, path=tmp_path / "other.safetensors").train_id == trial.train_id
    state = {**model.state_dict(), "final_layer.linear.bias": torch.ones(32)}
    save_file(state, tmp_path / "third.safetensors")
    assert started(tiny, path=tmp_path / "third.safetensors").train_id != trial.train_id
    assert "has no identity" in refusal(lambda: asking(tiny, path=path).trials[0].train_id)
    again = type(trial).model_validate(json.loads(trial.model_dump_json()))
    assert again == trial and again.train_id == trial.train_id


def test_a_training_begins_at_the_given_weights(tiny, given):
    model, path = given
    trial = started(tiny, path=path)
    trainer = Trainer(trial, [trial.evaluate.ema])
    by_hand = Trainer(tiny, [tiny.evaluate.ema])
    by_hand.model.load_state_dict(model.state_dict())
    for each in (trainer, by_hand):
        each.train_to(3, log=lambda line: None)
    one, other = (t.model.state_dict() for t in (trainer, by_hand))
    assert all(torch.equal(one[name], other[name]) for name in one)
    fresh = Trainer(tiny, [tiny.evaluate.ema])
    fresh.train_to(3, log=lambda line: None)
    assert any(not torch.equal(one[n], p) for n, p in fresh.model.state_dict().items())


def test_a_fixed_decay_average_begins_there_too(tiny, given):
    decay = {"evaluate.ema.kind": "decay", "evaluate.ema.length": 0.999}
    trial = with_settings(started(tiny, path=given[1]), decay)
    trainer = Trainer(trial, [trial.evaluate.ema])
    trainer.train_to(1, log=lambda line: None)
    before = dict(given[0].named_parameters())
    for name, average, now in zip(trainer.names, trainer.emas[0].average, trainer.params):
        assert torch.allclose(average, before[name].lerp(now, 0.001), atol=1e-6)


def test_it_resumes_without_the_file(tiny, given, tmp_path):
    trial = started(tiny, path=given[1])
    whole = Run(tmp_path / "whole")
    train([trial], whole, lambda progress: None)
    part = Run(tmp_path / "part")
    shorter = with_settings(trial, {"train.steps": 4, "evaluate.checkpoints": 1})
    assert shorter.train_id == trial.train_id
    train([shorter], part, lambda progress: None)
    given[1].unlink()
    train([trial], part, lambda progress: None)
    one, other = (load(run.checkpoints, 12).weights() for run in (whole, part))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_of_ours_can_be_gone_on_from(tiny, tmp_path):
    train([tiny], Run(tmp_path / "run"), lambda progress: None)
    trial = started(tiny, path=tmp_path / "run", average="weights")
    weights = initial_weights(trial.train.init, trial.model)
    saved = load(tmp_path / "run" / "checkpoints", 12).weights()
    assert content_of(weights) == content_of(saved)
    export(tmp_path / "run", to="diffusers", out=tmp_path / "d", average="weights")
    assert started(tiny, path=tmp_path / "d").train_id == trial.train_id


def test_a_flow_starts_from_sits_weights(tiny, tmp_path):
    theirs = SiT()
    torch.save(theirs.state_dict(), tmp_path / "sit.pt")
    model = ModelSpec(
        input_size=8, channels=3, patch=2, width=32, depth=2, heads=4, num_classes=7,
        learn_sigma=False,
    )  # fmt: skip
    weights = initial_weights(InitSpec(path=str(tmp_path / "sit.pt"), objective="flow"), model)
    ours = build_model(model).eval()
    ours.load_state_dict(weights, strict=False)
    x, y = torch.randn(2, 3, 8, 8), torch.tensor([1, 7])
    with torch.no_grad():
        there = theirs(x, torch.full((2,), 0.75), y)
        assert (ours(x, torch.full((2,), 0.25), y) + there).abs().max() <= 2e-5


def test_what_does_not_fit_is_refused_by_name(tiny, given, tmp_path):
    model, path = given
    wide = with_settings(tiny, {"model.width": 32})
    message = refusal(with_contents, asking(wide, path=path))
    assert "train.init" in message and "of another shape" in message and "not (32," in message
    assert "does not exist" in refusal(with_contents, asking(tiny, path=tmp_path / "none.pt"))
    message = refusal(with_contents, asking(tiny, path=path, average="best"))
    assert "holds no average 'best'" in message
    state = copy.deepcopy(model.state_dict())
    state["blocks.0.mlp.fc1.bias"][2] = float("nan")
    torch.save(state, tmp_path / "nan.pt")
    message = refusal(with_contents, asking(tiny, path=tmp_path / "nan.pt"))
    assert "blocks.0.mlp.fc1.bias has 1 of" in message
    torch.save({**model.state_dict(), "pos_embed": state["pos_embed"] + 1}, tmp_path / "moved.pt")
    assert "pos_embed was trained there" in refusal(
        with_contents, asking(tiny, path=tmp_path / "moved.pt")
    )
    export(path, to="diffusers", out=tmp_path / "d", heads=2)
    assert "differs from the trial's" in refusal(
        with_contents, asking(with_settings(tiny, {"model.heads": 4}), path=tmp_path / "d")
    )


def test_weights_that_changed_since_the_plan_are_refused(tiny, given):
    plan = Plan.of(with_contents(asking(tiny, path=given[1])))
    check_initial(plan)
    torch.save(build_model(tiny.model).state_dict(), given[1])
    assert "than those that the training was planned with" in refusal(check_initial, plan)


def test_a_larger_image_may_start_from_a_smaller_ones_weights(tiny, given):
    larger = tiny.model.model_copy(update={"input_size": 16})
    weights = initial_weights(InitSpec(path=str(given[1])), larger)
    assert "pos_embed" not in weights
