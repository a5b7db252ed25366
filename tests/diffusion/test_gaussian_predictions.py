"""Do a diffusion's predictions of noise, v and image mean the same, in loss and samplers?"""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from scaling.diffusion import GaussianDiffusion, build_process, ddim
from scaling.diffusion.gaussian_predictions import FACTORS, LEAST, NOISES, TARGETS
from scaling.evaluation.sampling.generate import generate
from scaling.study import DiffusionSpec, Protocol
from scaling.study.settings import with_settings
from scaling.study.timesteps import kept_timesteps
from scaling.training import Trainer
from tests.diffusion.gaussian_data import MEAN, STD, gaussian_eps, moments, normal

PAIRS = tuple(FACTORS)
every_pair = pytest.mark.parametrize(("predicted", "loss_in"), PAIRS)
kinds = pytest.mark.parametrize("kind", TARGETS)
T = torch.tensor([999, 600, 200, 0])
MIDDLE = torch.tensor([600, 400, 200, 100])  # where no factor is held down


def diffusion(prediction=None, loss_in=None, objective="epsilon", **more):
    return DiffusionSpec(objective=objective, prediction=prediction, loss_in=loss_in, **more)


def drawn(process, t):
    """An image, its noise, both together, and how much there is of each."""
    x0, noise = (normal(4, 1, 3, 3, seed=s) for s in range(2))
    return x0, noise, process.q_sample(x0, t, noise), *process._paths(t, x0)


@kinds
def test_what_is_to_be_told_means_the_noise_that_was_added(kind):
    process = build_process(diffusion(kind))
    x0, noise, x_t, a, s = drawn(process, T)
    got = process.sampled(TARGETS[kind](x0, noise, a, s), x_t, T)
    torch.testing.assert_close(got, noise, rtol=1e-4, atol=2e-4)


def test_v_is_that_of_diffusers():
    x0, noise, _, a, s = drawn(build_process(diffusion()), T)
    theirs = DDPMScheduler(trained_betas=diffusion().betas()).get_velocity(x0, noise, T)
    torch.testing.assert_close(TARGETS["v"](x0, noise, a, s), theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "name"), [("epsilon", "epsilon"), ("v", "v_prediction"), ("x", "sample")]
)
def test_ddim_is_that_of_diffusers_by_each_kind(kind, name):
    scheduler = DDIMScheduler(
        trained_betas=diffusion().betas(), clip_sample=False, prediction_type=name
    )
    scheduler.set_timesteps(4)
    keep = sorted(scheduler.timesteps.tolist())
    process, respaced = (GaussianDiffusion(diffusion(kind), False, k) for k in (None, keep))
    expected = x = normal(2, 1, 4, 4)
    for t in scheduler.timesteps:
        expected = scheduler.step(torch.sin(expected), t, expected).prev_sample

    def told(x, t):
        return process.sampled(torch.sin(x), x, t)

    ours = ddim(respaced, told, x, lambda: None)
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-3)


@kinds
def test_the_datas_moments_are_found_by_each_kind(kind):
    spec = diffusion(kind)
    process, best = build_process(spec), gaussian_eps(None)

    def told(x, t):
        """The best prediction of the kind, from the best one of epsilon."""
        a, s = process._paths(t, x)
        eps = best(x, t)
        return process.sampled(TARGETS[kind]((x - s * eps) / a, eps, a, s), x, t)

    keep = kept_timesteps(spec, Protocol(sampler="ddim", sampling_steps=100))
    x = ddim(GaussianDiffusion(spec, False, keep), told, normal(4000, 1, 1, 1), lambda: None)
    assert moments(x) == pytest.approx((MEAN, STD), abs=0.02)


@every_pair
def test_a_loss_is_the_error_of_what_it_is_in(predicted, loss_in):
    process = build_process(diffusion(predicted, loss_in))
    x0, noise, x_t, a, s = drawn(process, MIDDLE)
    wrong = normal(4, 1, 3, 3, seed=2)
    out = TARGETS[predicted](x0, noise, a, s) + wrong
    eps = NOISES[predicted](out, x_t, a, s)
    meant = TARGETS[loss_in]((x_t - s * eps) / a, eps, a, s)
    expected = (meant - TARGETS[loss_in](x0, noise, a, s)).square().flatten(1).mean(1)
    losses = process.losses(out, x0, x_t, MIDDLE, noise)
    torch.testing.assert_close(losses["loss"], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(losses["mse"], wrong.square().flatten(1).mean(1))


@kinds
def test_the_bound_of_a_learned_sigma_is_that_of_the_noise_that_is_meant(kind):
    usual, process = (build_process(diffusion(k, objective="ddpm")) for k in (None, kind))
    x0, noise, x_t, a, s = drawn(process, MIDDLE)
    values = normal(4, 1, 3, 3, seed=3)
    told = TARGETS[kind](x0, noise, a, s) + normal(4, 1, 3, 3, seed=2)
    out = torch.cat([told, values], 1).requires_grad_()
    meant = process.sampled(out, x_t, MIDDLE)
    assert torch.equal(meant[:, 1:], values)
    losses = process.losses(out, x0, x_t, MIDDLE, noise)
    expected = usual.losses(meant, x0, x_t, MIDDLE, noise)["vb"]
    torch.testing.assert_close(losses["vb"], expected, rtol=1e-3, atol=1e-5)
    (gradient,) = torch.autograd.grad(losses["vb"].sum(), out)
    assert (gradient[:, :1] == 0).all() and (gradient[:, 1:] != 0).any()


def test_no_factor_is_above_that_of_the_least_share():
    process = build_process(diffusion("x"))
    a, s = process._paths(torch.tensor([999, 0]))
    for factor in FACTORS.values():
        assert (factor(a, s) <= 1 / LEAST).all()


@kinds
def test_min_snr_weighs_the_same_error_whatever_is_predicted(kind):
    spec = {"weighting": "min-snr"}
    usual, process = (build_process(diffusion(k, "epsilon", **spec)) for k in (None, kind))
    x0, noise, x_t, a, s = drawn(process, MIDDLE)
    out = TARGETS[kind](x0, noise, a, s) + normal(4, 1, 3, 3, seed=2)
    meant = process.sampled(out, x_t, MIDDLE)
    weighted, expected = (
        p.weighted(p.losses(o, x0, x_t, MIDDLE, noise), MIDDLE)
        for p, o in ((process, out), (usual, meant))
    )
    torch.testing.assert_close(weighted, expected, rtol=1e-3, atol=1e-5)


def test_min_snr_beside_a_loss_in_anything_else_is_refused():
    says = "min-snr weights errors of epsilon, and the loss is of v; set diffusion.loss_in to eps"
    with pytest.raises(ValueError, match=says):
        diffusion("v", weighting="min-snr")
    with pytest.raises(ValueError, match="the loss is of x"):
        diffusion(None, "x", "ddpm", weighting="min-snr")


def test_each_pair_has_an_identity_and_the_usual_one_is_null():
    assert diffusion("epsilon", "epsilon") == diffusion() and diffusion("v", "v") == diffusion("v")
    assert len({str(diffusion(*pair).identity_fields()) for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++"])
@pytest.mark.parametrize("objective", ["ddpm", "epsilon"])
@pytest.mark.parametrize(("predicted", "loss_in"), [("x", "v"), ("v", None), ("epsilon", "x")])
def test_a_network_that_predicts_it_trains_and_samples(
    tiny, sampler, objective, predicted, loss_in
):
    spec = with_settings(
        tiny,
        {
            "diffusion.objective": objective,
            "diffusion.prediction": predicted,
            "diffusion.loss_in": loss_in,
            "model.learn_sigma": objective == "ddpm",
        },
    )
    trainer, lines = Trainer(spec, []), []
    trainer.train_to(3, lines.append)
    assert 0 < lines[-1]["loss"] < 1000
    protocol = Protocol(samples=4, sampler=sampler, sampling_steps=4, guidance=2.0)
    images, _, nonfinite = generate(trainer.model, spec.model, spec.diffusion, protocol)
    assert images.shape == (4, 1, 8, 8) and nonfinite == 0
