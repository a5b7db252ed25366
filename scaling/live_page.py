"""Keeps the report current during a sweep: it is written again as trials end.

Drawing takes seconds of a core. So a process of its own does it, at the lowest priority, one page
at a time, and rests three times as long as the last page took: the sweep's trials lose next to
nothing. A page that cannot be written is reported and does not end the sweep.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from scaling.progress import say
from scaling.records import StudyFolder

LEAST_REST_S = 20.0  # seconds between two pages
REST = 3.0  # rest between two pages, in multiples of the time that the last one took
IDLE = 19  # the lowest priority (nice)
# The priority of its session against that of the trials. At the lowest no page would be drawn.
SESSION = 10


class LivePage:
    """Keeps ``report.html`` of ``folder`` current inside a ``with`` block.

    ``refresh`` says that something changed.
    """

    def __init__(self, folder: StudyFolder):
        self.folder = folder.folder
        self._changed, self._over = threading.Event(), threading.Event()
        self._writer = threading.Thread(target=self._follow, name="live-page", daemon=True)
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> "LivePage":
        self._changed.set()
        self._writer.start()
        return self

    def __exit__(self, *exception) -> None:
        self._over.set()
        self._changed.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()  # the last page is written after the sweep
        self._writer.join()

    def refresh(self) -> None:
        self._changed.set()

    def _follow(self) -> None:
        while self._changed.wait() and not self._over.is_set():
            self._changed.clear()
            started = time.monotonic()
            self._write()
            self._over.wait(max(LEAST_REST_S, REST * (time.monotonic() - started)))

    def _write(self) -> None:
        command = [sys.executable, "-m", "scaling", "report", str(self.folder), "--live"]
        with self._lock:
            if self._over.is_set():
                return
            # A session of its own: Ctrl-C is the sweep's to answer.
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            os.setpriority(os.PRIO_PROCESS, self._process.pid, IDLE)
            # Where the kernel shares cores among sessions first, and then among processes.
            with contextlib.suppress(OSError):
                Path(f"/proc/{self._process.pid}/autogroup").write_text(str(SESSION))
        errors = self._process.communicate()[1]
        if self._process.returncode and not self._over.is_set():
            why = (errors.strip().splitlines() or [f"exit code {self._process.returncode}"])[-1]
            say(f"report.html could not be written, the sweep goes on: {why}")
