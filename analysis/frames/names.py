"""What is each model of a study called, so that no two different models share a name?"""

import json
from collections.abc import Iterable

from scaling.study.network import Network


def model_names(models: Iterable[tuple[str, Network]]) -> dict[str, str]:
    """A name for each ``model_id`` among ``models``, pairs of a name and the network it names.

    A name that one model bears stays as it is. Where several share it, what differs among them is
    added in words: ``DiT-d2w32/4 (heads 2)`` and ``DiT-d2w32/4 (heads 4)``.
    """
    sharing: dict[str, dict[str, Network]] = {}
    for name, network in models:
        sharing.setdefault(name, {})[network.model_id] = network
    return {
        model_id: f"{name} ({words})" if words else name
        for name, networks in sharing.items()
        for model_id, words in _differences(networks).items()
    }


def _differences(networks: dict[str, Network]) -> dict[str, str]:
    """By ``model_id``, the fields in which ``networks`` differ, in words; empty for one network."""
    if len(networks) == 1:
        return dict.fromkeys(networks, "")
    fields = {
        model_id: network.model_dump(mode="json", exclude={"facts"})  # which are no fields of it
        for model_id, network in networks.items()
    }
    differing = [
        name
        for name in dict.fromkeys(name for values in fields.values() for name in values)
        if len({json.dumps(values.get(name)) for values in fields.values()}) > 1
    ]
    return {
        model_id: ", ".join(f"{_spoken(name)} {_spoken(values.get(name))}" for name in differing)
        for model_id, values in fields.items()
    }


def _spoken(value) -> str:
    """A field's name or value as a reader writes it: ``mlp ratio``, ``2``, ``true``."""
    match value:
        case str():
            return value.replace("_", " ")
        case bool() | None:
            return json.dumps(value)
        case float():
            return f"{value:g}"
        case _:
            return json.dumps(value)
