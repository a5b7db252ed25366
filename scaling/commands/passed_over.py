"""Which damaged files did an answer go on without? Whoever reads the answer, or why there is none,
is told.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from scaling.records.state.file import UNREADABLE


@contextlib.contextmanager
def telling(*folders: Path) -> Iterator[None]:
    """Name the files of the studies in ``folders`` that could not be read: once the answer is
    printed, a line for each on stderr, or else in the one line of a refusal. Trials that need them
    are in no law and no table.
    """
    try:
        yield
    except ValueError as error:
        try:
            lines = _passed_over(folders)
        except ValueError:  # the plan itself is damaged, as the error says
            raise error from None
        if not lines:
            raise
        raise ValueError("; ".join([str(error), *lines])) from None
    for line in _passed_over(folders):
        print(line, file=sys.stderr)


def _passed_over(folders: tuple[Path, ...]) -> list[str]:
    import polars as pl

    from analysis.frames import trials_frame

    lines = []
    for folder in dict.fromkeys(folders):
        trials = trials_frame(folder).filter(pl.col("state") == UNREADABLE)
        reasons = trials["why"].drop_nulls().unique(maintain_order=True)
        lines += [f"{folder}: passed over {why}" for why in reasons]
    return lines
