"""How does a user's network reach a worker? Its source files travel with the job and are loaded."""

import hashlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from scaling.study.families.outside.source import files_of, outside_families, own_modules, source_id
from scaling.study.network import FAMILIES, Network
from scaling.study.own_packages import own_package
from scaling.study.specs.identity import Spec, identity

STUDY_MODULE = "_study_"  # how the modules of studies' files begin
OWN: dict[str, Path] = {}  # the modules beside the study's file that was executed last


class ShippedFile(Spec):
    """The families that one file defines: its source, and what it imports from its folder."""

    texts: dict[str, str]  # path below the folder -> text; the first entry is the file itself
    source_ids: dict[str, str]  # class name -> the hash of its source


class Shipped(Spec):
    """Everything that a worker needs to read and build the networks of a job."""

    files: tuple[ShippedFile, ...] = ()

    @classmethod
    def of(cls, models: Iterable[Network]) -> "Shipped":
        """The source of those ``models`` that are not defined in the suite itself.

        ValueError for a class inside a function, which a worker could not find in the file.
        """
        by_module: dict[str, list[type[Network]]] = {}
        for family in outside_families(models):
            if "." in family.__qualname__:
                raise ValueError(
                    f"the family {family.__qualname__} is defined inside a function; define it at "
                    "the top level of its file, where workers can import it"
                )
            by_module.setdefault(family.__module__, []).append(family)
        return cls(
            files=tuple(
                ShippedFile(
                    texts=files_of(families[0]),
                    source_ids={family.__name__: source_id(family) for family in families},
                )
                for families in by_module.values()
            )
        )

    def load(self, folder: Path) -> None:
        """Define the families in this process, from files written below ``folder``.

        Families that this process already has from the same source stay as they are.
        """
        loaded = {source_id(family) for family in list(FAMILIES.values())}
        for file in self.files:
            if loaded.issuperset(file.source_ids.values()):
                continue
            home = folder / identity(file.texts)
            for name, text in file.texts.items():
                path = home / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            import_file(home / next(iter(file.texts)), shipped=file.source_ids)


def import_file(path: Path, shipped: dict[str, str] | None = None) -> ModuleType:
    """Execute the .py file as a module of its own; it can import what lies beside it.

    While it runs its folder comes first, as for a script; for imports that it makes later, last,
    so that nothing beside it hides what others import.

    ``shipped`` holds the source hashes of its classes if the file came with a job. It then lies in
    another place than the original, so the hashes cannot be computed from it.
    """
    path = path.resolve()
    folder = str(path.parent)
    place = hashlib.sha256(str(path).encode(errors="surrogateescape")).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(f"{STUDY_MODULE}{path.stem}_{place}", path)
    module = importlib.util.module_from_spec(spec)
    if shipped is not None:
        module.__shipped_source__ = shipped
    own_package("experiments", further=[path.parent])
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    before = sys.modules.get(module.__name__)
    try:
        _forget_others(path)
        sys.modules[module.__name__] = module  # pydantic resolves a class's annotations there
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            sys.modules.pop(module.__name__, None)
        else:
            sys.modules[module.__name__] = before
        raise
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)
    return module


def _forget_others(path: Path) -> None:
    """Let ``path`` import the modules beside it anew, not those of that name from another study.

    Their text may have changed, too.
    """
    for name, loaded in list(sys.modules.items()):
        file = getattr(loaded, "__file__", None)
        if file is not None and name in OWN and Path(file) == OWN[name]:
            del sys.modules[name]
    OWN.clear()
    OWN.update(own_modules(path))
    for name, file in OWN.items():
        if getattr(sys.modules.get(name), "__file__", None) == str(file):
            del sys.modules[name]
