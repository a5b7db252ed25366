"""What makes two specs the same? Frozen models, canonical JSON, and the identity hashed from it."""

import hashlib
import json
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


def canonical_json(value) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal text. NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(value) -> str:
    """The first 16 hex digits of the SHA-256 of ``value``'s canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


class Spec(BaseModel):
    """Immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Fields that were added after records existed. They are left out of the identity while they
    # hold their default ("as it was before"), so a new option does not orphan old records. Once
    # released, a default never changes.
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset()

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        """The fields that decide this spec's identity, as JSON values."""
        data, fields = self.model_dump(mode="json", exclude=set(exclude)), type(self).model_fields
        defaults = {name: fields[name].default for name in self.ADDED_LATER}
        return {
            k: v for k, v in data.items() if k not in defaults or getattr(self, k) != defaults[k]
        }
