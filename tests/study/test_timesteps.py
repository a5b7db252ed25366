"""At which times does each sampler ask the network, and which numbers of steps are refused?"""

import pytest

from scaling.study import DiffusionSpec, Protocol
from scaling.study.timesteps import evaluated_at, flow_times


def test_the_times_of_each_sampler():
    assert flow_times(Protocol(sampler="euler", sampling_steps=4)) == [1, 0.75, 0.5, 0.25, 0]
    assert flow_times(Protocol(sampler="sde", sampling_steps=3)) == pytest.approx(
        [1, 0.52, 0.04, 0]
    )
    assert evaluated_at(DiffusionSpec(), Protocol(sampler="heun", sampling_steps=2)) == [
        1,
        0.5,
        0.5,
        0,
    ]
    assert evaluated_at(DiffusionSpec(), Protocol(sampling_steps=3)) == [0.999, 0.5, 0.0]
    with pytest.raises(ValueError, match="needs 2 steps or more"):
        flow_times(Protocol(sampler="sde", sampling_steps=1))
    with pytest.raises(ValueError, match="1001 sampling steps asked of a process with 1000"):
        evaluated_at(DiffusionSpec(), Protocol(sampling_steps=1001))
