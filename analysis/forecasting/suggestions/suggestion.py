"""Holds a suggestion: the forecast of its target, the trainings to run next, their prices, and what
each is worth.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.holdout import far
from analysis.forecasting.forecast import NoiseDeviations
from analysis.forecasting.targets import Target
from analysis.text import number
from scaling.study.specs.trial import TrialSpec


@dataclass(frozen=True)
class Suggested:
    """One training to run, or to continue, and what is expected of it once those before it have
    run.
    """

    trial: TrialSpec
    checkpoints: tuple[int, ...]  # steps at which it is to be measured
    from_step: int  # 0: a new training
    gpu_hours: float  # training, and sampling at each checkpoint
    width: float  # expected width of the target's 95 % prediction interval afterwards, log FID


@dataclass(frozen=True)
class Suggestion:
    """The target's forecast, and the trainings to run next in order. FIDs are exponentials of log
    FID.
    """

    study: str
    source: str  # whose measurements: the study, or the table of runs
    target: Target
    fid: float
    # 95 %, prediction: parameters, law, misfit, one training's luck and samples
    interval: tuple[float, float]
    width: float  # of its logarithm
    budget: float  # GPU-hours
    mfu: float
    noise: NoiseDeviations
    weights: dict[str, float]  # law -> posterior weight
    runs: tuple[Suggested, ...]
    reach: float  # the target's training FLOPs over the most measured
    diverged: tuple[str, ...] = ()  # candidates left out, whose very training diverged

    @property
    def expected(self) -> tuple[float, float]:
        """The interval's expected ends once all have run, about today's prediction."""
        half = self.runs[-1].width / 2
        return self.fid * np.exp(-half), self.fid * np.exp(half)

    @property
    def gpu_hours(self) -> float:
        return sum(run.gpu_hours for run in self.runs)

    def table(self) -> pl.DataFrame:
        """One row per training, in order."""
        widths = [self.width, *(run.width for run in self.runs)]
        return pl.DataFrame(
            [
                {
                    "model": run.trial.model.name,
                    "seed": run.trial.train.seed,
                    "from_step": run.from_step,
                    "steps": run.trial.train.steps,
                    "gpu_hours": run.gpu_hours,
                    "width_now": before,
                    "width_after": run.width,
                }
                for run, before in zip(self.runs, widths)
            ]
        )

    def as_json(self) -> dict:
        return {
            "study": self.study,
            "source": self.source,
            "target": str(self.target),
            "fid": self.fid,
            "interval": list(self.interval),
            "log_width": self.width,
            "expected_interval": list(self.expected),
            "budget_gpu_hours": self.budget,
            "gpu_hours": self.gpu_hours,
            "mfu": self.mfu,
            "weights": self.weights,
            "reach": self.reach,
            "diverged": list(self.diverged),
            "runs": self.table().to_dicts(),
        }

    def lines(self) -> str:
        """For a terminal."""
        rows = [
            f"{self.target}: FID {number(self.fid)}, 95 % {_ends(self.interval)} now, a factor of "
            f"{number(np.exp(self.width))}",
            *filter(None, [far(self.reach, "the training compute measured")]),
            "",
            f"{'run':26}{'steps':>22}{'GPU-hours':>12}   interval's high / low after",
        ]
        for run in self.runs:
            steps = (
                f"{run.from_step:,} to {run.trial.train.steps:,}"
                if run.from_step
                else f"{run.trial.train.steps:,}"
            )
            rows.append(
                f"{run.trial.model.name:26}{steps:>22}{number(run.gpu_hours):>12}   "
                f"{number(np.exp(run.width))}"
            )
        if self.diverged:
            rows += ["", f"Left out, for that training diverged: {', '.join(self.diverged)}"]
        return "\n".join(
            [
                *rows,
                "",
                f"{number(self.gpu_hours)} of {number(self.budget)} GPU-hours (training and "
                "sampling "
                f"on an H100 at {self.mfu:.0%} MFU); expected interval {_ends(self.expected)}",
            ]
        )


def _ends(ends: tuple[float, float]) -> str:
    return f"[{number(ends[0])}, {number(ends[1])}]"
