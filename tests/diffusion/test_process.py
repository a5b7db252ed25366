"""Does each objective learn what it says, at the times and with the weights it says?"""

import pytest
import torch

from scaling.data import stream
from scaling.diffusion import GaussianDiffusion, LinearFlow, build_process
from scaling.study import DiffusionSpec

DDPM, EPSILON, FLOW = (
    build_process(DiffusionSpec(objective=o)) for o in ("ddpm", "epsilon", "flow")
)


def batch(n=6, channels=1):
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, channels, 4, 4, generator=g), torch.randn(n, channels, 4, 4, generator=g)


def test_each_objective_has_its_process():
    assert isinstance(DDPM, GaussianDiffusion) and DDPM.learn_sigma
    assert isinstance(EPSILON, GaussianDiffusion) and not EPSILON.learn_sigma
    assert isinstance(FLOW, LinearFlow)


@pytest.mark.parametrize("process, out", [(EPSILON, lambda x0, z: z), (FLOW, lambda x0, z: z - x0)])
def test_what_is_to_be_predicted_has_no_loss(process, out):
    x0, z = batch()
    time = process.draw(len(x0), stream("t"))
    x_t = process.q_sample(x0, time, z)
    losses = process.losses(out(x0, z), x0, x_t, time, z)
    assert losses["loss"].shape == (6,) and losses["loss"].abs().max() == 0
    assert torch.allclose(
        process.losses(out(x0, z) + 2, x0, x_t, time, z)["mse"], torch.tensor(4.0)
    )


def test_times_lie_in_the_schedule_and_its_fractions_in_order():
    for process, low, high in ((DDPM, 0, 999), (FLOW, 0.0, 1.0)):
        drawn = process.draw(20_000, stream("t"))
        assert drawn.min() >= low and drawn.max() <= high
        assert drawn.double().mean() / max(high, 1) == pytest.approx(0.5, abs=0.01)
    assert DDPM.at_fraction(torch.tensor([0.0, 0.5, 0.9999, 1.0])).tolist() == [0, 500, 999, 999]
    assert FLOW.at_fraction(torch.tensor([0.0, 0.25, 1.0])).tolist() == [0, 0.25, 1]


@pytest.mark.parametrize("objective, horizon", [("flow", 1.0), ("epsilon", 1000.0)])
def test_logit_normal_times_are_normal_in_their_logits(objective, horizon):
    process = build_process(
        DiffusionSpec(objective=objective, weighting="logit-normal", logit_mean=0.5, logit_std=0.8)
    )
    fraction = process.draw(20_000, stream("t")).double() / horizon + (0.0005 if horizon > 1 else 0)
    logit = torch.logit(fraction)
    assert logit.mean() == pytest.approx(0.5, abs=0.02) and logit.std() == pytest.approx(
        0.8, abs=0.02
    )
