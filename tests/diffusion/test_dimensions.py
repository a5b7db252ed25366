"""Are clips of frames noised, learned and sampled as images are? Five dimensions beside four."""

import pytest
import torch

from scaling.diffusion import (
    OBJECTIVES,
    GaussianDiffusion,
    build_process,
    ddim,
    ddpm,
    dpm_solver,
    euler,
    euler_maruyama,
    guided,
    heun,
)
from scaling.study import DiffusionSpec

B, C, F, H, W = 3, 2, 4, 3, 5
TIMES = [1.0, 0.6, 0.3, 0.0]


def clip(seed: int, channels: int = C) -> torch.Tensor:
    return torch.randn(B, channels, F, H, W, generator=torch.Generator().manual_seed(seed))


def flat(x: torch.Tensor) -> torch.Tensor:
    """(B, C, F, H, W) -> (B, C, F * H, W): the same numbers as one image."""
    return x.flatten(2, 3)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_clip_is_noised_and_learned_like_the_image_of_its_frames(objective):
    spec = DiffusionSpec(objective=objective)
    process = build_process(spec)
    x0, noise = clip(0).clamp(-1, 1), clip(1)
    out = clip(2, 2 * C if spec.learns_sigma else C)
    time = process.at_fraction(torch.tensor([0.001, 0.4, 0.9]))
    x_t = process.q_sample(x0, time, noise)
    assert torch.equal(flat(x_t), process.q_sample(flat(x0), time, flat(noise)))
    ours = process.losses(out, x0, x_t, time, noise)
    theirs = process.losses(flat(out), flat(x0), flat(x_t), time, flat(noise))
    assert ours["loss"].shape == (B,)
    torch.testing.assert_close(ours["loss"], theirs["loss"])


def pointwise(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x) * 0.5


def walk(sampler: str, x: torch.Tensor, noise) -> torch.Tensor:
    diffusion = DiffusionSpec(objective="epsilon", timesteps=20)
    kept = [0, 4, 9, 14, 19]
    respaced = GaussianDiffusion(diffusion, learn_sigma=False, keep=kept)
    ways = {
        "ddpm": lambda: ddpm(respaced, pointwise, x, noise),
        "ddim": lambda: ddim(respaced, pointwise, x, noise, eta=0.5),
        "dpm++": lambda: dpm_solver(GaussianDiffusion(diffusion, False), pointwise, x, kept),
        "euler": lambda: euler(pointwise, x, TIMES),
        "heun": lambda: heun(pointwise, x, TIMES),
        "sde": lambda: euler_maruyama(pointwise, x, TIMES, noise),
    }
    return ways[sampler]()


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++", "euler", "heun", "sde"])
def test_a_clip_is_sampled_like_the_image_of_its_frames(sampler):
    def draws(shape):
        generator = torch.Generator().manual_seed(5)
        return lambda: torch.randn(B, C, F, H, W, generator=generator).reshape(shape)

    x = clip(3)
    sampled = walk(sampler, x, draws(x.shape))
    torch.testing.assert_close(flat(sampled), walk(sampler, flat(x), draws(flat(x).shape)))


def test_a_clip_is_guided_on_its_channels():
    y = torch.tensor([0, 1, 1])
    predict = guided(lambda x, t, y: x * y.view(-1, 1, 1, 1, 1), y, 4, scale=2.0, channels=1)
    out = predict(torch.ones(B, C, F, H, W), torch.zeros(B))
    assert out[:, 0, 0, 0, 0].tolist() == [-4.0, -2.0, -2.0]
    assert out[:, 1, 0, 0, 0].tolist() == [0.0, 1.0, 1.0]
