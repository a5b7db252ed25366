"""Which numbers may an option be? One table for all verbs, checked before a verb begins."""

import functools
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from scaling.study.network import MOST_FRAMES, MOST_PIXELS


class Limits(NamedTuple):
    """The least and the most, both allowed."""

    least: float
    most: float


FINITE = Limits(-1e300, 1e300)  # a verb says more of it
PLACES = Limits(0, 100_000)  # GPUs of a cluster
# parameter of a verb -> what it may be; None, where a verb takes it, always may
LIMITS = {
    "at": FINITE,
    "at_quality": FINITE,
    "batch": Limits(1, 2**20),
    "budget": FINITE,
    "bootstrap": Limits(0, 100_000),
    "count": Limits(1, 10**7),
    "delta": FINITE,
    "detect": FINITE,
    "gpu_hours": FINITE,
    "frames": Limits(1, MOST_FRAMES),
    "gpus": PLACES,
    "gpus_per_trial": PLACES,
    "guidance": Limits(0, 1e6),
    "guidance_channels": Limits(1, 4096),
    "heads": Limits(1, 2**16),
    "input_size": Limits(1, MOST_PIXELS),
    "mfu": FINITE,
    "min_workers_per_trial": Limits(1, 100_000),
    "micro_batch": Limits(1, 2**20),
    "patch_t": Limits(1, MOST_FRAMES),
    "per_class": Limits(1, 100_000),
    "price_per_gpu_hour": Limits(0, 1e9),
    "resolution": Limits(1, MOST_PIXELS),
    "seed": Limits(0, 2**63 - 1),
    "shard_images": Limits(1, 10**6),
    "size": Limits(1, MOST_PIXELS),
    "steps": Limits(1, 100_000),
    "until": FINITE,
    "width": Limits(1, MOST_PIXELS),
    "workers_per_trial": Limits(1, 100_000),
}


def bounded(verb: Callable) -> Callable:
    """``verb``, which refuses numbers beyond ``LIMITS``, and a URL where it takes a path of this
    machine, before it does anything.
    """

    @functools.wraps(verb)
    def checked(*words, **options):
        for name, value in options.items():
            for one in value if isinstance(value, list) else (value,):
                if isinstance(one, int | float) and not isinstance(one, bool):
                    check_number(name, one)
                if isinstance(one, Path):
                    check_path(name, one)
        return verb(*words, **options)

    return checked


def check_number(name: str, value: float) -> None:
    """ValueError for a number that the option ``name`` cannot be."""
    least, most = LIMITS.get(name, FINITE)
    option = f"--{name.replace('_', '-')}"
    if not math.isfinite(value):
        raise ValueError(f"{option} {value} is no finite number")
    if not least <= value <= most:
        raise ValueError(f"{option} {value:g} must be {_told(least)} to {_told(most)}")


def check_path(name: str, path: Path) -> None:
    """ValueError for a URL, which a Path has with one slash. Those that a verb takes are paths of
    their copies by now.
    """
    if match := re.match(r"([a-z][a-z0-9+.-]+):/", str(path)):
        url = f"{match[1]}://{str(path)[match.end() :]}"
        option = f"--{name.replace('_', '-')}"
        raise ValueError(f"{option} {url} is a URL; only a path of this machine will do here")


def check_here() -> None:
    """ValueError where the working directory was deleted, in which relative paths mean nothing."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise ValueError("the working directory was deleted; go to another, as with cd") from None


def check_words(words: Sequence[str]) -> None:
    """ValueError for an empty word, which an unset variable of a shell leaves."""
    for place, word in enumerate(words):
        if not word:
            before = f" after {words[place - 1]}" if place else ""
            raise ValueError(f"an empty word{before}: is a variable of the shell not set?")
        if word.startswith("--") and word.find("=") == len(word) - 1:
            raise ValueError(f"{word} is given no value: is a variable of the shell not set?")


def _told(number: float) -> str:
    return f"{number:,.0f}" if number < 1e15 else f"{number:g}"
