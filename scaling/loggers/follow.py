"""Keeps the boards of a study at what its records say while a sweep runs."""

import threading
import time
from collections.abc import Callable, Sequence

from scaling.loggers import LOGGERS
from scaling.loggers.board import Board, Held, bring_up_to_date, points_of
from scaling.records import StudyFolder
from scaling.study.planning.plan import Plan, PlannedTrial

LEAST_REST_S = 5.0  # seconds between two looks at the records
REST = 3.0  # rest between two looks, in multiples of the time that the last one took


class Boards:
    """Keeps the boards ``names`` current inside a ``with`` block, from a thread of its own.

    All trials are brought up to date at the beginning, as an earlier sweep may have been killed;
    after that those of the trainings that ``changed``. A board that fails is told by ``say`` once
    and left alone.
    """

    def __init__(
        self, folder: StudyFolder, plan: Plan, names: Sequence[str], say: Callable[[str], None]
    ):
        self.folder, self.say = folder, say
        self.boards: dict[str, Board] = {
            name: LOGGERS[name].open(folder.folder, plan) for name in names
        }
        self._trials: dict[str, list[PlannedTrial]] = {}
        for trial in plan.trials:
            self._trials.setdefault(trial.train_id, []).append(trial)
        self._held: dict[tuple[str, str], Held] = {}
        self._changed = dict.fromkeys(self._trials, True)  # train_id -> whether it has ended
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="boards", daemon=True)

    def __enter__(self) -> "Boards":
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._over.set()
        self._thread.join()
        with self._lock:
            self._changed |= dict.fromkeys(self._trials, True)
        self.look()

    def changed(self, train_id: str, ended: bool = False) -> None:
        with self._lock:
            self._changed[train_id] = self._changed.get(train_id, False) or ended

    def _follow(self) -> None:
        while not self._over.is_set():
            started = time.monotonic()
            self.look()
            self._over.wait(max(LEAST_REST_S, REST * (time.monotonic() - started)))

    def look(self) -> None:
        """Bring the trials of what changed up to date."""
        with self._lock:
            changed, self._changed = self._changed, {}
        for train_id, ended in changed.items():
            for trial in self._trials.get(train_id, ()):
                self._bring(trial, ended)

    def _bring(self, trial: PlannedTrial, ended: bool) -> None:
        points = points_of(trial, self.folder.run(trial.train_id))
        for name, board in list(self.boards.items()):
            key = (name, trial.trial_id)
            try:
                self._held[key] = bring_up_to_date(board, trial, points, self._held.get(key))
                if ended:
                    board.close(trial)
            except Exception as error:  # a library's or a server's, whatever it is
                del self.boards[name]
                why = (str(error).strip().splitlines() or [""])[0]
                self.say(
                    f"{name} is left alone, the sweep goes on: {type(error).__name__}: {why}; the "
                    "same command brings it up to date"
                )
