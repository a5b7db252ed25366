"""How is a checkpoint loaded for sampling? Its network, and the process it was trained for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from scaling.data import stream
from scaling.models import build_model, initialised
from scaling.models.stored.open_weights import open_weights
from scaling.models.stored.own_networks import Candidate, networks_in
from scaling.models.weights import load_weights
from scaling.study.network import Network
from scaling.study.specs.protocol import OWNED
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.specs.weights import WeightsSpec


@dataclass(frozen=True)
class Loaded:
    """A network in evaluation mode, and what its training says.

    Values that a bare file of weights does not tell are None.
    """

    model: nn.Module
    spec: Network
    diffusion: DiffusionSpec
    label_dropout: float | None
    vae: str | None  # the VAE of the latents that the network makes
    size: int | None = None  # pixels per side of the images that those latents were made of
    said: tuple[str, ...] = ()  # which weights they are, and what was taken for granted
    place: Path | None = None  # what was opened: of a run, the checkpoint
    # fields of the protocol that the paper of a pipeline used
    protocol: Mapping[str, object] = field(default_factory=dict)

    def protocol_with(self, sampler: str | None) -> dict[str, object]:
        """``protocol`` where a person asks for ``sampler``, None for its own.

        What DDPM's and DDIM's steps read is left out beside a sampler that does not read it.
        """
        asked = sampler or self.protocol.get("sampler")
        idle = {
            name
            for readers, names in OWNED
            for name in names
            if asked not in readers and {"ddpm", "ddim"} & {*readers}
        }
        return {name: value for name, value in self.protocol.items() if name not in idle}


def load_checkpoint(
    path: Path | str,
    average: str | None = None,
    *,
    declared: WeightsSpec | None = None,
    network: Path | str | None = None,
    own: tuple[Candidate, ...] = (),
) -> Loaded:
    """The network in ``path``, anything that ``open_weights`` takes, to be sampled.

    ``network`` is a user's file that defines it, ``own`` networks that are loaded already.
    ValueError, in one line, for a checkpoint that is missing, damaged, has no average of that name,
    or does not tell what it learned.
    """
    declared = declared or WeightsSpec(average=average)
    opened = open_weights(path, declared, own or networks_in(network))
    if opened.diffusion is None:
        raise ValueError(
            f"{path} does not tell what its network predicts; say --objective epsilon (noise), "
            "flow (noise - image, time 1 at the noise) or sit (as SiT's code, the other way)"
        )
    seed = opened.init_seed
    model = (
        build_model(opened.spec) if seed is None else initialised(opened.spec, stream("init", seed))
    )
    return Loaded(
        load_weights(model, opened.state).eval(),
        opened.spec,
        opened.diffusion,
        opened.label_dropout,
        opened.vae,
        opened.size,
        opened.said,
        opened.place,
        opened.protocol,
    )


def digest(model: nn.Module) -> str:
    """The identity of a network's weights: 16 digits of their SHA-256."""
    sha256 = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sha256.update(name.encode() + tensor.cpu().numpy().tobytes())
    return sha256.hexdigest()[:16]
