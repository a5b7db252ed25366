"""How does a training with its evaluations stand, and the trunk that it waits for?"""

import time

from scaling.launch.tasks.job import Job
from scaling.records.ledger import Run
from scaling.records.shapes import State
from scaling.records.state.file import STALE_AFTER_S
from scaling.records.status import measured

# How long a watch waits for another training to begin the trunk that it is to train.
BEGINS_S = 60.0


def trunk_is_coming(trunk: Run, step: int, since: float) -> bool:
    """Whether another process trains ``trunk`` up to ``step``, or may be about to begin.

    ``since`` is the time, in seconds since the epoch, when it was to begin.
    """
    state = trunk.state()
    if state.get("step", 0) >= step:
        return False
    if state["state"] == "running":
        return time.time() - state["heartbeat"] < STALE_AFTER_S
    return time.time() - since < BEGINS_S


def standing(job: Job, state: State, evaluating: bool, failed: str | None) -> dict:
    """State, why, and figures so far of ``job``, whose training tells ``state``. ``evaluating``:
    evaluations of it are at work or wait; ``failed`` is why one did.
    """
    name, why = state["state"], state["why"]
    if name == "completed" and evaluating:
        name = "evaluating"
    elif name == "completed" and failed:
        name = "failed"
    progress = {
        k: state[k]
        for k in ("step", "loss", "heldout_loss", "images_per_s")
        if state.get(k) is not None
    }
    done = [found for trial in job.trials for found in measured(trial, job.run, faults=[]).values()]
    if done:
        last = max(done, key=lambda found: found["step"])
        fids = [
            row["value"]
            for row in last["figures"]
            if row["metric"] == "fid" and row["value"] is not None
        ]
        progress |= {"heldout_loss": last["heldout_loss"], **({"fid": fids[0]} if fids else {})}
    return {"state": name, "why": why or failed, **progress}
