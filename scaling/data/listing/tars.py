"""Which images are in tar archives? Shards of WebDataset, tars of class folders, ImageNet's tar of
a tar per class.

A tar is indexed once, and its images are then read where they lie in it, in any order.
"""

import contextlib
import functools
import io
import json
import os
import re
import tarfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scaling.data.listing.splits import WITHIN, Labelled, Listing, grouped, split_in, split_of
from scaling.data.listing.walk import HEADER, SUFFIXES, litter, printable, told_by_content
from scaling.records.cache import cache_folder
from scaling.records.files import write_bytes
from scaling.study.specs.identity import identity

LABELS = (".cls", ".json")  # WebDataset's, beside an image of the same name
KEYS = ("label", "cls", "class", "class_id", "class_name")  # of a .json, which give the class
TEXTS = frozenset((".txt", ".csv", ".xml", ".md", ".html", ".npy", ".npz", ".mat", *LABELS))
Member = tuple[str, int, int]  # name, where it begins in the file, length


def list_tars(folder: Path, tars: list[str]) -> Listing:
    """The images in the ``tars`` of ``folder``.

    A class is what a .cls or .json beside the image says, else the tar in the tar, else the first
    folder, else the tar itself. ValueError as ``list_folder``, and for a damaged or compressed tar.
    """
    images: list[Labelled] = []
    left_out = Counter()
    for tar in tars:
        members = index(folder / tar)
        labels = _labels(folder / tar, members)
        split = split_in(tar)
        for name, begin, size in members:
            suffix = os.path.splitext(name)[1].lower()
            if suffix not in SUFFIXES and not (
                suffix not in TEXTS and told_by_content(_at(folder / tar, begin, min(size, HEADER)))
            ):
                left_out[suffix or "without suffix"] += suffix not in LABELS or not labels
                continue
            if labels:
                images.append(Labelled(f"{tar}{WITHIN}{name}", split, labels.get(_key(name))))
            else:
                images.append(_by_place(tar, name, split))
        left_out["links and hidden names"] += _count_left_out(folder / tar)
    return grouped(images, folder, [], +left_out)


def read_member(path: Path, name: str, most: int) -> bytes:
    """The bytes of the member ``name`` of the tar at ``path``, at ``most`` so many.

    ValueError if there is none.
    """
    where = _by_name(*_state(path)).get(name)
    if where is None:
        raise ValueError(f"{path} has no member {name}; has it changed?")
    return _at(path, where[0], min(where[1], most))


def index(path: Path) -> list[Member]:
    """The files in a tar and in the tars in it, without links and litter, in their order."""
    return _index(*_state(path))[0]


def _count_left_out(path: Path) -> int:
    return _index(*_state(path))[1]


def _state(path: Path) -> tuple[str, int, int]:
    at = path.stat()
    return str(path.resolve()), at.st_size, at.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _index(path: str, size: int, changed: int) -> tuple[list[Member], int]:
    """From the cache on disk where it is there: ImageNet has a million headers."""
    cached = cache_folder("tars") / f"{identity([path, size, changed])}.parquet"
    # one that is damaged or may not be read is made again
    with contextlib.suppress(OSError, KeyError, ValueError, pa.ArrowException):
        table = pq.read_table(cached)
        names = [os.fsdecode(name) for name in table["name"].to_pylist()]
        left_out = int(table.schema.metadata[b"left_out"])
        return list(zip(names, table["begin"].to_pylist(), table["size"].to_pylist())), left_out
    with open(path, "rb") as file:
        members, left_out = _read_index(path, file, "")
    names, begins, sizes = zip(*members) if members else ((), (), ())
    schema = pa.schema(
        [("name", pa.binary()), ("begin", pa.int64()), ("size", pa.int64())],
        metadata={"left_out": str(left_out)},
    )
    made, buffer = [[*map(os.fsencode, names)], list(begins), list(sizes)], io.BytesIO()
    pq.write_table(pa.table(made, schema=schema), buffer)
    # if the cache cannot be written to, the tar is indexed again next time
    with contextlib.suppress(OSError):
        write_bytes(cached, buffer.getvalue())
    return members, left_out


@functools.lru_cache(maxsize=4096)
def _by_name(path: str, size: int, changed: int) -> dict[str, tuple[int, int]]:
    return {name: (begin, length) for name, begin, length in _index(path, size, changed)[0]}


def _read_index(path: str, file, inside: str) -> tuple[list[Member], int]:
    members: list[Member] = []
    left_out = 0
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            infos = tar.getmembers()
    except tarfile.TarError as error:
        raise ValueError(
            f"{path}{inside and WITHIN + inside} cannot be read as a tar ({error}); if it is "
            "compressed, unpack it to a .tar first, if it is cut off, get it again"
        ) from None
    for info in infos:
        name = os.path.normpath(info.name)
        if not info.isreg() or any(map(litter, name.split("/"))):
            left_out += not info.isdir()
        elif name.lower().endswith(".tar"):
            file.seek(info.offset_data)
            within, more = _read_index(path, file, name)
            members += [(f"{name}{WITHIN}{deep}", begin, size) for deep, begin, size in within]
            left_out += more
        else:
            members.append((name, info.offset_data, info.size))
    return members, left_out


def _labels(path: Path, members: list[Member]) -> dict[str, str]:
    """What the .cls and .json files of a shard say, by the name that an image shares with them."""
    labels = {}
    for name, begin, size in members:
        suffix = os.path.splitext(name)[1].lower()
        if suffix not in LABELS:
            continue
        text = _at(path, begin, size).decode("utf-8", "replace").strip()
        if suffix == ".cls":
            labels[_key(name)] = text
        elif (label := _in_json(text)) is not None:
            labels.setdefault(_key(name), label)
    return labels


def _in_json(text: str) -> str | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    if isinstance(said, int | str):
        return str(said)
    found = (said.get(key) for key in KEYS) if isinstance(said, dict) else ()
    return next((str(value) for value in found if isinstance(value, int | str)), None)


def _key(name: str) -> str:
    """What WebDataset groups by: the path up to the first point of the file's name."""
    place, _, file = name.rpartition("/")
    return f"{place}/{file.partition('.')[0]}"


def _by_place(tar: str, name: str, split: str | None) -> Labelled:
    path = f"{tar}{WITHIN}{name}"
    *folders, _ = re.split(rf"/|{WITHIN}", name)
    folders = [os.path.splitext(part)[0] if part.endswith(".tar") else part for part in folders]
    if split is None and folders and (inner := split_of(folders[0])):
        split, folders = inner, folders[1:]
    stem = Path(tar).stem
    # a shard's number is no class
    own = None if split or re.fullmatch(r"(.*[-_])?\d+", stem) else stem
    return Labelled(path, split, next(iter(folders), own))


def _at(path: Path, begin: int, size: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(begin)
        data = file.read(size)
    if len(data) < size:
        raise ValueError(f"{printable(str(path))} ends early; get it again")
    return data
