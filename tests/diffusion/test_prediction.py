"""Do predictions of a flow's velocity, image and noise mean the same, in loss and samplers?"""

import itertools

import pytest
import torch

from scaling.diffusion import build_process, euler, euler_maruyama, heun
from scaling.diffusion.flow import FACTORS, LEAST, TARGETS
from scaling.evaluation.sampling.generate import generate
from scaling.study import DiffusionSpec, Protocol
from scaling.study.settings import with_settings
from scaling.study.timesteps import flow_times
from scaling.training import Trainer
from tests.diffusion.gaussian_data import MEAN, STD, gaussian_velocity, moments, normal

KINDS = tuple(TARGETS)
kinds = pytest.mark.parametrize("kind", KINDS)


def flow(prediction=None, loss_in=None):
    return DiffusionSpec(objective="flow", prediction=prediction, loss_in=loss_in)


def best(kind):
    """E[x_0 | x_t], E[epsilon | x_t] or their difference, for the Gaussian data."""

    def predict(x, t):
        v, t = gaussian_velocity(x, t), t.view(-1, 1, 1, 1)
        return {"v": v, "x": x - t * v, "epsilon": x + (1 - t) * v}[kind]

    return predict


@kinds
def test_the_best_prediction_of_each_kind_means_the_same_velocity(kind):
    process, x = build_process(flow(kind)), normal(3, 1, 4, 4).double()
    t = torch.tensor([0.001, 0.5, 0.999], dtype=torch.float64)
    got = process.sampled(best(kind)(x, t), x, t)
    torch.testing.assert_close(got, gaussian_velocity(x, t), rtol=1e-9, atol=1e-9)


def test_at_the_image_the_best_image_means_the_best_velocity_too():
    x, t = normal(2, 1, 4, 4), torch.zeros(2)
    got = build_process(flow("x")).sampled(best("x")(x, t), x, t)
    torch.testing.assert_close(got, gaussian_velocity(x, t))
    noise = build_process(flow("epsilon")).sampled(x, x, torch.ones(2))
    assert torch.equal(noise, x)  # the image's mean is taken to be 0


@pytest.mark.parametrize("solve", [euler, heun, "sde"])
@kinds
def test_every_sampler_finds_the_datas_moments_by_each_kind(solve, kind):
    process, predict = build_process(flow(kind)), best(kind)

    def velocity(x, t):
        return process.sampled(predict(x, t), x, t)

    z, draws = normal(4000, 1, 1, 1), itertools.count(1)
    times = flow_times(Protocol(sampler="euler", sampling_steps=200))
    if solve == "sde":
        x = euler_maruyama(velocity, z, times, lambda: normal(4000, 1, 1, 1, seed=next(draws)))
    else:
        x = solve(velocity, z, times)
    assert moments(x) == pytest.approx((MEAN, STD), abs=0.02)


@pytest.mark.parametrize(("predicted", "loss_in"), FACTORS)
def test_a_loss_is_the_error_of_what_it_is_in(predicted, loss_in):
    """Whatever is predicted, converted at times where nothing is held down."""
    process = build_process(flow(predicted, loss_in))
    x0, noise, wrong = (normal(4, 1, 3, 3, seed=s).double() for s in range(3))
    t = torch.tensor([0.1, 0.4, 0.7, 0.9], dtype=torch.float64)
    x_t, w = process.q_sample(x0, t, noise), t.view(-1, 1, 1, 1)
    out = TARGETS[predicted](x0, noise) + wrong
    v = build_process(flow(predicted)).sampled(out, x_t, t)
    meant = {"v": v, "x": x_t - w * v, "epsilon": x_t + (1 - w) * v}[loss_in]
    expected = (meant - TARGETS[loss_in](x0, noise)).square().flatten(1).mean(1)
    losses = process.losses(out, x0, x_t, t, noise)
    torch.testing.assert_close(losses["loss"].double(), expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(losses["mse"], wrong.square().flatten(1).mean(1))


def test_the_weight_of_jits_loss_is_held_down_near_the_image():
    t = torch.tensor([0.0, LEAST / 2, LEAST, 0.5, 1.0])
    assert FACTORS["x", "v"](t).tolist() == pytest.approx([20, 20, 20, 2, 1])
    assert FACTORS["epsilon", "v"](1 - t).tolist() == pytest.approx([20, 20, 20, 2, 1])


def test_the_usual_is_null_and_has_one_identity():
    usual = DiffusionSpec(objective="flow")
    assert flow("v", "v") == flow("v") == flow(None, "v") == usual
    assert "prediction" not in usual.identity_fields() and "loss_in" not in usual.identity_fields()
    assert flow("x", "x") == flow("x") != flow("x", "v")
    assert (flow("x", "v").predicted, flow("x", "v").loss_of) == ("x", "v")
    assert DiffusionSpec(prediction="epsilon", loss_in="epsilon") == DiffusionSpec()
    assert DiffusionSpec().predicted == "epsilon"
    assert len({str(flow(*pair).identity_fields()) for pair in FACTORS}) == len(FACTORS)


def test_a_prediction_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="prediction"):
        flow("score")


@pytest.mark.parametrize(("predicted", "loss_in"), [("x", "v"), ("epsilon", None), ("x", None)])
def test_a_network_that_predicts_it_trains_and_samples(tiny, predicted, loss_in):
    spec = with_settings(
        tiny,
        {
            "diffusion.objective": "flow",
            "diffusion.prediction": predicted,
            "diffusion.loss_in": loss_in,
            "model.learn_sigma": False,
            "evaluate.protocol.sampler": "heun",
        },
    )
    trainer, lines = Trainer(spec, []), []
    trainer.train_to(3, lines.append)
    assert 0 < lines[-1]["loss"] < 1000
    protocol = Protocol(samples=4, sampler="heun", sampling_steps=4, guidance=2.0)
    images, _, nonfinite = generate(trainer.model, spec.model, spec.diffusion, protocol)
    assert images.shape == (4, 1, 8, 8) and nonfinite == 0


def test_a_network_that_knows_the_image_samples_it(tiny):
    """Through the whole of ``generate``: an oracle of one image, predicted as x. Heun's last
    evaluation, at the image, expects noise of mean 0 instead of what the path began with.
    """
    spec = with_settings(tiny, {"model.learn_sigma": False, "diffusion.objective": "flow"})
    image = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)

    class Oracle(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.p = torch.nn.Parameter(torch.zeros(()))

        def forward(self, x, t, y):
            return image.expand_as(x) + self.p

    for fields in ({"sampler": "euler"}, {"sampler": "sde", "sde_last": "tweedie"}):
        protocol = Protocol(samples=3, sampling_steps=5, **fields)
        images, _, _ = generate(Oracle(), spec.model, flow("x", "v"), protocol)
        expected = ((image + 1) * 127.5).round().expand(3, -1, -1, -1)
        assert (images.float() - expected).abs().max() <= 1
