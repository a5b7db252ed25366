"""What do the names of folders and archives mean: which is a split, which an archive, and how are
classes ordered?
"""

import re
import unicodedata

from scaling.data.listing.walk import printable

TARS = (  # compressed or not
    ".tar",
    *(".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst"),
)
ZIPS = (".zip",)
TRAIN, HELDOUT, TEST = "train", "heldout", "test"
# what a folder or archive of a split is called, in any case and with "set", "_data", "2012" or the
# like behind it; of held-out ones, those of HELDOUT are taken before those of TEST
NAMES = {
    TRAIN: ("train", "training", "trn", "trainval"),
    HELDOUT: (
        *("val", "valid", "validate", "validation", "heldout", "holdout"),
        *("dev", "development", "eval", "evaluation"),
    ),
    TEST: ("test", "testing", "tst"),
}


def is_tar(name: str) -> bool:
    return name.lower().endswith(TARS)


def stem(name: str) -> str:
    """An archive's name without its ending."""
    endings = (ending for ending in (*TARS, *ZIPS) if name.lower().endswith(ending))
    return name[: len(name) - len(max(endings, key=len, default=""))]


def split_of(name: str) -> str | None:
    """The kind of split that a folder or file of this name holds: train, heldout, test or None."""
    word = re.sub(r"\d+x\d+|[^a-z]", "", name.lower())
    for behind in ("set", "images", "imgs", "img", "data", "split", "px"):
        word = word.removesuffix(behind) if word != behind else word
    return next((kind for kind, names in NAMES.items() if word in names), None)


def splits_of(names: list[str]) -> dict[str, str | None]:
    """The kind of split that each of the folders ``names`` holds: by its whole name, or by one of
    its words where another name differs in that word alone (imagenet_train beside imagenet_val).
    """
    kinds = {name: split_of(name) for name in names}
    if TRAIN in kinds.values():
        return kinds
    parts: dict[tuple[str, ...], dict[str, str]] = {}
    for name in names:
        words = re.findall(r"[a-z]+", name.lower())
        said = {word: kind for word in words if (kind := split_of(word))}
        if len(said) == 1:
            rest = tuple(word for word in words if word not in said)
            parts.setdefault(rest, {})[name] = next(iter(said.values()))
    found = [
        part for part in parts.values() if TRAIN in part.values() and len(set(part.values())) > 1
    ]
    return kinds | found[0] if len(found) == 1 else kinds


def split_in(words: str) -> str | None:
    """The split that one of the words of an archive's name means, as in cifar-train-000.tar."""
    return next(filter(None, map(split_of, re.split(r"[^A-Za-z]+", words))), None)


def as_number(name: str) -> tuple[int, str]:
    """By which names of classes are ordered: numbers by their values, after other names."""
    return (int(name) if name.isdecimal() else -1, name)


def in_order(path: str) -> list:
    """By which frames are ordered: numbers in their names by value, so that 2 is before 10."""
    parts = re.split(r"(\d+)", path)
    return [*((text, int(number)) for text, number in zip(parts[::2], [*parts[1::2], "0"])), path]


def listed(names: list[str], most: int = 4) -> str:
    """Such as "a, b, c, d and 6 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more


def one_form(name: str) -> str:
    """A name in one of the forms that Unicode has for accents: macOS writes another than Linux."""
    return unicodedata.normalize("NFC", name)
