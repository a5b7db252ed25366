"""What makes two specs the same? Frozen models, canonical JSON, and the identity hashed from it."""

import functools
import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationInfo, field_validator

# A name or place: not empty, and printed in one line.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=4096)]


def canonical_json(value) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal text. NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(value) -> str:
    """The first 16 hex digits of the SHA-256 of ``value``'s canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def refuse(faults: Iterable[str]) -> None:
    """ValueError with all ``faults`` in one line, so that a person mends them in one go."""
    if told := "; ".join(faults):
        raise ValueError(told)


class Spec(BaseModel):
    """Immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Fields that were added after records existed. They are left out of the identity while they
    # hold their default ("as it was before"), so a new option does not orphan old records. Once
    # released, a default never changes.
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """pydantic would take ``true`` for 1."""
        values = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(v, bool) for v in values) and not _takes_bool(cls, info.field_name or ""):
            raise ValueError("true and false are no numbers")
        return value

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        """The fields that decide this spec's identity, as JSON values."""
        data, fields = self.model_dump(mode="json", exclude=set(exclude)), type(self).model_fields
        defaults = {name: fields[name].default for name in self.ADDED_LATER}
        return {
            k: v for k, v in data.items() if k not in defaults or getattr(self, k) != defaults[k]
        }


@functools.lru_cache(10_000)
def _takes_bool(spec: type[BaseModel], field: str) -> bool:
    """Whether a value of the field may be, or hold, true and false."""
    waiting: list[Any] = [spec.model_fields[field].annotation]
    found: set[type | None] = set()
    while waiting:
        kind = waiting.pop()
        found.add(kind if isinstance(kind, type) else None)
        waiting += get_args(kind)
    return bool(found & {bool, object}) or spec.model_fields[field].annotation is Any
