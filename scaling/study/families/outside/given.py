"""Is what a user's network says of itself of the kind that plans, files and figures need?"""

import re
from collections.abc import Iterable, Sequence
from typing import get_args

from scaling.study.costs.layers import Layer
from scaling.study.families.outside.source import is_outside
from scaling.study.network import Network

MOST_BYTES = 200  # of the slug: it begins the names of files and folders
CONDITIONS = get_args(Network.condition.fget.__annotations__["return"])  # type: ignore[attr-defined]


def check_given(networks: Iterable[Network]) -> None:
    """ValueError names the first property of a user's network that is of another kind than
    ``Network`` says, and what it is to be. Our own families are held to it by their tests.
    """
    checked: set[Network] = set()
    for network in networks:
        if not isinstance(network, Network) or not is_outside(type(network)):
            continue
        try:
            known = network in checked
        except TypeError:
            raise ValueError(
                f"a field of the family {network.family!r} holds what can be changed in place, "
                "such as a list or a dict; make it a tuple"
            ) from None
        if not known:
            _check(network)
            checked.add(network)


def _check(network: Network) -> None:
    for name in ("title", "rung"):
        _hold(network, name, "one line of text", _is_line(getattr(network, name)))
    series = network.series
    _hold(network, "series", "one line of text, or None", series is None or _is_line(series))
    _hold(network, "name", "one line of text", _is_line(network.name))  # of the others by default
    slug = network.slug
    safe = isinstance(slug, str) and re.fullmatch(r"[^\W.][\w.+=\[\]-]*", slug) is not None
    wanted = f"letters, digits and -_.+=[] that name a file, {MOST_BYTES} at most; shorten name"
    _hold(network, "slug", wanted, safe and len(slug.encode()) <= MOST_BYTES)
    shape = network.input_shape
    whole = isinstance(shape, Sequence) and all(_is_count(side) for side in shape)
    _hold(network, "input_shape", "(channels, height, width)", whole and len(shape) >= 3)
    _hold(network, "out_channels", "a whole number above 0", _is_count(network.out_channels))
    wanted = f"one of {', '.join(CONDITIONS)}"
    _hold(network, "condition", wanted, network.condition in CONDITIONS)
    is_hash = re.fullmatch(r"[0-9a-f]{8,64}", str(network.model_id)) is not None
    _hold(network, "model_id", "a hash; leave it to the base class", is_hash)
    layers = network.layers()
    listed = isinstance(layers, Sequence) and all(isinstance(one, Layer) for one in layers)
    _hold(network, "layers", "a list of Layers, or None", layers is None or listed)


def _hold(network: Network, name: str, wanted: str, is_so: bool) -> None:
    if not is_so:
        value = getattr(network, name)
        value = value() if callable(value) else value
        text = repr(value)
        text = text if len(text) <= 60 else f"{text[:57]}..."
        raise ValueError(f"{name} of the family {network.family!r} is {text}, not {wanted}")


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
