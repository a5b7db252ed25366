"""Is a flow's network told its times as the spec says, wherever it is called?"""

import pytest
import torch

from scaling.diffusion import build_process
from scaling.evaluation.sampling import generate
from scaling.study import DiffusionSpec, Ema, Protocol
from scaling.study.settings import with_settings
from scaling.training import Trainer

FLOW = {
    "diffusion.objective": "flow",
    "model.learn_sigma": False,
    "evaluate.protocol.sampler": "euler",
}


def test_the_times_told_are_scaled_and_those_of_the_process_are_not():
    process = build_process(DiffusionSpec(objective="flow", time_scale=1000.0))
    times = torch.tensor([0.0, 0.25, 1.0])
    assert process.told(times).tolist() == [0, 250, 1000]
    assert process.at_fraction(times).tolist() == times.tolist()
    assert build_process(DiffusionSpec()).told(torch.tensor([7])).tolist() == [7]


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_training_the_heldout_loss_and_sampling_tell_it(tiny, scale):
    spec = with_settings(tiny, FLOW | {"diffusion.time_scale": scale})
    trainer, seen = Trainer(spec, []), []
    trainer.model.register_forward_pre_hook(lambda module, given: seen.append(given[1]))
    for act in (
        lambda: trainer.train_to(5, lambda line: None),
        lambda: trainer.heldout(Ema(kind="none", length=0)),
        lambda: generate.generate(trainer.model, spec.model, spec.diffusion, _protocol(1.0)),
        lambda: generate.generate(trainer.model, spec.model, spec.diffusion, _protocol(2.0)),
    ):
        seen.clear()
        act()
        told = torch.cat(seen) / scale
        assert 0.5 < float(told.max()) <= 1 and float(told.min()) >= 0


def _protocol(guidance: float) -> Protocol:
    interval = None if guidance == 1 else (0.2, 0.8)
    return Protocol(
        samples=4,
        sampler="euler",
        sampling_steps=4,
        guidance=guidance,
        guidance_interval=interval,
    )


def test_it_is_identity_where_it_is_not_as_before_and_refused_without_a_flow(tiny):
    flow = with_settings(tiny, FLOW)
    assert "time_scale" not in flow.diffusion.identity_fields()
    scaled = with_settings(flow, {"diffusion.time_scale": 1000})
    assert scaled.train_id != flow.train_id
    with pytest.raises(ValueError, match=r"time_scale 1000\.0 belongs to a flow; leave"):
        with_settings(tiny, {"diffusion.time_scale": 1000})
    with pytest.raises(ValueError, match="time_scale"):
        with_settings(flow, {"diffusion.time_scale": 0})
