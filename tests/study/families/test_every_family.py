"""Does each of the suite's families count, price, train, resume and sample as any other?"""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from scaling.launch.trials.trial import run_trials
from scaling.models import build_model
from scaling.models.counting.count import checked_count, example_inputs, trainable_params
from scaling.records import Run
from scaling.study import cost
from scaling.study.costs.memory import training_memory
from scaling.study.execution import Execution
from scaling.study.families import FAMILIES, network_of
from scaling.study.families.captioned import Captioned
from scaling.study.families.outside.source import is_outside
from scaling.study.families.unet import UNet
from scaling.study.settings import with_settings
from scaling.training import Trainer
from tests.study.costs.test_memory import Step
from tests.study.families.tiny import DIGITS, TINY

every_family = pytest.mark.parametrize("m", TINY.values(), ids=TINY)


SHORT = {
    "train.steps": 4,
    "train.checkpoint_every": 2,
    "evaluate.checkpoints": 1,
    "evaluate.protocol.samples": 16,
    "evaluate.protocol.metrics": ("fid",),
}


def quiet(progress):
    """Progress is not looked at here."""


def trained(tiny, m, **settings):
    return with_settings(tiny, {"model": m, "evaluate.protocol.sampling_steps": 2, **settings})


def test_each_family_has_its_small_network():
    assert set(TINY) == {name for name, family in FAMILIES.items() if not is_outside(family)}


@every_family
def test_layers_are_what_fvcore_and_torch_count(m):
    assert checked_count(m).macs == cost.forward_macs(m)
    assert trainable_params(m) == cost.params(m)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        build_model(m, device="meta")(*example_inputs(m, device="meta"))
    assert counter.get_total_flops() / 2 == cost.forward_macs(m)


@every_family
def test_memory_is_what_autograd_keeps(m):
    """At the smallest scale too, but for what the images and the loss keep themselves."""
    assert training_memory(m, 16).activations == pytest.approx(Step(m, 16).saved_bytes(), rel=0.1)


@every_family
def test_a_trial_trains_samples_and_goes_on_where_it_stopped(tmp_path, tiny, m):
    whole, halves = Run(tmp_path / "whole"), Run(tmp_path / "halves")
    spec = trained(tiny, m, **SHORT)
    assert run_trials([spec], whole, quiet) == "completed"
    half = with_settings(spec, {"train.steps": 2})
    assert run_trials([half], halves, quiet) == "completed"
    assert run_trials([spec], halves, quiet) == "completed"
    figures = whole.evaluation(spec.eval_id(4))["figures"]
    assert all(row["value"] > 0 and row["samples"] == 16 for row in figures)
    again = halves.evaluation(spec.eval_id(4))["figures"]
    assert [row["value"] for row in again] == [row["value"] for row in figures]
    assert whole.record()["count"]["forward_gmacs"] * 1e9 == pytest.approx(cost.forward_macs(m))


@every_family
def test_activation_checkpointing_changes_nothing_and_reaches_each_unit(tiny, m):
    spec = trained(tiny, m)
    losses = []
    for execution in (Execution(), Execution(activation_checkpointing=True)):
        trainer, lines = Trainer(spec, [], execution=execution), []
        trainer.train_to(3, lines.append)
        losses.append(lines[-1]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    units = m.units(trainer.model)
    inside = {id(p) for unit in units for p in unit.parameters()}
    assert len(units) == len({id(unit) for unit in units}) and len(inside) == sum(
        len([*unit.parameters()]) for unit in units
    )  # no parameter is in two units
    assert sum(p.numel() for p in trainer.params if id(p) in inside) > 0.3 * cost.params(m)


@every_family
def test_time_class_and_no_class_each_change_the_answer_after_training(tiny, m):
    trainer = Trainer(trained(tiny, m), [])
    trainer.train_to(4, quiet)
    x, t, y = torch.randn(2, 1, 8, 8), torch.tensor([3, 3]), torch.tensor([1, 1])
    with torch.no_grad():
        answer = trainer.model(x, t, y)
        assert answer.shape == (2, m.out_channels, 8, 8)
        for changed in ((x, t + 500, y), (x, t, y + 1), (x, t, m.null(y))):
            assert (trainer.model(*changed) - answer).abs().max() > 1e-7


@every_family
def test_a_flow_is_learned_too(tiny, m):
    flow = trained(tiny, m, **{"diffusion.objective": "flow", "model.learn_sigma": False})
    assert flow.model.out_channels == 1 and m.out_channels == 2
    trainer, lines = Trainer(flow, []), []
    trainer.train_to(2, lines.append)
    assert lines[-1]["loss"] > 0


@every_family
def test_the_debug_twin_is_small_and_of_its_family(m):
    twin = m.debug_twin(channels=3, num_classes=5)
    assert type(twin) is type(m) and twin.input_shape == (3, 8, 8) and twin.num_classes == 5
    assert cost.params(twin) < 1e6
    checked_count(twin)


@every_family
def test_a_spec_reads_back_and_its_name_finds_it(m):
    assert network_of(m.model_dump(mode="json")) == m
    # a DiT's name does not tell its heads; that of a U-Net over another is not read
    read = {"dit": m.replaced(heads=1) if m.family == "dit" else None, "adm-u": None}
    assert m.replaced(**DIGITS).named_like(m.name) == read.get(m.family, m)


def test_an_encoder_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"encoder\n .*should match pattern"):
        TINY["sd3"].replaced(conditioning="text", encoder="")


@pytest.mark.parametrize(("base", "whole"), [(UNet, "ldm"), (Captioned, "sd3")])
def test_a_family_half_added_is_refused_where_it_is_built(base, whole):
    class Half(base):
        """It declares no name, and so enters no table; what its base leaves open is missing."""

    fields = {k: v for k, v in TINY[whole] if k in base.model_fields}
    for build in (Half, lambda **told: Half.model_validate(told)):
        with pytest.raises(TypeError, match=r"abstract class Half .*_debug_"):
            build(**fields)
