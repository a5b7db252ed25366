"""Does a flow run along the straight line from image to noise?"""

import torch

from scaling.diffusion import build_process, euler
from scaling.study import DiffusionSpec

FLOW = build_process(DiffusionSpec(objective="flow"))


def batch(n=6, channels=1):
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, channels, 4, 4, generator=g), torch.randn(n, channels, 4, 4, generator=g)


def test_the_flow_runs_from_image_to_noise_and_its_samplers_agree():
    """Along the velocity that is learned Euler's method leads from pure noise back to the image, in
    one step.
    """
    x0, z = batch()
    assert torch.equal(FLOW.q_sample(x0, torch.zeros(6), z), x0) and torch.equal(
        FLOW.q_sample(x0, torch.ones(6), z), z
    )
    assert torch.allclose(euler(lambda x, t: z - x0, z, [1.0, 0.0]), x0, atol=1e-6)


def test_a_time_is_its_fraction_of_the_schedule():
    fraction = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    assert torch.equal(FLOW.at_fraction(fraction), fraction.float())
