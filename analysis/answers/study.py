"""Holds what the records of one study answer: its slopes, steps and fits, each computed once.

Claims, the finding, tables of laws and figures read from here, so that none of them selects or fits
again. What the records cannot carry raises the same ValueError for everyone who asks.
"""

import functools

import numpy as np
import polars as pl

from analysis.answers.grid_steps import GridStep, grid_steps
from analysis.answers.slopes import GFLOPS, Slope, line_of, slope_of, slopes_within
from analysis.fits import curves, fid_choice, fid_laws, loss_to_fid
from analysis.fits.approaches import envelope, isoflop, parametric
from analysis.fits.approaches.envelope import Envelope
from analysis.fits.approaches.isoflop import IsoFlop
from analysis.fits.approaches.parametric import Approach3
from analysis.fits.approaches.tilt import tilt
from analysis.fits.curves import Curve
from analysis.fits.fid_choice import Chosen, Score
from analysis.fits.fid_laws import FidLaw
from analysis.fits.intervals import Uncertain
from analysis.fits.linear import Linear, NoiseVariances
from analysis.fits.loss_to_fid import LossToFid
from analysis.fits.points import Runs, need
from analysis.fits.trust.warnings import Beware, of_tilt
from analysis.frames import published
from analysis.select.once import once, recall
from analysis.select.recipes import one_recipe
from analysis.select.selection import Selection

RESAMPLES = 300  # in tables and figures alike, so that both print the same interval
LEAST_FRONTIER = 3
AXES = {"x": "compute", "y": "FID"}  # of a law of one variable, in messages


class Answers:
    """What the rows of one ``selection`` answer."""

    def __init__(self, selection: Selection):
        self.selection = selection

    @classmethod
    def of(cls, source: "Answers | Selection | pl.DataFrame") -> "Answers":
        """``source``, or the answers of a selection or of a trials frame."""
        return source if isinstance(source, cls) else cls(Selection.of_trials(source))

    @once
    def main(self) -> "Answers":
        """The same of the main recipe alone; this one where there is no other."""
        main = self.selection.main
        return self if main is self.selection else Answers(main)

    @once
    def by_recipe(self) -> "dict[str, Answers]":
        """The answers of each recipe alone, by its words; no law is of several."""
        return {
            words: self if selection is self.selection else Answers(selection)
            for words, selection in self.selection.by_recipe.items()
        }

    @once
    def slope(self) -> Slope:
        """Of log FID on log Gflops over all models."""
        return slope_of(self.selection.points())

    def line(self, metric: str, axis: str) -> Linear:
        """The line of log ``metric`` on log ``axis``; ``slope``'s where that is what is asked."""
        if (metric, axis) == ("fid", GFLOPS):
            return self.slope.fit
        points = self.selection.points(metric)
        return recall(self, ("line", metric, axis), lambda: line_of(points, metric, axis))

    @once
    def slopes(self) -> list[Slope]:
        """Over all models, then along each curve that has enough."""
        return [self.slope, *slopes_within(self.selection.points())]

    @once
    def steps(self) -> list[GridStep]:
        return grid_steps(self.selection)

    @once
    def _means(self) -> tuple[pl.DataFrame, NoiseVariances]:
        points = self.selection.points()
        one_recipe(points)
        return fid_laws.model_means(points)

    @property
    def models(self) -> pl.DataFrame:
        """One row per model, ``fid_laws.model_means``."""
        return self._means[0]

    @property
    def noise(self) -> NoiseVariances:
        """What seeds of a model scatter."""
        return self._means[1]

    def form(self, name: str) -> FidLaw:
        """The candidate ``name`` of ``fid_laws`` over all models."""
        return recall(self, ("form", name), lambda: fid_laws.fit_law(name, self.models, self.noise))

    def audit(self, name: str) -> Score:
        """The candidate ``name`` fitted without the largest rung, scored on it."""
        return recall(
            self,
            ("audit", name),
            lambda: fid_choice.score(
                name, self.models, fid_laws.rungs(self.models)[-1], self.noise
            ),
        )

    @once
    def rolled(self) -> tuple[Chosen, Score, FidLaw]:
        """The choice of a law of FID without the largest rung, its score there, and the law on all
        rungs. ValueError where sizes or models are too few.
        """
        largest = fid_laws.rungs(self.models)[-1]
        chosen = fid_choice.choose_below(self.models, largest, noise=self.noise)
        return chosen, self.audit(chosen.law), self.form(chosen.law)

    @once
    def floored(self) -> Curve:
        """FID on Gflops, with a floor."""
        names = self.models["model"].to_list()
        columns = {
            "x": self.models["forward_gmacs"].to_numpy(),
            "y": self.models["fid"].to_numpy(),
        }
        return curves.fit(Runs.checked(names, columns, np.arange(len(names)), AXES), "saturating")

    @once
    def frontier(self) -> Curve:
        """FID of the best checkpoints on training FLOPs."""
        return curves.fit(frontier_runs(self.selection), "power")

    @once
    def losses(self) -> tuple[str, Runs]:
        """Curve and runs of ``loss_runs``."""
        return loss_runs(self.selection)

    @once
    def loss_means(self) -> Runs:
        """The runs of ``losses``, repeats of one size and length as one."""
        return seed_means(self.losses[1])

    @once
    def approach3(self) -> Approach3:
        return parametric.fit(self.losses[1])

    @once
    def approach3_uncertain(self) -> Uncertain:
        return parametric.uncertain(self.approach3, RESAMPLES)

    @once
    def envelope(self) -> Envelope:
        return envelope.fit(self.loss_means)

    @once
    def isoflop(self) -> IsoFlop:
        return isoflop.fit(self.loss_means)

    @once
    def isoflop_doubts(self) -> list[Beware]:
        """What speaks against the minima of ``isoflop``."""
        return of_tilt(tilt(self.loss_means, self.isoflop))

    @once
    def loss_to_fid(self) -> LossToFid:
        """FID on held-out loss over the models that have both."""
        points = self.selection.points().filter(pl.col("heldout_loss").is_not_null())
        one_recipe(points)
        means = points.group_by("model", maintain_order=True).agg(
            pl.col("heldout_loss", "fid").log().mean().exp()
        )
        return loss_to_fid.fit(Runs.of(means, loss="heldout_loss", fid="fid"))


@functools.cache
def published_answers() -> Answers:
    """Those of DiT's Table 4, which never change."""
    return Answers(Selection(published.dit_table4()))


def loss_runs(evaluations: Selection | pl.DataFrame) -> tuple[str, Runs]:
    """The curve with most models, and its runs: n MACs of a forward pass, d images, loss,
    flops; a row per evaluated checkpoint, clustered by training. ValueError as
    ``select.checkpoints.fit_checkpoints``.
    """
    curve, rows = Selection.of_evaluations(evaluations).most_models
    table = rows.with_columns(
        macs=pl.col("forward_gmacs") * 1e9, name=pl.format("{} at {} steps", "trial_id", "step")
    )
    return curve, Runs.of(
        table.drop("state", "protocol"),
        "train_id",
        n="macs",
        d="images",
        loss="value",
        flops="train_flops",
    )


def frontier_runs(evaluations: Selection | pl.DataFrame) -> Runs:
    """Checkpoints (means over seeds) that no cheaper one betters: x training FLOPs, y FID.
    ValueError as ``loss_runs``, where protocols are mixed, and where they are too few.
    """
    best = Selection.of_evaluations(evaluations).frontier
    need(
        len(best),
        LEAST_FRONTIER,
        "a law of the best model on training FLOPs",
        "checkpoints that no cheaper one betters",
    )
    names = [f"{model} at {step:,} steps" for model, step in best.select("model", "step").rows()]
    return Runs.checked(
        names,
        {"x": best["train_flops"].to_numpy(), "y": best["fid"].to_numpy()},
        best["model"].to_numpy(),
        AXES,
    )


def seed_means(runs: Runs) -> Runs:
    """Repeats of one size and length as one row: geometric means."""
    table = (
        pl.DataFrame({"name": runs.names} | {role: runs[role] for role in runs.columns})
        .group_by("n", "d", maintain_order=True)
        .agg(pl.col("name", "flops").first(), pl.col("loss").log().mean().exp())
    )
    return Runs.of(table, n="n", d="d", loss="loss", flops="flops")
