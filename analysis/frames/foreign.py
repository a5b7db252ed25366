"""How is anyone's CSV read? Whatever program wrote it: its encoding, separator and numbers.

What cannot be read without a guess is refused with its line and column.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from analysis.frames.foreign_cells import Marks, is_number, series_of
from analysis.frames.foreign_names import known_columns
from scaling.records.files import read_bytes

SEPARATORS = (",", ";", "\t", "|")
MINUS = re.compile("^\u2212(?=[\\d.])")  # the sign that typesetters have
SAID = re.compile(r"sep=([,;\t|])", re.IGNORECASE)  # the first line that Excel reads so
MOST_BYTES = 2**28
# First bytes of what is no text -> what it is
NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x1f\x8b": "compressed by gzip; unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it first",
    b"PAR1": "a Parquet file; write it as CSV",
    b"ARROW1": "an Arrow file; write it as CSV",
    b"\x93NUMPY": "a numpy array; write it as CSV",
    b"\x89PNG": "a picture; write its numbers as CSV",
    b"\x89HDF": "an HDF5 file; write its table as CSV",
    **{b"\x80%c" % n: "a pickle, which could run code; write it as CSV" for n in range(2, 6)},
    b"SQLite format": "an SQLite database; write its table as CSV",
}
# The same of text, after blank space
OTHER_TEXT = {
    "{": "JSON; write it as CSV, a line of names and a row a run",
    "[": "JSON; write it as CSV, a line of names and a row a run",
    "<": "HTML or XML; write its table as CSV",
}
BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def read_table(path: Path | str) -> pl.DataFrame:
    """The table in ``path``: numbers where a whole column is numbers, text elsewhere.

    Lines that are empty or begin with ``#`` are passed over. A column of ``KNOWN`` in another
    spelling (``State``) is there under ours too, and states are told in our words. ValueError names
    the file, and the line and column of what cannot be read.
    """
    path = Path(path)
    rows, comments, separator = _rows(path, _text(path))
    if not rows:
        raise ValueError(
            f"{path} is no CSV table: it is empty; a table has a line of names and a row a run"
        )
    (at, header), *body = _with_header(rows, comments)
    names = _names(path, at, header, body)
    for line, row in body:
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(row)} cells, and the line of names has {len(header)}; "
                "a cell that holds a separator must be in quotes"
            )
    columns: dict[str, pl.Series] = {}
    body = [(line, [MINUS.sub("-", cell.strip()) for cell in row]) for line, row in body]
    marks = Marks.of((cell for _, row in body for cell in row), separator)
    for place, name in enumerate(names):
        if name is not None:
            cells = [row[place] for _, row in body]
            where = {cell: line for cell, (line, _) in zip(reversed(cells), reversed(body))}
            columns[name] = series_of(cells, marks, f"{path}, column {name!r}", where)
    columns |= known_columns(path, columns)
    return pl.DataFrame(columns)


def _text(path: Path) -> str:
    if path.is_dir():
        raise ValueError(f"{path} is a folder, no table")
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES:,} bytes; keep the columns needed")
    data = read_bytes(path)
    for start, what in NO_TEXT.items():
        if data.startswith(start):
            raise ValueError(f"{path} is no CSV table: it is {what}")
    encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as older spreadsheets write; any byte is a character
    other = next((w for start, w in OTHER_TEXT.items() if text.lstrip().startswith(start)), None)
    if other:
        raise ValueError(f"{path} is no CSV table: it is {other}")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"{path} is no CSV table: line {line} holds a zero byte")
    return text


def _rows(path: Path, text: str) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]], str]:
    """The rows of cells with their lines, the comments before the first, and the separator."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    begin = next((i for i, line in enumerate(lines) if line.strip() and not _comment(line)), 0)
    comments = [
        (i, line.lstrip()[1:].strip()) for i, line in enumerate(lines[:begin], 1) if _comment(line)
    ]
    if said := SAID.fullmatch(lines[begin].strip()):
        lines[begin], separator = "", said[1]
    elif _by_space(filled := [line for line in lines if line.strip() and not _comment(line)]):
        rows = [(i, line.split()) for i, line in enumerate(lines, 1) if line in filled]
        return rows, comments, " "
    else:
        separator = _separator(lines[begin])
    rows, begun = [], 1

    def uncommented() -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            # A line that goes on with a quoted cell is no comment, whatever it begins with.
            yield "" if number == begun and _comment(line) else f"{line}\n"

    reader = csv.reader(uncommented(), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not _is_rule(row):
                rows.append((begun, row))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {begun}: {error}; is a quote not closed?") from None
    return rows, comments, separator


def _comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _by_space(lines: list[str]) -> bool:
    """Whether blank space separates the cells, as numpy's savetxt writes: no other mark does, and
    each line has as many words.
    """
    words = {len(line.split()) for line in lines}
    marked = any(mark in line for line in lines for mark in (*SEPARATORS, '"'))
    return not marked and len(words) == 1 and max(words) > 1


def _is_rule(row: list[str]) -> bool:
    """Whether it is the line below the names in a table of Markdown."""
    return all(re.fullmatch(r":?-+:?", cell.strip()) for cell in row if cell.strip())


def _separator(line: str) -> str:
    outside = re.sub(r'"[^"]*"', "", line)
    return max(SEPARATORS, key=lambda s: (outside.count(s), -SEPARATORS.index(s)))


def _with_header(
    rows: list[tuple[int, list[str]]], comments: list[tuple[int, str]]
) -> list[tuple[int, list[str]]]:
    """The rows with a line of names first; it may be a comment, as numpy writes it."""
    first = rows[0][1]
    if comments and all(is_number(cell.strip()) for cell in first):
        at, text = comments[-1]
        marked = any(mark in text for mark in SEPARATORS)
        names = next(csv.reader([text], delimiter=_separator(text), skipinitialspace=True), [])
        names = names if marked else text.split()
        if len(names) == len(first):
            return [(at, names), *rows]
    return rows


def _names(
    path: Path, line: int, header: list[str], body: list[tuple[int, list[str]]]
) -> list[str | None]:
    """The columns' names; None for one without name and cells."""
    names: list[str | None] = []
    for place, cell in enumerate(header):
        name = " ".join(cell.split())
        filled = any(len(row) > place and row[place].strip() for _, row in body)
        names.append(name or (f"column {place + 1}" if filled else None))
    if all(is_number(name or "") for name in names):
        raise ValueError(
            f"{path}, line {line}: there is no line of names above the numbers; add one, such as "
            "n,d,loss"
        )
    for name, times in Counter(names).items():
        if name is not None and times > 1:
            places = [str(i + 1) for i, other in enumerate(names) if other == name]
            raise ValueError(
                f"{path}, line {line}: columns {' and '.join(places)} are both called {name!r}; "
                "rename or remove one"
            )
    return names
