"""Which class has an image whose folder does not say it? What a file of labels beside the images
says: ImageNet's devkit, Kaggle's solution, Tiny ImageNet's annotations, an imagefolder's metadata.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from scaling.data.listing.label_files import DEVKIT, METADATA_TABLE, TRUTH, rows_of
from scaling.data.listing.names import HELDOUT, TRAIN, listed
from scaling.data.listing.splits import Labelled
from scaling.data.listing.walk import printable

LABELS_SAID = "--heldout-labels (data.heldout_labels)"
# of any split, beside its images: Hugging Face's imagefolder, and EDM's data sets
METADATA = ("metadata.csv", "metadata.jsonl", METADATA_TABLE, "dataset.json")
# of held-out images that are in no class, in their folder or in the set's
USUAL = (
    TRUTH,
    "LOC_val_solution.csv",  # of ImageNet on Kaggle
    "imagenet_2012_validation_synset_labels.txt",  # of ImageNet in TensorFlow's scripts
    "val_annotations.txt",  # of Tiny ImageNet
    *METADATA,
    *("val_labels.csv", "val_labels.txt", "labels.csv", "labels.txt", "val.csv", "val.txt"),
)
TABLES, MOST_LOOKED_AT = (".csv", ".tsv", ".jsonl"), 1 << 25  # bytes
KEYS = (  # of a .json, which give the class
    *("label", "cls", "class", "class_id", "class_name", "class_index", "class_idx"),
    *("class_label", "label_id", "target", "wnid", "synset"),
)
ABOVE = 3  # folders above Kaggle's ILSVRC/Data/CLS-LOC, in which its LOC_val_solution.csv is


def is_devkit(path: str) -> bool:
    """Whether a file of this name is ImageNet's devkit, which is an archive without images."""
    return DEVKIT in path.rpartition("/")[2].lower()


def find_labels(places: Sequence[Path]) -> Path | None:
    """The file in the folders ``places`` that tells the classes of held-out images, if one does."""
    for place in places:
        found = [place / name for name in USUAL if (place / name).is_file()]
        found += sorted(path for path in place.glob("*") if is_devkit(path.name))
        if found:
            return found[0]
    above = (place / "LOC_val_solution.csv" for place in [*places[-1].absolute().parents][:ABOVE])
    return next((path for path in above if path.is_file()), None)


def unread_labels(places: Iterable[Path], images: Sequence[str]) -> str:
    """In words, which table in the folders ``places`` has a class for each of ``images``, but not a
    name by which it is read; "" where none has.
    """
    for file in (file for place in places for file in sorted(place.glob("*"))):
        if file.suffix.lower() not in TABLES or file.stat().st_size > MOST_LOOKED_AT:
            continue
        try:
            said = read_labels(file, images, None, must=False) or {}
        except ValueError:  # it is something else
            continue
        if 1 < len(set(said.values())) <= len(images) // 2:
            new = f"metadata{'.jsonl' if file.suffix.lower() == '.jsonl' else '.csv'}"
            return f": {printable(file.name)} is not read; call it {new} where it tells classes"
    return ""


def read_labels(
    file: Path, images: Sequence[str], classes: Sequence[str] | None, must: bool = True
) -> dict[str, str] | None:
    """The class of each of ``images`` by the ``file`` of labels.

    Where ``classes`` are known, in order of label, a number may stand for one, from 0; where they
    are not, a class is whatever the file says. ValueError for a file that cannot be read, or leaves
    an image without a class or in one that is unknown; None for such ones unless it ``must``, and
    for one that holds no labels at all where no classes are known.
    """
    rows = rows_of(file)
    if rows is not None:
        rows = [(name, label) for name, cell in rows if (label := as_label(cell)) is not None]
    if (not must or classes is None) and rows is None:
        return None
    if not must and not {name for name, _ in rows} - {None}:
        return None
    if rows is None:
        raise ValueError(
            f"{file} holds no column of labels beside one of file names; add one called label"
        )
    if all(name is None for name, _ in rows):
        if len(rows) != len(images):
            raise ValueError(
                f"{file} has {len(rows)} labels, a line each, for {len(images)} images; give a "
                "file of as many, or one with names of files"
            )
        in_order = sorted(images, key=lambda path: path.rpartition("/")[2])
        said = dict(zip(in_order, (label for _, label in rows)))
    else:
        said = _by_name(file, rows, images)
    lost = [path for path in images if path not in said]
    if lost and not must:
        return None
    if lost:
        raise ValueError(
            f"{file} tells no class of {len(lost)} of {len(images)} images, such as "
            f"{printable(lost[0])}; add what lacks, or move the images away"
        )
    return said if classes is None else _known(file, said, classes)


def _by_name(
    file: Path, rows: Iterable[tuple[str | None, str]], images: Sequence[str]
) -> dict[str, str]:
    """The labels of ``images`` by a path's end, or the name alone where it is one image's."""
    whole: dict[str, str] = {}
    stems: dict[str, set[str]] = {}
    for path in images:
        parts = path.split("/")
        whole |= {"/".join(parts[i:]): path for i in range(len(parts) - 1)}
        stems.setdefault(_stem(path), set()).add(path)
    said: dict[str, str] = {}
    for name, label in rows:
        name = (name or "").replace("\\", "/").removeprefix("./")
        of_stem = stems.get(_stem(name), set())
        path = whole.get(name) or (next(iter(of_stem)) if len(of_stem) == 1 else None)
        if path is None:
            continue
        if said.setdefault(path, label) != label:
            raise ValueError(
                f"{file} says twice of which class {printable(path)} is, {said[path]} and {label}; "
                "keep one"
            )
    return said


def _stem(path: str) -> str:
    return re.sub(r"\.[A-Za-z]\w*$", "", path.rpartition("/")[2])


def _known(file: Path, said: dict[str, str], classes: Sequence[str]) -> dict[str, str]:
    known = set(classes)
    said = {path: _one_of(label, known) for path, label in said.items()}
    unknown = sorted({label for label in said.values() if label not in known})
    if unknown and all(label.isdecimal() for label in said.values()):
        numbers = {int(label) for label in said.values()}
        if max(numbers) < len(classes):
            return {path: classes[int(label)] for path, label in said.items()}
        raise ValueError(
            f"{file} numbers classes up to {max(numbers)}, and train has {len(classes)}, which are "
            "counted from 0 in the order of their names; give a file with the names"
        )
    if unknown:
        raise ValueError(
            f"{file} names {len(unknown)} classes that train lacks, such as "
            f"{printable(unknown[0])!r}; train has {listed(list(classes))}"
        )
    return said


def _one_of(label: str, known: set[str]) -> str:
    """The label, or its first word, as in Kaggle's "n01751748 111 108 230 211"; 3.0 is 3."""
    if label in known or not label:
        return label
    return as_label(label.split()[0]) or label


def as_label(value: object) -> str | None:
    """A value as a class's name; None for what names none: a list, 0.5, a number below 0.

    A whole number is one however it is written: 3.0 is 3.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers of which some are missing
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, int | str):
        return None
    text = re.sub(r"^([+-]?\d+)\.0+$", r"\1", str(value).strip())
    return None if not text or re.fullmatch(r"-\d+", text) else text


def _in_json(text: str) -> str | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    found = [said.get(key) for key in KEYS] if isinstance(said, dict) else [said]
    return next((label for value in found if (label := as_label(value)) is not None), None)


def _in_line(text: str) -> str | None:
    return None if "\n" in text else as_label(text)


# files of a WebDataset's samples that may hold a label, by their endings
SAMPLES: dict[str, Callable[[str], str | None]] = {
    ".cls": as_label,
    ".json": _in_json,
    ".class": _in_line,
    ".label": _in_line,
}


def label_file_of(name: str) -> tuple[str, str]:
    """The name of a file that may hold a label, without its ending, and which of SAMPLES that is:
    that of x.cls.txt is .cls.
    """
    whole, suffix = os.path.splitext(name)
    inner, before = os.path.splitext(whole)
    if suffix.lower() == ".txt" and before.lower() in SAMPLES:
        return inner, before.lower()
    return whole, suffix.lower()


def with_labels(
    images: list[Labelled], folder: Path, labels: Path | None
) -> tuple[list[Labelled], str]:
    """Archives' ``images`` with the classes of held-out ones that are in none, and words about
    where those are from. ``labels`` as in ``list_images``.
    """
    bare = [i for i in images if i.name is None and i.split == HELDOUT]
    known = any(i.name is not None and i.split == TRAIN for i in images)
    file = labels or (find_labels([folder]) if bare and known else None)
    if labels is not None and not bare:
        raise ValueError(f"{LABELS_SAID} {labels}: every held-out image has a class; leave it out")
    if file is None:
        return images, ""
    classes = sorted({str(i.name) for i in images if i.split == TRAIN and i.name is not None})
    said = read_labels(file, [image.path for image in bare], classes) or {}
    return (
        [image._replace(name=image.name or said.get(image.path)) for image in images],
        f"; classes of held-out images from {printable(file.name)}",
    )
