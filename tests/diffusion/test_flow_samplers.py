"""Do solvers of the flow converge at their order, and does the SDE keep the marginals? On Gaussian
data whose answer is known.
"""

import math
from functools import partial

import pytest
import torch

from scaling.diffusion import euler, euler_maruyama, heun
from scaling.diffusion.flow_samplers import DIFFUSION
from scaling.study import Protocol
from scaling.study.timesteps import evaluated_at, flow_times
from tests.diffusion.gaussian_data import MEAN, SPEC, STD, gaussian_velocity, moments, normal


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

    for fields, solve in (
        ({"sampler": "heun"}, heun),
        ({"sampler": "heun", "heun_last": "euler"}, partial(heun, last="euler")),
        ({"sampler": "euler", "time_shift": 3.0}, euler),
    ):
        asked.clear()
        protocol = Protocol(**fields, sampling_steps=5)
        solve(velocity, normal(2, 1, 1, 1), flow_times(protocol))
        assert asked == pytest.approx(evaluated_at(SPEC, protocol))
        assert len(asked) == protocol.forwards


def test_a_last_step_of_eulers_is_a_step_of_eulers_after_heuns():
    """JiT's code: n steps take 2 n - 1 evaluations."""
    z, times = normal(4, 1, 2, 2), [1.0, 0.6, 0.2, 0.0]
    before = heun(gaussian_velocity, z, times[:-1])
    assert torch.equal(
        heun(gaussian_velocity, z, times, last="euler"),
        euler(gaussian_velocity, before, times[-2:]),
    )
    assert not torch.equal(
        heun(gaussian_velocity, z, times), heun(gaussian_velocity, z, times, "euler")
    )


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
