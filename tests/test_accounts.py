"""Does a sweep know what its trainings took, what the rest takes, and what it expected of them?"""

import pytest

from scaling.accounts import Accounts, Prior, published
from scaling.records import StudyFolder
from scaling.records.spending.expected import read_expected
from scaling.study import Plan
from scaling.study.planning.speed import Speed
from tests import written
from tests.records.spending.test_account import session, write

SPEED = Speed(step_s=60.0, train_flops_per_s=1e30, evaluation_s=1800.0, sampling_flops_per_s=1e30)
PRIOR = Prior(lambda precision: SPEED, "a guess")


@pytest.fixture
def study(planned) -> tuple[Plan, StudyFolder]:
    """Two trainings of 12 steps, the second cheaper by a hair."""
    return planned(2)


def accounts(study, prior=None, gpus=0.0) -> Accounts:
    plan, folder = study
    return Accounts(plan, plan.runs(), folder, gpus, 1, prior)


def worked(study, index: int, step: int, seconds: float) -> str:
    """Let a training have come to ``step`` in ``seconds``; returns its train_id."""
    plan, folder = study
    trial = plan.trials[index]
    run = folder.run(trial.train_id)
    run.folder.mkdir(parents=True, exist_ok=True)
    write(run, session(0, seconds, devices=1.0))
    run.log(written.line(step, train_wall_s=seconds))
    return trial.train_id


def test_what_is_supposed_is_expected_of_every_training(study):
    here = accounts(study, PRIOR, gpus=2.0)
    here.expect(here.left)
    (first, second) = read_expected(study[1].folder).values()
    assert first == second
    assert first["train_gpu_hours"] == pytest.approx(2 * 12 * 60 / 3600)
    assert first["measure_gpu_hours"] == pytest.approx(2 * 0.5)  # two, on a GPU each
    assert (first["steps"], first["evaluations"], first["basis"]) == (12, 2, "a guess")


def test_without_a_supposition_the_first_training_tells_what_to_expect_of_the_next(study):
    here = accounts(study)
    first = worked(study, 0, 0, 0.0)
    here.began(first)
    assert read_expected(study[1].folder) == {}
    worked(study, 0, 6, 60.0)
    here.began(study[0].trials[1].train_id)
    (told,) = read_expected(study[1].folder).values()
    assert told["train_gpu_hours"] == pytest.approx(12 * 10 / 3600, rel=0.01)


def test_a_training_that_has_just_begun_is_expected_whole(study):
    here = accounts(study)
    here.expect(here.left)  # as a sweep does at its begin: nothing is known yet
    first = worked(study, 0, 6, 60.0)
    here.began(first)
    second = worked(study, 1, 1, 3.0)  # before the sweep heard of it
    here.began(second)
    told = read_expected(study[1].folder)
    assert list(told) == [second]
    assert told[second]["train_gpu_hours"] == pytest.approx(12 * 10 / 3600, rel=0.01)


def test_nothing_is_expected_of_a_training_that_was_begun_before(study):
    worked(study, 0, 6, 60.0)
    here = accounts(study, PRIOR)
    here.expect(here.left)
    assert list(read_expected(study[1].folder)) == [study[0].trials[1].train_id]


def test_a_standing_says_how_far_the_checkpoint_after_the_next_is(study):
    train_id = worked(study, 0, 3, 30.0)
    here = accounts(study)
    here.began(train_id)
    (now, _) = here.standings()
    # checkpoints after 4, 6 and 8 steps; an evaluation after 6
    assert (now.train_id, now.running, now.reach, len(now.due)) == (train_id, True, 6, 1)
    assert now.spent_hours == pytest.approx(30 / 3600)
    worked(study, 0, 12, 120.0)
    here.end(train_id)
    (now, _) = here.standings()
    assert (now.running, now.reach, len(now.due), now.seen.ended) == (False, 12, 2, True)


def test_a_cluster_of_one_known_gpu_has_a_published_speed():
    prior = published(["H100"])
    assert prior.basis == "an MFU of 0.4 on NVIDIA H100 80GB HBM3"
    assert prior.speed("bf16").train_flops_per_s == pytest.approx(0.4 * 989.4e12)
    assert published(["H100", "A100"]) is None and published(["V100"]) is None
    assert published([]) is None
