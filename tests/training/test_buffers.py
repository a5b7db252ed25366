"""Does a network of a user's own keep what it draws once, and what it changes while it trains?"""

import pytest
import torch
from torch import nn

from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch.trials.evaluation import averaged_model
from scaling.launch.trials.trial import train
from scaling.models import build_model
from scaling.records import Run
from scaling.study.settings import with_settings
from scaling.study.specs.ema import Ema
from scaling.training import Trainer, checkpoint
from scaling.training.buffers import beside, load_beside
from tests.training.carrying import Carries

torch.set_num_threads(1)
RAW = Ema(kind="none", length=0)


@pytest.fixture(scope="module")
def spec(tiny):
    own = Carries(input_size=8, channels=1, num_classes=10, regular=True)
    return with_settings(tiny, {"model": own})


@pytest.fixture(scope="module")
def run(spec, tmp_path_factory):
    """A training of all its steps, and what its trainer held at the end."""
    run = Run(tmp_path_factory.mktemp("run") / "runs" / spec.train_id)
    train([spec], run, lambda told: None)
    return run


def trained(spec, until: int) -> tuple[Trainer, list[dict]]:
    trainer, lines = Trainer(spec, [spec.evaluate.ema]), []
    trainer.train_to(until, lines.append)
    return trainer, lines


def answer(model: nn.Module) -> torch.Tensor:
    x = torch.linspace(-1, 1, 128).view(2, 1, 8, 8)
    with torch.no_grad():
        return model.eval()(x, torch.tensor([3, 900]), torch.tensor([1, 10]))


def test_a_training_is_the_same_whatever_else_was_drawn(spec):
    one, its = trained(spec, 6)
    torch.rand(3)
    state = torch.get_rng_state()
    other, lines = trained(spec, 6)
    assert torch.equal(torch.get_rng_state(), state)  # and draws nothing from anyone else
    assert [line["loss"] for line in lines] == [line["loss"] for line in its]
    assert torch.equal(answer(one.model), answer(other.model))


def test_it_goes_on_from_a_checkpoint_to_the_bit(spec, tmp_path):
    whole, _ = trained(spec, 9)
    half, _ = trained(spec, 5)
    half.save(tmp_path)
    torch.rand(3)
    again = Trainer(spec, [spec.evaluate.ema])
    again.restore(checkpoint.load(tmp_path, 5))
    again.train_to(9, lambda line: None)
    assert torch.equal(answer(again.model), answer(whole.model))
    assert torch.equal(again.model.norm.running_mean, whole.model.norm.running_mean)


@pytest.mark.parametrize("average", [True, False])
def test_what_is_measured_is_what_was_trained(spec, run, average):
    whole, _ = trained(spec, spec.train.steps)
    ema = spec.evaluate.ema if average else RAW
    torch.rand(3)
    measured = averaged_model(spec, spec.train.steps, ema, run)
    with torch.no_grad():
        if average:
            for p, mean in zip(whole.params, whole.emas[0].average):
                p.copy_(mean)
    assert torch.equal(answer(measured), answer(whole.model))
    loaded = load_checkpoint(run.folder, ema.label if average else "weights")
    assert torch.equal(answer(loaded.model), answer(measured))


def test_of_the_suites_own_families_nothing_is_kept(tiny, tmp_path):
    trainer, _ = trained(tiny, 2)
    trainer.save(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert not (folder / "buffers.safetensors").exists() and not beside(trainer.model)
    assert checkpoint.load(tmp_path, 2).buffers() == {}


def test_a_training_may_start_from_all_that_another_held(spec, run, tmp_path):
    begun = with_settings(spec, {"train.init": {"path": str(run.folder), "average": "weights"}})
    trainer = Trainer(begun, [])
    trainer._start_from(begun.train.init)
    saved = checkpoint.load(run.checkpoints, spec.train.steps)
    held = {name: tensor for name, tensor in beside(trainer.model).items()}
    assert held.keys() == saved.buffers().keys()
    assert all(torch.equal(held[name], tensor) for name, tensor in saved.buffers().items())


def test_a_damaged_or_odd_file_is_refused(spec, run, tmp_path):
    model = build_model(spec.model)
    with pytest.raises(ValueError, match="checkpoint holds more, and the model has none such"):
        load_beside(model, {"more": torch.zeros(1)})
    trained(spec, 3)[0].save(tmp_path)
    file = checkpoint.folder_of(tmp_path, 3) / "buffers.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    assert checkpoint.load(tmp_path, 3) is None
