"""Who wins at equal sampling compute: the larger model, or more steps?"""

import pytest

from analysis.claims import FAILS, HOLDS
from analysis.frames import trials_frame
from scaling.study.costs.cost import forward_gmacs
from tests.analysis.claims.asking import asked
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


@pytest.mark.parametrize(
    "exponent, steps_matter, larger, smaller",
    [(-0.2, 0.2, HOLDS, FAILS), (-1e-4, 3.0, FAILS, HOLDS)],
)
def test_sampling_compute(tmp_path, exponent, steps_matter, larger, smaller):
    """FID = a part of the model and one of the steps: whichever matters more decides who wins at
    equal cost.
    """
    steps = [10, 50, 250]
    plan = digits_like(
        {"size": SIZES[1:3], "evaluate.protocol.sampling_steps": steps}, seeds=3, name="steps"
    )
    study = write_study(
        tmp_path,
        plan,
        noise=0.004,
        fid=lambda trial, step: (
            forward_gmacs(trial.spec.model) ** exponent
            + steps_matter * 10 / trial.spec.evaluate.protocol.sampling_steps
        ),
    )
    trials = trials_frame(study)
    assert asked("sampling", trials).verdict == larger
    assert asked("sampling-rival", trials).verdict == smaller
