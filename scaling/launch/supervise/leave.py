"""How do the trainings of a driver leave that is to end? Each at a checkpoint of its own step."""

import json
import signal
import time

from scaling.launch.supervise.order import Order
from scaling.launch.tasks.attempts import end_process
from scaling.records.ledger import Run
from scaling.records.state.heartbeat import SENT_EVERY_S
from scaling.records.storage.copies import refresh
from scaling.records.storage.places import here

WATCHES_S = 2.0  # for what watches the trainings to be at rest, so that it begins none again
PATIENCE_S = 10.0
LOOK_S = 0.2


def let_leave(order: Order, patience_s: float = PATIENCE_S) -> int:
    """Ask every training of ``order`` that runs on the connected cluster to leave, and wait till it
    has; returns how many have. Of several workers the lead is asked, and asks the others.
    """
    time.sleep(WATCHES_S)
    asked: list[tuple[Run, int]] = []
    for job in order.jobs:
        run = Run(here(json.loads(job.text)["run_folder"]))
        refresh(run.path, patience=0.0)
        state = run.state()
        pid, host = state.get("pid"), state.get("host")
        fresh = time.time() - state.get("heartbeat", 0.0) < SENT_EVERY_S
        if state["state"] == "running" and fresh and pid and host:
            end_process(pid, host, signal.SIGTERM)
            asked.append((run, pid))
    deadline = time.monotonic() + patience_s
    staying = asked
    while staying and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        for run, _ in staying:
            refresh(run.path, patience=0.0)
        staying = [(run, pid) for run, pid in staying if _stays(run, pid)]
    return len(asked) - len(staying)


def _stays(run: Run, pid: int) -> bool:
    state = run.state()
    return state["state"] == "running" and state.get("pid") == pid
