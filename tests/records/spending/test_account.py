"""Are all hours counted that a training and its evaluations took, of lost attempts, too?"""

from datetime import UTC, datetime

import pytest

from scaling.records import Run
from scaling.records.spending.account import (
    least_train_hours,
    measure_hours,
    spent_s,
    train_hours,
)
from scaling.study.planning.plan import PlannedTrial
from tests import written

T0 = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
PROVENANCE = {
    **{"code": "c", "versions": {}, "device": "cpu", "cpu": "c", "threads": 1, "platform": "p"},
    "cpus": 2,
}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(T0 + seconds, UTC).isoformat(timespec="seconds")


def session(started: float, ended: float | None, **more) -> dict:
    steps = {"from_step": 0, "to_step": None, "provenance": PROVENANCE}
    end = None if ended is None else iso(ended)
    return {"started": iso(started), "ended": end, **steps, **more}


def write(run: Run, *sessions: dict) -> None:
    run.write_record({"count": None, "sessions": list(sessions)})


@pytest.fixture
def run(tmp_path) -> Run:
    (tmp_path / "a").mkdir()
    return Run(tmp_path / "a")


def test_nobody_worked_on_it(run):
    assert train_hours(run) is None


def test_sessions_count_with_their_devices_to_their_end_or_last_heartbeat(run):
    write(
        run,
        session(0, 3600, devices=4.0),
        session(3600, None, last_seen=iso(5400), devices=2.0),  # evicted
        session(6000, 7800, devices=0.0),  # a trunk within its cooldown's session
        session(9000, 10800, execution={"workers": 2}),  # of older code
    )
    assert train_hours(run) == pytest.approx(4 + 1 + 0 + 1)


@pytest.mark.parametrize(
    "state, seen",
    [("running", {}), ("preempted", {"last_seen": T0 + 1800}), ("pending", {"last_seen": None})],
)
def test_a_session_without_an_end_counts_until_its_last_heartbeat(run, state, seen, monkeypatch):
    write(run, session(0, None, devices=1.0))
    monkeypatch.setattr("time.time", lambda: T0 + (1800 if not any(seen.values()) else 9000))
    run.write_state(state, step=1, **seen)
    assert train_hours(run) == pytest.approx(0.5)


def test_hours_that_a_record_does_not_tell_are_unknown_and_at_least_those_that_are_known(run):
    assert least_train_hours(run, curve_s=1800, devices=2.0) == pytest.approx(1)  # no session
    write(run, session(0, None, devices=4.0), session(3600, 7200, devices=2.0))
    assert train_hours(run) is None
    assert least_train_hours(run, curve_s=1800, devices=2.0) == pytest.approx(2)
    assert least_train_hours(run, curve_s=5400, devices=2.0) == pytest.approx(3)
    write(run, session(0, None, devices=4.0), session(3600, 7200, devices=1.0))  # one of four left
    assert least_train_hours(run, curve_s=5400, devices=4.0) == pytest.approx(1.5)


def test_evaluations_count_once_with_lost_attempts_and_helpers(run, tiny):
    trial = PlannedTrial.of(tiny)
    assert measure_hours([trial], run) is None
    first, last = trial.eval_ids
    extra = {"wall_s": 100.0, "lost_s": 40.0, "helped_s": 60.0, "devices": 0.5}
    run.write_evaluation(trial.eval_ids[first], written.evaluation(tiny, first, **extra))
    assert measure_hours([trial, trial], run) == pytest.approx(100 / 3600)
    job = run.evaluating(trial.eval_ids[last])
    job.write_state("running", began=T0, lost_s=10.0)
    assert spent_s({**job.state(), "heartbeat": T0 + 20}) == 30
    job.write_state("failed", "OSError", lost_s=36.0)
    assert measure_hours([trial], run, devices=2.0) == pytest.approx((100 + 72) / 3600)
