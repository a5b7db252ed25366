"""How long does work of so many FLOPs take on this machine, judged by what took how long before?

Seconds are (floor + FLOPs) / rate, times what is a family's and a network's own, times a drift of
the machine: a Gaussian process over log seconds. A U-Net may take three times as long for a FLOP as
a transformer beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Kind = tuple[str, str]  # a family and one of its networks
SecondsOf = Callable[[float, Kind], float]  # of work of so many FLOPs, by a network of that kind

# Standard deviations of log seconds. The floor is known within a factor of e.
FLOOR_WITHIN = 1.0
FAMILY, NETWORK, DRIFT, NOISE = 0.5, 0.15, 0.2, 0.3
DRIFT_LENGTH = 6.0  # trainings, over which the machine gets slower and faster
MOST = 300  # the latest pieces of work that are heeded


@dataclass(frozen=True)
class Work:
    """What one training's steps, or its evaluations, took."""

    flops: float
    seconds: float
    kind: Kind
    began: int  # its training's place in the order in which they began


def seconds_of(done: Sequence[Work], now: int, floor_flops: float) -> SecondsOf:
    """Seconds of work that begins at place ``now``, as ``done`` foretells them.

    ``floor_flops`` is what a piece of work is supposed to cost besides its FLOPs, in FLOPs that
    take as long; the likeliest floor within a factor of about e of it is taken.
    """
    done = done[-MOST:]
    flops = np.array([work.flops for work in done])
    log_s = np.log([work.seconds for work in done])
    began = np.array([work.began for work in done], float)
    families = np.array([work.kind[0] for work in done])
    networks = np.array([work.kind[1] for work in done])

    def alike(kind: Kind, at: float) -> np.ndarray:
        """Covariance of log seconds with each that is done."""
        family = families == kind[0]
        return (
            FAMILY**2 * family
            + NETWORK**2 * (family & (networks == kind[1]))
            + DRIFT**2 * np.exp(-np.abs(began - at) / DRIFT_LENGTH)
        )

    covariance = np.array([alike(work.kind, work.began) for work in done])
    weight = np.linalg.inv(covariance + NOISE**2 * np.eye(len(done)))
    logs = np.linspace(-3 * FLOOR_WITHIN, 3 * FLOOR_WITHIN, 121)
    floors = floor_flops * np.exp(logs)
    rest = log_s - np.log(floors[:, None] + flops)
    rest -= ((rest @ weight).sum(axis=1) / weight.sum())[:, None]
    misfits = np.einsum("fi,ij,fj->f", rest, weight, rest)
    best = int(np.argmin(misfits + (logs / FLOOR_WITHIN) ** 2))
    level = float((log_s - np.log(floors[best] + flops) - rest[best])[0])
    pulls = weight @ rest[best]
    return lambda more, kind: float(
        (floors[best] + more) * np.exp(level + alike(kind, now) @ pulls)
    )
