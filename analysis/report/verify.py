"""Checks a bundle: every number, table, figure and page is made again from its records."""

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic_core import from_json

from analysis.frames.cache import wait_until_kept
from analysis.report.bundle import MANIFEST, Manifest, analysis_versions, answers
from analysis.report.differences import (
    Difference,
    in_pages,
    in_tables,
    in_trees,
    pictures_of,
    same_picture,
)
from analysis.text import count
from scaling.records import StudyFolder
from scaling.records.provenance import code_version

SHOWN = 5  # differences told of one file

# What a bundle unpacks to at most, in all, and as a multiple of its own size if that is not small
MOST_BYTES, MOST_TIMES, SMALL_BYTES = 2**33, 200, 2**26


@dataclass(frozen=True)
class Verdict:
    """Which answers the records give again."""

    study: str
    agree: tuple[str, ...]
    differ: dict[str, list[Difference]]  # file -> where, in the bundle, rebuilt
    notes: tuple[str, ...]

    def text(self) -> str:
        lines = [f"{name}: agrees" for name in self.agree]
        for name, differences in self.differ.items():
            lines.append(f"{name}: DIFFERS in {count(len(differences), 'place')}")
            lines += [
                f"  {where}: {_short(bundled)} in the bundle, {_short(rebuilt)} rebuilt"
                for where, bundled, rebuilt in differences[:SHOWN]
            ]
            lines += [f"  and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
        lines += self.notes
        total = len(self.agree) + len(self.differ)
        return "\n".join(
            [*lines, f"{self.study}: {len(self.agree)} of {total} answers agree with the records"]
        )


def verify(path: Path) -> Verdict:
    """Rebuild the answers of a bundle. ValueError where it is no bundle, of a newer schema,
    incomplete or damaged.
    """
    manifest, files = read(Path(path))
    with tempfile.TemporaryDirectory() as root:
        for name, data in files.items():
            if name.startswith("study/"):
                place = Path(root, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        study = StudyFolder(Path(root, "study"))
        try:
            rebuilt = answers(study)
        except ValueError as error:
            reason = str(error).replace(f"{root}/", "")
            raise ValueError(f"{path} cannot be rebuilt from its records: {reason}") from None
        wait_until_kept(study)
    bundled = {
        name.removeprefix("answers/"): data
        for name, data in files.items()
        if name.startswith("answers/")
    }
    here = analysis_versions()
    same_drawing = manifest["versions"].get("matplotlib") == here["matplotlib"]
    agree, differ = [], {}
    # by trial
    for name in sorted(
        bundled.keys() | rebuilt.keys(), key=lambda name: (not name.startswith("tables/"), name)
    ):
        if name not in bundled or name not in rebuilt:
            differences = [
                (
                    "the file",
                    "there" if name in bundled else "absent",
                    "there" if name in rebuilt else "absent",
                )
            ]
        else:
            differences = _differences(name, bundled[name], rebuilt[name], same_drawing)
        if differences:
            differ[name] = differences
        else:
            agree.append(name)
    return Verdict(
        manifest["study"], tuple(agree), differ, tuple(_notes(manifest, here, same_drawing))
    )


def read(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files of a bundle, checked against it."""
    if not path.is_file():
        raise ValueError(
            f"{path} is a folder; name a bundle's file, which scaling bundle makes of it"
            if path.is_dir()
            else f"there is no file {path}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, sum(entry.file_size for entry in archive.infolist()))
            files = {name: archive.read(name) for name in archive.namelist()}
        content = files.pop("manifest.json")
    except (zipfile.BadZipFile, zlib.error, LookupError, RuntimeError, EOFError) as error:
        raise ValueError(
            f"{path} is no bundle of a study ({error}); scaling bundle makes one"
        ) from None
    manifest = MANIFEST.parse(content, path / "manifest.json")
    listed = manifest["files"]
    if outside := [
        name
        for name in files
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
    ]:
        raise ValueError(
            f"{path} holds {outside[0]}, which lies outside of it; it is no bundle of ours"
        )
    if missing := sorted(listed.keys() - files.keys()):
        raise ValueError(f"{path} lacks {_several(missing)}, which its manifest lists")
    if extra := sorted(files.keys() - listed.keys()):
        raise ValueError(f"{path} holds {_several(extra)}, which its manifest does not list")
    if broken := [
        name for name in listed if hashlib.sha256(files[name]).hexdigest() != listed[name]
    ]:
        raise ValueError(
            f"{path}: the checksum of {_several(broken)} does not hold; the bundle was damaged or "
            "changed"
        )
    return manifest, files


def _refuse_bomb(path: Path, unpacked: int) -> None:
    """ValueError for a file that unpacks to more than records ever do."""
    if unpacked > MOST_BYTES or unpacked > max(SMALL_BYTES, MOST_TIMES * path.stat().st_size):
        raise ValueError(
            f"{path} is no bundle of a study: its {path.stat().st_size:,} bytes unpack to "
            f"{unpacked:,}"
        )


def run(path: Path) -> tuple[str, bool]:
    """What ``scaling verify`` prints, and whether all agrees."""
    verdict = verify(path)
    return verdict.text(), not verdict.differ


def _differences(name: str, first: bytes, second: bytes, same_drawing: bool) -> list[Difference]:
    kind = name.rsplit(".", 1)[-1]
    if kind not in COMPARED:
        raise ValueError(f"{name} is no answer that is compared; those are {', '.join(COMPARED)}")
    try:
        return list(COMPARED[kind](first.decode(), second.decode(), same_drawing))
    except (ValueError, RecursionError) as error:  # of the bundle: the other was made just now
        return [("the file", f"unreadable ({error})", f"a whole .{kind}")]


def _in_json(first: str, second: str, _: bool) -> Iterable[Difference]:
    return in_trees(from_json(first), from_json(second))


def _in_csv(first: str, second: str, _: bool) -> Iterable[Difference]:
    return in_tables(first, second)


def _in_svg(first: str, second: str, same_drawing: bool) -> Iterable[Difference]:
    """Drawings of two versions of matplotlib are not compared."""
    if same_drawing and not same_picture(first, second):
        yield "the picture", "one drawing", "another"


def _in_html(first: str, second: str, same_drawing: bool) -> Iterable[Difference]:
    yield from in_pages(first, second)
    again = pictures_of(second)
    for caption, picture in pictures_of(first).items():
        if caption in again and same_drawing and not same_picture(picture, again[caption]):
            yield caption, "one drawing", "another"


COMPARED: Mapping[str, Callable[[str, str, bool], Iterable[Difference]]] = {
    "json": _in_json,
    "csv": _in_csv,
    "svg": _in_svg,
    "html": _in_html,
}


def _notes(manifest: Manifest, here: dict, same_drawing: bool) -> list[str]:
    notes = (
        []
        if manifest["code"] == code_version()
        else [f"made by {manifest['code']}, rebuilt by {code_version()}"]
    )
    other = [
        f"{name} {version} there, {here.get(name, 'none')} here"
        for name, version in manifest["versions"].items()
        if here.get(name) != version
    ]
    notes += [f"versions: {'; '.join(other)}"] if other else []
    return (
        notes
        if same_drawing
        else [*notes, "pictures of another matplotlib are compared by the data they carry alone"]
    )


def _several(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _short(value) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
