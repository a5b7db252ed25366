"""Is the diffusion the reference implementation's? Against the golden vectors of Peebles & Xie's
code, and the tables against their definitions.
"""

import numpy as np
import pytest
import torch

from scaling.data import stream
from scaling.diffusion import GaussianDiffusion, build_process
from scaling.study import DiffusionSpec


def test_q_sample(golden):
    process = GaussianDiffusion(DiffusionSpec(), learn_sigma=True)
    x_t = process.q_sample(golden["x0"], golden["t_loss"], golden["noise"])
    assert torch.allclose(x_t, golden["x_t"], atol=1e-5, rtol=0)


def test_loss_with_learned_sigma(golden, model):
    process = GaussianDiffusion(DiffusionSpec(), learn_sigma=True)
    with torch.no_grad():
        out = model(golden["x_t"], golden["t_loss"], golden["y"])
    losses = process.losses(out, golden["x0"], golden["x_t"], golden["t_loss"], golden["noise"])
    for ours, theirs in (("mse", "loss_mse"), ("vb", "loss_vb"), ("loss", "loss")):
        assert torch.allclose(losses[ours], golden[theirs], atol=1e-5, rtol=0), ours


def test_the_bound_trains_the_variance_alone(golden):
    process = GaussianDiffusion(DiffusionSpec(), learn_sigma=True)
    out = torch.randn(4, 8, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    losses = process.losses(out, golden["x0"], golden["x_t"], golden["t_loss"], golden["noise"])
    (gradient,) = torch.autograd.grad(losses["vb"].sum(), out)
    assert (gradient[:, :4] == 0).all() and (gradient[1:, 4:] != 0).any()


def test_tables_agree_with_their_definitions():
    betas = np.linspace(1e-4, 2e-2, 1000)
    process = GaussianDiffusion(DiffusionSpec(), True)
    assert process.at("alpha_bar", torch.tensor([999])).item() == pytest.approx(
        np.prod(1 - betas), rel=1e-6
    )


DDPM, EPSILON = (build_process(DiffusionSpec(objective=o)) for o in ("ddpm", "epsilon"))


def test_betas_whose_roots_rise_linearly_are_those_of_diffusers():
    from diffusers import DDPMScheduler

    shape = {"beta_start": 0.0015, "beta_end": 0.0195, "beta_schedule": "scaled_linear"}
    theirs = DDPMScheduler(num_train_timesteps=1000, **shape).alphas_cumprod
    process = build_process(DiffusionSpec(objective="epsilon", **shape))
    ours = process.at("alpha_bar", torch.arange(1000))
    assert torch.allclose(ours, theirs, rtol=2e-4, atol=0)  # theirs is a product in float32


def batch(n=6, channels=1):
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, channels, 4, 4, generator=g), torch.randn(n, channels, 4, 4, generator=g)


def test_epsilon_alone_is_the_mse_of_ddpm():
    x0, z = batch()
    time = EPSILON.draw(len(x0), stream("t"))
    x_t = EPSILON.q_sample(x0, time, z)
    both = DDPM.losses(torch.cat([x0, x0], 1), x0, x_t, time, z)
    assert (
        torch.equal(EPSILON.losses(x0, x0, x_t, time, z)["loss"], both["mse"])
        and (both["loss"] > both["mse"]).any()
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
