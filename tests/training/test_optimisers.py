"""Does each optimiser step what it should, keep one state, and go on exactly from a checkpoint?"""

import pytest
import torch

from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint
from scaling.training.optimisers import OPTIMISERS, check_optimiser, optimiser_of
from tests.study.families.tiny import TINY
from tests.study.families.variants import JIT, PAPER


def muon(tiny, **more):
    return with_settings(tiny, {"train.optimiser": "muon", "train.weight_decay": 0.1, **more})


def test_adamw_is_torchs_own(tiny):
    """Its state and its steps: checkpoints from before there was a choice go on."""
    net, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    other.load_state_dict(net.state_dict())
    t = tiny.train
    ours = optimiser_of(t, [*net.parameters()], [])
    theirs = torch.optim.AdamW(
        other.parameters(), lr=t.lr, betas=t.betas, weight_decay=t.weight_decay, fused=True
    )
    for model, optimiser in ((net, ours), (other, theirs)):
        model(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters()))
    mine, its = ours.state_dict(), theirs.state_dict()
    assert mine["param_groups"] == its["param_groups"] and mine["state"].keys() == {0, 1}
    assert torch.equal(mine["state"][1]["exp_avg"], its["state"][1]["exp_avg"])


def test_muon_steps_the_blocks_matrices_and_adamw_all_else(tiny):
    trainer = Trainer(muon(tiny, model=PAPER.replaced(**JIT)), [])
    steps, rest = trainer.optimiser.parts
    assert isinstance(steps, torch.optim.Muon) and isinstance(rest, torch.optim.AdamW)
    by_id = dict(zip(map(id, trainer.params), trainer.names))
    names = {by_id[id(p)] for p in steps.param_groups[0]["params"]}
    assert all(name.startswith("blocks.") and name.endswith(".weight") for name in names)
    assert "blocks.0.mlp.w12.weight" in names and "blocks.0.norm1.weight" not in names
    others = {by_id[id(p)] for p in rest.param_groups[0]["params"]}
    assert names | others == set(trainer.names) and not names & others
    assert "y_embedder.embedding_table.weight" in others and "final_layer.linear.weight" in others


def test_a_muon_step_is_as_large_as_adamws(tiny):
    """The root mean square of the first step of a matrix, without decay: 0.2 times the rate."""
    linear = torch.nn.Linear(32, 64, bias=False)
    before = linear.weight.detach().clone()
    t = muon(tiny, **{"train.weight_decay": 0.0, "train.lr": 1e-3}).train
    optimiser = optimiser_of(t, [linear.weight], [linear])
    linear.weight.grad = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    optimiser.step()
    step = (linear.weight.detach() - before).square().mean().sqrt().item()
    assert len(optimiser.parts) == 1 and 0.7 * 0.2e-3 < step < 1.2 * 0.2e-3


@pytest.mark.parametrize("m", [PAPER.replaced(**JIT), TINY["ldm"]], ids=["jit", "unet"])
def test_training_with_muon_goes_on_bitwise(tmp_path, tiny, m):
    spec, lines = muon(tiny, model=m, **{"train.log_every": 1}), []
    whole = Trainer(spec, [spec.evaluate.ema])
    whole.train_to(2, lines.append)
    whole.save(tmp_path)
    whole.train_to(5, lines.append)
    again, after = Trainer(spec, [spec.evaluate.ema]), []
    again.restore(checkpoint.load(tmp_path, 2))
    again.train_to(5, after.append)
    assert [line["loss"] for line in after] == [line["loss"] for line in lines[2:]]
    assert all(torch.equal(a, b) for a, b in zip(whole.params, again.params))
    one, other = (t.snapshot()["training"]["optimiser"]["state"] for t in (whole, again))
    assert one.keys() == other.keys() == set(range(len(whole.params)))
    buffers = [i for i, slots in one.items() if "momentum_buffer" in slots]
    assert buffers and all(
        torch.equal(one[i]["momentum_buffer"], other[i]["momentum_buffer"]) for i in buffers
    )


def test_the_rate_of_the_schedule_reaches_every_part(tiny):
    spec = muon(tiny, **{"train.warmup_steps": 4, "train.steps": 8})
    trainer = Trainer(spec, [])
    trainer.train_to(2, lambda line: None)
    rates = {group["lr"] for group in trainer.optimiser.param_groups}
    assert rates == {spec.train.lr * 2 / 4} and len(trainer.optimiser.param_groups) == 2


def test_it_is_identity_where_it_is_not_as_before(tiny):
    assert "optimiser" not in tiny.train.identity_fields()
    assert muon(tiny).train_id != with_settings(tiny, {"train.weight_decay": 0.1}).train_id
    with pytest.raises(ValueError, match="optimiser"):
        with_settings(tiny, {"train.optimiser": "sgd"})
    unknown = tiny.train.model_copy(update={"optimiser": "lion"})
    with pytest.raises(ValueError, match="unknown optimiser 'lion'; known: adamw, muon"):
        optimiser_of(unknown, [], [])
    assert set(OPTIMISERS) == {"adamw", "muon"}


def test_muon_is_refused_where_torch_has_none_before_anything_runs(tiny, monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    check_optimiser("adamw", tiny.model)
    with pytest.raises(ValueError, match=r"has no optimiser Muon; set train\.optimiser to adamw"):
        Trainer(muon(tiny), [])


def test_a_network_without_matrices_in_its_blocks_is_refused(tiny, monkeypatch):
    monkeypatch.setattr(type(tiny.model), "units", lambda self, network: [])
    with pytest.raises(ValueError, match="have no matrices, which muon steps"):
        Trainer(muon(tiny), [])
