"""Does each training of a grid become one job, and each trunk the work of one of them?"""

from scaling.launch.tasks.job import Trunk
from scaling.study.settings import with_settings
from tests.launch.tasks.test_job import cooldowns, jobs


def test_a_job_bears_what_its_training_and_evaluations_need(tmp_path, tiny):
    shorter = with_settings(tiny, {"train.steps": 6, "evaluate.checkpoints": 1})
    (job,) = jobs(tmp_path, tiny, shorter, gpus=4.0)
    assert job.specs == [tiny, shorter] and job.trunk is None and job.branches == ()
    # both trials ask for step 6, which is measured once
    assert {e.eval_id: (e.step, e.spec.train_id) for e in job.evaluations.values()} == {
        tiny.eval_id(6): (6, tiny.train_id),
        tiny.eval_id(12): (12, tiny.train_id),
    }
    assert job.run.folder == tmp_path / "runs" / tiny.train_id
    assert (job.gpus_per_training, job.gpus_per_evaluation) == (4.0, 1.0)
    assert job.label == f"test {tiny.model.name} lr=0.003 seed=0"


def test_of_cooldowns_of_one_trunk_the_first_trains_it_and_the_other_waits(tmp_path, tiny):
    short, long = cooldowns(tiny)
    first, second = jobs(tmp_path, short, long)  # the dearer one first
    trunk = tmp_path / "runs" / long.trunk.train_id
    assert (first.specs, first.trunk) == ([long], None)
    assert (second.specs, second.trunk) == ([short], Trunk(run_folder=str(trunk), step=6))
    assert set(first.branches) == set(second.branches) == {short, long}
