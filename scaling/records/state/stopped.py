"""Which jobs were at work when a sweep ended? Their states say that they are stopped, and why."""

from scaling.records.ledger import Run, StudyFolder
from scaling.records.state.file import StateFile
from scaling.study.planning.plan import PlannedTrial


def mark_stopped(folder: StudyFolder, left: list[list[PlannedTrial]], why: str) -> None:
    """Mark trainings and evaluations as stopped that were running when the sweep ended, or waited
    to begin again.
    """
    for group in left:
        run = folder.run(group[0].train_id)
        evaluations = [run.evaluating(i) for trial in group for i in trial.eval_ids.values()]
        jobs: list[Run | StateFile] = [run, *evaluations]
        for job in jobs:
            state = job.state()
            if state["state"] in ("running", "preempted"):
                kept = {
                    k: v
                    for k, v in state.items()
                    if k not in ("schema_version", "state", "why", "heartbeat", "last_seen")
                }
                seen = state.get("last_seen") or state["heartbeat"]
                job.write_state("stopped", why, last_seen=seen, **kept)
