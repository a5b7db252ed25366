"""What may another hand do to a file of ours? Mutations of its bytes, by name, and the files of a
study to which they are done.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DEEP = 6000  # more than a parser nests
WRONG: dict[str, Any] = {  # in place of a value of any field
    "null": None,
    "a word": "nonsense",
    "a number": 7,
    "a fraction": 0.5,
    "true": True,
    "a list": [1, "two"],
    "an object": {"a": 1},
    "negative": -3,
    "huge": 10**400,
    "empty": "",
}
WHOLE: dict[str, bytes] = {  # in place of the file's content
    "a list": b"[]",
    "an object": b"{}",
    "null": b"null",
    "a number": b"3",
    "a word": b'"word"',
    "empty": b"",
    "blank": b" \n",
    "binary": bytes(range(256)) * 4,
    "zeros": bytes(300),
    "no JSON": b"<<<<<<< ours\n",
    "deep list": b"[" * DEEP,
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "two": b"{}{}",
    "NaN": b"NaN",
}


def of_bytes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Mutations that ask nothing of the content."""
    yield from WHOLE.items()
    yield "half", data[: len(data) // 2]
    yield "without its end", data[:-3]
    yield "BOM", b"\xef\xbb\xbf" + data
    yield "UTF-16", data.decode("utf-8", "replace").encode("utf-16")
    yield "a byte changed", data[: len(data) // 3] + b"\xff" + data[len(data) // 3 + 1 :]
    yield "doubled", data + data


def of_fields(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A JSON file with each of its fields away, of another type, deep, NaN; with a field more; with
    versions that are newer or words.
    """
    content = json.loads(data)
    if isinstance(content, dict):
        for version in ("two", 99, -1, 1.5, None, True, [1]):
            yield f"version {version}", _dumped(content | {"schema_version": version})
        yield "unknown field", _dumped(content | {"colour": "red"})
    for place in sorted(_places(content), key=str):
        name = ".".join(map(str, place))
        yield f"{name} away", _dumped(_with(content, place, None, away=True))
        for what, value in WRONG.items():
            yield f"{name}: {what}", _dumped(_with(content, place, value))
        marked = _dumped(_with(content, place, "@@"))
        yield f"{name}: NaN", marked.replace(b'"@@"', b"NaN")
        yield f"{name}: 1e999", marked.replace(b'"@@"', b"1e999")
        yield f"{name}: deep", marked.replace(b'"@@"', b"[" * DEEP + b"]" * DEEP)


def of_lines(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file of JSON lines with its second one mutated, lines cut, lost or stray."""
    lines = data.splitlines(keepends=True)
    for name, line in of_fields(lines[1]):
        yield f"line: {name}", b"".join([lines[0], line + b"\n", *lines[2:]])
    yield "a line lost", b"".join([lines[0], *lines[2:]])
    yield "half its lines", b"".join(lines[: len(lines) // 2])
    yield "a stray line", data + b"Traceback (most recent call last):\n"


OF: dict[str, Callable[[bytes], Iterator[tuple[str, bytes]]]] = {
    ".json": of_fields,
    ".jsonl": of_lines,
}


def mutations(path: Path, most: int | None = None, seed: int = 0) -> list[tuple[str, bytes | None]]:
    """Mutations of the file ``path`` by name, a random choice of ``most`` of them; None is for a
    folder in its place.
    """
    data = path.read_bytes()
    every = [*of_bytes(data), *OF.get(path.suffix, lambda data: iter(()))(data), ("folder", None)]
    if most is None or len(every) <= most:
        return every
    return random.Random(f"{seed} {path.name}").sample(every, most)


def mutate(path: Path, content: bytes | None) -> None:
    """Put ``content`` in the place of the file ``path``, or a folder."""
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)


def restored(pristine: Path, to: Path) -> None:
    """Make ``to`` a copy of ``pristine`` again."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(pristine, to)


def _places(content: Any, depth: int = 3) -> Iterator[tuple]:
    """The places of the fields of a tree, of a list the first item's alone."""
    if depth == 0:
        return
    items: Any = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list) and content:
        items = [(0, content[0])]
    for key, value in items:
        yield (key,)
        for place in _places(value, depth - 1):
            yield (key, *place)


def _with(content: Any, place: tuple, value: Any, away: bool = False) -> Any:
    copy = json.loads(json.dumps(content))
    at = copy
    for key in place[:-1]:
        at = at[key]
    if away:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return copy


def _dumped(content: Any) -> bytes:
    # The digits of a very large number are not written out by default.
    import sys

    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(content).encode()
    finally:
        sys.set_int_max_str_digits(4300)
