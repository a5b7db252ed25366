"""How long does work take, beside other work? Interleaved repetitions in one process, medians, one
torch thread.
"""

import statistics
import time
from collections.abc import Callable, Mapping


def medians(
    work: Mapping[str, Callable[[], object]], repetitions: int, warmup: int = 2
) -> dict[str, float]:
    """Median seconds of each piece of work; every round runs each piece once, so that drift falls
    on all alike.

    Seconds are those the process was on a core: with one thread that is wall time without the time
    other programs took.
    """
    for _ in range(warmup):
        for piece in work.values():
            piece()
    seconds = {name: [] for name in work}
    for _ in range(repetitions):
        for name, piece in work.items():
            start = time.process_time()
            piece()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of cells as aligned lines, the first the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths))
        )
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])
