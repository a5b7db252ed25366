"""Which classes and splits do folders of images mean? A subfolder is a class, or a split; images in
no subfolder are a set without classes.

FOLDER/CLASS/...       of each class some images are held out
FOLDER/train/CLASS/... FOLDER/val/CLASS/...
                       or the folder's own held-out split
FOLDER/...             or FOLDER/train/... and FOLDER/val/...: no classes, as of FFHQ
"""

from collections import Counter
from pathlib import Path

from scaling.data.listing.content import NOT_UNPACKED
from scaling.data.listing.labels import (
    LABELS_SAID,
    METADATA,
    find_labels,
    read_labels,
    unread_labels,
)
from scaling.data.listing.names import (
    HELDOUT,
    TEST,
    TRAIN,
    as_number,
    listed,
    one_form,
    split_of,
    splits_of,
)
from scaling.data.listing.no_classes import check_are_classes, is_series
from scaling.data.listing.splits import (
    AT_MOST,
    AT_MOST_WITHOUT,
    ONE_IN,
    WITHOUT,
    Listing,
    Rows,
    chosen_splits,
    held_out,
)
from scaling.data.listing.walk import Found, counted, printable, told

PACKED = frozenset((".zip", ".7z", ".rar"))
IMAGES = "images"  # a class's only folder may bear this name, as in Tiny ImageNet


def list_folder(found: Found, labels: Path | None = None) -> Listing:
    """The images ``found``: in a subfolder per class or in none, or in folders of splits with those
    inside.

    ``labels`` as in ``list_images``. ValueError for what leaves a class or a split in doubt, with
    the way on.
    """
    folder: Path = found.folder
    names = found.inside()
    train, held = chosen_splits(names, folder) if _has_splits(found, names) else (None, None)
    place = train or ""
    rows, classes, told = (
        _of_metadata(found, place) or _whole(found, place) or (*_classes(found, place), "")
    )
    if held is None:
        if labels is not None:
            raise ValueError(
                f"{LABELS_SAID} {labels}: {folder} has no held-out split; leave it out"
            )
        at_most = AT_MOST if classes else AT_MOST_WITHOUT
        return _listing(found, classes, held_out(rows, folder / place, at_most), told)
    _check_heldout(found, str(train), held, labels, bool(classes))
    heldout, _, more = (
        (
            _of_metadata(found, held, classes)
            or _labelled(found, held, classes, labels)
            or (*_classes(found, held, classes), "")
        )
        if classes
        else (_whole(found, held) or (*_classes(found, held, classes), ""))
    )
    if labels is not None and not more:
        raise ValueError(
            f"{LABELS_SAID} {labels}: the folders of {folder / held} tell its classes; leave it out"
        )
    return _listing(found, classes, {TRAIN: rows, HELDOUT: heldout}, told or more)


def _has_splits(found: Found, names: list[str]) -> bool:
    """Whether the folders are splits. A class may be called train, among other classes."""
    kinds = splits_of(names)
    if not any(kinds.values()):
        return False
    if TRAIN not in kinds.values():
        if all(kinds.values()):
            raise ValueError(
                f"{found.folder} has {' and '.join(map(printable, names))} but no train: put the "
                "images to train on into a folder train, with a subfolder per class, or give a "
                "folder of classes"
            )
        return False
    train = next(name for name in names if kinds[name] == TRAIN)
    held = {HELDOUT, TEST} & set(kinds.values())
    return bool(held) or len(names) == 1 or bool(found.inside(train))


def _listing(
    found: Found, classes: list[str], splits: dict[str, Rows], labels_told: str
) -> Listing:
    used = sum(map(len, splits.values()))
    left_out = found.left_out + Counter({"images in other folders": len(found.paths) - used})
    line = told(used, left_out)
    if odd := [name for name in classes if split_of(name)]:
        line += f"; taken for classes: {listed(odd)}"
    line += WITHOUT * (not classes)
    return Listing(found.folder, [*map(printable, classes)], splits, line + labels_told)


def _of_metadata(
    found: Found, split: str, known: list[str] | None = None
) -> tuple[Rows, list[str], str] | None:
    """As ``_classes``, and where they are from, by the file of labels that the set itself brings
    beside a split's images; None where it brings none.
    """
    images = _images(found, split)
    places = dict.fromkeys((found.folder / split, found.folder))
    files = [place / name for place in places for name in METADATA if (place / name).is_file()]
    for file in files if images else ():
        must = _is_flat(found, split)  # nothing else tells a class
        if (said := read_labels(file, images, known, must)) is not None:
            names = known or sorted(set(said.values()), key=as_number)
            return _rows(said, names), names, f"; classes from {printable(file.name)}"
    return None


def _labelled(
    found: Found, held: str, known: list[str], labels: Path | None
) -> tuple[Rows, list[str], str] | None:
    """As ``_of_metadata``, of held-out images that are in no class folder."""
    place = found.folder / held
    file = labels or find_labels([place, found.folder])
    images = _images(found, held)
    if file is None or not _is_flat(found, held):
        return None
    said = read_labels(file, images, known) or {}
    return _rows(said, known), known, f"; classes of held-out images from {printable(file.name)}"


def _whole(found: Found, split: str) -> tuple[Rows, list[str], str] | None:
    """As ``_of_metadata``, of images in no class: in no folder, or in the parts of one series."""
    paths, start = _images(found, split), f"{split}/" if split else ""
    of_folder: dict[str, list[str]] = {}
    for path in paths:
        name, slash, _ = path[len(start) :].partition("/")
        of_folder.setdefault(name if slash else "", []).append(path)
    if list(of_folder) in ([""], [IMAGES]) or is_series(of_folder):
        places = dict.fromkeys((found.folder / split, found.folder))
        files = [file for place in places for file in METADATA if (place / file).is_file()]
        said = f": {files[0]} tells none" if files else unread_labels(places, paths)
        return [(path, 0) for path in paths], [], said
    return None


def _images(found: Found, split: str) -> list[str]:
    return [path for path in found.paths if not split or path.startswith(f"{split}/")]


def _is_flat(found: Found, split: str) -> bool:
    """Whether a split's images are in no class: in its folder itself, or in one called images."""
    return found.inside(split) in ([], [IMAGES])


def _rows(said: dict[str, str], classes: list[str]) -> Rows:
    """By class and path."""
    labels = {name: label for label, name in enumerate(classes)}
    return sorted(((p, labels[name]) for p, name in said.items()), key=lambda row: row[::-1])


def _classes(found: Found, split: str, known: list[str] | None = None) -> tuple[Rows, list[str]]:
    """The (path, label) of all images of a split's folder, by class and path, and the classes.

    If ``known`` classes are given, labels refer to those.
    """
    place, classes = found.folder / split, found.inside(split)
    start = f"{split}/" if split else ""
    of_class: dict[str, list[str]] = {name: [] for name in classes}
    loose = 0
    for path in found.paths:
        if path.startswith(start):
            name, _, rest = path[len(start) :].partition("/")
            loose += not rest
            if rest:
                of_class[name].append(path)
    if known is None and len(classes) < 2:
        inner = _first_with_two(found, [f"{start}{name}" for name in classes])
        hint = f", or give {printable(str(found.folder / inner))}" if inner else ""
        if len(classes) == 1 and of_class[classes[0]] and not inner:
            hint += f", or give {printable(str(place / classes[0]))}, as a set without classes"
        hint += ", or tell their classes in a metadata.csv (file_name,label)" if loose else ""
        packed = PACKED & found.left_out.keys()
        hint += f", or unpack the {', '.join(sorted(packed))}" if packed else ""
        stores = sorted(NOT_UNPACKED.keys() & found.left_out.keys())
        hint += (
            f", or write the images of the {stores[0]} ({NOT_UNPACKED[stores[0]]}) as files"
            if stores
            else ""
        )
        raise ValueError(
            f"{place} has {len(classes)} classes ({listed(classes) or 'no subfolder'}) and "
            f"{loose} images outside{_left_out(found)}; a class-conditional model needs two or "
            f"more: put the images of each in a subfolder{hint}"
        )
    if len(classes) > 1:
        check_are_classes(place, of_class)
    labels = {
        one_form(name): label for label, name in enumerate(classes if known is None else known)
    }
    if unknown := sorted(name for name in classes if one_form(name) not in labels):
        raise ValueError(
            f"{place} has classes that train lacks, such as {printable(unknown[0])!r}; remove them "
            "or put images of them into train" + _alike(unknown[0], known or [])
        )
    if empty := [name for name in classes if not of_class[name]]:
        raise ValueError(
            f"{len(empty)} of {len(classes)} class folders of {place} hold no image"
            f"{_left_out(found)}, such as {printable(empty[0])!r}; remove them or fill them"
        )
    for name, paths in of_class.items():
        _check_class(found, start, name, paths)
    rows = [(path, labels[one_form(name)]) for name in classes for path in sorted(of_class[name])]
    return sorted(rows, key=lambda row: row[1]), classes if known is None else known


def _alike(name: str, known: list[str]) -> str:
    other = next((other for other in known if other.casefold() == name.casefold()), None)
    return f"; train has {printable(other)!r}: call both alike" if other else ""


def _first_with_two(found: Found, places: list[str]) -> str | None:
    """The nearest of the folders ``places``, and those below, that holds two or more."""
    while places:
        if there := next((place for place in places if len(found.inside(place)) > 1), None):
            return there
        places = [f"{place}/{name}" for place in places for name in found.inside(place)]
    return None


def _check_class(found: Found, start: str, name: str, paths: list[str]) -> None:
    """ValueError for a class folder whose images all lie in folders of their own."""
    below = {path[len(start) + len(name) + 1 :].partition("/") for path in paths}
    folders = sorted({first for first, slash, _ in below if slash})
    if any(not slash for _, slash, _ in below) or folders == [IMAGES]:
        return
    where = found.folder / start / name
    raise ValueError(
        f"the class folder {printable(str(where))} holds only folders ({listed(folders)}), no "
        f"images: if those are the classes, give {printable(str(where))} or move them up; if "
        f"{printable(name)!r} is the class, move the images up; for a set without classes, put all "
        "images into one folder"
    )


def _check_heldout(
    found: Found, train: str, held: str, labels: Path | None, has_classes: bool
) -> None:
    """ValueError for a held-out split that is empty, or whose images are in no class where those of
    train are.
    """
    place = found.folder / held
    images = len(_images(found, held))
    without = f"move {place} away, then one image in {ONE_IN} of {train} is held out"
    if not images:
        raise ValueError(
            f"the split {place} holds no image{_left_out(found)}; fill it, or {without}"
        )
    known = labels or find_labels([place, found.folder])
    if has_classes and _is_flat(found, held) and known is None:
        raise ValueError(
            f"the {images} images of {place} are in no class: give the file that tells theirs "
            f"({LABELS_SAID}), such as ImageNet's devkit or LOC_val_solution.csv, sort them into a "
            f"subfolder per class with the names of those in {train}, or {without}"
        )


def _left_out(found: Found) -> str:
    return f" (left out: {counted(found.left_out)})" if found.left_out else ""
