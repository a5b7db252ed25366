"""Where is the study of that name? In ``experiments/NAME.py``, or in a file that defines STUDY."""

import difflib
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from scaling.study.families.shipped import import_file
from scaling.study.settings import explain
from scaling.study.study import Study


def study_names() -> list[str]:
    """The names of the studies in the ``experiments`` package."""
    package = importlib.import_module("experiments")
    return sorted(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_")
    )


def load_study(name_or_path: str) -> Study:
    """The Study that ``experiments/NAME.py``, or the given .py file, defines as STUDY.

    ValueError if there is no such file or it defines no STUDY.
    """
    try:
        module = _module(name_or_path)
    except ValidationError as error:
        raise ValueError(f"{name_or_path}: {explain(error)}") from None
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        found = "nothing of that name" if study is None else f"a {type(study).__name__}"
        raise ValueError(
            f"{name_or_path} does not define STUDY = Study(...) (found {found}); see "
            "experiments/smoke.py"
        )
    return study


def load_file(path: Path) -> ModuleType:
    """A user's own .py file, executed. ValueError if there is none or it raises anything."""
    if path.suffix != ".py":
        raise ValueError(f"{path} is no .py file")
    try:
        return _module(str(path))
    except ValidationError as error:
        raise ValueError(f"{path}: {explain(error)}") from None


def _module(name_or_path: str):
    if name_or_path.endswith(".py"):
        path = Path(name_or_path)
        if not path.is_file():
            raise ValueError(f"no such study file: {path}")
        try:
            return import_file(path)
        except ValidationError:
            raise  # load_study explains it
        except Exception as error:  # a user's own file may raise anything
            raise ValueError(
                f"{path} cannot be read as a study: {type(error).__name__}: {error}"
            ) from None
    names = study_names()
    if name_or_path not in names:
        near = difflib.get_close_matches(name_or_path, names, n=3, cutoff=0.3) or names
        raise ValueError(
            f"unknown study {name_or_path!r}; nearest: {', '.join(near)} (or give a path ending in "
            ".py)"
        )
    return importlib.import_module(f"experiments.{name_or_path}")
