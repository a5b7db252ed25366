"""Which images are in tables? Parquet or Arrow files, as Hugging Face's datasets have them.

A table has a column of encoded images, bytes or a struct with bytes, and one of labels.
"""

import contextlib
import functools
import json
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scaling.data.listing.labels import as_label
from scaling.data.listing.names import TRAIN, listed, split_in
from scaling.data.listing.splits import WITHIN, Labelled, Listing, grouped

PARQUET, ARROW = ".parquet", ".arrow"
IMAGES = ("image", "img", "jpg", "jpeg", "png", "webp", "picture", "pixel_values", "image_bytes")
LABELS = ("label", "labels", "fine_label", "cls", "class", "target", "category", "class_name")
HELD_BYTES = 2 << 30  # row groups in memory
_GROUPS: "OrderedDict[tuple, pa.ChunkedArray]" = OrderedDict()
_LOCK = threading.Lock()


def list_tables(folder: Path, tables: list[str]) -> Listing:
    """The images in the ``tables`` of ``folder``. ValueError as ``list_folder``, and for a table
    that cannot be read or lacks a column.
    """
    tables = _without_caches(tables)
    splits = {name: split_in(name) for name in tables}
    _check_one_set(folder, splits)
    images: list[Labelled] = []
    names: list[str] = []
    bare: list[str] = []
    left_out = Counter()
    for name in tables:
        schema = _schema(folder / name)
        _check_images(folder / name, schema)
        label = _found_column(schema, "ClassLabel", LABELS)
        if label is None:
            rows = range(_count(folder / name))
            images += [Labelled(f"{name}{WITHIN}{row}", splits[name], None) for row in rows]
            bare.append(f"{name} has no column of labels among {listed(schema.names, 9)}")
            continue
        known = _features(schema).get(label, {}).get("names") or []
        names = names or list(map(str, known))
        for row, value in enumerate(_labels(folder / name, label)):
            numbered = bool(known) and isinstance(value, int)  # else the name itself
            if value is None or (numbered and value >= len(known)):
                left_out["rows without a label"] += 1
                continue
            said = str(known[value] if numbered else value)
            images.append(Labelled(f"{name}{WITHIN}{row}", splits[name], said))
    listing = grouped(images, folder, names, left_out)
    return listing._replace(told="; ".join([listing.told, *bare[:1]]))


def find_in_tables(folder: Path, tables: list[str]) -> tuple[list[str], Counter]:
    """The paths of all images in the ``tables``, whatever their class, and what is left out."""
    paths = []
    for name in _without_caches(tables):
        _check_images(folder / name, _schema(folder / name))
        paths += [f"{name}{WITHIN}{row}" for row in range(_count(folder / name))]
    return paths, Counter()


def _without_caches(tables: list[str]) -> list[str]:
    """Hugging Face's datasets keeps what it made of a table beside it."""
    return [name for name in tables if not os.path.basename(name).startswith("cache-")]


def read_row(path: Path, row: str) -> bytes:
    """The bytes of the image in a row of a table. ValueError if it has none."""
    at = path.stat()
    begins = _begins(str(path), at.st_mtime_ns)
    group = int(np.searchsorted(begins, int(row), side="right")) - 1
    images = _group(str(path), at.st_mtime_ns, group)
    place = int(row) - int(begins[group])
    if place >= len(images) or (data := images[place].as_py()) is None:
        raise ValueError(f"{path} has no image in row {row}, only a path or nothing")
    return data


def _check_one_set(folder: Path, splits: dict[str, str | None]) -> None:
    """Several configurations of one data set in one folder would be one set twice."""
    places: dict[str | None, set[str]] = {}
    for name, split in splits.items():
        places.setdefault(split, set()).add(os.path.dirname(name))
    where = sorted(places.get(TRAIN, set()) | places.get(None, set()))
    if len(where) > 1:
        raise ValueError(
            f"the tables of {folder} lie in several folders ({listed(where)}), which may be "
            "configurations of one data set; give one of those"
        )


def _open(path: Path) -> pa.Table:
    """An Arrow file, mapped."""
    source = pa.memory_map(str(path))
    try:
        return pa.ipc.open_stream(source).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(source).read_all()


def _schema(path: Path) -> pa.Schema:
    with _whole(path):
        return pq.read_schema(path) if path.suffix.lower() == PARQUET else _open(path).schema


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[None]:
    """While entered, what cannot be read of the table ``path`` is a ValueError in one line."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path} cannot be read as a table ({why}); get it again") from None


def _features(schema: pa.Schema) -> dict:
    """What Hugging Face's datasets say of the columns: a type, and a label's names.

    Nothing where another program says something else under their key.
    """
    try:
        said = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        return {k: v for k, v in said["info"]["features"].items() if isinstance(v, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _column(path: Path, schema: pa.Schema, kind: str, usual: tuple[str, ...]) -> str:
    found = _found_column(schema, kind, usual)
    if found is None:
        raise ValueError(
            f"{path} has no column of {kind}s among {listed(schema.names, 9)}; name it {usual[0]!r}"
        )
    return found


def _found_column(schema: pa.Schema, kind: str, usual: tuple[str, ...]) -> str | None:
    typed = [name for name, said in _features(schema).items() if said.get("_type") == kind]
    named = [name for name in usual if name in schema.names]
    found = [name for name in (*typed, *named) if name in schema.names]
    # the usual name first: a table may hold masks too, and coarse labels
    return next((name for name in usual if name in found), next(iter(found), None))


def _check_images(path: Path, schema: pa.Schema) -> None:
    """ValueError unless the images are encoded ones: bytes, or a struct with bytes."""
    name = _column(path, schema, "Image", IMAGES)
    kind = schema.field(name).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise ValueError(
            f"the column {name} of {path} holds {kind}, not the bytes of image files; save the "
            "images as PNG or JPEG into it"
        )


def _labels(path: Path, column: str) -> list[str | int | None]:
    """The names of classes in a column, or their numbers; None where a row has none: no value, NaN
    or a number below 0. ValueError for a column of what names no class.
    """
    values = _values(path, column)
    labels: list[str | int | None] = []
    for row, value in enumerate(values):
        missing = value is None or value != value or (type(value) in (int, float) and value < 0)
        label = None if missing or value == "" else as_label(value)
        if label is None and not missing and value != "":
            raise ValueError(
                f"the column {column} of {path} holds {str(value)[:40]} in row {row}, which names "
                "no class: one is a whole number or a name; give a table with one class a row, in "
                f"a column called {LABELS[0]}"
            )
        labels.append(int(value) if label and type(value) in (int, float) else label)
    return labels


def _count(path: Path) -> int:
    """How many rows a table has."""
    with _whole(path):
        if path.suffix.lower() == PARQUET:
            return pq.read_metadata(path).num_rows
        return _open(path).num_rows


def _values(path: Path, column: str) -> list:
    with _whole(path):
        if path.suffix.lower() == PARQUET:
            return pq.read_table(path, columns=[column])[column].to_pylist()
        return _open(path)[column].to_pylist()


@functools.lru_cache(maxsize=4096)
def _begins(path: str, changed: int) -> np.ndarray:
    """The row at which each row group begins."""
    if path.lower().endswith(ARROW):
        return np.array([0])
    meta = pq.read_metadata(path)
    counts = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
    return np.cumsum([0, *counts])[: max(1, len(counts))]


def _group(path: str, changed: int, group: int) -> pa.ChunkedArray:
    """The encoded images of a row group; those read last are kept, up to HELD_BYTES."""
    key = path, changed, group
    with _LOCK:
        if key in _GROUPS:
            _GROUPS.move_to_end(key)
            return _GROUPS[key]
        images = _read_group(path, group)
        _GROUPS[key] = images
        while sum(held.nbytes for held in _GROUPS.values()) > HELD_BYTES and len(_GROUPS) > 1:
            _GROUPS.popitem(last=False)
        return images


def _read_group(path: str, group: int) -> pa.ChunkedArray:
    name = _column(Path(path), _schema(Path(path)), "Image", IMAGES)
    with _whole(Path(path)):
        if path.lower().endswith(ARROW):
            column = _open(Path(path))[name]
        else:
            column = pq.ParquetFile(path).read_row_group(group, columns=[name])[name]
    if pa.types.is_struct(column.type):
        column = pc.struct_field(column, "bytes")
    return column.cast(pa.large_binary())
