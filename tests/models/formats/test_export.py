"""Do weights of any source open, and leave unchanged?"""

import json

import pytest
import torch

from scaling.models.formats.export import export_weights, load_model, open_checkpoint
from scaling.models.stored.open_weights import open_weights
from scaling.study import DiffusionSpec, ModelSpec, TrainSpec, TrialSpec
from scaling.training.loop import Trainer
from tests.models import golden
from tests.models.networks.test_dit import TINY, inputs
from tests.study.families.variants import HEAD, JIT, PAPER

torch.set_num_threads(1)


def states_equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "nested", [lambda s: s, lambda s: {"ema": s}, lambda s: {"model": s, "opt": {"step": 1}}]
)
def test_checkpoints_come_raw_or_nested(tmp_path, nested):
    torch.save(nested(golden.weights()), tmp_path / "c.pt")
    assert states_equal(load_model(tmp_path / "c.pt", heads=3).state_dict(), golden.weights())


def test_our_own_training_checkpoints_are_exported(tmp_path):
    trial = TrialSpec(model=ModelSpec(**TINY), train=TrainSpec(steps=2, batch=4, lr=1e-3))
    trainer = Trainer(trial, [trial.evaluate.ema])
    trainer.train_to(2, log=lambda line: None)
    trainer.save(tmp_path / "checkpoints")
    described = trial.model_dump(mode="json", exclude={"evaluate"})
    (tmp_path / "spec.json").write_text(json.dumps({"train_id": trial.train_id, **described}))
    (label,) = [path.stem for path in (tmp_path / "checkpoints").glob("*/ema-*.safetensors")]
    average, raw = load_model(tmp_path), load_model(tmp_path, average="weights")
    for model, params in ((average, trainer.emas[0].average), (raw, trainer.params)):
        assert all(torch.equal(p, q) for p, q in zip(model.parameters(), params, strict=True))
    assert states_equal(load_model(tmp_path, average=label).state_dict(), average.state_dict())
    export_weights(tmp_path, to="dit", out=tmp_path / "out.pt")
    assert states_equal(open_checkpoint(tmp_path / "out.pt", heads=4)[1], average.state_dict())
    with pytest.raises(ValueError, match=r"no average 'ema-decay-0.5'; it has ema-power"):
        load_model(tmp_path, average="ema-decay-0.5")


def test_export_says_where_and_overwrites_nothing(exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "written to DiT-d2w48-2.pt" in export_weights(exported / "ema.pt", to="dit", heads=3)
    with pytest.raises(ValueError, match=r"DiT-d2w48-2\.pt exists"):
        export_weights(exported / "ema.pt", to="dit", heads=3)
    with pytest.raises(ValueError, match="unknown format 'onnx'; known: diffusers, dit, sit"):
        export_weights(exported / "ema.pt", to="onnx")


def test_a_network_of_today_that_predicts_the_image_leaves_and_comes_back_as_safetensors(tmp_path):
    """No other code reads its names, or would know what it predicts."""
    jit = PAPER.replaced(**JIT, **HEAD, learn_sigma=False)
    flow = DiffusionSpec(objective="flow", prediction="x", loss_in="v")
    plain, sigma = PAPER.replaced(learn_sigma=False), PAPER.replaced(width=20)
    diffusion = DiffusionSpec(prediction="v")
    for model, process in ((jit, flow), (plain, flow), (sigma, diffusion)):
        train = TrainSpec(steps=2, batch=4, lr=1e-3)
        trial = TrialSpec(model=model, diffusion=process, train=train)
        trainer = Trainer(trial, [trial.evaluate.ema])
        trainer.train_to(2, log=lambda line: None)
        folder = tmp_path / model.slug
        trainer.save(folder / "checkpoints")
        described = trial.model_dump(mode="json", exclude={"evaluate"})
        (folder / "spec.json").write_text(json.dumps({"train_id": trial.train_id, **described}))
        out = tmp_path / f"{model.slug}.safetensors"
        export_weights(folder, to="safetensors", out=out)
        opened = open_weights(out)
        assert (opened.spec, opened.diffusion) == (model, process)
        assert states_equal(opened.state, open_checkpoint(folder)[1])
        x, t, y = inputs(model)
        with torch.no_grad():
            assert torch.equal(load_model(out)(x, t, y), load_model(folder)(x, t, y))
    with pytest.raises(ValueError, match=r"is not written as 'dit'; its formats: safetensors"):
        export_weights(tmp_path / jit.slug, to="dit", out=tmp_path / "j.pt")
    for to in ("dit", "sit"):
        with pytest.raises(ValueError, match=rf"'{to}' is read by code that expects a flow's vel"):
            export_weights(tmp_path / plain.slug, to=to, out=tmp_path / "p.pt")
    with pytest.raises(ValueError, match=r"expects epsilon, and .* predicts v \(diffusion\.pred"):
        export_weights(tmp_path / sigma.slug, to="dit", out=tmp_path / "s.pt")
