"""Does each objective learn what it says, at the times and with the weights it says?"""

import pytest
import torch

from scaling.data import stream
from scaling.diffusion import GaussianDiffusion, LinearFlow, build_process, euler
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


def test_epsilon_alone_is_the_mse_of_ddpm():
    x0, z = batch()
    time = EPSILON.draw(len(x0), stream("t"))
    x_t = EPSILON.q_sample(x0, time, z)
    both = DDPM.losses(torch.cat([x0, x0], 1), x0, x_t, time, z)
    assert (
        torch.equal(EPSILON.losses(x0, x0, x_t, time, z)["loss"], both["mse"])
        and (both["loss"] > both["mse"]).any()
    )


def test_the_flow_runs_from_image_to_noise_and_its_samplers_agree():
    """Along the velocity that is learned Euler's method leads from pure noise back to the image, in
    one step.
    """
    x0, z = batch()
    assert torch.equal(FLOW.q_sample(x0, torch.zeros(6), z), x0) and torch.equal(
        FLOW.q_sample(x0, torch.ones(6), z), z
    )
    assert torch.allclose(euler(lambda x, t: z - x0, z, [1.0, 0.0]), x0, atol=1e-6)


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


def test_min_snr_clips_the_weight_of_the_signal_and_leaves_the_bound():
    """min(SNR, gamma) / SNR on the epsilon part: 1 in noise, gamma / SNR near the image."""
    process = build_process(DiffusionSpec(weighting="min-snr"))
    time = torch.tensor([999, 500, 10])
    alpha_bar = process.at("alpha_bar", time).flatten()
    snr = alpha_bar / (1 - alpha_bar)
    losses = {"mse": torch.tensor([2.0, 2.0, 2.0]), "loss": torch.tensor([3.0, 3.0, 3.0])}
    assert torch.allclose(process.weighted(losses, time), 1 + 2 * snr.clamp(max=5) / snr)
    assert snr[2] > 5 > snr[1] and torch.equal(DDPM.weighted(losses, time), losses["loss"])
