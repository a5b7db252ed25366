"""Finds where two answers to one question differ: in trees, tables, pages and pictures, with a
tolerance for numbers.
"""

import base64
import csv
import io
import math
import re
from collections.abc import Iterator

REL = 1e-9
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_PICTURE = re.compile(r'src="data:image/svg\+xml;base64,([^"]*)" alt="([^"]*)"')
# of clip paths and marks: of their coordinates' last digits too
_HASHED = re.compile(r'(id="|url\(#|href="#)[^")]+')

Difference = tuple[str, object, object]  # where, one value, the other


def in_trees(first, second, where: str = "", rel: float = REL) -> Iterator[Difference]:
    """Differences of JSON values: numbers beyond ``rel`` (relative), texts but for their numbers,
    keys, lengths.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            place = f"{where}.{key}" if where else str(key)
            if key not in first or key not in second:
                yield (
                    place,
                    "there" if key in first else "absent",
                    "there" if key in second else "absent",
                )
            else:
                yield from in_trees(first[key], second[key], place, rel)
    elif isinstance(first, list) and isinstance(second, list):
        if len(first) != len(second):
            yield f"{where}: length", len(first), len(second)
        for i, (a, b) in enumerate(zip(first, second)):
            yield from in_trees(a, b, f"{where}[{i}]", rel)
    elif isinstance(first, str) and isinstance(second, str):
        if not same_text(first, second, rel):
            yield where, first, second
    elif _is_number(first) and _is_number(second):
        if not math.isclose(first, second, rel_tol=rel, abs_tol=1e-12):
            yield where, first, second
    elif first != second or type(first) is not type(second):
        yield where, first, second


def in_tables(first: str, second: str) -> Iterator[Difference]:
    """Differences of CSV tables, by line and column. ValueError for a text that is no table of
    trials.
    """
    yield from in_trees(_rows(first), _rows(second))


def in_pages(first: str, second: str) -> Iterator[Difference]:
    """Differences of the text of HTML pages, their pictures apart, each under its heading."""
    a, b = (_PICTURE.sub(r'alt="\2"', page).splitlines() for page in (first, second))
    if len(a) != len(b):
        yield "lines of the page", len(a), len(b)
    heading = "top"
    for left, right in zip(a, b):
        if match := re.search(r"<h[123]>(.*?)</h[123]>", right):
            heading = match[1]
        if not same_text(left, right, REL):
            yield heading, _plain(left), _plain(right)


def pictures_of(page: str) -> dict[str, str]:
    """The SVG pictures in a page by their caption."""
    return {caption: base64.b64decode(data).decode() for data, caption in _PICTURE.findall(page)}


def same_picture(first: str, second: str) -> bool:
    """Two SVG drawings, coordinates to a hundredth of a point."""
    return same_text(_HASHED.sub(r"\1", first), _HASHED.sub(r"\1", second), rel=0, absolute=0.01)


def same_text(first: str, second: str, rel: float, absolute: float = 0.0) -> bool:
    """Whether two texts are one but for their numbers, and these within the tolerances."""
    if first == second:
        return True
    a, b = _NUMBER.split(first), _NUMBER.split(second)
    return (
        len(a) == len(b)
        and a[::2] == b[::2]
        and all(
            x == y or math.isclose(float(x), float(y), rel_tol=rel, abs_tol=absolute)
            for x, y in zip(a[1::2], b[1::2])
        )
    )


def _rows(table: str) -> dict:
    """Cells by line, called by its trial, and column. ValueError for what is no such table."""
    try:
        head, *rows = [*csv.reader(io.StringIO(table))] or [[]]
    except csv.Error as error:
        raise ValueError(f"it is no CSV: {error}") from None
    if "trial_id" not in head:
        raise ValueError("it has no column trial_id")
    for i, row in enumerate(rows, 2):
        if len(row) != len(head):
            raise ValueError(f"line {i} has {len(row)} cells, the first line {len(head)}")
    return {
        "columns": head,
        **{
            f"line {i} ({row[head.index('trial_id')]})": dict(zip(head, row))
            for i, row in enumerate(rows, 2)
        },
    }


def _plain(line: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", line)).strip()


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
