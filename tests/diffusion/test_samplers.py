"""Do samplers do what they are called? Against diffusers' schedulers, and on Gaussian data whose
answer is known.
"""

import math

import diffusers
import numpy as np
import pytest
import torch

from scaling.diffusion import (
    GaussianDiffusion,
    ddim,
    ddpm,
    dpm_solver,
    euler,
    euler_maruyama,
    guided,
    heun,
)
from scaling.diffusion.flow_samplers import DIFFUSION
from scaling.study import DiffusionSpec, Protocol
from scaling.study.timesteps import (
    evaluated_at,
    flow_times,
    kept_timesteps,
    solver_timesteps,
    spaced_timesteps,
)

SPEC = DiffusionSpec()
BETAS = np.linspace(SPEC.beta_start, SPEC.beta_end, SPEC.timesteps)
MEAN, STD = 0.6, 0.3  # of the Gaussian that stands for the data


def normal(*shape, seed=0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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


def gaussian_eps(process):
    """The best prediction of epsilon for data N(MEAN, STD^2): E[epsilon | x_t]."""

    def predict(x, t):
        a = torch.from_numpy(np.cumprod(1 - BETAS))[t].to(x.dtype).view(-1, 1, 1, 1)
        return (1 - a).sqrt() * (x - a.sqrt() * MEAN) / (a * STD**2 + 1 - a)

    return predict


def gaussian_velocity(x, t):
    """E[epsilon - x_0 | x_t] for the same data."""
    t = t.view(-1, 1, 1, 1)
    a, variance = 1 - t, (1 - t) ** 2 * STD**2 + t**2
    away = x - a * MEAN
    return t * away / variance - (MEAN + a * STD**2 * away / variance)


def moments(x) -> tuple[float, float]:
    return x.mean().item(), x.std().item()


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


@pytest.mark.parametrize("solve, order", [(euler, 1), (heun, 2)])
def test_ode_solvers_converge_at_their_order(solve, order):
    z = normal(500, 1, 1, 1).double()
    exact = MEAN + STD * z
    errors = [
        (
            solve(gaussian_velocity, z, flow_times(Protocol(sampler="euler", sampling_steps=n)))
            - exact
        )
        .abs()
        .max()
        for n in (40, 80, 160)
    ]
    rates = [math.log2(a / b) for a, b in zip(errors, errors[1:])]  # noqa: RUF007
    assert all(rate == pytest.approx(order, abs=0.25) for rate in rates), rates


def test_heun_asks_twice_a_step_where_the_protocol_says():
    asked = []

    def velocity(x, t):
        asked.append(float(t[0]))
        return gaussian_velocity(x, t)

    for name, solve in (("heun", heun), ("euler", euler)):
        asked.clear()
        protocol = Protocol(sampler=name, sampling_steps=5)
        solve(velocity, normal(2, 1, 1, 1), flow_times(protocol))
        assert asked == pytest.approx(evaluated_at(SPEC, protocol))
        assert len(asked) == protocol.forwards


@pytest.mark.parametrize("diffusion", DIFFUSION)
def test_the_sde_recovers_a_gaussian_whatever_its_diffusion(diffusion):
    z, generator = normal(20_000, 1, 1, 1), torch.Generator().manual_seed(3)
    protocol = Protocol(sampler="sde", sampling_steps=250, sde_last_size=0.01)
    x = euler_maruyama(
        gaussian_velocity,
        z,
        flow_times(protocol),
        lambda: torch.randn(z.shape, generator=generator),
        diffusion,
    )
    mean, std = moments(x)
    stiff = diffusion == "constant"  # its drift grows as 1 / t towards the image
    assert mean == pytest.approx(MEAN, abs=0.015) and std == pytest.approx(
        STD, rel=0.15 if stiff else 0.05
    )


def test_the_last_step_of_the_sde():
    """Tweedie's is the expected image; the mean is a step of the drift without noise."""
    z, times = normal(50, 1, 1, 1).double(), [0.04, 0.0]
    t = torch.full((50,), 0.04, dtype=torch.float64)
    v = gaussian_velocity(z, t)
    tweedie = euler_maruyama(gaussian_velocity, z, times, noise=None, last="tweedie")
    assert torch.allclose(tweedie, z - 0.04 * v)
    score = -(z - 0.96 * MEAN) / (0.96**2 * STD**2 + 0.04**2)
    assert torch.allclose(
        euler_maruyama(gaussian_velocity, z, times, noise=None), z + 0.04 * (0.04 * score - v)
    )


def test_guidance_outside_its_interval_is_one_conditional_pass():
    batches = []

    def model(x, t, y):
        batches.append(len(x))
        return x * 0 + y.view(-1, 1, 1, 1)

    predict = guided(
        model,
        torch.tensor([2, 3]),
        null_label=10,
        scale=3.0,
        channels=1,
        interval=(0.2, 0.5),
        horizon=1000,
    )
    x = normal(2, 1, 2, 2)
    outs = [predict(x, torch.tensor([t, t])).unique().tolist() for t in (600, 500, 300, 200, 199)]
    assert outs == [[2, 3], [-14, -11], [-14, -11], [-14, -11], [2, 3]]  # 10 + 3 (2 - 10) = -14
    assert batches == [2, 4, 4, 4, 2]


def test_steps_above_the_schedule_are_refused():
    for sampler in ("ddpm", "ddim", "dpm++"):
        with pytest.raises(ValueError, match="1500 sampling steps asked of a process with 1000"):
            kept_timesteps(SPEC, Protocol(sampler=sampler, sampling_steps=1500))
    assert len(spaced_timesteps(1000, 1000)) == 1000
