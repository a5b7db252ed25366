"""Where is the study of that name? In ``experiments/NAME.py``, or in a file that defines STUDY."""

import difflib
import importlib
import pkgutil
import traceback
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from scaling.study.families.outside.shipped import import_file
from scaling.study.families.outside.source import INSTALLED, SUITE
from scaling.study.libraries import expanded
from scaling.study.own_packages import BESIDE, own_package
from scaling.study.settings import explain
from scaling.study.study import Study

LONGEST = 400  # characters of an error of theirs


def study_names() -> list[str]:
    """The names of the studies in the ``experiments`` package."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(BESIDE / "experiments")])
        if not module.name.startswith("_")
    )


def load_study(name_or_path: str) -> Study:
    """The Study that ``experiments/NAME.py``, or the given .py file, defines as STUDY.

    ValueError if there is no such file, if it raises anything, or if it defines no STUDY.
    """
    name_or_path = str(name_or_path)
    module = _module(name_or_path)
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        instead = "nothing of that name" if study is None else f"a {type(study).__name__}"
        others = [name for name, value in vars(module).items() if isinstance(value, Study)]
        instead += f", and a Study called {', '.join(others)}" if others else ""
        raise ValueError(
            f"{name_or_path} does not define STUDY = Study(...) (found {instead}); see "
            "experiments/smoke.py"
        )
    return study


def load_file(path: Path) -> ModuleType:
    """A user's own .py file, executed. ValueError if there is none or it raises anything."""
    if path.suffix != ".py":
        raise ValueError(f"{path} is no .py file")
    return _module(str(path))


def _module(name_or_path: str):
    if name_or_path.endswith(".py"):
        path = expanded(name_or_path)
        if not path.is_file():
            raise ValueError(f"no such study file: {path}")
        return _executed(name_or_path, path, lambda: import_file(path))
    names = study_names()
    if "/" in name_or_path and expanded(name_or_path).exists():
        raise ValueError(
            f"{name_or_path} is no .py file; a study is one that defines STUDY = Study(...), see "
            "experiments/smoke.py"
        )
    if name_or_path not in names:
        near = difflib.get_close_matches(name_or_path, names, n=3, cutoff=0.3) or names
        beside = Path(f"{name_or_path}.py")
        raise ValueError(
            f"unknown study {name_or_path!r}; nearest: {', '.join(near)} (or give "
            f"{f'the file, {beside}' if beside.is_file() else 'a path ending in .py'})"
        )
    own_package("experiments")
    return _executed(
        name_or_path,
        BESIDE / "experiments" / f"{name_or_path}.py",
        lambda: importlib.import_module(f"experiments.{name_or_path}"),
    )


def _executed(name: str, path: Path, load):
    """What ``load`` gives. ValueError, one line, for whatever the study's own code raises."""
    try:
        return load()
    except KeyboardInterrupt:  # the person's, not the file's
        raise
    except BaseException as error:  # a user's own file may raise anything, SystemExit too
        raise ValueError(f"{_place(error, name, path)}: {_told(error)}") from None


def _place(error: BaseException, name: str, path: Path) -> str:
    """The last line of the study's own code on the way to ``error``: ``conv.py, line 12``."""
    folder = path.resolve().parent
    lines = [(f.f_code.co_filename, line) for f, line in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno or 1))
    own = [(Path(file), line) for file, line in lines if _is_own(Path(file), folder)]
    if not own:
        return name
    file, line = own[-1]
    return f"{name if file.resolve() == path.resolve() else file}, line {line}"


def _is_own(file: Path, folder: Path) -> bool:
    """Whether ``file`` is the study's or lies beside it, and is neither ours nor installed."""
    if not file.is_relative_to(folder) or INSTALLED & set(file.relative_to(folder).parts):
        return False
    return not any(file.is_relative_to(BESIDE / package) for package in SUITE)


def _told(error: BaseException) -> str:
    """The error in one line."""
    if isinstance(error, ValidationError):
        return explain(error)
    if isinstance(error, SystemExit):
        return f"the file ends the program (SystemExit: {error.code}); it may only define STUDY"
    try:
        text = " ".join(str(error).split())
    except Exception:  # an error of theirs that cannot tell itself
        text = ""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    if type(error) is ValueError and text:  # most are ours, of a spec or a grid
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
