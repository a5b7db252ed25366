"""Which random stream moves a FID, and by how much? The spread of log FID, one stream at a time.

Trials that are alike but for the seed of one stream tell what that stream alone does; alike but for
all three of training, what training again does. A spread is pooled over the groups of such trials,
each with its own mean. Its 95 % interval is chi-squared's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.fits.linear import LEVEL, Bounds
from analysis.text import number
from scaling.study.planning.plan import PlannedTrial
from scaling.study.specs.identity import identity

Seeds = tuple[int, int, int, int]  # of init, order, noise, sampling
NAMES = ("init", "order", "noise", "sampling")
TRAINING = (0, 1, 2)  # places of the streams of training among NAMES


@dataclass(frozen=True)
class StreamNoise:
    """What one source of luck does to a FID: a standard deviation of its logarithm, a share."""

    source: str
    spread: float
    interval: Bounds
    dof: int

    def __str__(self) -> str:
        low, high = (number(100 * bound, 2) for bound in self.interval)
        return (
            f"{self.source} {number(100 * self.spread, 2)} % [{low}, {high}], "
            f"{self.dof} degrees of freedom"
        )


# source -> the places of NAMES whose seeds vary together
SOURCES: dict[str, tuple[int, ...]] = {
    "initialisation": (0,),
    "data order": (1,),
    "noise of the loss": (2,),
    "sampling": (3,),
    "training again": TRAINING,
}


def noise_floor(trials: Sequence[PlannedTrial], fids: dict[str, float]) -> list[StreamNoise]:
    """What each source does that ``trials`` vary, by their ``fids`` (trial_id to a FID above 0).

    ValueError where they vary none apart.
    """
    found = [noise for source in SOURCES if (noise := _noise(source, trials, fids)) is not None]
    if not found:
        raise ValueError(
            "no two measured trials differ in the seed of one stream alone; vary train.seeds.init, "
            "train.seeds.order, train.seeds.noise or evaluate.protocol.sampling_seed"
        )
    return found


def noise_of_source(
    source: str, trials: Sequence[PlannedTrial], fids: dict[str, float]
) -> StreamNoise:
    """What ``source`` alone does. ValueError for an unknown one, or one that no trials vary."""
    if source not in SOURCES:
        raise ValueError(f"no source of luck {source!r}; there are {', '.join(SOURCES)}")
    found = _noise(source, trials, fids)
    if found is None:
        raise ValueError(
            f"{source} is not varied alone by these trials; set {_setting(source)} to several seeds"
        )
    return found


def _setting(source: str) -> str:
    if source == "training again":
        return "train.seed"
    if source == "sampling":
        return "evaluate.protocol.sampling_seed"
    return f"train.seeds.{NAMES[SOURCES[source][0]]}"


def _noise(
    source: str, trials: Sequence[PlannedTrial], fids: dict[str, float]
) -> StreamNoise | None:
    varied = SOURCES[source]
    groups: dict[tuple, dict[tuple, float]] = {}
    for trial in trials:
        if trial.trial_id in fids:
            seeds = seeds_of(trial)
            fixed = tuple(seed for place, seed in enumerate(seeds) if place not in varied)
            own = tuple(seeds[place] for place in varied)
            groups.setdefault((alike(trial), fixed), {})[own] = math.log(fids[trial.trial_id])
    rows = [_apart(group) for group in groups.values()]
    dof = sum(len(row) - 1 for row in rows)
    if dof < 1:
        return None
    squares = sum(float(np.square(row - row.mean()).sum()) for row in rows)
    tails = stats.chi2.ppf([(1 + LEVEL) / 2, (1 - LEVEL) / 2], dof)
    low, high = (math.sqrt(squares / tail) for tail in tails)
    return StreamNoise(source, math.sqrt(squares / dof), (low, high), dof)


def _apart(group: dict[tuple, float]) -> np.ndarray:
    """The values of a group that share no seed: a training with another seed of each stream."""
    kept: list[tuple] = []
    for own in sorted(group):
        if all(a != b for other in kept for a, b in zip(own, other)):
            kept.append(own)
    return np.array([group[own] for own in kept])


def seeds_of(trial: PlannedTrial) -> Seeds:
    """The seeds that the four streams of ``trial`` follow."""
    train = trial.spec.train
    return (
        train.seed_of("init"),
        train.seed_of("order"),
        train.seed_of("noise"),
        trial.spec.evaluate.protocol.sampling_seed,
    )


def alike(trial: PlannedTrial) -> str:
    """The identity of everything about ``trial`` but its seeds."""
    seeds = {"train": {"seed", "seeds"}, "evaluate": {"protocol": {"sampling_seed"}}}
    return identity(trial.spec.model_dump(mode="json", exclude=seeds))
