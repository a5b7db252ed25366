"""Which code is part of a user's network? The hash of its source, and the files to ship with it.

The hash covers the code that the network's class can reach in its own file and in the files that it
imports from the same folder: definitions by name, and every top-level statement that is more than a
definition. Changing a layer, a constant or a helper makes another network. Adding a trial to the
study in the same file does not, and neither does a comment, a docstring or another layout.
"""

import ast
import functools
import hashlib
import importlib.util
import re
import sys
import tokenize
from pathlib import Path

from scaling.study.families.outside.code_text import code_text
from scaling.study.network import FAMILIES, Network

HASH_DIGITS = 16
SUITE = ("scaling", "analysis")
INSTALLED = {"site-packages", "dist-packages"}  # an environment may lie below the study's folder


def is_outside(family: type[Network]) -> bool:
    """Whether a family is defined outside the suite, so that its source is part of its identity."""
    return not family.__module__.startswith("scaling.study.")


@functools.cache
def source_id(family: type[Network]) -> str | None:
    """The hash of the family's source; None for the suite's own families.

    ValueError for a class that no file defines, such as one in a notebook's cell.
    """
    if not is_outside(family):
        return None
    if shipped := getattr(sys.modules.get(family.__module__), "__shipped_source__", None):
        return shipped[family.__name__]
    reached = _Reached()
    # Of a class inside a function, the whole function.
    reached.name(file_of(family), family.__qualname__.partition(".")[0])
    text = "\n".join(f"# {name}\n{code}" for name, code in sorted(reached.code()))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def file_of(family: type[Network]) -> Path:
    """The file that defines the family."""
    module = sys.modules.get(family.__module__)
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file():
        raise ValueError(
            f"the family {family.__name__} is defined in {family.__module__}, which is no file; "
            "define it in a .py file, so that its source can be hashed"
        )
    return Path(file).resolve()


def files_of(family: type[Network]) -> dict[str, str]:
    """The family's file and what it imports from its own folder: relative path -> text.

    The family's own file comes first.
    """
    first = file_of(family)
    files = dict.fromkeys([first, *own_modules(first).values()])
    return {file.relative_to(first.parent).as_posix(): read_source(file) for file in files}


def read_source(file: Path) -> str:
    """The text of a .py file, in the encoding that it declares. SyntaxError names the file."""
    try:
        with tokenize.open(file) as text:
            return text.read()
    except (UnicodeDecodeError, SyntaxError):
        why = "it is not text in the encoding that it declares, UTF-8 if none"
        raise SyntaxError(why, (str(file), _first_undecodable(file), 0, "")) from None


def _first_undecodable(file: Path) -> int:
    """The line, from 1, of the first byte that is no UTF-8; 1 where all are."""
    data = file.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def own_modules(file: Path) -> dict[str, Path]:
    """The modules that ``file`` imports from its own folder, directly or through each other."""
    modules, waiting = {}, [file]
    while waiting:
        importer = waiting.pop(0)
        for node in ast.walk(_parsed(importer)):
            if _is_import(node):
                for module, other in _own_files(node, file.parent, importer).items():
                    if module not in modules and other != file:
                        modules[module] = other
                        waiting.append(other)
    return modules


def _parsed(file: Path) -> ast.Module:
    return ast.parse(read_source(file), filename=str(file))


def outside_families(models) -> list[type[Network]]:
    """The families of ``models`` that are defined outside the suite, each once."""
    families = dict.fromkeys(FAMILIES[model.family] for model in models)
    return [family for family in families if is_outside(family)]


class _Reached:
    """Collects the top-level statements that a name needs, file by file."""

    def __init__(self):
        self.kept: dict[Path, dict[int, str]] = {}  # file -> line number -> text
        self.names: set[tuple[Path, str]] = set()
        self.folder: Path | None = None

    def code(self) -> list[tuple[str, str]]:
        """The name and the reached statements of each file; the first file has no name."""
        first = next(iter(self.kept))
        return [
            (
                "" if file == first else file.relative_to(self.folder).as_posix(),
                "\n".join(text for _, text in sorted(rows.items())),
            )
            for file, rows in self.kept.items()
        ]

    def name(self, file: Path, name: str | None) -> None:
        """Keep the statements that define ``name`` in ``file``, and everything they use.

        None keeps the whole file.
        """
        if (file, name) in self.names:
            return
        self.names.add((file, name))
        self.folder = self.folder or file.parent
        text, tree = read_source(file), _parsed(file)
        begun = file in self.kept
        self.kept.setdefault(file, {})
        for place, node in enumerate(tree.body):
            docstring = place == 0 and isinstance(node, ast.Expr) and _is_text(node.value)
            effect = not begun and not docstring and not _is_import(node) and not _defines(node)
            if name is None or name in _defines(node) or (effect and not _is_main(node)):
                self._keep(file, node, text, name)

    def _keep(self, file: Path, node: ast.stmt, text: str, name: str | None) -> None:
        if _is_import(node):
            for bound, (other, member) in _bound(node, self.folder, file).items():
                if name in (None, bound):
                    self.name(other, member)
        if node.lineno in self.kept[file]:
            return
        decorators = [d.lineno for d in getattr(node, "decorator_list", ())]
        lines = text.splitlines()[min([node.lineno, *decorators]) - 1 : node.end_lineno]
        self.kept[file][node.lineno] = code_text("\n".join(lines) + "\n")
        for used in ast.walk(node):
            if isinstance(used, ast.Name):
                self.name(file, used.id)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_main(node: ast.stmt) -> bool:
    """Whether ``node`` is ``if __name__ == "__main__"``."""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _defines(node: ast.stmt) -> set[str]:
    """The names that a plain definition, assignment or import binds; none for other statements."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if _is_import(node):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        plain = all(isinstance(t, ast.Name | ast.Tuple | ast.List) for t in targets)
        return {n.id for n in names} if plain else set()
    return set()


def _bound(node: ast.stmt, folder: Path, importer: Path) -> dict[str, tuple[Path, str | None]]:
    """The names that an import binds from the folder's own files, each with its file and member."""
    bound = {}
    base = _module_of(node, folder, importer)
    for module, file in _own_files(node, folder, importer).items():
        for alias in node.names:
            if isinstance(node, ast.Import):
                if alias.name == module:
                    bound[(alias.asname or alias.name).split(".")[0]] = (file, None)
            elif module == f"{base}.{alias.name}":
                bound[alias.asname or alias.name] = (file, None)
            elif module == base:
                bound.setdefault(
                    alias.asname or alias.name, (file, None if alias.name == "*" else alias.name)
                )
    return bound


def _module_of(node: ast.stmt, folder: Path, importer: Path) -> str | None:
    """The module that ``from MODULE import`` means; a relative one from its place in ``folder``.

    None for ``import MODULE``, and for a relative import of what is no package.
    """
    if isinstance(node, ast.Import):
        return None
    if not node.level:
        return node.module
    package = importer.parent.relative_to(folder).parts
    if node.level > len(package):
        return None  # the study's file itself is not part of a package
    parts = package[: len(package) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _own_files(node: ast.stmt, folder: Path, importer: Path | None = None) -> dict[str, Path]:
    """The modules that an import names and whose files lie in ``folder`` or below it.

    ``importer`` is the file that holds the import; a relative one is relative to it. The suite
    itself is not a user's own code, wherever it lies, and neither are installed packages.
    """
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    else:
        base = _module_of(node, folder, importer or folder / "study.py")
        if base is None:
            return {}
        modules = [base, *(f"{base}.{alias.name}" for alias in node.names)]
    packages = [  # which Python runs before a module in them
        module[: dot.start()] for module in modules for dot in re.finditer(r"\.", module)
    ]
    files = {}
    for module in dict.fromkeys([*packages, *modules]):
        if module.split(".")[0] in SUITE:
            continue
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError, AttributeError):
            continue  # a member of a module, or a package that is not installed
        origin = Path(spec.origin).resolve() if spec is not None and spec.has_location else None
        if origin is None or origin.suffix != ".py" or not origin.is_relative_to(folder):
            continue
        if not INSTALLED & set(origin.relative_to(folder).parts):
            files[module] = origin
    return files
