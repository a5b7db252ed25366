"""How does ``--set KEY=VALUE`` reach a field of a spec? Dotted settings, parsed and checked."""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping

from pydantic import BaseModel, TypeAdapter, ValidationError

from scaling.study.families import class_of
from scaling.study.network import Network
from scaling.study.specs.identity import refuse
from scaling.study.specs.trial import AnyNetwork, TrialSpec
from scaling.study.specs.usual_features import named_features
from scaling.study.specs.weights import InitSpec

FAMILY = "model.family"  # cannot be set alone: each family has its own fields
NETWORK: TypeAdapter[Network] = TypeAdapter(AnyNetwork)
LONGEST = 200  # characters of a value in a message


def fields_of(spec: BaseModel | type[BaseModel], prefix: str = "") -> list[str]:
    """All dotted leaf fields of a spec: ``model.width``, ``evaluate.protocol.samples``.

    A trial has the fields of its own model's family; a class has the fields of its annotations.
    """
    cls = spec if isinstance(spec, type) else type(spec)
    leaves = []
    for name, field in cls.model_fields.items():
        nested = field.annotation if isinstance(spec, type) else getattr(spec, name)
        kind = nested if isinstance(nested, type) else type(nested)
        if issubclass(kind, BaseModel):
            leaves += fields_of(nested, f"{prefix}{name}.")
            if field.default is None:  # it may be set as a whole, or to null, too
                leaves.append(prefix + name)
        else:
            leaves.append(prefix + name)
    return leaves


def parse_settings(pairs: Iterable[str], option: str = "--set") -> dict:
    """``["train.steps=100"]`` to ``{"train.steps": 100}``.

    Values are parsed as JSON; anything else is a string. ValueError for a pair without ``=`` or a
    key given twice; its message names the command's ``option``.
    """
    settings = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ValueError(
                f"{option} {pair!r} is not KEY=VALUE"
                + (", as in --set train.steps=100" if option == "--set" else "")
            )
        if key in settings:
            raise ValueError(
                f"{option} {key} is given twice: {_short(settings[key])} and {_short(text)}"
            )
        settings[key] = _value(text)
    return settings


def parse_grid(pairs: Iterable[str]) -> dict[str, list]:
    """``["model.width=16,32"]`` to ``{"model.width": [16, 32]}``, as ``parse_settings`` reads
    values. A value with a comma of its own makes the list JSON: ``a=[1,2],[3,4]``.
    """
    axes = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key or not text:
            raise ValueError(
                f"--grid {pair!r} is not KEY=VALUE,VALUE, as in --grid model.patch=2,4"
            )
        if key in axes:
            raise ValueError(f"--grid {key} is given twice; give it all its values at once")
        if key in ("seeds", "scale"):
            raise ValueError(f"--grid {key} is no field of a trial; give it by --set")
        try:
            axes[key] = json.loads(f"[{text}]")
        except (ValueError, RecursionError):
            axes[key] = [_value(part) for part in text.split(",")]
    return axes


def _value(text: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or numbers and lists without end
        return text


def listed_value(value, usual):
    """A value as a list where ``usual`` is one and the value is text: ``fid,kid`` as
    ``["fid", "kid"]``.
    """
    if not isinstance(value, str) or not isinstance(usual, list | tuple):
        return value
    try:
        return json.loads(f"[{value}]")
    except (ValueError, RecursionError):
        return [part.strip() for part in value.split(",")]


def with_settings(trial: TrialSpec, settings: Mapping) -> TrialSpec:
    """``trial`` with dotted fields replaced, in whatever order, and validated once, as a whole.

    A part that is given whole, such as ``model``, comes before its fields. ValueError names the
    key, the value and what would fit.
    """
    return _validated(_fields_with(trial, settings))


def network_with(trial: TrialSpec, settings: Mapping) -> Network:
    """The network of ``trial`` with those ``settings`` that are the network's, whether or not it
    suits the rest of the trial. ValueError as ``with_settings``.
    """
    own = {k: v for k, v in settings.items() if k == "model" or k.startswith("model.")}
    try:
        return NETWORK.validate_python(_fields_with(trial, own)["model"])
    except ValidationError as error:
        raise ValueError(f"model: {explain(error)}") from None


def _fields_with(trial: TrialSpec, settings: Mapping) -> dict:
    """The fields of ``trial`` with dotted ones replaced, of which only the names are checked."""
    known, data = fields_of(trial), trial.model_dump()
    parts = {key: settings[key] for key in PARTS if key in settings}
    for key, value in parts.items():
        known = [name for name in known if not name.startswith(f"{key}.")]
        if isinstance(value, Mapping):
            known += fields_of(PARTS[key](value), f"{key}.")
        elif isinstance(value, BaseModel):
            known += fields_of(value, f"{key}.")
        _put(data, key, value)
    known = [name for name in known if name != FAMILY]
    rest = {key: value for key, value in settings.items() if key not in parts}
    refuse(_unknown(key, [*known, "seeds", "scale"]) for key in rest if key not in known)
    if not named_features(trial.evaluate.protocol):
        del data["evaluate"]["protocol"]["features"]  # they follow the data
    for key, value in rest.items():
        _put(data, key, value)
    return data


# parts that may be given whole -> the class whose fields one given as a mapping has
PARTS: dict[str, Callable[[Mapping], type[BaseModel]]] = {
    "model": class_of,
    "train.init": lambda _: InitSpec,
}


def _put(data: dict, key: str, value) -> None:
    """Set the field ``key`` in ``data``, a trial's fields."""
    *path, leaf = key.split(".")
    for part in path:
        data = data[part]
    if isinstance(value, BaseModel):
        value = value.model_dump()
    data[leaf] = dict(value) if isinstance(value, Mapping) else listed_value(value, data.get(leaf))


def beside(settings: Mapping, chosen: Iterable[str]) -> dict:
    """Those of ``settings`` that do not set what ``chosen`` keys set, or a part of it."""
    over = tuple(chosen)
    within = tuple(f"{key}." for key in over)
    return {k: v for k, v in settings.items() if k not in over and not k.startswith(within)}


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.4)
    if near:
        return f"unknown setting {key!r}; nearest: {', '.join(near)}"
    parts = {name.partition(".")[0]: name for name in reversed(known)}
    examples = ", ".join(reversed(parts.values()))
    return f"unknown setting {key!r}; there are {len(known)}, such as {examples}"


def _validated(data: Mapping) -> TrialSpec:
    try:
        return TrialSpec.model_validate(data)
    except ValidationError as error:
        raise ValueError(explain(error)) from None


# pydantic's kinds of errors that its own words would not tell
SAID = {
    "extra_forbidden": "there is no such field",
    "tuple_type": 'a list is needed, such as ["a", "b"]',
    "list_type": 'a list is needed, such as ["a", "b"]',
}


def explain(error: ValidationError, known: Iterable[str] = ()) -> str:
    """What pydantic found wrong, in one line: where, what, and the value given.

    Of ``known`` fields those nearest to one that is none are named.
    """
    parts = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        message = SAID.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        given = "" if isinstance(item["input"], dict) else f" (got {_short(item['input'])})"
        if item["type"] == "extra_forbidden" and known:
            near = difflib.get_close_matches(where, known, n=3, cutoff=0.4) or sorted(known)
            message += f"; there are {', '.join(near)}"
        parts.append(f"{where}: {message}{given}" if where else f"{message}{given}")
    return "; ".join(parts)


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
