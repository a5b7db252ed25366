"""Which folder does a person mean by a study? Its name and a results root, as sweep takes them.

One convention for all verbs: STUDY is the study's name, in the root that ``--results`` names, or
the study's results folder itself.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated

import typer

from scaling.records.storage.places import here, shown, url_of

ROOT = Path("results")  # where sweep puts studies if it is not told otherwise
PLAN = "study.json"


def as_place(text: str | Path) -> Path:
    """What an option of a folder or a URL holds, as a path; of a URL, that of its copy."""
    try:
        return here(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ResultsOption = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="ROOT",
        parser=as_place,
        help="Results root of STUDY, a folder or a URL, as in sweep; default: results.",
    ),
]
StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study's name, or its results folder.")
]


def as_source(text: str | Path) -> Path:
    """What an argument to be read holds: a file or folder, or a URL, which is fetched."""
    path = as_place(text)
    if url_of(path):
        from scaling.records.storage.following import fetched

        try:
            fetched(path)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return check_ends(path)


def check_ends(path: Path) -> Path:
    """``path``. Refused where it is a pipe or a device, which may have no end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise typer.BadParameter(
            f"{path} is a pipe or a device; write what it gives to a file, and name that"
        )
    return path


def as_reference(text: str) -> str:
    """What an option of real images holds: the name of a data set, or a path."""
    check_ends(Path(text))
    return text


def as_model(text: str | Path) -> Path:
    """What an argument of weights holds: as ``as_source``, or a pipeline's id on the hub, which is
    fetched.
    """
    path = as_source(text)
    if path.exists() or str(path) != str(text):
        return path
    from scaling.models.stored import pipelines

    if not pipelines.may_be_on_the_hub(str(text)):
        return path
    try:
        return pipelines.fetched(str(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def studies_in(root: Path) -> list[Path]:
    """The folders of the studies of a results root, by name; those at a URL are fetched."""
    if url_of(root):
        from scaling.records.storage.following import pull_studies

        pull_studies(root)
    if not root.is_dir():
        return []
    return sorted(folder for folder in root.iterdir() if (folder / PLAN).is_file())


def study_folder(study: str, results: Path | None = None) -> Path:
    """The results folder that ``study`` means. ValueError names the studies that there are."""
    root = ROOT if results is None else results
    name = study_name(study)
    itself = here(study)
    candidates = [itself, root / name]
    if results is not None:
        candidates = [root / name.lstrip("/")]
        # A link that leads to itself is followed nowhere by realpath; resolve() raises.
        if os.path.dirname(os.path.realpath(itself)) == os.path.realpath(root):
            candidates.append(itself)
    if url_of(itself):
        candidates = [itself]
    for folder in candidates:
        _fetch(folder)
        if (folder / PLAN).is_file():
            return folder
    if itself.is_file() and (itself.parent / PLAN).is_file():
        raise ValueError(f"{shown(itself)} is a file; name the folder {shown(itself.parent)}")
    if inside := studies_in(itself):
        raise ValueError(
            f"{study} holds no {PLAN}: it is a results root, of {_names(inside)}; name one, as in "
            f"{shown(inside[0])}"
        )
    raise ValueError(
        f"{shown(candidates[0])} holds no {PLAN}; run the study first, or name its results folder "
        f"({_what_is_in(root, name)})"
    )


def _fetch(folder: Path) -> None:
    """Take a study that is at a URL from the store."""
    if url_of(folder):
        from scaling.records.storage.following import pull_study  # needs all that reads records

        pull_study(folder)


def study_name(study: str) -> str:
    """The name of the study that a .py file defines, as sweep takes it; else the word itself."""
    if study.endswith(".py") and Path(study).is_file():
        from scaling.study import load_study

        return load_study(study).name
    return study


def _what_is_in(root: Path, name: str) -> str:
    there = studies_in(root)
    if not there:
        return f"{shown(root)} holds no study"
    near = difflib.get_close_matches(Path(name).name, [f.name for f in there], n=3, cutoff=0.5)
    place = shown(root)
    return f"nearest in {place}: {', '.join(near)}" if near else f"{place} holds {_names(there)}"


def _names(folders: list[Path], most: int = 8) -> str:
    names = [folder.name for folder in folders]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def check_out(out: Path | None, option: str, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that cannot be written, before the work whose answer it is to hold.

    ``suffixes`` are those that have a writer.
    """
    if out is None:
        return
    if out.is_dir():
        raise ValueError(f"{option} {out} is a folder; name a file in it")
    if out.suffix.lower() not in suffixes:
        raise ValueError(f"{option} {out} must end in {' or '.join(suffixes)}")
    for folder in out.parents:
        if folder.exists():
            if not folder.is_dir():
                raise ValueError(f"{out}: {folder} is a file, no folder")
            if not os.access(folder, os.W_OK):
                raise ValueError(f"{out}: the folder {folder} cannot be written")
            return
