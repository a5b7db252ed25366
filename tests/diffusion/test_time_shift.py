"""Are a flow's times shifted as SD3 and RAE shift them, in training and in sampling?"""

import math

import pytest
import torch

from scaling.diffusion import build_process, euler
from scaling.study import DiffusionSpec, ModelSpec, Protocol, dimension_shift
from scaling.study.settings import with_settings
from scaling.study.time_shift import shifted
from scaling.study.timesteps import flow_times
from tests.diffusion.gaussian_data import MEAN, STD, gaussian_velocity, normal

SHIFT = 6.9282


def test_the_odds_of_noise_grow_by_the_shift():
    for t in (0.0, 0.1, 0.5, 0.9):
        moved = shifted(t, 3.0)
        assert moved / (1 - moved) == pytest.approx(3 * t / (1 - t))
    assert shifted(1.0, 3.0) == 1 and shifted(0.3, 1.0) == 0.3
    assert shifted(shifted(0.3, 4.0), 0.25) == pytest.approx(0.3)


def test_the_shift_of_a_dimension_is_raes():
    """DINOv2's 768 x 16 x 16 numbers: sqrt(48). SD's 4 x 32 x 32 are where nothing moves."""
    shape = {"width": 64, "depth": 1, "heads": 2, "num_classes": 10}
    raes = ModelSpec(input_size=16, channels=768, patch=1, **shape)
    assert dimension_shift(raes) == pytest.approx(math.sqrt(48))
    assert dimension_shift(ModelSpec(input_size=32, channels=4, patch=2, **shape)) == 1


@pytest.mark.parametrize("weighting", ["uniform", "logit-normal"])
def test_training_draws_the_same_times_shifted(weighting):
    """In closed form: P(t <= u) of uniform times is u / (s - (s - 1) u); logit-normal ones move by
    log s.
    """
    spec = DiffusionSpec(objective="flow", weighting=weighting)
    moved = spec.model_copy(update={"time_shift": SHIFT})
    plain, times = (
        build_process(one).draw(20_000, torch.Generator().manual_seed(0)) for one in (spec, moved)
    )
    torch.testing.assert_close(times.logit(), plain.logit() + math.log(SHIFT), rtol=1e-3, atol=1e-3)
    if weighting == "uniform":
        for u in (0.5, 0.8, 0.95):
            share = float((times <= u).float().mean())
            assert share == pytest.approx(u / (SHIFT - (SHIFT - 1) * u), abs=0.01)


def test_a_sampler_steps_between_shifted_times_and_still_ends_at_the_image():
    protocol = Protocol(sampler="euler", sampling_steps=4, time_shift=3.0)
    assert flow_times(protocol) == pytest.approx([1, 0.9, 0.75, 0.5, 0])
    z = normal(500, 1, 1, 1).double()
    many = Protocol(sampler="euler", sampling_steps=2000, time_shift=3.0)
    x = euler(gaussian_velocity, z, flow_times(many))
    torch.testing.assert_close(x, MEAN + STD * z, rtol=0, atol=5e-3)


def test_it_is_identity_where_it_is_not_as_before_and_refused_without_a_flow(tiny):
    flow = with_settings(
        tiny,
        {
            "diffusion.objective": "flow",
            "model.learn_sigma": False,
            "evaluate.protocol.sampler": "euler",
        },
    )
    assert "time_shift" not in flow.diffusion.identity_fields()
    assert "time_shift" not in flow.evaluate.protocol.identity_fields()
    assert with_settings(flow, {"diffusion.time_shift": 3}).train_id != flow.train_id
    with pytest.raises(ValueError, match=r"time_shift 3\.0 belongs to a flow; leave"):
        with_settings(tiny, {"diffusion.time_shift": 3})
