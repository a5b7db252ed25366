"""The frames and networks that several tests share."""

from analysis.frames import curves_frame, evaluations_frame, trials_frame
from tests.analysis.networks import GRID, Mixer

FRAMES = (trials_frame, evaluations_frame, curves_frame)


def mixer(width: int = 32, **fields) -> Mixer:
    return Mixer(**GRID, width=width, **fields)
