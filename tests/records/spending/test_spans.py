"""Is it told when each session and each evaluation was at work?"""

from scaling.records import StudyFolder
from scaling.records.spending.spans import spans
from scaling.study import Plan, Study
from tests import written
from tests.records.spending.test_account import T0, iso, session, write


def test_sessions_and_evaluations_in_the_order_of_their_begins(tmp_path, tiny):
    plan = Plan.of(Study(name="one", question="?", expectation="!", trials=(tiny,)))
    folder = StudyFolder(tmp_path / "one")
    assert spans(folder, plan) == []
    (trial,) = plan.trials
    run = folder.run(trial.train_id)
    run.folder.mkdir(parents=True)
    write(
        run,
        session(0, None, last_seen=iso(50)),
        session(100, 160, stopped="asked to leave by SIGTERM, at step 4"),
        session(200, None),  # it is at work now
    )
    run.write_state("running", last_seen=T0 + 290)
    measured = written.evaluation(tiny, 6, wall_s=30.0, measured=iso(250))
    run.write_evaluation(trial.eval_ids[6], measured)
    told = [(s.began - T0, s.ended - T0, s.step, s.how) for s in spans(folder, plan)]
    assert told == [
        (0, 50, None, "lost"),
        (100, 160, None, "asked to leave by SIGTERM, at step 4"),
        (200, 290, None, None),
        (220, 250, 6, None),
    ]
