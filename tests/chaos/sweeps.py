"""How is a sweep run to be disturbed? The command in a process of its own, on a Ray of its own,
with all processes that it starts known.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

from scaling.records import Run, StudyFolder, trial_rows
from scaling.study import Plan, load_study
from scaling.study.settings import parse_settings

SETTINGS = (
    "train.steps=1500",
    "train.checkpoint_every=100",
    "evaluate.checkpoints=3",
    "evaluate.protocol.samples=80",
)
PLAN = Plan.of(load_study("smoke").with_settings(parse_settings(SETTINGS)))
COMMAND = [sys.executable, "-m", "scaling.sweep", "smoke", "--address", "local"]
POLL_S = 0.1
GRACE_S = 16.0  # for Ray's agents to end after a driver that was killed


class Sweep:
    """A sweep of the smoke study that is running, with its log below ``root`` and its results there
    or at ``results``, where ``study`` is this machine's copy of them.
    """

    def __init__(
        self,
        root: Path,
        limit_s: float,
        results: str | None = None,
        study: StudyFolder | None = None,
    ):
        self.root, self.limit_s, self.started = root, limit_s, time.monotonic()
        root.mkdir(parents=True, exist_ok=True)
        self.study = study or StudyFolder(root / PLAN.name)
        self.log = root / f"log-{len(list(root.glob('log-*')))}"
        settings = [part for setting in SETTINGS for part in ("--set", setting)]
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, *settings, "--results", results or str(root)],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.known: dict[int, psutil.Process] = {}

    def family(self) -> list[psutil.Process]:
        """The sweep's process and all that it started and that live, its orphans included."""
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            found = [parent, *parent.children(recursive=True)]
            self.known |= {process.pid: process for process in found}
        return [process for process in self.known.values() if _lives(process)]

    def pids(self, *words: str) -> list[int]:
        """Of the processes of the sweep whose command holds one of ``words``."""
        found = []
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline()) or process.name()
                if process.pid != self.process.pid and any(word in command for word in words):
                    found.append(process.pid)
        return found

    def run(self) -> Run:
        """The training that is at work, or the first."""
        runs = [self.study.run(trial.train_id) for trial in PLAN.trials]
        return next((run for run in runs if run.state()["state"] == "running"), runs[0])

    def wait_until_at_work(self) -> None:
        """Until a training has taken steps and written a checkpoint, or the sweep has ended."""
        while self._goes_on():
            self.family()
            state = self.run().state()
            if state["state"] == "running" and list(self.run().checkpoints.glob("step-*")):
                return
            time.sleep(POLL_S)

    def end(self) -> int | None:
        """Wait for the sweep to end and return its exit code; None where it hung and was killed."""
        while self._goes_on():
            self.family()
            time.sleep(POLL_S)
        code = self.process.poll()
        if code is None:
            self.process.kill()
            self.process.wait()
        return code

    def outcome_folder(self) -> StudyFolder:
        """Where what the sweep left is to be looked at."""
        return self.study

    def completed(self) -> bool:
        try:
            return all(row["state"] == "completed" for row in trial_rows(self.study))
        except ValueError:  # its plan is what the fault struck
            return False

    def left_over(self) -> list[str]:
        """The processes that outlive the sweep by more than GRACE_S; they are killed then."""
        _, alive = psutil.wait_procs(self.family(), timeout=GRACE_S)
        names = []
        for process in alive:
            with contextlib.suppress(psutil.Error):
                names.append(process.name())
                process.kill()
        return names

    def said(self) -> str:
        return self.log.read_text()

    def _goes_on(self) -> bool:
        return self.process.poll() is None and time.monotonic() - self.started < self.limit_s


def told_lost(study: StudyFolder) -> int:
    """How many logged lines the records themselves say that curves lack."""
    return sum(
        int(found[1])
        for row in {row["train_id"]: row for row in trial_rows(study)}.values()
        if (found := re.search(r"lacks (\d+) of", row["why"] or ""))
    )


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill(pid: int, number: int) -> None:
    """Send the signal ``number``; not to a process that is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
