"""Has every number of every spec bounds, and is what lies outside refused in one line?"""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import pytest
from pydantic import BaseModel, ValidationError

import scaling.study.execution
import scaling.study.planning.plan
import scaling.study.planning.speed
import scaling.study.specs.weights  # noqa: F401  # so that all specs are known
from scaling.study.families.outside.recorded import Facts
from scaling.study.settings import explain
from scaling.study.specs.identity import Spec
from tests.study.families.tiny import TINY

ABOVE, BELOW = (annotated_types.Ge, annotated_types.Gt), (annotated_types.Le, annotated_types.Lt)
FLAT = annotated_types.MaxLen


def specs(base: type[BaseModel] = Spec) -> Iterator[type[BaseModel]]:
    for spec in base.__subclasses__():
        if spec.__module__.startswith("scaling.study."):
            yield spec
        yield from specs(spec)


def unbounded(kind: Any, said: list) -> Iterator[str]:
    """What in a field of this annotation and metadata has no bound on a side."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        more = [m for one in more for m in getattr(one, "metadata", [one])]
        yield from unbounded(inner, [*said, *more])
    elif origin in (Union, types.UnionType):
        for one in get_args(kind):
            yield from unbounded(one, said)
    elif origin is tuple:
        items = [one for one in get_args(kind) if one is not Ellipsis]
        numbers = [fault for one in items for fault in unbounded(one, [])]
        yield from numbers
        if Ellipsis in get_args(kind) and any(_is_number(one) for one in items):
            if not any(isinstance(one, FLAT) for one in said):
                yield "no longest length"
    elif kind in (int, float):
        if not any(isinstance(one, ABOVE) for one in said):
            yield "no least value"
        if not any(isinstance(one, BELOW) for one in said):
            yield "no largest value"


def _is_number(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind in (int, float)


@pytest.mark.parametrize(
    "spec",
    sorted({*specs(), Facts}, key=lambda spec: spec.__name__),
    ids=lambda spec: spec.__name__,
)
def test_every_number_has_a_least_and_a_largest_value(spec):
    for name, field in spec.model_fields.items():
        assert not [*unbounded(field.annotation, field.metadata)], f"{spec.__name__}.{name}"


def test_the_walk_sees_what_lacks_a_bound():
    assert [*unbounded(int, [])] == ["no least value", "no largest value"]
    assert [*unbounded(float | None, [annotated_types.Ge(0)])] == ["no largest value"]
    assert [*unbounded(tuple[int, ...], [])] == [
        "no least value",
        "no largest value",
        "no longest length",
    ]
    assert not [*unbounded(Literal["a", 3], [])] and not [*unbounded(bool, [])]
    assert len({*specs()}) > 15


@pytest.mark.parametrize("family", TINY)
def test_what_no_network_has_is_refused_in_a_line_that_names_the_field(family):
    network = TINY[family]
    fields = network.model_dump()
    wrong: dict[type, tuple] = {int: (0, -1, 10**9, 10**400, 1.5, "x", None), float: (0, -1, 1e9)}
    for name, value in fields.items():
        tries = wrong.get(type(value), ())
        if isinstance(value, tuple) and value and isinstance(value[0], int | float):
            tries = ((0,), (10**9,), value * 100)
        for given in tries:
            if name in ("class_tokens", "class_tokens_from", "dual_attention") and given == 0:
                continue
            if given is None and type(None) in get_args(
                type(network).model_fields[name].annotation
            ):
                continue  # null is one of its values
            with pytest.raises(ValidationError) as error:
                type(network)(**fields | {name: given})
            told = explain(error.value)
            assert name in told and "\n" not in told and len(told) < 400, (given, told)


@pytest.mark.parametrize("family", ["dit", "sd3", "pixart"])
def test_no_transformer_has_more_tokens_than_it_can_hold(family):
    fields = TINY[family].model_dump() | {"input_size": 16_384, "patch": 1}
    with pytest.raises(ValidationError, match="makes 268435456 tokens, more than 262144; choose"):
        type(TINY[family])(**fields)


def test_a_unet_does_not_attend_over_more_places(tmp_path):
    fields = TINY["adm"].model_dump() | {"input_size": 16_384, "attention": (8192,)}
    with pytest.raises(ValidationError, match="attention at sides of 8192 is over 67108864 places"):
        type(TINY["adm"])(**fields)


def test_what_is_wrong_with_a_base_network_is_one_line():
    fields = TINY["adm-u"].model_dump() | {"base_width": 9}
    with pytest.raises(ValidationError) as error:
        type(TINY["adm-u"])(**fields)
    assert "\n" not in explain(error.value) and "groups" in explain(error.value)
