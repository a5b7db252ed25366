"""What does a file of labels say, line by line? The name of an image, where it gives one, and its
class.

    .csv, .tsv       file_name,label in the first line, or ImageId,PredictionString, or no such line
    .txt             NAME CLASS a line, or CLASS alone, in the order of the images' names
    .sh              mv NAME CLASS/ a line, as scripts that sort ImageNet's images
    .jsonl           {"file_name": NAME, "label": CLASS} a line
    .parquet         columns file_name and label
    .json            {"labels": [[NAME, CLASS], ...]}, as EDM's, or {NAME: CLASS, ...}
    ImageNet's devkit, or its ILSVRC2012_validation_ground_truth.txt, which meta.mat explains
"""

import codecs
import csv
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

from scaling.records.files import read_bytes
from scaling.study.libraries import first_line

DEVKIT = "devkit"
METADATA_TABLE = "metadata.parquet"  # of Hugging Face's imagefolder, without the images themselves
TRUTH, META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
FILES = ("file_name", "filename", "file", "image", "imageid", "image_id", "path", "name", "img")
CLASSES = ("label", "labels", "class", "predictionstring", "class_name", "wnid", "synset", "target")
MARKS = (",", ";", "\t", "|")  # between cells
MOST_BYTES = 1 << 28

Rows = list[tuple[str | None, str]]  # name and class


def rows_of(file: Path) -> Rows | None:
    """The rows of ``file``; None where it has names but no classes, as a file of captions.

    ValueError for what cannot be read.
    """
    if file.name == TRUTH or DEVKIT in file.name.lower():
        return _devkit(file)
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return _columns(file)
    if suffix not in KINDS:
        raise ValueError(f"{file} is no file of labels; those are {', '.join(KINDS)}, or a devkit")
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"{file} has more than {MOST_BYTES:,} bytes; it is no file of labels")
    try:
        rows = KINDS[suffix](_text(read_bytes(file)))
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError, csv.Error) as error:
        raise ValueError(f"{file} cannot be read as {suffix} ({error})") from None
    if rows == []:
        raise ValueError(f"{file} holds no labels")
    return rows


def _text(data: bytes) -> str:
    """As spreadsheets write it: UTF-8, UTF-16 or, where it is neither, latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _table(text: str) -> Rows | None:
    lines = [line for line in text.splitlines() if line.strip()]
    mark = max(MARKS, key=lines[0].count) if lines else ","
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]
    names = [cell.lower() for cell in cells[0]] if cells else []
    if not set(names) & {*FILES, *CLASSES}:
        return [(None, row[0]) if len(row) == 1 else (row[0], row[1]) for row in cells]
    at = next((names.index(name) for name in FILES if name in names), None)
    label = next((names.index(name) for name in CLASSES if name in names), None)
    if label is None:
        return None
    if odd := next((row for row in cells if len(row) != len(names)), None):
        raise ValueError(
            f"the line {', '.join(odd)[:60]!r} has {len(odd)} cells, but the first line has "
            f"{len(names)}; quote what holds a comma, or fill in what lacks"
        )
    return [(None if at is None else row[at], row[label]) for row in cells[1:]]


def _lines(text: str) -> Rows | None:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and any(all(mark in line for line in lines) for mark in MARKS):
        return _table("\n".join(lines))
    words = [line.split() for line in lines]
    return [(None, row[0]) if len(row) == 1 else (row[0], row[1]) for row in words]


def _columns(file: Path) -> Rows | None:
    import pyarrow as pa  # takes a while
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{file} cannot be read as a table ({first_line(error)})") from None
    names = next((name for name in table.column_names if name.lower() in FILES), None)
    label = next((name for name in table.column_names if name.lower() in CLASSES), None)
    if names is None or label is None:
        return None
    pairs = zip(table[names].to_pylist(), table[label].to_pylist())
    return [
        (str(name), _class(None if value != value else value))  # NaN is no class
        for name, value in pairs
        if name is not None
    ]


def _moves(text: str) -> Rows | None:
    moves = re.findall(r"^\s*mv\s+(\S+)\s+(\S+?)/?\s*$", text, re.MULTILINE)
    return [(name, place.rstrip("/").rpartition("/")[2]) for name, place in moves]


def _json_lines(text: str) -> Rows | None:
    said = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(row, dict) for row in said):
        raise ValueError("lines are no objects")
    names = [name for name in FILES if said and name in said[0]]
    labels = [name for name in CLASSES if said and name in said[0]]
    if not names or not labels:
        return None
    for i, row in enumerate(said, 1):
        if row.get(names[0]) is None:
            raise ValueError(f"object {i} has no {names[0]}, but the first one has; give it")
    return [(str(row[names[0]]), _class(row.get(labels[0]))) for row in said]


def _json(text: str) -> Rows | None:
    said = json.loads(text)
    said = said.get("labels", said) if isinstance(said, dict) else said
    if said is None:
        return None
    pairs = said.items() if isinstance(said, dict) else said
    if not isinstance(pairs, list) and not isinstance(said, dict):
        raise ValueError("labels are no list of pairs")
    rows: Rows = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or isinstance(pair[1], list | dict):
            raise ValueError(f"{json.dumps(pair)[:60]} is no pair of a name and a class")
        rows.append((str(pair[0]), _class(pair[1])))
    return rows


def _class(value: object) -> str:
    """A class as text; null is no class, as an empty cell is."""
    return "" if value is None else str(value)


KINDS: dict[str, Callable[[str], Rows | None]] = {
    ".csv": _table,
    ".tsv": _table,
    ".txt": _lines,
    ".sh": _moves,
    ".json": _json,
    ".jsonl": _json_lines,
}


def _devkit(file: Path) -> Rows:
    """The classes of ImageNet's validation images, in the order of their names."""
    from scipy.io import loadmat  # takes a second

    truth, meta = (_of_devkit(file, name) for name in (TRUTH, META))
    try:
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"]
        of_id = {
            int(s["ILSVRC2012_ID"]): str(s["WNID"])
            for s in synsets
            if not int(s["num_children"])  # a class, rather than a group of them
        }
        return [(None, of_id[int(line)]) for line in truth.split()]
    # loadmat raises whatever its parser runs into
    except Exception as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{file}: {META} or {TRUTH} is not ImageNet's ({why})") from None


def _of_devkit(file: Path, name: str) -> bytes:
    """The file ``name`` of the devkit: beside ``file``, in that folder, or in that archive."""
    if file.is_file() and file.name != TRUTH:
        try:
            with tarfile.open(file) as tar:
                for member in tar:
                    found = member.name.rpartition("/")[2] == name and tar.extractfile(member)
                    if found:
                        return found.read()
        except (OSError, EOFError, tarfile.TarError) as error:
            why = str(error).partition("\n")[0]
            raise ValueError(f"{file} cannot be read as a tar ({why}); get it again") from None
    folder = file if file.is_dir() else file.parent
    for place in (folder, folder / "data"):
        if (place / name).is_file():
            return read_bytes(place / name)
    raise ValueError(
        f"{file}: its devkit lacks {name}; put ILSVRC2012_devkit_t12.tar.gz, or {TRUTH} and {META} "
        "of it, beside the images"
    )
