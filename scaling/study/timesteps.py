"""When does a sampler evaluate the network? The time grids of all samplers, without torch."""

import itertools
from collections.abc import Callable

import numpy as np

from scaling.study.named import named
from scaling.study.specs.protocol import FLOW_SAMPLERS, Protocol
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.time_shift import shifted


def spaced_timesteps(total: int, count: int) -> list[int]:
    """``count`` of ``total`` timesteps, evenly spaced (improved DDPM's respacing).

    ValueError unless 1 <= count <= total.
    """
    if not 1 <= count <= total:
        raise ValueError(
            f"{count} sampling steps asked of a process with {total}; choose 1 to {total}"
        )
    if count == 1:
        return [0]
    stride = (total - 1) / (count - 1)
    # Summed, not multiplied: the published timesteps have this rounding.
    position, kept = 0.0, []
    for _ in range(count):
        kept.append(round(position))
        position += stride
    return kept


def ddim_timesteps(total: int, count: int) -> list[int]:
    """``count`` timesteps at an integer stride from 0 (DDIM, arXiv 2010.02502, as ADM's "ddimN").

    If no integer stride gives ``count``, they are spaced as for DDPM. ValueError if ``count``
    exceeds ``total``.
    """
    for stride in range(1, total + 1):
        if len(range(0, total, stride)) == count:
            return list(range(0, total, stride))
    return spaced_timesteps(total, count)


def solver_timesteps(diffusion: DiffusionSpec, count: int) -> list[int]:
    """``count`` timesteps from first to last, evenly spaced in log-SNR as for DPM-Solver.

    Source: arXiv 2206.00927. Near the image there are fewer timesteps than this spacing asks for,
    so each is used once and the next free one follows. ValueError if ``count`` exceeds the
    schedule.
    """
    spaced_timesteps(diffusion.timesteps, count)  # for its check of ``count``
    alpha_bar = np.cumprod(1.0 - diffusion.betas())
    log_sigma = 0.5 * np.log((1.0 - alpha_bar) / alpha_bar)
    nearest = np.abs(log_sigma - np.linspace(log_sigma[-1], log_sigma[0], count)[:, None]).argmin(
        1
    )[::-1]
    kept: list[int] = []
    for k, timestep in enumerate(nearest.tolist()):
        free = kept[-1] + 1 if kept else 0
        kept.append(min(max(timestep, free), diffusion.timesteps - count + k))
    return kept


def kept_timesteps(diffusion: DiffusionSpec, protocol: Protocol) -> list[int]:
    """The discrete timesteps that a protocol's sampler visits, ascending.

    ValueError for more steps than the schedule has.
    """
    spaced = named(SPACINGS, protocol.sampler, "sampler of a diffusion")
    return spaced(diffusion, protocol.sampling_steps)


# sampler of a diffusion -> the timesteps at which it evaluates the network
SPACINGS: dict[str, Callable[[DiffusionSpec, int], list[int]]] = {
    "ddpm": lambda diffusion, count: spaced_timesteps(diffusion.timesteps, count),
    "ddim": lambda diffusion, count: ddim_timesteps(diffusion.timesteps, count),
    "dpm++": solver_timesteps,
}


def flow_times(protocol: Protocol) -> list[float]:
    """The ``sampling_steps`` + 1 times, from 1 (noise) to 0, between which a flow sampler steps.

    The steps are equal before ``time_shift``, except that the SDE's last one is ``sde_last_size``
    long (SiT, arXiv 2401.08740, appendix). The SDE therefore needs at least 2 steps; ValueError for
    fewer.
    """
    count = protocol.sampling_steps
    if protocol.sampler != "sde":
        return [shifted(1 - k / count, protocol.time_shift) for k in range(count + 1)]
    if count < 2:
        raise ValueError(
            f"the sampler 'sde' needs 2 steps or more, the last one to the image; got {count}"
        )
    last = protocol.sde_last_size
    return [1 - (1 - last) * k / (count - 1) for k in range(count)] + [0.0]


def evaluated_at(diffusion: DiffusionSpec, protocol: Protocol) -> list[float]:
    """The times of all network evaluations of one image: 0 is the image, 1 pure noise."""
    if protocol.sampler in FLOW_SAMPLERS:
        times = flow_times(protocol)
        if protocol.sampler == "heun":
            asked = [t for pair in itertools.pairwise(times) for t in pair]
            return asked[: protocol.forwards]  # a last step of Euler's does not look ahead
        return times[:-1]
    return [t / diffusion.timesteps for t in reversed(kept_timesteps(diffusion, protocol))]


def guided_at(fraction: float, scale: float, interval: tuple[float, float] | None) -> bool:
    """Whether the prediction at ``fraction`` of the schedule is guided, both ends included."""
    low, high = interval or (0.0, 1.0)
    rounding = 1e-6  # times pass through float32 on their way to the network
    return scale != 1.0 and low - rounding <= fraction <= high + rounding
