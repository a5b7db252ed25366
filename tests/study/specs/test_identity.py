"""Is the same value the same text, and a spec immutable, strict and stable under new fields?"""

import pytest
from pydantic import ValidationError

from scaling.study import ModelSpec
from scaling.study.specs.identity import Spec, canonical_json, identity


def test_specs_are_frozen_and_strict(tiny):
    with pytest.raises(ValidationError):
        tiny.model.width = 64
    with pytest.raises(ValidationError):
        ModelSpec(**tiny.model.model_dump(), colour="red")


def test_the_order_of_keys_changes_neither_text_nor_identity():
    assert canonical_json({"b": 1, "a": [0.5, None]}) == '{"a":[0.5,null],"b":1}'
    assert identity({"b": 1, "a": 2}) == identity({"a": 2, "b": 1}) != identity({"a": 1, "b": 2})


def test_what_is_not_a_number_has_no_identity():
    with pytest.raises(ValueError, match="not JSON compliant"):
        identity({"fid": float("nan")})


class Before(Spec):
    width: int


class Now(Before):
    gated: bool = False
    ADDED_LATER = frozenset({"gated"})


def test_a_field_that_was_added_later_counts_only_where_it_is_not_as_before():
    assert Now(width=1).identity_fields() == Before(width=1).identity_fields() == {"width": 1}
    assert Now(width=1, gated=True).identity_fields() == {"width": 1, "gated": True}
