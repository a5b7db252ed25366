"""Which classes and splits do folders of images mean? A subfolder is a class, or a split.

FOLDER/CLASS/...       of each class some images are held out
FOLDER/train/CLASS/... FOLDER/val/CLASS/...
                       or the folder's own held-out split
"""

from collections import Counter
from pathlib import Path

from scaling.data.listing.splits import (
    HELDOUT,
    ONE_IN,
    TRAIN,
    Listing,
    Rows,
    chosen_splits,
    held_out,
    listed,
    split_of,
)
from scaling.data.listing.walk import Found, counted, printable, told

IMAGES = "images"  # a class's only folder may bear this name, as in Tiny ImageNet


def list_folder(found: Found) -> Listing:
    """The images ``found``: in a subfolder per class, or in folders of splits with those inside.

    ValueError for what leaves a class or a split in doubt, with the way on.
    """
    folder: Path = found.folder
    names = found.inside()
    train, held = chosen_splits(names, folder) if _has_splits(found, names) else (None, None)
    if train is None:
        rows, classes = _classes(found, "")
        return _listing(found, classes, held_out(rows, folder))
    rows, classes = _classes(found, train)
    if held is None:
        return _listing(found, classes, held_out(rows, folder / train))
    _check_heldout(found, train, held)
    heldout, _ = _classes(found, held, classes)
    return _listing(found, classes, {TRAIN: rows, HELDOUT: heldout})


def _has_splits(found: Found, names: list[str]) -> bool:
    """Whether the folders are splits. A class may be called train, among other classes."""
    kinds = {name: split_of(name) for name in names}
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
    return all(kinds.values()) or bool(found.inside(train))


def _listing(found: Found, classes: list[str], splits: dict[str, Rows]) -> Listing:
    used = sum(map(len, splits.values()))
    left_out = found.left_out + Counter({"images in other folders": len(found.paths) - used})
    return Listing(found.folder, [*map(printable, classes)], splits, told(used, left_out))


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
        inner = [f"{start}{name}" for name in classes if len(found.inside(f"{start}{name}")) > 1]
        hint = f", or give {printable(str(found.folder / inner[0]))}" if inner else ""
        raise ValueError(
            f"{place} has {len(classes)} classes ({listed(classes) or 'no subfolder'}) and "
            f"{loose} images outside; a class-conditional model needs two or more: put the images "
            f"of each in a subfolder{hint}"
        )
    if known is not None and (unknown := sorted(set(classes) - set(known))):
        raise ValueError(
            f"{place} has classes that train lacks, such as {printable(unknown[0])!r}; remove them "
            "or put images of them into train"
        )
    if empty := [name for name in classes if not of_class[name]]:
        left = f" (left out: {counted(found.left_out)})" if found.left_out else ""
        raise ValueError(
            f"{len(empty)} of {len(classes)} class folders of {place} hold no image{left}, such as "
            f"{printable(empty[0])!r}; remove them or fill them"
        )
    for name, paths in of_class.items():
        _check_class(found, start, name, paths)
    labels = {name: label for label, name in enumerate(known or classes)}
    rows = [(path, labels[name]) for name in classes for path in sorted(of_class[name])]
    return rows, list(labels)


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
        f"{printable(name)!r} is the class, move the images up"
    )


def _check_heldout(found: Found, train: str, held: str) -> None:
    """ValueError for a held-out split that is empty, or whose images are in no class."""
    place = found.folder / held
    images = sum(path.startswith(f"{held}/") for path in found.paths)
    without = f"move {place} away, then one image in {ONE_IN} of {train} is held out"
    if not images:
        left = f" (left out: {counted(found.left_out)})" if found.left_out else ""
        raise ValueError(f"the split {place} holds no image{left}; fill it, or {without}")
    if not found.inside(held):
        raise ValueError(
            f"the {images} images of {place} are in no class: sort them into a subfolder per class "
            f"with the names of those in {train}, or {without}"
        )
