"""Is it said what a task waits for that does not begin?"""

import pytest

from scaling.launch.tasks import waiting
from scaling.launch.tasks.job import Job
from scaling.launch.tasks.waiting import SAID_AFTER_S, Waiting, needs
from scaling.study.execution import Execution
from scaling.study.planning.plan import PlannedTrial


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return now


def job(tiny, gpus=0.0, **execution) -> Job:
    return Job(
        study="test",
        trials=(PlannedTrial.of(tiny),),
        run_folder="/results/a",
        execution=Execution(**execution),
        gpus_per_training=gpus,
        gpus_per_evaluation=min(gpus, 1.0),
    )


def test_it_is_said_after_a_minute_with_what_the_cluster_has_free_now(tiny, clock, monkeypatch):
    have = {"CPU": 1.0}
    monkeypatch.setattr(waiting.ray, "available_resources", lambda: have)
    monkeypatch.setattr(waiting.ray, "cluster_resources", lambda: {"CPU": 8.0, "GPU": 4.0})
    asked, waits = job(tiny, gpus=0.5), Waiting()
    waits.asked(None)
    clock[0] += SAID_AFTER_S - 1
    assert waits.told(asked, None) is None
    clock[0] += 61
    assert waits.told(asked, None) == (
        "it has not begun for 2 min: asks for 1 CPU and 0.5 GPUs; "
        "the cluster has 1 of 8 CPUs and 0 of 4 GPUs free"
    )
    have["GPU"] = 2.0
    clock[0] += waiting.LOOK_S
    assert waits.told(asked, None).endswith("and 2 of 4 GPUs free")
    waits.asked(None)  # anew, as it was lost
    assert waits.told(asked, None) is None


def test_what_is_asked_for_is_said_as_ray_is_asked_for_it(tiny):
    evaluation, *_ = job(tiny).evaluations.values()
    assert needs(job(tiny), None) == "1 CPU"
    assert needs(job(tiny, gpus=2), None) == "1 CPU and 2 GPUs"
    assert needs(job(tiny, gpus=2), evaluation) == "1 CPU and 1 GPU"
    two = {"workers": tiny.train.batch}
    assert needs(job(tiny, **two), None) == f"{tiny.train.batch} places of 1 CPU each"
    assert needs(job(tiny, gpus=2, min_workers=1, **two), None) == (
        f"1 to {tiny.train.batch} places of 1 CPU and 1 GPU each"
    )
