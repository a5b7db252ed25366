"""Which protocol does ``scaling evaluate`` measure under? What was said, and what is usual."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from scaling.evaluation.images.read import ImageFolder
from scaling.evaluation.sampling.load import Loaded
from scaling.study.network import frames_of
from scaling.study.settings import explain, listed_value
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.usual_features import usual_features

# the fields of a protocol that apply to any images, however they were made
OF_IMAGES = {
    "samples",
    "features",
    "spaces",
    "reference_images",
    "manifold_images",
    "transform",
    "metrics",
}


def protocol_asked(
    said: Mapping[str, Any], target: Path, data: str | None, source: Loaded | ImageFolder | Tensor
) -> Protocol:
    """The protocol with the fields ``said``, of ``target``: a checkpoint, or images as they are.

    ``data`` names the data set to compare with, None for someone's own images. ValueError for
    fields that cannot be heeded.
    """
    sampled = isinstance(source, Loaded)
    given = {
        "features": usual_features(data or "folder"),
        "metrics": ["fid", "kid", "precision", "recall"],
    } | dict(said)
    check_heeded(said, target, sampled)
    if isinstance(source, Loaded):
        if frames_of(source.spec) > 1 and "metrics" not in said:
            given["metrics"] = ["fid", "kid"]  # those that are over frames
        flow = source.diffusion.objective == "flow"
        usual = {"sampler": "euler" if flow else "ddpm", "decoder": source.vae}
        given = usual | source.protocol_with(given.get("sampler")) | given
    elif len(source) < 2:
        raise ValueError(
            f"{target} holds {len(source)} image, which has no covariance; give more, each in "
            "a file of its own, or an array of them"
        )
    elif given.setdefault("samples", len(source)) != len(source):
        raise ValueError(
            f"{target} holds {len(source)} images, the protocol says {given['samples']} samples: "
            "leave samples out"
        )
    protocol = checked_protocol(given)
    if not protocol.metrics:
        raise ValueError(
            "the protocol names no metric; leave metrics out, or name some, as metrics='[\"fid\"]'"
        )
    return protocol


def checked_protocol(fields: Mapping[str, Any]) -> Protocol:
    """``Protocol(**fields)``; ValueError in one line for a wrong one."""
    known = Protocol.model_fields
    given = {
        name: listed_value(value, known[name].default if name in known else None)
        for name, value in fields.items()
    }
    try:
        return Protocol(**given)
    except ValidationError as error:
        raise ValueError(explain(error, known)) from None


def check_heeded(said: Mapping[str, Any], target: Path, sampled: bool) -> None:
    """Refuse fields of the protocol that nothing here would heed."""
    if "references" in said:
        raise ValueError("--protocol references: say what to compare with by --reference")
    idle = [name for name in said if name in Protocol.model_fields and name not in OF_IMAGES]
    if idle and not sampled:
        raise ValueError(
            f"--protocol {idle[0]} is of sampling, and {target} holds images already: leave it out"
        )
    of_guidance = [name for name in ("guidance_channels", "guidance_interval") if said.get(name)]
    if of_guidance and said.get("guidance", 1.0) == 1.0:
        raise ValueError(f"--protocol {of_guidance[0]} without guidance: nothing would be guided")
