"""Where do two answers to the same question differ? Trees, tables, pages and pictures, numbers to a
tolerance.
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


def in_trees(one, other, where: str = "", rel: float = REL) -> Iterator[Difference]:
    """Differences of JSON values: numbers beyond ``rel`` (relative), texts but for their numbers,
    keys, lengths.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            place = f"{where}.{key}" if where else str(key)
            if key not in one or key not in other:
                yield (
                    place,
                    "there" if key in one else "absent",
                    "there" if key in other else "absent",
                )
            else:
                yield from in_trees(one[key], other[key], place, rel)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{where}: length", len(one), len(other)
        for i, (a, b) in enumerate(zip(one, other)):
            yield from in_trees(a, b, f"{where}[{i}]", rel)
    elif isinstance(one, str) and isinstance(other, str):
        if not same_text(one, other, rel):
            yield where, one, other
    elif _is_number(one) and _is_number(other):
        if not math.isclose(one, other, rel_tol=rel, abs_tol=1e-12):
            yield where, one, other
    elif one != other or type(one) is not type(other):
        yield where, one, other


def in_tables(one: str, other: str) -> Iterator[Difference]:
    """Differences of CSV tables, by line and column."""
    yield from in_trees(_rows(one), _rows(other))


def in_pages(one: str, other: str) -> Iterator[Difference]:
    """Differences of the text of HTML pages, their pictures apart, each under its heading."""
    a, b = (_PICTURE.sub(r'alt="\2"', page).splitlines() for page in (one, other))
    if len(a) != len(b):
        yield "lines of the page", len(a), len(b)
    heading = "top"
    for left, right in zip(a, b):
        if found := re.search(r"<h[123]>(.*?)</h[123]>", right):
            heading = found[1]
        if not same_text(left, right, REL):
            yield heading, _plain(left), _plain(right)


def pictures_of(page: str) -> dict[str, str]:
    """The SVG pictures in a page by their caption."""
    return {caption: base64.b64decode(data).decode() for data, caption in _PICTURE.findall(page)}


def same_picture(one: str, other: str) -> bool:
    """Two SVG drawings, coordinates to a hundredth of a point."""
    return same_text(_HASHED.sub(r"\1", one), _HASHED.sub(r"\1", other), rel=0, absolute=0.01)


def same_text(one: str, other: str, rel: float, absolute: float = 0.0) -> bool:
    """Whether two texts are one but for their numbers, and these within the tolerances."""
    if one == other:
        return True
    a, b = _NUMBER.split(one), _NUMBER.split(other)
    return (
        len(a) == len(b)
        and a[::2] == b[::2]
        and all(
            x == y or math.isclose(float(x), float(y), rel_tol=rel, abs_tol=absolute)
            for x, y in zip(a[1::2], b[1::2])
        )
    )


def _rows(table: str) -> dict:
    """Cells by line, called by its trial, and column."""
    head, *rows = csv.reader(io.StringIO(table))
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
