"""Which images make up step n? Data order and all randomness, as pure functions of (seed, step).

Nothing is drawn from a running state. One worker or eight, interrupted or not, a run sees the same
batch, noise, timesteps and dropped labels.
"""

import functools
import hashlib

import numpy as np
import torch


def stream(*key: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on ``device`` that depends on ``key`` alone, such as ("noise", seed, step).

    Equal keys draw equal numbers on devices of the same kind; a CPU and a GPU draw different ones.
    """
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little") >> 1)


@functools.lru_cache(maxsize=4)
def _epoch(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(count)


def batch_indices(count: int, batch: int, seed: int, step: int) -> torch.Tensor:
    """The images (batch,) of step ``step`` (from 0).

    Epochs are independent permutations, joined end to end.
    """
    position, parts, missing = step * batch, [], batch
    while missing:
        epoch, start = divmod(position, count)
        part = _epoch(count, seed, epoch)[start : start + missing]
        parts.append(part)
        position, missing = position + len(part), missing - len(part)
    return torch.from_numpy(np.concatenate(parts))
