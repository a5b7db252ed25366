"""Do samplers do what they are called? Against the reference's trajectories and diffusers'
schedulers, and on Gaussian data whose answer is known.
"""

import diffusers
import numpy as np
import pytest
import torch

from scaling.diffusion import GaussianDiffusion, ddim, ddim_timesteps, ddpm, dpm_solver
from scaling.study import DiffusionSpec, Protocol
from scaling.study.timesteps import kept_timesteps, solver_timesteps, spaced_timesteps
from tests.diffusion.gaussian_data import BETAS, MEAN, SPEC, STD, gaussian_eps, moments, normal


def network(x, t):
    """Some smooth function with 2C output channels, as a network with learned sigma has."""
    t = t.view(-1, 1, 1, 1).float() / 1000
    return torch.cat([torch.sin(x + t) * 0.8, torch.cos(3 * x) * t], dim=1)


@pytest.mark.parametrize("steps", [1, 10, 50, 1000])
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_ddim_is_diffusers(steps, eta):
    keep = kept_timesteps(SPEC, Protocol(sampler="ddim", sampling_steps=steps))
    theirs = diffusers.DDIMScheduler(trained_betas=BETAS, clip_sample=False)
    theirs.set_timesteps(steps)
    assert theirs.timesteps.tolist() == keep[::-1]
    noises = [normal(2, 1, 4, 4, seed=k) for k in range(1, steps + 1)]
    expected = x = normal(2, 1, 4, 4)
    for t, z in zip(theirs.timesteps, noises):
        eps = network(expected, t.expand(2)).chunk(2, dim=1)[0]
        expected = theirs.step(
            eps, t, expected, eta=eta, variance_noise=z if eta else None
        ).prev_sample
    process, queue = GaussianDiffusion(SPEC, True, keep=keep), iter(noises)
    assert torch.allclose(
        ddim(process, network, x, lambda: next(queue), eta), expected, atol=2e-4, rtol=1e-4
    )


def test_ancestral_sampling_with_learned_sigma_is_diffusers():
    spec = DiffusionSpec(timesteps=40, beta_end=0.2)
    betas = np.linspace(spec.beta_start, spec.beta_end, spec.timesteps)
    theirs = diffusers.DDPMScheduler(
        len(betas), trained_betas=betas, variance_type="learned_range", clip_sample=False
    )
    theirs.set_timesteps(40)
    expected = x = normal(2, 1, 4, 4)
    generator = torch.Generator().manual_seed(5)
    for t in theirs.timesteps:
        expected = theirs.step(
            network(expected, t.expand(2)), t, expected, generator=generator
        ).prev_sample
    generator = torch.Generator().manual_seed(5)
    ours = ddpm(
        GaussianDiffusion(spec, True), network, x, lambda: torch.randn(x.shape, generator=generator)
    )
    assert torch.allclose(ours, expected, atol=1e-4)


def alone(x, t):
    """Epsilon alone, of images that are clipped now and then."""
    return 0.7 * network(x, t).chunk(2, dim=1)[0]


SCALED = DiffusionSpec(
    objective="epsilon", timesteps=40, beta_start=0.01, beta_end=0.3, beta_schedule="scaled_linear"
)


def scheduler_of(kind, spec, **more):
    told = {"num_train_timesteps": spec.timesteps, "beta_schedule": "scaled_linear"}
    return kind(beta_start=spec.beta_start, beta_end=spec.beta_end, **told, **more)


@pytest.mark.parametrize("clip", [None, 1.0, 0.3])
@pytest.mark.parametrize("variance", ["large", "small"])
def test_ancestral_sampling_with_a_fixed_variance_and_clipped_is_diffusers(variance, clip):
    clipped = {"clip_sample": clip is not None, "clip_sample_range": clip or 1.0}
    theirs = scheduler_of(
        diffusers.DDPMScheduler, SCALED, variance_type=f"fixed_{variance}", **clipped
    )
    assert np.allclose(theirs.betas, SCALED.betas(), rtol=1e-5)
    theirs.set_timesteps(SCALED.timesteps)
    expected = x = normal(2, 1, 4, 4)
    generator = torch.Generator().manual_seed(5)
    for t in theirs.timesteps:
        told = alone(expected, t.expand(2))
        expected = theirs.step(told, t, expected, generator=generator).prev_sample
    generator = torch.Generator().manual_seed(5)

    def noise():
        return torch.randn(x.shape, generator=generator)

    ours = ddpm(GaussianDiffusion(SCALED, False), alone, x, noise, clip, variance == "small")
    assert torch.allclose(ours, expected, atol=1e-4)


@pytest.mark.parametrize("clip", [None, 1.0])
def test_ddim_on_scaled_betas_and_clipped_is_diffusers(clip):
    theirs = scheduler_of(diffusers.DDIMScheduler, SCALED, clip_sample=clip is not None)
    theirs.set_timesteps(10)
    expected = x = normal(2, 1, 4, 4)
    for t in theirs.timesteps:
        expected = theirs.step(alone(expected, t.expand(2)), t, expected).prev_sample
    keep = kept_timesteps(SCALED, Protocol(sampler="ddim", sampling_steps=10))
    process = GaussianDiffusion(SCALED, False, keep=keep)
    ours = ddim(process, alone, x, lambda: None, clip=clip)
    assert torch.allclose(ours, expected, atol=1e-4)
    other = ddim(process, alone, x, lambda: None)
    assert torch.equal(other, ours) == (clip is None)


@pytest.mark.parametrize("steps", [1, 2, 5, 10, 15])
def test_the_solver_is_asked_where_diffusers_asks(steps):
    """Within a timestep: diffusers rounds after the solver's times are fixed, ours are timesteps
    from the start.
    """
    theirs = diffusers.DPMSolverMultistepScheduler(trained_betas=BETAS, use_lu_lambdas=True)
    theirs.set_timesteps(steps)
    ours = solver_timesteps(SPEC, steps)[::-1]
    assert max(abs(a - b) for a, b in zip(theirs.timesteps.tolist(), ours)) <= 1


@pytest.mark.parametrize("steps", [50, 400, 1000])
def test_the_solver_takes_any_number_of_steps(steps):
    kept = solver_timesteps(SPEC, steps)
    assert len(set(kept)) == steps and kept == sorted(kept) and (kept[0], kept[-1]) == (0, 999)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "ddim, eta 1", "dpm++"])
def test_samplers_of_a_discrete_process_recover_a_gaussian(sampler):
    z, generator = normal(20_000, 1, 1, 1), torch.Generator().manual_seed(9)
    name, _, eta = sampler.partition(", eta ")
    steps = {"ddpm": 250, "ddim": 1000 if eta else 200, "dpm++": 30}[name]
    keep = kept_timesteps(SPEC, Protocol(sampler=name, sampling_steps=steps))
    process = GaussianDiffusion(SPEC, False, keep=None if name == "dpm++" else keep)
    predict, noise = gaussian_eps(process), lambda: torch.randn(z.shape, generator=generator)
    if name == "dpm++":
        x = dpm_solver(process, predict, z, keep)
    else:
        x = (
            ddpm(process, predict, z, noise)
            if name == "ddpm"
            else ddim(process, predict, z, noise, float(eta or 0))
        )
    mean, std = moments(x)
    assert mean == pytest.approx(MEAN, abs=0.01) and std == pytest.approx(STD, rel=0.03)


def test_the_solver_needs_fewer_steps_than_ddim():
    """From the same noise the exact flow takes z to MEAN + STD z; the solver's error at 10 steps is
    below DDIM's.
    """
    z = normal(2000, 1, 1, 1)
    errors = {}
    for name in ("ddim", "dpm++"):
        keep = kept_timesteps(SPEC, Protocol(sampler=name, sampling_steps=10))
        if name == "ddim":
            process = GaussianDiffusion(SPEC, False, keep=keep)
            x = ddim(process, gaussian_eps(process), z, noise=None)
        else:
            process = GaussianDiffusion(SPEC, False)
            x = dpm_solver(process, gaussian_eps(process), z, keep)
        errors[name] = (x - (MEAN + STD * z)).abs().mean().item()
    assert errors["dpm++"] < 0.2 * errors["ddim"]


def test_steps_above_the_schedule_are_refused():
    for sampler in ("ddpm", "ddim", "dpm++"):
        with pytest.raises(ValueError, match="1500 sampling steps asked of a process with 1000"):
            kept_timesteps(SPEC, Protocol(sampler=sampler, sampling_steps=1500))
    assert len(spaced_timesteps(1000, 1000)) == 1000


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


def test_respaced_timesteps(golden):
    assert spaced_timesteps(1000, 250) == golden["timesteps_250"].tolist()
    assert spaced_timesteps(1000, 10) == golden["timesteps_10"].tolist()
    assert ddim_timesteps(1000, 25) == golden["timesteps_ddim25"].tolist()


@pytest.mark.parametrize("count", [0, 1001])
def test_more_steps_than_the_schedule_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} sampling steps"):
        spaced_timesteps(1000, count)


def test_a_ddim_count_without_a_stride_is_spaced_evenly():
    assert ddim_timesteps(1000, 300) == spaced_timesteps(1000, 300)
