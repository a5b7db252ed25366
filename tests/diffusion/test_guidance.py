"""Is guidance what the reference computes, and nothing outside its interval?"""

import torch

from scaling.diffusion import guided
from tests.diffusion.gaussian_data import normal


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


def test_guidance_on_three_channels(golden, model):
    predict = guided(model, golden["y_cfg"][:2], null_label=10, scale=4.0, channels=3)
    with torch.no_grad():
        out = predict(golden["x"][:2], golden["t_cfg"][:2])
    assert torch.allclose(out, golden["out_cfg4"][:2], atol=1e-5, rtol=0)
