"""When was each training, and each of its evaluations, at work? From the records, in seconds."""

from dataclasses import dataclass
from datetime import datetime

from scaling.records.ledger import Run, StudyFolder
from scaling.records.shapes import SessionEntry
from scaling.records.spending.account import evaluations_of, last_heartbeat
from scaling.study.planning.plan import Plan


@dataclass(frozen=True)
class Span:
    """One stretch of work, in seconds since the epoch."""

    train_id: str
    trial_id: str  # of the first trial that asks for the training
    model: str
    began: float
    ended: float
    step: int | None  # that an evaluation measured; None for training
    how: str | None = None  # why a session of training ended before its last step

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def spans(study: StudyFolder, plan: Plan) -> list[Span]:
    """Of all trainings of the plan, in the order in which they began. What nobody noted, such as
    the end of a process that was killed before its first heartbeat, is left out.
    """
    all_spans = []
    for group in plan.runs():
        trial = group[0]
        run = study.run(trial.train_id)
        named = (trial.train_id, trial.trial_id, trial.model)
        sessions = run.sessions()
        for i, session in enumerate(sessions):
            end = _end(session, run if i == len(sessions) - 1 else None)
            if end is not None:
                began = datetime.fromisoformat(session["started"]).timestamp()
                how = session.get("stopped")
                if not (session["ended"] or (i == len(sessions) - 1 and _runs(run))):
                    how = how or "lost"
                all_spans.append(Span(*named, began, max(began, end), None, how))
        for evaluation in evaluations_of(group, run).values():
            end = datetime.fromisoformat(evaluation["measured"]).timestamp()
            all_spans.append(Span(*named, end - evaluation["wall_s"], end, evaluation["step"]))
    return sorted(all_spans, key=lambda span: (span.began, span.ended))


def _runs(run: Run) -> bool:
    return run.state()["state"] == "running"


def _end(session: SessionEntry, run: Run | None) -> float | None:
    """When it ended, or was last seen; ``run`` is given for the last session, which may go on."""
    if end := session["ended"] or session.get("last_seen"):
        return datetime.fromisoformat(end).timestamp()
    return last_heartbeat(run.state()) if run else None
