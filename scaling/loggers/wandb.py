"""How do trials get into Weights & Biases? A project for the study, a run for each trial.

Nothing can be asked of a run that is offline, so the study's folder notes what was sent:
ROOT/STUDY/wandb/sent/TRIAL.json. A sweep that is killed between the two sends a few points again,
with the same step and value.
"""

import json
import time
from pathlib import Path
from typing import Any

from scaling.loggers.board import Held, Point
from scaling.records.files import write_json
from scaling.study.planning.plan import Plan, PlannedTrial

STEP = "optimiser_step"


class Wandb:
    """A run that is to be written anew gets a new id, as points cannot be taken back."""

    def __init__(self, folder: Path, plan: Plan):
        self.folder, self.plan = folder, plan
        self._runs: dict[str, Any] = {}
        self._sent: dict[str, dict] = {}

    def _note(self, trial: PlannedTrial) -> Path:
        return self.folder / "wandb" / "sent" / f"{trial.trial_id}.json"

    def _noted(self, trial: PlannedTrial) -> dict:
        if trial.trial_id not in self._sent:
            try:
                noted = json.loads(self._note(trial).read_text())
                noted["again"], noted["points"].items()
            except FileNotFoundError:
                noted = {"again": 0, "points": {}}
            except (ValueError, KeyError, AttributeError, TypeError):  # a damaged note
                noted = {"again": int(time.time()), "points": {}}
            self._sent[trial.trial_id] = noted
        return self._sent[trial.trial_id]

    def held(self, trial: PlannedTrial) -> Held:
        return {
            name: {int(step): value for step, value in values.items()}
            for name, values in self._noted(trial)["points"].items()
        }

    def add(self, trial: PlannedTrial, points: list[Point]) -> None:
        import wandb

        noted = self._noted(trial)
        again = f"-{noted['again']}" if noted["again"] else ""
        run = self._runs.get(trial.trial_id)
        if run is None:
            run = wandb.init(
                project=self.plan.name,
                id=f"{trial.trial_id}-{trial.train_id}{again}",
                name=trial.trial_id,
                group=trial.model,
                dir=str(self.folder),
                resume="allow",
                reinit="create_new",
                config={
                    "study": self.plan.name,
                    "trial": trial.trial_id,
                    "train_id": trial.train_id,
                    **trial.spec.model_dump(mode="json"),
                },
                settings=wandb.Settings(silent=True, console="off"),
            )
            run.define_metric(STEP)
            run.define_metric("*", step_metric=STEP)
            self._runs[trial.trial_id] = run
        rows: dict[int, dict[str, float]] = {}
        for point in points:
            rows.setdefault(point.step, {})[point.tag] = point.value
            noted["points"].setdefault(point.tag, {})[str(point.step)] = point.value
        for step, values in rows.items():
            run.log({STEP: step, **values})
        write_json(self._note(trial), noted)

    def clear(self, trial: PlannedTrial) -> None:
        self.close(trial)
        noted = {"again": self._noted(trial)["again"] + 1, "points": {}}
        self._sent[trial.trial_id] = noted
        write_json(self._note(trial), noted)

    def close(self, trial: PlannedTrial) -> None:
        run = self._runs.pop(trial.trial_id, None)
        if run is not None:
            run.finish()
