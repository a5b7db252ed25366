"""Is the diffusion the reference implementation's? Golden vectors of Peebles & Xie's code:
q-sample, loss, trajectories.
"""

import numpy as np
import pytest
import torch

from scaling.diffusion import (
    GaussianDiffusion,
    ddim,
    ddim_timesteps,
    ddpm,
    guided,
    spaced_timesteps,
)
from scaling.study import DiffusionSpec
from tests.models import golden as reference


@pytest.fixture(scope="module")
def golden():
    return reference.arrays()


@pytest.fixture(scope="module")
def model():
    return reference.model()


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


def test_respaced_timesteps(golden):
    assert spaced_timesteps(1000, 250) == golden["timesteps_250"].tolist()
    assert spaced_timesteps(1000, 10) == golden["timesteps_10"].tolist()
    assert ddim_timesteps(1000, 25) == golden["timesteps_ddim25"].tolist()


def test_guidance_on_three_channels(golden, model):
    predict = guided(model, golden["y_cfg"][:2], null_label=10, scale=4.0, channels=3)
    with torch.no_grad():
        out = predict(golden["x"][:2], golden["t_cfg"][:2])
    assert torch.allclose(out, golden["out_cfg4"][:2], atol=1e-5, rtol=0)


@torch.no_grad()
def test_ancestral_trajectory(golden, model):
    process = GaussianDiffusion(DiffusionSpec(), True, keep=spaced_timesteps(1000, 10))
    noise = iter(golden["ddpm10_noise"])
    x = ddpm(process, lambda x, t: model(x, t, golden["y"]), golden["x"], lambda: next(noise))
    assert (x - golden["ddpm10"]).abs().max() <= 1e-4 * golden["ddpm10"].abs().max()


@torch.no_grad()
def test_ddim_trajectory(golden, model):
    process = GaussianDiffusion(DiffusionSpec(), True, keep=ddim_timesteps(1000, 25))
    x = ddim(process, lambda x, t: model(x, t, golden["y"]), golden["x"], noise=None)
    assert (x - golden["ddim25"]).abs().max() <= 1e-4 * golden["ddim25"].abs().max()


def test_a_perfect_predictor_recovers_the_image(golden):
    """With the true epsilon at hand, DDIM walks straight back to x_0."""
    process = GaussianDiffusion(DiffusionSpec(), False, keep=ddim_timesteps(1000, 50))
    x0, alpha_bar = golden["x0"].double(), process.at("alpha_bar", torch.tensor([49])).double()
    start = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * golden["noise"].double()

    def true_eps(x, t):
        a = process.at("alpha_bar", torch.tensor([process.timesteps.index(int(t[0]))])).double()
        return (x - a.sqrt() * x0) / (1 - a).sqrt()

    assert torch.allclose(ddim(process, true_eps, start, noise=None), x0, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1001])
def test_more_steps_than_the_schedule_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} sampling steps"):
        spaced_timesteps(1000, count)


def test_a_ddim_count_without_a_stride_is_spaced_evenly():
    assert ddim_timesteps(1000, 300) == spaced_timesteps(1000, 300)


def test_tables_agree_with_their_definitions():
    betas = np.linspace(1e-4, 2e-2, 1000)
    process = GaussianDiffusion(DiffusionSpec(), True)
    assert process.at("alpha_bar", torch.tensor([999])).item() == pytest.approx(
        np.prod(1 - betas), rel=1e-6
    )
