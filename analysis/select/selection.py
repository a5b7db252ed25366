"""Holds the frames of one study and selects each set of rows from them once."""

import polars as pl

from analysis.select import checkpoints, trials
from analysis.select.once import once, recall
from analysis.select.recipes import main_recipe, recipe_column, recipes_of
from analysis.select.trials import without_stopped


class Selection:
    """The rows of one study that may enter fits and figures.

    What ASHA stopped early is among the trials, and its checkpoints are in no set.
    Each set is selected when it is first asked for, and kept. A set that the records cannot give
    raises the same ValueError for everyone who asks.
    """

    def __init__(self, trials: pl.DataFrame | None, evaluations: pl.DataFrame | None = None):
        if trials is not None and evaluations is not None:
            evaluations = without_stopped(evaluations, trials)
        self._trials, self._evaluations = trials, evaluations

    @classmethod
    def of_trials(cls, source: "Selection | pl.DataFrame") -> "Selection":
        """``source``, or the selection of a trials frame."""
        return source if isinstance(source, cls) else cls(source)

    @classmethod
    def of_evaluations(cls, source: "Selection | pl.DataFrame") -> "Selection":
        """``source``, or the selection of an evaluations frame."""
        return source if isinstance(source, cls) else cls(None, source)

    @property
    def trials(self) -> pl.DataFrame:
        if self._trials is None:
            raise ValueError("no trials are known here; give a frame of trials")
        return self._trials

    @property
    def evaluations(self) -> pl.DataFrame:
        if self._evaluations is None:
            raise ValueError("these records hold no curve of FID over training, only its end")
        return self._evaluations

    @once
    def recipes(self) -> dict[str, str]:
        """The recipes of the trials, in words."""
        return recipes_of(self.trials)

    @once
    def main(self) -> "Selection":
        """The same of the main recipe alone; this one where there is no other."""
        if len(self.recipes) < 2:
            return self
        return Selection(main_recipe(self.trials), self._evaluations)

    @once
    def by_recipe(self) -> dict[str, "Selection"]:
        """The same of each recipe alone, by its words."""
        column = recipe_column(self.trials)
        if column is None or len(self.recipes) < 2:
            return dict.fromkeys(self.recipes.values(), self)
        return {
            words: Selection(self.trials.filter(pl.col(column) == recipe), self._evaluations)
            for recipe, words in self.recipes.items()
        }

    def points(self, metric: str = "fid") -> pl.DataFrame:
        """``fit_points``: the trials that may enter a law of ``metric``."""
        return recall(self, ("points", metric), lambda: trials.fit_points(self.trials, metric))

    @once
    def sampling_points(self) -> pl.DataFrame:
        return trials.sampling_points(self.trials)

    def headline(self, metric: str = "fid", across_protocols: bool | None = None) -> pl.DataFrame:
        """``headline``: the measured checkpoints of ``metric``, whatever became of their trials."""
        return recall(
            self,
            ("headline", metric, across_protocols),
            lambda: checkpoints.headline(self.evaluations, metric, across_protocols),
        )

    def fit_checkpoints(self, metric: str = "fid") -> pl.DataFrame:
        """``fit_checkpoints``: those that a law of ``metric`` over training may be fitted to."""
        return recall(
            self,
            ("fit_checkpoints", metric),
            lambda: checkpoints.fit_checkpoints(self.evaluations, metric),
        )

    @once
    def training_checkpoints(self) -> pl.DataFrame:
        return checkpoints.training_checkpoints(self.evaluations)

    @once
    def last_metrics(self) -> pl.DataFrame:
        return checkpoints.last_metrics(self.evaluations)

    @once
    def guided_metrics(self) -> pl.DataFrame:
        return checkpoints.guided_metrics(self.evaluations)

    @once
    def most_models(self) -> tuple[str, pl.DataFrame]:
        """Curve and rows of the held-out losses that a law of model and images is fitted to."""
        return checkpoints.most_models(self.fit_checkpoints("heldout_loss"))

    @once
    def frontier(self) -> pl.DataFrame:
        return checkpoints.frontier(self.fit_checkpoints())
