"""Which families of networks are there? One file per family, and one lookup by name."""

import difflib
from collections.abc import Mapping

from scaling.study.families.adm import PixelUNet
from scaling.study.families.adm_u import RaisedUNet
from scaling.study.families.ddpm import AddedUNet
from scaling.study.families.dit.spec import ModelSpec
from scaling.study.families.ldm import LatentUNet
from scaling.study.families.outside.recorded import Recorded
from scaling.study.families.outside.source import source_id
from scaling.study.families.pixart import PixArt
from scaling.study.families.sd3 import MMDiT
from scaling.study.network import FAMILIES, PRESET_RESOLUTION, Network

__all__ = [
    "FAMILIES",
    "AddedUNet",
    "LatentUNet",
    "MMDiT",
    "ModelSpec",
    "Network",
    "PixArt",
    "PixelUNet",
    "RaisedUNet",
    "class_of",
    "named_network",
    "network_of",
    "preset_resolution",
    "presets",
]

DEFAULT = "dit"  # for specs written before there were other families


def class_of(fields: Mapping) -> type[Network]:
    """The class of the network with these ``fields``, which their ``family`` chooses.

    A network whose family a study's file defines carries the hash of its ``source``. If that family
    is not loaded, or was loaded from other source, it is ``Recorded``. ValueError for an unknown
    family without source.
    """
    family, source = fields.get("family", DEFAULT), fields.get("source")
    known = FAMILIES.get(family) if isinstance(family, str) else None
    if known is None and source is None:
        names = ", ".join(sorted(FAMILIES))
        raise ValueError(
            f"unknown family {family!r}; known: {names}; a family of your own is a subclass of "
            "scaling.study.Network in the study's file"
        )
    return Recorded if known is None or source not in (None, source_id(known)) else known


def network_of(value) -> Network:
    """The network that a spec's ``model`` describes: a ``Network`` already, or its fields.

    Of a ``Recorded`` network only the recorded facts are available, and it cannot be built.
    """
    if isinstance(value, Network) or not isinstance(value, Mapping):
        return value  # pydantic refuses anything that is neither a network nor its fields
    known = class_of(value)
    # of a family whose code is here, neither is needed
    left_out = () if known is Recorded else ("source", "facts")
    return known.model_validate({k: v for k, v in value.items() if k not in left_out})


def presets() -> list[str]:
    """The names of all published models, over all families."""
    return [name for family in FAMILIES.values() for name in family.PRESETS]


def named_network(name: str, resolution: int | None = None, **fields) -> Network:
    """The published model ``name``, from whichever family has it; ValueError names the nearest.

    ``resolution`` is in pixels per image side; None is the one that the family gives its models.
    """
    pixels = preset_resolution(name) if resolution is None else resolution
    for family in FAMILIES.values():
        try:
            return family.preset(name, pixels, **fields)
        except ValueError as error:
            if not str(error).startswith("unknown model"):
                raise
    in_lower = {preset.lower(): preset for preset in presets()}
    near = difflib.get_close_matches(name.lower(), in_lower, n=3, cutoff=0.0)
    raise ValueError(
        f"unknown model {name!r}; nearest: {', '.join(in_lower[preset] for preset in near)}"
    )


def preset_resolution(name: str) -> int:
    """Pixels per image side of the published model ``name``, where nobody says another one."""
    for family in FAMILIES.values():
        if name in family.PRESETS:
            return family.preset_resolution(name)
    return PRESET_RESOLUTION
