"""What makes two specs the same? Frozen models, canonical JSON, and the identity hashed from it."""

import functools
import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

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
    if text := "; ".join(faults):
        raise ValueError(text)


class Spec(BaseModel):
    """Immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Fields that were added after records existed. They are left out of the identity while they
    # hold their default ("as it was before"), so a new option does not orphan old records. Once
    # released, a default never changes.
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, data: Any) -> Any:
        """pydantic would take ``true`` for 1. All fields at once, as plans have many of them."""
        if isinstance(data, dict):
            truths = [name for name, value in data.items() if _holds_truth(value)]
            refuse(
                f"{name}: true and false are no numbers (got {data[name]!r})"
                for name in truths
                if not _takes_bool(cls, name)
            )
        return data

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        """The fields that decide this spec's identity, as JSON values."""
        data, fields = self.model_dump(mode="json", exclude=set(exclude)), type(self).model_fields
        defaults = {name: fields[name].default for name in self.ADDED_LATER}
        return {
            k: v for k, v in data.items() if k not in defaults or getattr(self, k) != defaults[k]
        }


def _holds_truth(value: Any) -> bool:
    if type(value) in (list, tuple):
        return any(inner is True or inner is False for inner in value)
    return value is True or value is False


@functools.lru_cache(10_000)
def _takes_bool(spec: type[BaseModel], field: str) -> bool:
    """Whether a value of the field may be, or hold, true and false; an unknown one may."""
    if field not in spec.model_fields:
        return True
    waiting: list[Any] = [spec.model_fields[field].annotation]
    kinds: set[type | None] = set()
    while waiting:
        kind = waiting.pop()
        kinds.add(kind if isinstance(kind, type) else None)
        waiting += get_args(kind)
    return bool(kinds & {bool, object}) or spec.model_fields[field].annotation is Any
