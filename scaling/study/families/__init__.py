"""Which families of networks are there? A file a family, and the one way to find one by a name."""

import difflib
from collections.abc import Mapping

from scaling.study.families.dit import ModelSpec
from scaling.study.families.recorded import Recorded
from scaling.study.families.source import source_id
from scaling.study.network import FAMILIES, Network

__all__ = ["FAMILIES", "ModelSpec", "Network", "named_network", "network_of", "presets"]

DEFAULT = "dit"  # of specs from before there were others


def network_of(value) -> Network:
    """The network that a spec's ``model`` describes: one already, or its fields, by ``family``.

    A network of a family that a study's file defines carries the hash of its ``source``. Where that
    family is not loaded, or from other source, what was recorded of it is all there is: a
    ``Recorded`` network, which cannot be built. ValueError for an unknown family without source.
    """
    if isinstance(value, Network) or not isinstance(value, Mapping):
        return value  # what is neither is for pydantic to refuse
    fields = dict(value)
    family, source = fields.get("family", DEFAULT), fields.pop("source", None)
    known = FAMILIES.get(family)
    if known is None and source is None:
        names = ", ".join(sorted(FAMILIES))
        raise ValueError(
            f"unknown family {family!r}; known: {names}; a family of your own is a subclass of "
            "scaling.study.Network in the study's file"
        )
    if known is None or (source is not None and source != source_id(known)):
        return Recorded.model_validate({**fields, "source": source})
    fields.pop("facts", None)  # the code tells them
    return known.model_validate(fields)


def presets() -> list[str]:
    """The names of all published models that a family knows."""
    return [name for family in FAMILIES.values() for name in family.PRESETS]


def named_network(name: str, resolution: int = 256, **fields) -> Network:
    """The published model ``name``, of whichever family; ValueError names the nearest."""
    for family in FAMILIES.values():
        try:
            return family.preset(name, resolution, **fields)
        except ValueError as error:
            if not str(error).startswith("unknown model"):
                raise
    near = difflib.get_close_matches(name, presets(), n=3, cutoff=0.0)
    raise ValueError(f"unknown model {name!r}; nearest: {', '.join(near)}")
