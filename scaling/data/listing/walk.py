"""Which files below a folder are its images? One walk for every command, and what it left out.

- Hidden names (.x) and the litter of operating systems are left out at each level.
- A file counts once, whatever its names: of hard links the first. Links are followed, but what a
  link leads to is left out if it stands in the folder itself, is the target of a link before it,
  or is a folder above. A link to nothing is refused.
- An image is a file with an image's suffix, or one that begins as an image does. So a damaged JPEG
  is still an image, which whoever reads it refuses, and a photo named IMG_1 is one too. An .npy is
  one where its shape and type are an image's.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.data.listing import npy
from scaling.data.listing.content import NOT_READ, is_image, kind_of

LITTER = frozenset(
    "thumbs.db ehthumbs.db ehthumbs_vista.db desktop.ini icon\r __macosx @eadir @recycle @tmp "
    "#recycle #snapshot ~snapshot @recently-snapshot @sharebin $recycle.bin recycler lost+found "
    "__pycache__".split(" ")
) | {"system volume information", "network trash folder", "temporary items"}
TWICE = "links to files counted already"


@dataclass(frozen=True)
class Found:
    """What was looked for below ``folder``: paths relative to it, in the order of their parts.

    ``left_out`` counts what else is there, by its kind: a suffix, or a reason. ``folders`` are all
    folders that are neither hidden nor litter, as paths too.
    """

    folder: Path
    paths: list[str]
    folders: list[str]
    left_out: Counter

    def told(self) -> str:
        return told(len(self.paths), self.left_out)

    def inside(self, place: str = "") -> list[str]:
        """The names of the folders in the folder ``place``."""
        start = f"{place}/" if place else ""
        rest = (path[len(start) :] for path in self.folders if path.startswith(start))
        return sorted(name for name in rest if "/" not in name)


def told(images: int, left_out: Counter) -> str:
    """Such as "48 files: 40 images; left out 8: .txt 5, hidden 3"."""
    left = sum(left_out.values())
    return f"{images + left} files: {images} images" + (
        f"; left out {left}: {counted(left_out)}" if left else ""
    )


def counted(left_out: Counter) -> str:
    """The kinds with their counts, the most frequent first: ".txt 5, hidden 3"."""
    kinds = sorted(left_out.items(), key=lambda pair: (-pair[1], pair[0]))
    text = ", ".join(f"{printable(kind)} {count}" for kind, count in kinds)
    unread = sorted(NOT_READ & left_out.keys())
    return text + (f" (Pillow does not read {', '.join(unread)}: convert them)" if unread else "")


def find_images(folder: Path) -> Found:
    """The images below ``folder``, at any depth.

    ValueError for a folder that is missing or cannot be read, and for links that lead nowhere.
    """
    found = find(folder, is_image)
    arrays = {path for path in found.paths if path.lower().endswith(npy.SUFFIX)}
    if not arrays:
        return found
    # A mask, or the same picture once more.
    pictures = {os.path.splitext(path)[0] for path in found.paths if path not in arrays}
    beside = {path for path in arrays if os.path.splitext(path)[0] in pictures}
    left_out = found.left_out + Counter({".npy beside a picture of its name": len(beside)})
    return replace(found, paths=[p for p in found.paths if p not in beside], left_out=left_out)


def find(folder: Path, wanted: Callable[[str, str], bool]) -> Found:
    """As ``find_images``, of the files for which ``wanted`` is true: of the path in the folder, and
    of that of the file, to which a link may lead.
    """
    if not folder.is_dir():
        raise ValueError(
            f"no image folder at {folder}"
            + (": that is a file" if folder.exists() else ": there is no such folder")
        )
    walk = _Walk(folder, wanted)
    in_order = sorted(walk.paths, key=lambda path: path.split("/"))
    return Found(folder, in_order, walk.folders, walk.left_out)


class _Walk:
    """First all that stands below the folder itself, then what its links lead to."""

    def __init__(self, folder: Path, wanted: Callable[[str, str], bool]):
        self.folder, self._wanted = folder, wanted
        self.paths: list[str] = []
        self.folders: list[str] = []
        self.left_out = Counter()
        self._links: list[tuple[str, str]] = []  # path, what it leads to
        self._seen: set[str] = set()  # real paths of folders and of files that links led to
        self._files: dict[int, set[int]] = {}  # the numbers of files, by device
        self._own = os.path.realpath(folder)
        self._dead: list[str] = []
        self._visit("", self._own)
        self._links.sort()
        for path, target in self._links:  # grows by the links that stand where a link led
            self._follow(path, target)
        if self._dead:
            raise ValueError(
                f"{len(self._dead)} links below {folder} lead nowhere, such as "
                f"{printable(self._dead[0])} -> {_target(folder, self._dead[0])}; bring back what "
                "they lead to, or remove them"
            )

    def _visit(self, place: str, real: str) -> None:
        """All in the folder at ``place``, whose path without links is ``real``."""
        if real in self._seen:
            self.left_out["links to folders counted already"] += 1
            return
        self._seen.add(real)
        try:
            numbers = self._files.setdefault(os.stat(real).st_dev, set())
            with os.scandir(real) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise ValueError(
                f"{self.folder / place} cannot be read ({error.strerror}); make it readable, or "
                "move it away"
            ) from None
        for entry in inside:
            path = f"{place}/{entry.name}" if place else entry.name
            # isdir is false of a link to nothing or to itself; is_dir raises
            is_folder = os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()
            if why := litter(entry.name):
                self.left_out[f"{why} folders" if is_folder else why] += 1
                continue
            if is_folder:
                self.folders.append(path)
            if entry.is_symlink():
                self._links.append((path, os.path.realpath(entry.path)))
            elif is_folder:
                self._visit(path, entry.path)
            elif entry.path in self._seen or (
                entry.inode() in numbers and entry.stat().st_nlink > 1
            ):
                self.left_out[TWICE] += 1
            else:
                numbers.add(entry.inode())
                self._file(path, entry.path, entry.is_file())

    def _follow(self, path: str, target: str) -> None:
        if os.path.isdir(target):
            if self._is_above(path, target):
                self.left_out["links to a folder above"] += 1
            else:
                self._visit(path, target)
        elif not os.path.exists(target):
            self._dead.append(path)
        elif target in self._seen or (
            os.path.dirname(target) in self._seen and not litter(os.path.basename(target))
        ):
            self.left_out[TWICE] += 1
        elif self._is_hard_link(target):
            self.left_out[TWICE] += 1
        else:
            self._seen.add(target)
            self._file(path, target, os.path.isfile(target))

    def _is_hard_link(self, target: str) -> bool:
        """Whether what a link leads to has another name that was counted; it counts from now on."""
        at = os.stat(target)
        numbers = self._files.setdefault(at.st_dev, set())
        known = at.st_nlink > 1 and at.st_ino in numbers
        numbers.add(at.st_ino)
        return known

    def _is_above(self, path: str, target: str) -> bool:
        here = os.path.realpath(os.path.dirname(os.path.join(self._own, path)))
        return any(os.path.commonpath([place, target]) == target for place in (here, self._own))

    def _file(self, path: str, real: str, is_file: bool) -> None:
        if not is_file:  # a pipe or socket, which would keep a reader waiting
            self.left_out["pipes and devices"] += 1
        elif self._wanted(path, real):
            self.paths.append(path)
        else:
            self.left_out[kind_of(path, real)] += 1


def litter(name: str) -> str | None:
    """Why a file or folder of this name is left out anywhere: "hidden", "system"; or None."""
    if name.startswith("."):
        return "hidden"
    lower = name.lower()
    system = lower in LITTER or name.startswith("~$") or name.endswith("~")
    return "system" if system or re.fullmatch(r"found\.\d{3}", lower) else None


def printable(name: str) -> str:
    """A path or name as text of one line: control characters, and bytes that are not UTF-8, as
    \\xNN.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def from_text(folder: Path, text: str) -> str:
    """The path in ``folder`` that ``printable`` made ``text`` of."""
    if "\\x" not in text or (folder / text).exists():
        return text
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), text.encode())
    return os.fsdecode(raw)


def _target(folder: Path, link: str) -> str:
    try:
        return printable(os.readlink(folder / link))
    except OSError:  # it lies behind another link
        return "nothing"


def outside(inner: Path, folders: Iterable[Path], what: str) -> None:
    """ValueError if ``inner``, to which ``what`` will be written, lies in one of ``folders``."""
    for folder in folders:
        # realpath takes a link that leads to itself for what it is, resolve() raises
        if Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(folder)):
            raise ValueError(
                f"{what} {inner} lies in the image folder {folder}, whose images would become "
                "others; choose a folder beside it"
            )
