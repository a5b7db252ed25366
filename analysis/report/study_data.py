"""Holds what a report reads of one study: its plan, frames, answers and logged curves, each read
once.
"""

import polars as pl

from analysis.answers.compare.ladder import Step, ladder
from analysis.answers.compare.matched import Matched, matched_within
from analysis.answers.compare.steps import is_ladder, steps_of
from analysis.answers.compare.ways import ways_within
from analysis.answers.feature_spaces import FeatureSpaces, feature_spaces
from analysis.answers.quality.command import images_per_epoch, workers_of
from analysis.answers.quality.time_to_quality import TimeToQuality, time_to_quality
from analysis.answers.study import Answers
from analysis.answers.tokenizers import Tokenizers, tokenizers
from analysis.figures.drawing.notes import settings_note
from analysis.frames import CURVES, curves_frame, evaluations_frame, trials_frame
from analysis.select.checkpoints import STOPPED_EARLY
from analysis.select.learning_rates import searches_lr
from analysis.select.once import once
from analysis.select.recipes import WORDS
from analysis.select.selection import Selection
from analysis.select.trials import stopped_early
from scaling.records import StudyFolder
from scaling.records.spending.compared import Compared, compared
from scaling.records.spending.spans import Span, spans
from scaling.study.planning.plan import Plan


class StudyData:
    """One study as its records are now."""

    def __init__(self, study: StudyFolder, across_protocols: bool = False):
        self.study, self.across = study, across_protocols
        self.trials, self.evaluations = trials_frame(study), evaluations_frame(study)
        self.selection = Selection(self.trials, self.evaluations)
        self.answers = Answers(self.selection)

    @once
    def plan(self) -> Plan:
        return self.study.plan()

    @once
    def hours(self) -> list[Compared]:
        """What each training was forecast to take, and took."""
        return compared(self.study, self.plan)

    @once
    def spans(self) -> list[Span]:
        """When each training and each evaluation was at work."""
        return spans(self.study, self.plan)

    @once
    def curves(self) -> pl.DataFrame:
        return curves_frame(self.study)

    @once
    def drawn_curves(self) -> pl.DataFrame:
        """The logged curves; of several recipes with what tells these apart, each training once.
        What ASHA stopped is STOPPED_EARLY.
        """
        early = self.trials.filter(stopped_early(self.trials))["trial_id"].to_list()
        curves = self.curves
        if early:
            state = pl.when(pl.col("trial_id").is_in(early)).then(pl.lit(STOPPED_EARLY))
            curves = curves.with_columns(state.otherwise("state").alias("state"))
        if len(self.selection.recipes) < 2:
            return curves
        once_each = self.trials.unique(["train_id", "steps"], keep="first", maintain_order=True)
        lacking = [name for name in ("recipe", *WORDS) if name not in CURVES]
        return curves.join(
            once_each.select("trial_id", *lacking), on="trial_id", maintain_order="left"
        )

    @once
    def quality(self) -> list[TimeToQuality]:
        """When each model reaches round FIDs; ValueError as ``time_to_quality``."""
        return time_to_quality(
            self.selection,
            curves=self.curves,
            images_per_epoch=images_per_epoch(self.study),
            workers=workers_of(self.study),
        )

    @once
    def ladder(self) -> list[Step]:
        """The changes of the recipe, one on top of the other; none where the study is no ladder, or
        has measured none of them yet.
        """
        steps = {} if self.searches_lr or not self.asks("fid") else steps_of(self.plan)
        found = ladder(self.trials, steps) if is_ladder(self.plan, steps) else []
        return found if any(not isinstance(step.change, str) for step in found) else []

    @once
    def matched(self) -> list[Matched]:
        """The recipes beside the first, or the ways in which models of one grow, at equal Gflops;
        none where the study has a ladder.
        """
        if self.searches_lr or self.ladder or not self.asks("fid"):
            return []
        return matched_within(self.answers) or ways_within(self.answers)

    @once
    def spaces(self) -> FeatureSpaces | None:
        """How each feature space ranks the models; None where no FDr was asked for. ValueError as
        ``feature_spaces``.
        """
        return feature_spaces(self.evaluations) if self.asks("fdr") else None

    @once
    def tokenizers(self) -> Tokenizers | None:
        """How models of each size rank the study's tokenizers; None where there is one. ValueError
        as ``tokenizers``.
        """
        return tokenizers(self.trials)

    @once
    def searches_lr(self) -> bool:
        """Whether the study tries several learning rates on one model."""
        return searches_lr(self.trials)

    @once
    def note(self) -> str:
        """What the trials share beside their sampling."""
        return settings_note(self.trials, sampling=False)

    def asks(self, *metrics: str) -> bool:
        """Whether any trial is to be measured by one of ``metrics``; by any at all without them."""
        asked = {m for trial in self.plan.trials for m in trial.spec.evaluate.protocol.metrics}
        return bool(asked & set(metrics) if metrics else asked)

    def several(self, column: str) -> bool:
        """Whether the trials differ in ``column``."""
        return self.trials[column].drop_nulls().n_unique() > 1
