"""Does a dry run refuse what the sweep would refuse, without writing anything?"""

import pytest
import torch

from scaling.launch import dry_run
from scaling.study import Plan, Study
from scaling.study.execution import Execution
from scaling.study.settings import with_settings


@pytest.fixture
def check(tmp_path, tiny, monkeypatch):
    """A function of the trial's settings and of what is asked of the sweep; it writes nothing."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    results = tmp_path / "results"

    def check(settings=(), gpus: float = 0.0, **execution) -> None:
        trial = with_settings(tiny, dict(settings))
        plan = Plan.of(Study(name="dry", question="?", expectation="!", trials=(trial,)))
        try:
            dry_run.check(plan, results, None, gpus, Execution(**execution))
        finally:
            assert not results.exists()

    return check


def test_a_sound_plan_passes(check):
    check()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluate.ema.kind": "decay", "evaluate.ema.length": 0.99999}, "initial weights"),
        ({"evaluate.protocol.decoder": "nowhere/at-all"}, "nowhere/at-all"),
        ({"evaluate.protocol.sampling_steps": 1001}, "1001"),
    ],
)
def test_a_trial_that_could_not_be_sampled_is_refused(check, settings, message):
    with pytest.raises(ValueError, match=message):
        check(settings)


def test_gpus_that_this_machine_lacks_are_refused_by_the_option_that_asks(check, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check(gpus=2)
    with pytest.raises(ValueError, match=r"--gpus-per-trial 4 .* than this machine has \(2\)"):
        check(gpus=4)
    with pytest.raises(ValueError, match=r"--min-workers-per-trial 4 .* has \(2\); lower it"):
        check(gpus=8, workers=8, min_workers=4)


@pytest.mark.parametrize("gpus", [1.5, -1.0, float("nan")])
def test_a_number_of_gpus_that_no_sweep_takes_is_refused(check, gpus):
    with pytest.raises(ValueError, match="--gpus-per-trial"):
        check(gpus=gpus)
