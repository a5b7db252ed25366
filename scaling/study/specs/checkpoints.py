"""After which steps is a checkpoint written?"""

from collections.abc import Iterable


def next_stop(at: int, end: int, every: int, keep: Iterable[int]) -> int:
    """The first step after ``at`` that has a checkpoint: each multiple of ``every``, those of
    ``keep``, and ``end``.
    """
    return min(step for step in {end, (at // every + 1) * every, *keep} if step > at)
