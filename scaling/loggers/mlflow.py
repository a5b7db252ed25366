"""How do trials get into MLflow? An experiment for the study, a run for each trial, in the store
that $MLFLOW_TRACKING_URI names.
"""

import time
from pathlib import Path

from scaling.loggers.board import Held, Point
from scaling.study.planning.plan import Plan, PlannedTrial

AT_ONCE = 1000  # metrics that the store takes in one call


class MLflow:
    """A trial's run is found by its tags, and what it holds is read from the store: a sweep that
    goes on, on whatever machine, adds what lacks.
    """

    def __init__(self, folder: Path, plan: Plan):
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        self.plan = plan
        try:
            self.client = MlflowClient()
            there = self.client.get_experiment_by_name(plan.name)
            if there is not None and there.lifecycle_stage == "deleted":
                raise ValueError(
                    f"--log mlflow: the experiment {plan.name} is deleted there; restore it with "
                    f"mlflow experiments restore --experiment-id {there.experiment_id}"
                )
            self.experiment = (
                there.experiment_id if there else self.client.create_experiment(plan.name)
            )
        except (MlflowException, ImportError) as error:
            why = str(error).splitlines()[0]
            raise ValueError(
                f"--log mlflow: the store cannot be opened ({why}); name another in "
                "MLFLOW_TRACKING_URI"
            ) from None
        self._runs: dict[str, str] = {}  # trial_id -> MLflow's id

    def _run(self, trial: PlannedTrial) -> str | None:
        if trial.trial_id not in self._runs:
            asked = f"tags.trial = '{trial.trial_id}' and tags.train_id = '{trial.train_id}'"
            runs = self.client.search_runs([self.experiment], asked, max_results=1)
            if not runs:
                return None
            self._runs[trial.trial_id] = runs[0].info.run_id
        return self._runs[trial.trial_id]

    def held(self, trial: PlannedTrial) -> Held:
        run = self._run(trial)
        if run is None:
            return {}
        return {
            name: {m.step: m.value for m in self.client.get_metric_history(run, name)}
            for name in self.client.get_run(run).data.metrics
        }

    def add(self, trial: PlannedTrial, points: list[Point]) -> None:
        from mlflow.entities import Metric

        run = self._run(trial) or self._begun(trial)
        now = time.time()
        metrics = [
            Metric(p.tag, p.value, round(1000 * (now if p.time is None else p.time)), p.step)
            for p in points
        ]
        for i in range(0, len(metrics), AT_ONCE):
            self.client.log_batch(run, metrics=metrics[i : i + AT_ONCE])

    def _begun(self, trial: PlannedTrial) -> str:
        tags = {"study": self.plan.name, "trial": trial.trial_id, "train_id": trial.train_id}
        run = self.client.create_run(
            self.experiment, run_name=trial.trial_id, tags={**tags, "model": trial.model}
        )
        self._runs[trial.trial_id] = run.info.run_id
        return run.info.run_id

    def clear(self, trial: PlannedTrial) -> None:
        run = self._run(trial)
        if run is not None:
            self.client.delete_run(run)
            del self._runs[trial.trial_id]

    def close(self, trial: PlannedTrial) -> None:
        run = self._run(trial)
        if run is not None:
            self.client.set_terminated(run)
