"""How long do training and measuring take on a device? A floor for each, and a rate."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from scaling.study.specs.identity import Spec

# Utilisations between which the default lies: of small and large DiTs, compiled or not.
LEAST_MFU, MFU, MOST_MFU = 0.25, 0.40, 0.55
MOST = 1e100  # of any of a device's figures
CALIBRATED_WITHIN = 0.2  # of the truth, as a total


class Speed(Spec):
    """Seconds on one device: a step of training costs a launch and its FLOPs, and so does an
    evaluation.
    """

    step_s: float = Field(0.0, ge=0, le=MOST)
    train_flops_per_s: float = Field(gt=0, le=MOST)
    evaluation_s: float = Field(0.0, ge=0, le=MOST)
    sampling_flops_per_s: float = Field(gt=0, le=MOST)

    def training_s(self, steps: int, flops: float) -> float:
        return steps * self.step_s + flops / self.train_flops_per_s

    def measuring_s(self, evaluations: int, flops: float) -> float:
        """Of ``evaluations`` that take ``flops`` together."""
        return evaluations * self.evaluation_s + flops / self.sampling_flops_per_s

    @classmethod
    def of(
        cls,
        trainings: Sequence[tuple[int, float, float]],
        evaluations: Sequence[tuple[float, float]],
    ) -> "Speed":
        """As nearly as the trainings (steps, FLOPs, seconds) and evaluations (FLOPs, seconds) tell.

        Least squares of the relative errors, neither floor nor rate below zero. ValueError without
        a training that took time.
        """
        trained = [t for t in trainings if t[1] > 0 and t[2] > 0]
        if not trained:
            raise ValueError("no training to tell a speed from")
        step_s, train_rate = _floor_and_rate(trained)
        measured = [(1, f, t) for f, t in evaluations if t > 0]
        if not measured:
            return cls(step_s=step_s, train_flops_per_s=train_rate, sampling_flops_per_s=train_rate)
        evaluation_s, sampling_rate = _floor_and_rate(measured)
        return cls(
            step_s=step_s,
            train_flops_per_s=train_rate,
            evaluation_s=evaluation_s,
            sampling_flops_per_s=sampling_rate,
        )


NO_TIME = 1e30  # FLOPs per second, of work that shows no dependence on its FLOPs


def _floor_and_rate(rows: Sequence[tuple[int, float, float]]) -> tuple[float, float]:
    """Seconds of each count and FLOPs per second, from rows of count, FLOPs and seconds."""
    from scipy.optimize import nnls  # takes as long to import as the rest of a command

    counts, flops, seconds = np.array(rows, float).T
    scale = flops.max() or 1.0
    design = np.stack([counts / seconds, flops / scale / seconds], axis=1)
    (floor, per_scale), _ = nnls(design, np.ones(len(rows)))
    return float(floor), float(scale / per_scale) if per_scale > 0 else NO_TIME
