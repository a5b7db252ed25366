"""Is a training's state copied, put back whole, and are averages lent to the model for a while?"""

import pytest
import torch
from torch import nn

from scaling.study.specs.ema import Ema
from scaling.training import Trainer
from scaling.training.state import AveragedWeights, load_parameters, snapshot


def test_a_snapshot_is_a_copy_that_later_steps_leave_alone(tiny):
    trainer = Trainer(tiny, [tiny.evaluate.ema])
    trainer.train_to(2, lambda line: None)
    taken = snapshot(trainer)
    before = {name: tensor.clone() for name, tensor in taken["weights"].items()}
    trainer.train_to(4, lambda line: None)
    assert taken["step"] == 2
    assert all(torch.equal(before[name], taken["weights"][name]) for name in before)
    changed = dict(zip(trainer.names, trainer.params))
    assert any(not torch.equal(before[name], changed[name]) for name in before)
    assert set(taken["emas"]) == {tiny.evaluate.ema.label}


def test_the_model_holds_the_average_while_it_is_lent_and_its_own_weights_after_an_error(tiny):
    trainer = Trainer(tiny, [tiny.evaluate.ema])
    trainer.train_to(3, lambda line: None)
    raw = [p.detach().clone() for p in trainer.params]
    (kept,) = (e.average for e in trainer.emas if e.ema == tiny.evaluate.ema)
    with pytest.raises(KeyError), AveragedWeights(trainer, tiny.evaluate.ema):
        assert all(torch.equal(p, a) for p, a in zip(trainer.params, kept))
        raise KeyError
    assert all(torch.equal(p, r) for p, r in zip(trainer.params, raw))
    with AveragedWeights(trainer, Ema(kind="none", length=0)):
        assert all(torch.equal(p, r) for p, r in zip(trainer.params, raw))


def test_weights_that_move_to_other_memory_are_still_saved_averaged_and_lent(tiny):
    """As FSDP2 moves a shard at the first forward pass, up to torch 2.9 at least."""
    taken = {}
    for moves in (False, True):
        trainer = Trainer(tiny, [tiny.evaluate.ema])
        for p in trainer.params if moves else ():
            p.data = p.data.clone()
        trainer.train_to(3, lambda line: None)
        taken[moves] = snapshot(trainer)
        label, p = tiny.evaluate.ema.label, trainer.params[0]
        with AveragedWeights(trainer, tiny.evaluate.ema):
            assert torch.equal(p, taken[moves]["emas"][label][trainer.names[0]])
    for stayed, moved in (
        (taken[False]["weights"], taken[True]["weights"]),
        (taken[False]["emas"][label], taken[True]["emas"][label]),
    ):
        assert all(torch.equal(stayed[name], moved[name]) for name in stayed)


def test_parameters_that_one_of_the_two_lacks_are_named_and_nothing_is_copied():
    model = nn.Linear(2, 3)
    before = model.weight.detach().clone()
    with pytest.raises(ValueError, match=r"differ in 2 parameters, among them \['bias', 'more'\]"):
        load_parameters(model, {"weight": torch.zeros(3, 2), "more": torch.zeros(1)})
    assert torch.equal(model.weight, before)
    model.bias.requires_grad_(False)  # what is not trained is not in a checkpoint
    load_parameters(model, {"weight": torch.ones(3, 2)})
    assert model.weight.eq(1).all()
