"""Which `experiments` and `analysis` are ours? Those beside `scaling`, whatever else is named so.

A folder of such a name in the working directory, or beside a study's file, does not hide ours. Its
modules are still found, after ours.
"""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

BESIDE = Path(__file__).resolve().parents[2]  # the folder that holds `scaling`


def own_package(name: str, further: Iterable[Path] = ()) -> ModuleType:
    """Our package ``name``, imported; modules that it lacks are looked for in ``further`` folders.

    ImportError where it does not lie beside ``scaling``.
    """
    ours = BESIDE / name
    module = sys.modules.get(name)
    if module is None or not _is_ours(module, ours):
        module = _imported(name, ours)
    for folder in further:
        theirs = str(folder / name)
        if Path(theirs).is_dir() and theirs not in module.__path__:
            module.__path__.append(theirs)
    return module


def _is_ours(module: ModuleType, ours: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().parent == ours


def _imported(name: str, ours: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        name, ours / "__init__.py", submodule_search_locations=[str(ours)]
    )
    if spec is None or spec.loader is None or not (ours / "__init__.py").is_file():
        raise ImportError(f"the package {name} is not beside scaling in {BESIDE}")
    module = importlib.util.module_from_spec(spec)
    # modules of the other package of that name would be taken for ours
    for other in [other for other in sys.modules if other.startswith(f"{name}.")]:
        del sys.modules[other]
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half of it would be found the next time
        raise
    return module
