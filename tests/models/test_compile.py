"""Does a GPU user's step compile whole? No graph break and no recompilation over steps, in training
and in sampling.

Compiled with ``aot_eager``, which captures forward and backward as inductor does and leaves out its
C++ compiler: the graphs are the same, the test takes seconds.
"""

import pytest
import torch
from torch._dynamo.utils import counters

from scaling.diffusion import GaussianDiffusion, guided
from scaling.models import build_model
from scaling.study import DiffusionSpec, ModelSpec
from tests.models.networks.test_dit import CONDITIONINGS, TINY, inputs, randomised

torch.set_num_threads(1)
SPEC = ModelSpec(**TINY)
STEPS = 4


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def compiled(function):
    # fullgraph: a graph break is an error. The limit makes a recompilation one too.
    return torch.compile(function, backend="aot_eager", fullgraph=True, dynamic=False)


def graphs() -> int:
    assert not counters["graph_break"]
    return counters["stats"]["unique_graphs"]


def process() -> GaussianDiffusion:
    process = GaussianDiffusion(DiffusionSpec(), SPEC.learn_sigma)
    process.at("alpha_bar", torch.zeros(1, dtype=torch.long))  # its tables go to a device once
    return process


def batch(step: int):
    g = torch.Generator().manual_seed(step)
    x0, noise = torch.randn(2, 4, 1, 8, 8, generator=g)
    index, y = torch.randint(1000, (4,), generator=g), torch.randint(11, (4,), generator=g)
    return x0, noise, index, y


def trained(wrap) -> list[torch.Tensor]:
    """The weights after a few steps whose loss, forward and backward, went through ``wrap``."""
    model, diffusion = randomised(SPEC), process()
    params = list(model.parameters())
    ema = [p.detach().clone() for p in params]
    # With a small eps the rounding of a gradient near 0 is a whole step.
    optimiser = torch.optim.AdamW(params, lr=1e-3, eps=1e-3, fused=True)

    def loss(x0, noise, index, y):
        x_t = diffusion.q_sample(x0, index, noise)
        return diffusion.losses(model(x_t, index, y), x0, x_t, index, noise)["loss"].mean()

    loss = wrap(loss)
    for step in range(STEPS):
        loss(*batch(step)).backward()
        optimiser.step()
        torch._foreach_lerp_(ema, [p.detach() for p in params], 0.1)
        optimiser.zero_grad(set_to_none=True)
    return [p.detach() for p in params]


def test_the_training_step_is_one_graph():
    # Noising, forward, loss and backward. The update is not among it and gains nothing by it: fused
    # AdamW and the EMA's lerp are one kernel each, and torch puts a graph break of its own into
    # every optimiser's step.
    whole = trained(compiled)
    assert graphs() == 1
    torch.testing.assert_close(whole, trained(lambda function: function), rtol=1e-4, atol=1e-5)


def sampled(wrap) -> torch.Tensor:
    """Guided ancestral steps, each through ``wrap``."""
    model, diffusion = randomised(SPEC).eval(), process()
    y = torch.tensor([1, 2, 3])
    predict = guided(model, y, SPEC.num_classes, scale=4.0, channels=1)

    def step(x, index, t, z):
        eps, values = diffusion.split(predict(x, t))
        mean = diffusion.posterior_mean(diffusion.predicted_x0(x, index, eps), x, index)
        return mean + torch.exp(0.5 * diffusion.log_variance(values, index, x)) * z

    step = wrap(step)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(3, 1, 8, 8, generator=g)
    with torch.no_grad():
        for i in reversed(range(STEPS)):
            index = torch.full((3,), i)
            x = step(x, index, index, torch.randn(x.shape, generator=g))
    return x


def test_the_guided_sampling_step_is_one_graph():
    whole = sampled(compiled)
    assert graphs() == 1
    torch.testing.assert_close(whole, sampled(lambda function: function), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_every_conditioning_is_one_graph_and_changes_nothing_but_rounding(conditioning):
    spec = ModelSpec(**TINY, conditioning=conditioning)
    model = randomised(spec).eval()
    x, t, y = inputs(spec)
    with torch.no_grad():
        torch.testing.assert_close(compiled(model)(x, t, y), model(x, t, y), rtol=1e-4, atol=1e-5)
    assert graphs() == 1


def test_checkpointed_blocks_compile_whole():
    spec = ModelSpec(**TINY)
    gradients = []
    for wrap in (compiled, lambda model: model):
        model = randomised(spec, activation_checkpointing=True)
        wrap(model)(*inputs(spec)).square().sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    assert graphs() == 1
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_the_option_compiles_in_place_and_keeps_the_names():
    plain, whole = build_model(SPEC), build_model(SPEC, compile=True)
    assert whole._compiled_call_impl is not None
    assert whole.state_dict().keys() == plain.state_dict().keys()
