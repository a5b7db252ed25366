"""Which random numbers does a network draw, as its dropout does? Those of a key, whatever ran
before.
"""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def drawing(generator: torch.Generator, device: torch.device | str = "cpu") -> Iterator[None]:
    """Torch's own draws on the CPU and on ``device`` follow ``generator`` alone, and leave those
    after as they would have been.
    """
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(generator.initial_seed() % 2**63))
        yield
