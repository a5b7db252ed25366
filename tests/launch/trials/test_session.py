"""Does a session leave in state, curve and record what it did, behind those before it?"""

from datetime import datetime

import pytest

from scaling.launch.trials.session import Session, Setup
from scaling.records import Run
from scaling.study import cost
from scaling.study.execution import Execution
from scaling.training.checkpoint import Checkpoint
from scaling.training.workers import Workers


def session(spec, run, told=None, name="sweep") -> Session:
    report = (lambda progress: None) if told is None else told.append
    return Session(spec, run, Setup(Execution(micro_batch=4), Workers(), report), name)


def line(step, heldout_loss=None) -> dict:
    return {
        "step": step,
        "images": 64 * step,
        "loss": 1.5,
        "heldout_loss": heldout_loss,
        "images_per_s": 9.0,
        "train_wall_s": 0.5 * step,
    }


def test_a_record_holds_every_session_and_what_the_model_counts(tmp_path, tiny):
    run = Run(tmp_path)
    for first, last in ((0, 4), (4, 6)):
        one = session(tiny, run)
        one.begin_at(first)
        one.begin_at(last)  # as each checkpoint on the way does: it began only once
        one.log(line(last))
        one.end()
    record = run.record()
    assert [entry["from_step"] for entry in record["sessions"]] == [0, 4]
    assert all(datetime.fromisoformat(entry["ended"]) for entry in record["sessions"])
    told = Execution(micro_batch=4).model_dump(mode="json", exclude={"min_workers"})
    assert record["sessions"][0]["execution"] == told
    assert (record["step"], record["train_wall_s"]) == (6, 3.0)
    assert record["count"] == {
        "params_m": pytest.approx(cost.params_m(tiny.model)),
        "forward_gmacs": pytest.approx(cost.forward_gmacs(tiny.model)),
    }
    assert run.spec()["train_id"] == tiny.train_id


def test_fewer_workers_than_are_wanted_are_told_and_counted(tmp_path, tiny):
    run, setup = Run(tmp_path), Setup(Execution(workers=2, min_workers=1), Workers(), print)
    one = Session(tiny, run, setup, "sweep")
    with one.heartbeat:
        assert (run.state()["state"], run.state()["why"]) == ("running", "with 1 of 2 workers")
    one.end()
    (entry,) = run.record()["sessions"]
    assert entry["execution"]["workers"] == 1 and "min_workers" not in entry["execution"]


def test_what_is_ready_is_told_in_order_with_the_name_of_the_session(tmp_path, tiny):
    run, told = Run(tmp_path), []
    one = session(tiny, run, told)
    for step in (12, 6, 12):
        one.add_ready(step)
    state = run.state()
    assert (state["state"], state["session"], state["ready"]) == ("running", "sweep", [6, 12])
    one.log(line(8, heldout_loss=2.5))
    one.log(line(9))  # without a held-out loss of its own: the last one still stands
    assert (told[-1]["step"], told[-1]["heldout_loss"], told[-1]["ready"]) == (9, 2.5, [6, 12])
    assert [logged["heldout_loss"] for logged in run.curve()] == [2.5, None]


def test_a_failure_is_told_with_its_place(tmp_path, tiny):
    run = Run(tmp_path)
    one = session(tiny, run)
    try:
        raise OSError("disk is full")
    except OSError as error:
        one.write_failed(error)
    state = run.state()
    assert (state["state"], state["why"]) == ("failed", "OSError: disk is full")
    assert 'raise OSError("disk is full")' in state["traceback"][-2]


def test_lines_that_another_hand_cuts_meanwhile_are_in_the_curve_at_the_end(tmp_path, tiny):
    run = Run(tmp_path)
    one = session(tiny, run)
    for step in (4, 5, 6):
        one.log(line(step))
    (tmp_path / "curve.jsonl").write_text("")
    one.log(line(7))
    one.end()
    assert [logged["step"] for logged in run.curve()] == [4, 5, 6, 7]
    assert run.record()["lines"] == 4


def test_a_record_knows_of_lines_that_were_lost_between_sessions(tmp_path, tiny):
    run = Run(tmp_path)
    one = session(tiny, run)
    for step in (4, 8):
        one.log(line(step))
    one.end()
    (tmp_path / "curve.jsonl").unlink()
    another = session(tiny, run)
    saved = Checkpoint(tmp_path, 8, 1.0, (), lines=2)
    assert one.holds_lines_of(saved) and not another.holds_lines_of(saved)
    another.resume(saved)
    another.log(line(12))
    another.end()
    assert len(run.curve()) == 1 and run.record()["lines"] == 3
