"""What do the intervals of a comparison hold, where the rungs of two recipes lie off their laws?"""

import math
from collections.abc import Callable

import numpy as np
import polars as pl

from analysis.answers.compare import compare_frames

POWER, NOISE, EFFECT, GAIN = -0.3, 0.05, 0.06, math.log(1.5)  # of log FID; the true multiplier
FLOPS = np.geomspace(1e9, 1e12, 4)


def recipe(
    rng,
    log_gain: Callable[[float], float],
    noise: float = NOISE,
    seeds: int = 3,
    flops: np.ndarray = FLOPS,
) -> pl.DataFrame:
    """Trials of a recipe with FID = 1e5 (FLOPs e^gain)^POWER at each of ``flops``, the gain a
    function of them: A has a gain of 0, B's FLOPs count e^gain times.
    """
    return pl.DataFrame(
        [
            {
                "trial_id": f"t{i}-{seed}",
                "model": f"m{i}",
                "cell": f"c{i}",
                "family": "dit",
                "rung": f"s{i}",
                "series": "patch 2",
                "params_m": float(i + 1),
                "forward_gmacs": float(i + 1),
                "seed": seed,
                "lr": 1e-3,
                "state": "completed",
                "protocol": "p",
                "train_flops": c,
                "fid": 1e5
                * math.exp(POWER * (math.log(c) + log_gain(c)) + noise * rng.standard_normal()),
            }
            for i, c in enumerate(flops)
            for seed in range(seeds)
        ]
    )


def study(
    rng, log_gain: float, effect: float, rungs: int = 4, noise: float = NOISE
) -> pl.DataFrame:
    """``recipe`` whose rungs each have an own deviation of log FID, of ``effect``."""
    flops = np.geomspace(FLOPS[0], FLOPS[-1], rungs)
    own = dict(zip(flops, effect * rng.standard_normal(rungs)))
    return recipe(rng, lambda c: log_gain + own[c] / POWER, noise, flops=flops)


def held(where: str, trials: int, seed: int, _: int = 0) -> tuple[bool, bool, bool]:
    """Of recipes with rung effects ``where`` ("", "A", "B", "AB") and ``trials`` trials each,
    three seeds a rung: whether the mean for the recipes held the true multiplier, their trend
    zero, and whether no crossover was claimed, for there is none.
    """
    rng = np.random.default_rng([seed, trials])
    a, b = (
        study(rng, gain, EFFECT * (name in where), trials // 3)
        for name, gain in (("A", 0.0), ("B", GAIN))
    )
    (found,) = compare_frames(a, b)
    (low, high), (least, most) = found.mean.interval(), found.trend.interval()
    return low <= GAIN <= high, least <= 0 <= most, found.crossover is None
