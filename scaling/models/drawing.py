"""Which random numbers does a network draw, as its dropout does? Those of a key, whatever ran
before.
"""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def drawing(generator: torch.Generator, device: torch.device | str = "cpu") -> Iterator[None]:
    """What torch draws on the CPU and on ``device``, NumPy and Python, without a generator of its
    own, follows ``generator`` alone, and leaves later draws as they would have been.
    """
    seed = int(generator.initial_seed() % 2**63)
    # torch.manual_seed is not used: for a GPU that nobody asked for yet it keeps a traceback.
    usual = [torch.default_generator, *_of_gpu(torch.device(device))]
    states = [each.get_state() for each in usual]
    python, numpy = random.getstate(), np.random.get_state()
    try:
        for each in usual:
            each.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        yield
    finally:
        for each, state in zip(usual, states):
            each.set_state(state)
        random.setstate(python)
        np.random.set_state(numpy)


def _of_gpu(device: torch.device) -> list[torch.Generator]:
    if device.type != "cuda":
        return []
    torch.cuda.init()
    index = torch.cuda.current_device() if device.index is None else device.index
    return [torch.cuda.default_generators[index]]
