"""How are a flow's times moved towards noise where images have many numbers? SD3's shift.

The more numbers an image has, the more noise it takes to hide it. Sources: SD3, arXiv 2403.03206,
eq. 23, with the square root of the ratio of dimensions; RAE, 2510.11690, from a dimension of 4096.
"""

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

    from scaling.study.network import Network

    Time = TypeVar("Time", float, Tensor)

BASE = 4096  # numbers of an image at which nothing is shifted: 32x32 latents of 4 channels


def shifted(t: "Time", shift: float) -> "Time":
    """Time ``t``, 0 (image) to 1 (noise), moved: the odds of noise grow by the factor ``shift``."""
    return t if shift == 1 else shift * t / (1 + (shift - 1) * t)


def dimension_shift(m: "Network", base: int = BASE) -> float:
    """sqrt(numbers of an image or latent / ``base``), for ``diffusion.time_shift`` and
    ``evaluate.protocol.time_shift`` of a study.
    """
    return math.sqrt(math.prod(m.input_shape) / base)
