"""How many GPU-hours did a training take, and its evaluations? Attempts that were lost included."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from scaling.records.evaluation_shape import Evaluation
from scaling.records.ledger import Run
from scaling.records.parsed import Unreadable
from scaling.records.shapes import SessionEntry, State
from scaling.study.planning.plan import PlannedTrial

SECONDS = 3600.0  # of an hour


def train_hours(run: Run) -> float | None:
    """GPU-hours of all sessions of the training ``run``; on CPUs hours of its workers. None where
    nobody worked on it, the record cannot be read, or it does not tell when a session ended.

    A session that was killed counts until its last heartbeat. Records from before devices were
    noted count a device for each worker.
    """
    hours = _sessions_hours(run)
    known = [each for each in hours if each is not None]
    return sum(known) if known and len(known) == len(hours) else None


def least_train_hours(run: Run, curve_s: float, devices: float) -> float:
    """GPU-hours that the training ``run`` took at least, where ``train_hours`` does not know: its
    sessions that are known, or the seconds ``curve_s`` that its curve tells, on ``devices``, or on
    as few as one of its sessions had.
    """
    known = sum(each for each in _sessions_hours(run) if each is not None)
    fewest = min([devices, *filter(None, map(_devices, run.sessions()))])
    return max(known, curve_s * fewest / SECONDS)


def _sessions_hours(run: Run) -> list[float | None]:
    sessions = run.sessions()
    if not sessions:
        return []
    *before, last = sessions
    return [*map(_session_hours, before), _session_hours(last, last_heartbeat(run.state()))]


def _session_hours(session: SessionEntry, beat: float | None = None) -> float | None:
    began = datetime.fromisoformat(session["started"]).timestamp()
    end = session["ended"] or session.get("last_seen")
    ended = datetime.fromisoformat(end).timestamp() if end else beat
    return None if ended is None else _devices(session) * max(0.0, ended - began) / SECONDS


def _devices(session: SessionEntry) -> float:
    workers = session.get("execution", {}).get("workers", 1)
    return session.get("devices", float(workers))


def measure_hours(
    group: Iterable[PlannedTrial],
    run: Run,
    devices: float = 1.0,
    found: Mapping[str, Evaluation] | None = None,
) -> float | None:
    """GPU-hours of the evaluations that the trials ``group`` of the training ``run`` ask for, each
    once. None where none was begun. Those under way are on ``devices``; ``found`` are those on
    disk, where the caller has read them.
    """
    found = evaluations_of(group, run) if found is None else found
    seconds: list[float] = []
    for eval_id in eval_ids_of(group):
        if eval_id in found:
            seconds.append(evaluation_s(found[eval_id]))
        elif spent := spent_s(run.evaluating(eval_id).state()):
            seconds.append(devices * spent)
    return sum(seconds) / SECONDS if seconds else None


def eval_ids_of(group: Iterable[PlannedTrial]) -> list[str]:
    """What the trials ``group`` ask to be measured, each once."""
    return list(dict.fromkeys(i for trial in group for i in trial.eval_ids.values()))


def evaluations_of(group: Iterable[PlannedTrial], run: Run) -> dict[str, Evaluation]:
    """Those on disk by eval_id; one that cannot be read is measured again."""
    found = {}
    for eval_id in eval_ids_of(group):
        with contextlib.suppress(Unreadable):
            if evaluation := run.evaluation(eval_id):
                found[eval_id] = evaluation
    return found


def evaluation_s(found: Evaluation) -> float:
    """Device-seconds of an evaluation that is on disk."""
    seconds = found["wall_s"] + found.get("lost_s", 0.0) + found.get("helped_s", 0.0)
    return found.get("devices", 1.0) * seconds


def spent_s(state: State) -> float:
    """Seconds of all attempts at an evaluation that is not on disk, as its ``state`` tells."""
    before = state.get("lost_s", 0.0)
    beat = last_heartbeat(state)
    if "began" not in state or beat is None:
        return before
    return before + max(0.0, beat - state["began"])


def last_heartbeat(state: State) -> float | None:
    """When a job was last seen at work, in seconds since the epoch."""
    seen = state.get("last_seen") or state.get("heartbeat")
    return seen if seen is None else min(seen, time.time())
