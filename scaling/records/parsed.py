"""How does what lies on disk become values that can be trusted? Every file that the suite writes is
parsed here, by a shape that pydantic checks.

A shape says which keys a file holds, of which types. It is a ``TypedDict``, so that thousands of
records are parsed at the speed of the JSON itself and stay plain dicts. What does not fit is
``Damaged``, a file of newer code ``Newer``; both name the file, the field and what to do. Keys
that this code does not know are kept, as a newer version may have added them; ``unknown`` names
them.
"""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError, from_json

from scaling.records.files import read_bytes

T = TypeVar("T")
MOST_BYTES = 64 << 20  # of a file; ten thousand times a record
MOST_TOLD = 3  # faults of one file
MOST_REMEMBERED = 1000  # values of a kind that were checked
UPDATE = "update dit-scaling to read it"

# Strict: a number in quotes, true for 1 and 1.0 for 1 are faults of a file that the suite wrote.
STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")
Whole = Annotated[int, Field(ge=0, lt=2**63)]  # what a column of 64 bits holds
Version = Annotated[int, Field(ge=0, lt=2**31)]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Unreadable(ValueError):
    """A file that cannot be used as it is: ``path``, ``why``, and what to do about it."""

    def __init__(self, path: Path | str, why: str, mend: str):
        self.path, self.why, self.mend = Path(path), why, mend
        super().__init__(f"{path} {why}; {mend}")

    def __reduce__(self):  # it crosses processes
        return type(self), (self.path, self.why, self.mend)

    @property
    def short(self) -> str:
        """The message with the path from ``runs/`` on, which stays true when results are moved."""
        parts = self.path.parts
        last = max((i for i, part in enumerate(parts) if part == "runs"), default=0)
        return f"{Path(*parts[last:])} {self.why}; {self.mend}"


class Damaged(Unreadable):
    """A file that is no JSON, or whose content the suite never wrote."""


class Newer(Unreadable):
    """A file of a schema that this code does not know yet. It is sound, and must be left alone."""


def content_of(path: Path | str, mend: str, most: int = sys.maxsize) -> bytes | None:
    """The bytes of the file ``path``; None where there is no such file. Raises Unreadable, also for
    more than ``most`` bytes, which are not read.
    """
    try:
        if (size := os.stat(path).st_size) > most:
            raise Damaged(path, f"has {size:,} bytes, and at most {most:,} are read", mend)
        return read_bytes(path)
    # The second: a file stands where a folder was named.
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise not_read(path, error, mend) from None


def not_read(path: Path | str, error: OSError, mend: str) -> Unreadable:
    """What ``error`` says of the file ``path``. A folder in its place is damage, mended by
    ``mend``; a file that the disk or its permissions hold back may be sound.
    """
    if isinstance(error, IsADirectoryError):
        return Damaged(path, "is a folder, no file", mend)
    return Unreadable(
        path, f"cannot be read ({error.strerror})", "see to its disk and its permissions"
    )


class Shape(Generic[T]):
    """One kind of file: what it holds, its newest version, and what to do about a damaged one.

    ``version`` is the key that holds the version; ``newest`` is None for files without one.
    A larger file than ``most`` bytes is damaged.
    """

    def __init__(
        self,
        kind: Any,
        mend: str,
        newest: int | None = None,
        version: str = "schema_version",
        most: int = MOST_BYTES,
    ):
        self.kind, self.mend, self.newest, self.version = kind, mend, newest, version
        self.most = most

    @functools.cached_property
    def adapter(self) -> TypeAdapter[T]:
        """Made when it is needed: to make those of all shapes takes long."""
        return TypeAdapter(self.kind)

    def read(self, path: Path | str) -> T | None:
        """The content of ``path``; None where there is no such file. Raises Unreadable."""
        data = content_of(path, self.mend, self.most)
        return None if data is None else self.parse(data, path)

    def parse(self, data: bytes, path: Path | str) -> T:
        """The content of a file of these bytes, that is called ``path``. Raises Unreadable."""
        try:
            content = self.adapter.validate_json(data)
        except ValidationError as error:
            self._refuse_newer(_loosely(data), path)
            if names := _only_unknown(error):
                why = f"holds {names}, which this code does not know"
                raise Newer(path, why, UPDATE) from None
            raise Damaged(path, wrong(error), self.mend) from None
        self._refuse_newer(content, path)
        return content

    def unknown(self, path: Path | str) -> list[str]:
        """The keys in a sound file that this code does not know, such as ``figures.colour``."""
        data = content_of(path, self.mend, self.most)
        if data is None:
            return []
        try:
            self.adapter.validate_json(data, extra="forbid")
        except ValidationError as error:
            places = [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]
            named = [".".join(part for part in place if isinstance(part, str)) for place in places]
            return [*dict.fromkeys(named)]
        return []

    def _refuse_newer(self, content: object, path: Path | str) -> None:
        if self.newest is None:
            return
        if isinstance(content, Mapping):
            version = content.get(self.version, 0)
        else:
            version = getattr(content, self.version, 0)
        if isinstance(version, int) and version > self.newest:
            raise Newer(
                path,
                f"has {self.version.replace('_', ' ')} {version}, this code reads up to "
                f"{self.newest}",
                UPDATE,
            )


def held_to(check: Callable[[Any], object]) -> AfterValidator:
    """For ``Annotated``: a value stays as it is, where ``check`` raises no ValueError.

    Thousands of files hold the same protocol or network, which is checked once.
    """
    passed: set[str] = set()

    def keep(value: Any) -> Any:
        text = repr(value)  # tells 1 from 1.0 and from True
        if text in passed:
            return value
        try:
            check(value)
        except ValidationError as error:
            if names := _only_unknown(error):
                why = "holds {names}, which this code does not know"
                raise PydanticCustomError(UNKNOWN, why, {"names": names}) from None
            raise ValueError(wrong(error)) from None
        if len(passed) < MOST_REMEMBERED:
            passed.add(text)
        return value

    return AfterValidator(keep)


def wrong(error: ValidationError) -> str:
    """What pydantic found wrong with a file, in one line: the fields, what, and what they hold."""
    faults = [_fault(item) for item in error.errors(include_url=False)]
    more = f" and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
    return ", ".join(faults[:MOST_TOLD]) + more


# Of a spec in a file: it has a field that this code does not know. Nobody but newer code writes it.
UNKNOWN = "unknown_field"


def _only_unknown(error: ValidationError) -> str | None:
    """The unknown fields, where ``error`` is about nothing else; None otherwise."""
    # A list whose every item was refused is told to be too short, too.
    items = [item for item in error.errors(include_url=False) if item["type"] != "too_short"]
    if not items or {item["type"] for item in items} - {"extra_forbidden", UNKNOWN}:
        return None
    names = [
        item["ctx"]["names"] if item["type"] == UNKNOWN else str(item["loc"][-1]) for item in items
    ]
    return ", ".join(list(dict.fromkeys(names))[:MOST_TOLD])


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": "is no number",
    "float_parsing": "is no number",
    "finite_number": "is no finite number; a missing one is null",
    "string_type": "is no text",
    "bool_type": "is neither true nor false",
    "list_type": "is no list",
    "tuple_type": "is no list",
    "dict_type": "is no object",
    "mapping_type": "is no object",
    "model_type": "is no object",
    "model_attributes_type": "is no object",
}


def _fault(item: Any) -> str:
    kind, where = item["type"], _where(item)
    if kind == "json_invalid":
        return f"is not valid JSON ({item['ctx']['error']})"
    said = _SAID.get(kind) or item["msg"].removeprefix("Value error, ")
    if kind in ("missing", "extra_forbidden"):
        return f"{where} {said}"
    given = "" if isinstance(item["input"], dict) else f" (got {short(item['input'])})"
    if not where:
        return f"{said}{given}"
    return f"{where} {said}{given}" if kind in _SAID else f"{where}: {said}{given}"


def _where(item: Any) -> str:
    return ".".join(str(part) for part in item["loc"])


def short(value: object, most: int = 60) -> str:
    """``value`` as a message shows it: its beginning, where it is long."""
    # The digits of a very large number are not written out, which Python refuses.
    if isinstance(value, int) and abs(value) >= 10**most:
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _loosely(data: bytes) -> object:
    """The JSON in ``data``, of any content; None where it is none."""
    try:
        return from_json(data)
    except ValueError:
        return None
