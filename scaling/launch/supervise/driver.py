"""Drives Ray for a sweep, in a process of its own.

``python -m scaling.launch.supervise.driver FD`` reads an Order from its input, tells on the file
descriptor FD how it goes, and ends with all that it started when its input ends: when the sweep
asks for it, or is no more.

Ray Tune runs the jobs, dearest first. Each training and each of its evaluations is a task. Tune
only executes: what is to be done is read from the records before it starts, and nothing is restored
from its own state (`Tuner.restore` drops work after a kill; our ledger does not).
"""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict

import ray
from ray import tune
from ray.tune import Callback

from scaling.launch import cluster
from scaling.launch.nodes import check_places
from scaling.launch.supervise import processes, stopped_workers
from scaling.launch.supervise.leave import PATIENCE_S, WATCHES_S, let_leave
from scaling.launch.supervise.left_places import given_back
from scaling.launch.supervise.limits import LOSSES, limits
from scaling.launch.supervise.order import TOLD, Listed, Order, line
from scaling.launch.tasks.grid import CPUS_PER_TRIAL
from scaling.launch.tasks.watch import TrialWatch

LEAVE_S = WATCHES_S + PATIENCE_S + 8.0  # for trainings to leave and Ray to shut down in order

OnProgress = Callable[[str, dict], None]  # train_id, the latest state, step, loss, ...


def drive(order: Order, tell: Callable[..., None], until_asked: Callable[[], object]) -> None:
    """Connect, look whether the cluster can do what is asked, and run it once ``until_asked``
    returns. Each message goes to ``tell`` as a kind and what belongs to it.
    """
    with contextlib.ExitStack() as kept:
        try:
            there = kept.enter_context(cluster.connected(order.address))
            check(there, order)
        except ValueError as error:  # a later one is a fault of ours, and keeps its traceback
            tell("refused", why=str(error))
            return
        tell("cluster", **asdict(there))
        until_asked()
        if not there.local:  # there the sweep's own process sees them
            kept.enter_context(stopped_workers.ended(limits().stopped_after_s))
        try:
            run_jobs(
                order, lambda train_id, result: tell("result", train_id=train_id, result=result)
            )
        except (KeyboardInterrupt, BrokenPipeError):  # the sweep ends
            let_leave(order)
            raise
        tell("ended")


def check(there: cluster.Cluster, order: Order) -> None:
    """ValueError for what the connected cluster can never do."""
    cluster.check_cluster(there, order.gpus_per_trial, order.workers, order.fewest_workers)
    if not there.local and order.results:
        check_places(order.study, order.results, room=order.room)
    if not there.local:
        cluster.check_workers_precisions(order.study, order.precisions, order.gpus_per_trial)


class _Listener(Callback):
    def __init__(self, listed: dict[str, Listed], on_progress: OnProgress):
        self.listed, self.on_progress = listed, on_progress  # by each job's text

    # Tune pickles its callbacks for a restore that we never ask for.
    def __getstate__(self) -> dict:
        return {}

    def on_trial_result(self, iteration, trials, trial, result, **info):
        told = {key: result[key] for key in TOLD if result.get(key) is not None}
        self.on_progress(self.listed[trial.config["job"]].train_id, told)


def run_jobs(order: Order, on_progress: OnProgress) -> None:
    """Run the jobs on the connected cluster.

    Returns when all have ended; outcomes are on disk. Ctrl-C ends it early, and the records keep
    what was measured.
    """
    # Tune writes no result files beside our records, and Ctrl-C comes to us, not to Tune.
    # Tune's newer output prints tables whatever the verbosity, so the older one is chosen.
    os.environ |= {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "RAY_AIR_NEW_OUTPUT": "0",
    }
    listed = {job.text: job for job in order.jobs}
    # The Tune trial itself reserves a byte of memory, as Tune asks for something. Its tasks queue
    # for CPUs and GPUs.
    resources = tune.PlacementGroupFactory([{"memory": 1}])
    with tempfile.TemporaryDirectory(prefix="dit-scaling-tune-") as scratch, given_back():
        tune.Tuner(
            tune.with_resources(TrialWatch, resources),
            param_space={"job": tune.grid_search(list(listed))},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                max_concurrent_trials=at_once(order.gpus_per_trial, order.workers),
                trial_name_creator=lambda trial: listed[trial.config["job"]].trial_id,
                trial_dirname_creator=lambda trial: listed[trial.config["job"]].train_id,
            ),
            run_config=tune.RunConfig(
                name=order.study,
                storage_path=scratch,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                # A watch whose process is lost begins anew; what it watches is on disk.
                failure_config=tune.FailureConfig(max_failures=LOSSES),
                callbacks=[_Listener(listed, on_progress)],
            ),
        ).fit()


def at_once(gpus_per_trial: float, workers: int = 1) -> int:
    """How many trainings the connected cluster works on at once: as many as it has places for.

    A training counts until its evaluations have ended, so these get a place before the next
    training. Each has a task that runs or queues, so no place idles. Where a training asks for more
    GPUs than an evaluation, twice as many are allowed, so that evaluations use the GPUs left over.
    """
    resources = ray.cluster_resources()
    places = resources.get("CPU", 0.0) / (CPUS_PER_TRIAL * workers)
    if gpus_per_trial:
        places = min(places, resources.get("GPU", 0.0) / gpus_per_trial)
    return max(1, int(places)) * (2 if gpus_per_trial > 1 else 1)


def main() -> None:
    """Runs the order that stands in the first line of the input; what happens goes to the file
    descriptor that the command line names.
    """
    out = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    os.set_inheritable(out.fileno(), False)
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    life = os.dup(0)
    # Ray's processes inherit the input: not that which tells that the sweep is alive.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    asked = threading.Event()
    threading.Thread(target=_end_with, args=[life, asked], daemon=True, name="life").start()

    def tell(kind: str, **content) -> None:
        out.write(line(kind, **content))

    # The sweep is no more, or does not listen: the end of the input ends this process.
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        drive(order, tell, asked.wait)


def _end_with(life: int, asked: threading.Event) -> None:
    """Wait for the end of the input, then end this process: in order if that works, else not. A
    byte before asks it to begin.
    """
    while os.read(life, 1):
        asked.set()
    signal.raise_signal(signal.SIGINT)
    time.sleep(LEAVE_S)
    processes.end_own_session()
    os._exit(1)


if __name__ == "__main__":
    main()
