"""Do the frames in a clip's folder follow one another? By the numbers in their names.

A clip that lacks frames is cut where they are missing, so that no piece jumps. Numbers may be apart
by any step (0, 5, 10 of a clip of which every fifth frame was kept); a larger step lacks frames.
Numbers of which less than a third of the steps are the common one, such as times, number no frames.
"""

import itertools
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scaling.data.listing.names import listed
from scaling.data.listing.walk import printable

NAMED = 3  # numbers that a message names


class Run(NamedTuple):
    """Frames that follow one another: places in the clip, from ``begin`` and before ``end``."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.begin


def runs_of(names: Sequence[str]) -> list[Run]:
    """The runs in frames of these ``names``, which are in order."""
    cuts = [gap.place for gap in _gaps(names)]
    return [Run(*ends) for ends in itertools.pairwise([0, *cuts, len(names)])]


def missing(names: Sequence[str]) -> tuple[list[int], int]:
    """The first numbers that lack between frames of these ``names``, which are in order, and how
    many lack in all.
    """
    gaps = _gaps(names)
    first = itertools.islice(itertools.chain.from_iterable(gap.numbers for gap in gaps), NAMED)
    return list(first), sum(gap.many for gap in gaps)


class _Gap(NamedTuple):
    """``place``: of the frame behind, in the clip. ``numbers``: those that lack, any many."""

    place: int
    numbers: range

    @property
    def many(self) -> int:
        return (self.numbers.stop - self.numbers.start) // self.numbers.step


def apart(names: Sequence[str]) -> int:
    """How far the numbers of frames that follow one another are apart; 1 where none is told."""
    return _steps(names)[1]


def _steps(names: Sequence[str]) -> tuple[list[int], int]:
    """The numbers of frames of these ``names``, and their common step; none where they number no
    frames.
    """
    numbers = _numbers(names)
    if numbers is None or len(numbers) < 2:
        return [], 1
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    step = math.gcd(*steps)
    return (numbers, step) if 3 * steps.count(step) >= len(steps) else ([], 1)


def _gaps(names: Sequence[str]) -> list[_Gap]:
    numbers, step = _steps(names)
    widths = [after - before for before, after in itertools.pairwise(numbers)]
    return [
        _Gap(place, range(numbers[place - 1] + step, numbers[place], step))
        for place, width in enumerate(widths, 1)
        if width > step
    ]


def check_names(folder: Path, clip: str, names: Sequence[str]) -> None:
    """ValueError for a clip with two frames of one number, or frames of several series."""
    where = printable(str(folder / clip))
    forms: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        forms.setdefault(_form(name), []).append(name)
    if len(forms) > 1 and any(len(form) > 1 for form in forms):
        first = [its[0] for its in forms.values()]
        raise ValueError(
            f"the clip {where} holds frames of {len(forms)} series, such as {listed(first, 2)}, "
            "which do not follow one another: make a folder of each, or remove what is no frame"
        )
    seen: dict[tuple[int, ...] | str, str] = {}
    for name in names:
        other = seen.setdefault(_values(name) or _stem(name), name)
        if other != name:
            raise ValueError(
                f"the clip {where} has two frames of one number, {printable(other)} and "
                f"{printable(name)}; remove one, or make a folder of each series"
            )


def _numbers(names: Sequence[str]) -> list[int] | None:
    """The one number in which the names differ; None where they differ in none, or in several, as
    dates do.
    """
    values = [_values(name) for name in names]
    if not values or not values[0] or len({*map(_form, names)}) > 1:
        return None
    differ = [column for column in zip(*values) if len(set(column)) > 1]
    return list(differ[0]) if len(differ) == 1 else None


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _form(name: str) -> tuple[str, ...]:
    """What stands around the numbers."""
    return tuple(re.split(r"\d+", _stem(name)))


def _values(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", _stem(name))))
