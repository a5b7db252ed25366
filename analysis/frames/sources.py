"""Which code decides what the tables hold? The modules that reading them imports, hashed."""

import ast
import functools
import hashlib
import importlib
import importlib.util
from pathlib import Path

READER = "analysis.frames.tables"
ROOMS = ("analysis.frames", "scaling.records", "scaling.study")  # what lies outside reads no record


@functools.cache
def code_id() -> str:
    """The hash of the text of every module in ``reached(READER)``."""
    texts = (path.read_bytes() for _, path in sorted(reached(READER).items()))
    return hashlib.blake2b(b"".join(texts), digest_size=8).hexdigest()


def reached(module: str) -> dict[str, Path]:
    """The modules that ``module`` imports, directly or through others, and itself: name -> file.

    Only those in ROOMS, wherever in a module the import stands.
    """
    files: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in files and (file := _file(name)) is not None:
            files[name] = file
            waiting += _imported(file)
    return files


def _file(name: str) -> Path | None:
    """The source of a module in ROOMS; None of any other name."""
    if not any(name == room or name.startswith(f"{room}.") for room in ROOMS):
        return None
    package, _, _ = name.rpartition(".")
    if not hasattr(importlib.import_module(package), "__path__"):
        return None  # a name in a module, no module
    spec = importlib.util.find_spec(name)
    return Path(spec.origin) if spec and spec.origin else None


def _imported(file: Path) -> list[str]:
    """The names that ``file`` imports, those from a package both as its modules and as itself."""
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
