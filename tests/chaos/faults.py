"""What can happen to a sweep while it runs? By name, what strikes it: signals to each kind of its
processes, a second driver, and harm to its files.
"""

import contextlib
import signal
import time
from collections.abc import Callable
from functools import partial

import psutil

from tests.chaos.file_faults import FILE_FAULTS
from tests.chaos.sweeps import Sweep, kill

PAUSE_S = 5.0
WORKERS, TRAINING = "ray::", "ray::smoke DiT"  # as the operating system names them

Fault = Callable[[Sweep], None]


def _sweep_gets(number: int) -> Fault:
    return lambda sweep: kill(sweep.process.pid, number)


def _processes_get(number: int, *words: str, most: int | None = None) -> Fault:
    def strike(sweep: Sweep) -> None:
        for pid in sweep.pids(*words)[:most]:
            kill(pid, number)

    return strike


def _paused(*words: str) -> Fault:
    """Stopped for PAUSE_S, and let go on."""

    def strike(sweep: Sweep) -> None:
        pids = sweep.pids(*words) if words else [sweep.process.pid]
        for pid in pids:
            kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE_S)
        for pid in pids:
            kill(pid, signal.SIGCONT)

    return strike


def _everything_gets(number: int) -> Fault:
    """The sweep and all that it started at once, as Slurm ends a step."""

    def strike(sweep: Sweep) -> None:
        for process in sweep.family():
            kill(process.pid, number)

    return strike


def _full_disk(sweep: Sweep) -> None:
    """No file of a training grows for PAUSE_S: what it writes fails, as on a disk that is full."""
    full = []
    for pid in sweep.pids(TRAINING):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            before = process.rlimit(psutil.RLIMIT_FSIZE)
            process.rlimit(psutil.RLIMIT_FSIZE, (1, before[1]))
            full.append((process, before))
    time.sleep(PAUSE_S)
    for process, before in full:
        with contextlib.suppress(psutil.Error):
            process.rlimit(psutil.RLIMIT_FSIZE, before)


def _second_driver(sweep: Sweep) -> None:
    second = Sweep(sweep.root, sweep.limit_s)
    second.end()
    second.left_over()


def _harmed(name: str, sweep: Sweep) -> None:
    FILE_FAULTS[name](sweep.study, sweep.run())


def _harmed_after_a_kill(name: str, sweep: Sweep) -> None:
    run = sweep.run()
    kill(sweep.process.pid, signal.SIGKILL)
    for pid in sweep.pids("ray::", "raylet", "gcs_server"):
        kill(pid, signal.SIGKILL)
    FILE_FAULTS[name](sweep.study, run)


FAULTS: dict[str, Fault] = {
    "the sweep is killed": _sweep_gets(signal.SIGKILL),
    "the sweep is terminated": _sweep_gets(signal.SIGTERM),
    "the sweep is interrupted": _sweep_gets(signal.SIGINT),
    "the sweep loses its terminal": _sweep_gets(signal.SIGHUP),
    "the sweep is paused": _paused(),
    "a worker is killed": _processes_get(signal.SIGKILL, WORKERS, most=1),
    "a worker is terminated": _processes_get(signal.SIGTERM, WORKERS, most=1),
    "all processes are terminated": _everything_gets(signal.SIGTERM),
    "trainings are terminated": _processes_get(signal.SIGTERM, TRAINING),
    "the disk is full": _full_disk,
    "all workers are killed": _processes_get(signal.SIGKILL, WORKERS),
    "all workers are paused": _paused(WORKERS),
    "the node process is killed": _processes_get(signal.SIGKILL, "raylet/raylet"),
    "the node process is stopped": _processes_get(signal.SIGSTOP, "raylet/raylet"),
    "the GCS is killed": _processes_get(signal.SIGKILL, "gcs_server"),
    "the dashboard is killed": _processes_get(signal.SIGKILL, "dashboard"),
    "a second sweep begins": _second_driver,
    **{f"running, {name}": partial(_harmed, name) for name in FILE_FAULTS},
    **{f"killed, {name}": partial(_harmed_after_a_kill, name) for name in FILE_FAULTS},
}
