"""Which families of networks are there? One file per family, and one lookup by name."""

import difflib
from collections.abc import Mapping

from scaling.study.families.dit import ModelSpec
from scaling.study.families.recorded import Recorded
from scaling.study.families.source import source_id
from scaling.study.network import FAMILIES, Network

__all__ = ["FAMILIES", "ModelSpec", "Network", "named_network", "network_of", "presets"]

DEFAULT = "dit"  # for specs written before there were other families


def network_of(value) -> Network:
    """The network that a spec's ``model`` describes: a ``Network`` already, or its fields.

    The ``family`` field chooses the class. A network whose family a study's file defines carries
    the hash of its ``source``. If that family is not loaded, or was loaded from other source, only
    the recorded facts are available, and the result is a ``Recorded`` network, which cannot be
    built. ValueError for an unknown family without source.
    """
    if isinstance(value, Network) or not isinstance(value, Mapping):
        return value  # pydantic refuses anything that is neither a network nor its fields
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
    fields.pop("facts", None)  # not needed: the code is here
    return known.model_validate(fields)


def presets() -> list[str]:
    """The names of all published models, over all families."""
    return [name for family in FAMILIES.values() for name in family.PRESETS]


def named_network(name: str, resolution: int = 256, **fields) -> Network:
    """The published model ``name``, from whichever family has it; ValueError names the nearest."""
    for family in FAMILIES.values():
        try:
            return family.preset(name, resolution, **fields)
        except ValueError as error:
            if not str(error).startswith("unknown model"):
                raise
    near = difflib.get_close_matches(name, presets(), n=3, cutoff=0.0)
    raise ValueError(f"unknown model {name!r}; nearest: {', '.join(near)}")
