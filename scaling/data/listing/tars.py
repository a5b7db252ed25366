"""Which images are in tar archives? Shards of WebDataset, tars of class folders, ImageNet's tar of
a tar per class.

A tar is indexed once, and its images are then read where they lie in it, in any order.
"""

import contextlib
import functools
import io
import json
import os
import tarfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from scaling.data.listing.content import HEADER, SUFFIXES, told_by_content
from scaling.data.listing.labels import SAMPLES, label_file_of
from scaling.data.listing.members import OLDER, Members
from scaling.data.listing.names import is_tar, split_in, stem
from scaling.data.listing.splits import WITHIN, Labelled, Listing, Placed
from scaling.data.listing.unpacked import plain
from scaling.data.listing.walk import litter, printable
from scaling.records.cache import cache_folder
from scaling.records.files import write_bytes
from scaling.study.specs.identity import identity

TEXTS = frozenset(".txt .csv .xml .md .html .npy .npz .mat .cls .class .label .json".split())
FORM = 2  # of the indices that are kept
Member = tuple[str, int, int]  # name, where it begins in the file, length


def list_tars(folder: Path, tars: list[str], labels: Path | None = None) -> Listing:
    """The images in the ``tars`` of ``folder``, which may be compressed.

    A class is what a .cls, .json, .class or .label beside the image says, else the tar in the tar,
    else the first folder, else the tar itself; of held-out images that are in none, what ``labels``
    say, a file as in ``list_images``. ValueError as ``list_folder``, and for a damaged tar.
    """
    return _members(folder, tars).listing(folder, labels)


def find_in_tars(folder: Path, tars: list[str]) -> tuple[list[str], Counter]:
    """The paths of all images in the ``tars``, whatever their class, and what is left out."""
    members = _members(folder, tars)
    return members.paths(), members.left_out


def _members(folder: Path, tars: list[str]) -> Members:
    images: list[Labelled] = []
    placed: list[Placed] = []
    left_out = Counter()
    for tar in tars:
        members = index(folder / tar)
        shard = Shard.of(folder / tar, members)
        shard.check(folder / tar)
        split = split_in(stem(tar))
        for name, begin, size in members:
            suffix = os.path.splitext(name)[1].lower()
            if suffix not in SUFFIXES and not (
                suffix not in TEXTS and told_by_content(_at(folder / tar, begin, min(size, HEADER)))
            ):
                label = label_file_of(name)[1] in SAMPLES and bool(shard.labels)
                left_out[suffix or "without suffix"] += not label
            elif not shard.labels:
                placed.append(Placed(tar, name, split))
            elif shard.is_beside(name):
                left_out["other images of a sample"] += 1
            else:
                images.append(Labelled(f"{tar}{WITHIN}{name}", split, shard.label(name)))
        left_out += _left_out(folder / tar)
    return Members(images, placed, +left_out)


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


def _left_out(path: Path) -> Counter:
    return Counter(_index(*_state(path))[1])


def _state(path: Path) -> tuple[str, int, int]:
    path = plain(path)
    at = path.stat()
    return str(path.resolve()), at.st_size, at.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _index(path: str, size: int, changed: int) -> tuple[list[Member], dict[str, int]]:
    """From the cache on disk where it is there: ImageNet has a million headers."""
    cached = cache_folder("tars") / f"{identity([path, size, changed, FORM])}.parquet"
    # one that is damaged or may not be read is made again
    with contextlib.suppress(OSError, KeyError, ValueError, pa.ArrowException):
        table = pq.read_table(cached)
        names = [os.fsdecode(name) for name in table["name"].to_pylist()]
        left_out = dict(json.loads(table.schema.metadata[b"left_out"]))
        return list(zip(names, table["begin"].to_pylist(), table["size"].to_pylist())), left_out
    with open(path, "rb") as file:
        members, left_out = _read_index(path, file, "")
    names, begins, sizes = zip(*members) if members else ((), (), ())
    schema = pa.schema(
        [("name", pa.binary()), ("begin", pa.int64()), ("size", pa.int64())],
        metadata={"left_out": json.dumps(left_out)},
    )
    made, buffer = [[*map(os.fsencode, names)], list(begins), list(sizes)], io.BytesIO()
    pq.write_table(pa.table(made, schema=schema), buffer)
    # if the cache cannot be written to, the tar is indexed again next time
    with contextlib.suppress(OSError):
        write_bytes(cached, buffer.getvalue())
    return members, dict(left_out)


@functools.lru_cache(maxsize=4096)
def _by_name(path: str, size: int, changed: int) -> dict[str, tuple[int, int]]:
    return {name: (begin, length) for name, begin, length in _index(path, size, changed)[0]}


def _read_index(path: str, file, inside: str) -> tuple[list[Member], Counter]:
    members: list[Member] = []
    left_out = Counter()
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            infos = tar.getmembers()
    except tarfile.TarError as error:
        raise ValueError(
            f"{path}{inside and WITHIN + inside} cannot be read as a tar ({error}); if it is cut "
            "off, get it again"
        ) from None
    newest = {os.path.normpath(info.name): info for info in infos if info.isreg()}
    for info in infos:
        name = os.path.normpath(info.name)
        if not info.isreg() or any(map(litter, name.split("/"))):
            left_out["links and hidden names"] += not info.isdir()
        elif newest[name] is not info:  # unpacking would overwrite it
            left_out[OLDER] += 1
        elif is_tar(name) and not name.lower().endswith(".tar"):
            raise ValueError(
                f"{path}{WITHIN}{name} is a compressed tar in a tar, in which no image can be "
                "found again: unpack the outer one, and give the folder of the inner ones"
            )
        elif is_tar(name):
            file.seek(info.offset_data)
            within, more = _read_index(path, file, name)
            members += [(f"{name}{WITHIN}{deep}", begin, size) for deep, begin, size in within]
            left_out += more
        else:
            members.append((name, info.offset_data, info.size))
    return members, left_out


class Shard(NamedTuple):
    """What the .cls, .json and like files of a tar say: the classes of its samples.

    A sample's files have one name up to the first point, in WebDataset, or up to the last: names
    as photo.1.jpg and photo.1.cls are meant so.
    """

    labels: dict[str, str]  # by the file's name up to the last point
    by_key: dict[str, set[str]]  # all of a name up to the first point
    images: set[str]  # names of images up to the last point

    @classmethod
    def of(cls, path: Path, members: list[Member]) -> "Shard":
        found: dict[str, dict[str, str]] = {suffix: {} for suffix in SAMPLES}
        images = set()
        for name, begin, size in members:
            whole, suffix = os.path.splitext(name)
            suffix = suffix.lower()
            if suffix in SUFFIXES:
                images.add(whole)
            whole, kind = label_file_of(name)
            if kind in SAMPLES:
                text = _at(path, begin, size).decode("utf-8", "replace").strip()
                if (label := SAMPLES[kind](text)) is not None:
                    found[kind][whole] = label
        labels = {k: v for suffix in reversed(SAMPLES) for k, v in found[suffix].items()}
        by_key: dict[str, set[str]] = {}
        for name, label in labels.items():
            by_key.setdefault(_key(name), set()).add(label)
        return cls(labels, by_key, images)

    def check(self, path: Path) -> None:
        """ValueError where one label stands for several images, of which none is the sample's."""
        several: dict[str, list[str]] = {}
        for whole in sorted(self.images - self.labels.keys()):
            if (key := _key(whole)) in self.by_key and key not in self.images:
                several.setdefault(key, []).append(whole)
        for names in several.values():
            if len(names) > 1:
                raise ValueError(
                    f"{path}: a sample's label stands for {len(names)} images, such as "
                    f"{printable(names[0])} and {printable(names[1])}; write it anew with one "
                    "image for each label"
                )

    def label(self, name: str) -> str | None:
        """The class of the image ``name``; None where nothing tells one."""
        whole = os.path.splitext(name)[0]
        if whole in self.labels:
            return self.labels[whole]
        of_key = self.by_key.get(_key(name), set())
        return next(iter(of_key)) if len(of_key) == 1 else None

    def is_beside(self, name: str) -> bool:
        """Whether the image is a sample's other one, such as x.mask.png of x.jpg."""
        whole, key = os.path.splitext(name)[0], _key(name)
        return whole != key and whole not in self.labels and key in self.images


def _key(name: str) -> str:
    """What WebDataset groups by: the path up to the first point of the file's name."""
    place, slash, file = name.rpartition("/")
    return f"{place}{slash}{file.partition('.')[0]}"


def _at(path: Path, begin: int, size: int) -> bytes:
    with open(plain(path), "rb") as file:
        file.seek(begin)
        data = file.read(size)
    if len(data) < size:
        raise ValueError(f"{printable(str(path))} ends early; get it again")
    return data
