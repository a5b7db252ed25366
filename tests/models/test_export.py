"""Do weights of any source open, and leave unchanged?"""

import json

import pytest
import torch

from scaling.models.export import load_model, open_checkpoint, run
from scaling.study import ModelSpec, TrainSpec, TrialSpec
from scaling.training.loop import Trainer
from tests.models import golden
from tests.models.test_dit import TINY

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
    run(tmp_path, to="dit", out=tmp_path / "out.pt")
    assert states_equal(open_checkpoint(tmp_path / "out.pt", heads=4)[1], average.state_dict())
    with pytest.raises(ValueError, match=r"no average 'ema-decay-0.5'; it has ema-power"):
        load_model(tmp_path, average="ema-decay-0.5")


def test_export_says_where_and_overwrites_nothing(exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "written to DiT-d2w48-2.pt" in run(exported / "ema.pt", to="dit", heads=3)
    with pytest.raises(ValueError, match=r"DiT-d2w48-2\.pt exists"):
        run(exported / "ema.pt", to="dit", heads=3)
    with pytest.raises(ValueError, match="unknown format 'onnx'; known: dit, diffusers"):
        run(exported / "ema.pt", to="onnx")
