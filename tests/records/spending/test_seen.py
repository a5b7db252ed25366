"""Is a training seen as far as its records go, each evaluation with its price?"""

from scaling.records import StudyFolder
from scaling.records.spending.seen import seen
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests import written


def test_steps_and_evaluations_of_all_trials_of_a_training(tmp_path, tiny):
    short = with_settings(tiny, {"train.steps": 6, "evaluate.checkpoints": 1})
    more = with_settings(tiny, {"evaluate.protocol.samples": 160})
    plan = Plan.of(Study(name="t", question="?", expectation="!", trials=(tiny, short, more)))
    (group,) = plan.runs()
    run = StudyFolder(tmp_path / "t").run(tiny.train_id)
    nothing = seen(group, run, ended=False)
    assert (nothing.steps, nothing.done_steps, nothing.train_s) == (12, 0, 0.0)
    assert len(nothing.evaluation_flops) == 4  # 6 and 12, under two protocols
    run.folder.mkdir(parents=True)
    run.log(written.line(5, train_wall_s=2.0))
    run.log(written.line(10, train_wall_s=4.5))
    run.write_evaluation(more.eval_id(6), written.evaluation(more, 6, wall_s=7.0))
    now = seen(group, run, ended=True)
    assert (now.done_steps, now.train_s, now.evaluated_s, now.ended) == (10, 4.5, (7.0,), True)
    dear, cheap = now.evaluation_flops[0], now.evaluation_flops[1]
    assert dear == 2 * cheap  # the one that was measured comes first
