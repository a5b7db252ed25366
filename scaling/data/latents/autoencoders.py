"""What does each kind of autoencoder tell of itself? Its factor, channels and scaling, and how it
encodes and decodes. Those of diffusers, by class, and pixels as they are.

Everything is read from the network's own configuration. Images are in [-1, 1] on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

PIXELS = "none"  # the name of no autoencoder: pixels are their own latents


class Pixels(nn.Module):
    """No autoencoder: RGB images are their own latents, in [-1, 1]."""

    def __init__(self):
        super().__init__()
        self.config = {"_class_name": "Pixels"}
        self.register_buffer("_place", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        return self._place.device


# images (B, C, H, W) -> the latents' mean and, where they are drawn, their standard deviation
Encode = Callable[[nn.Module, Tensor], tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Kind:
    """How a class of autoencoders is read; ``factor``, ``channels``, ``grey`` from a config."""

    factor: Callable[[Mapping], int]  # pixels per latent pixel, each way
    channels: Callable[[Mapping], int]  # of the latents
    encode: Encode
    decode: Callable[[nn.Module, Tensor], Tensor]  # latents, unscaled -> images
    image_channels: Callable[[Mapping], int] = lambda config: config["in_channels"]
    stochastic: bool = False  # whether the encoder gives a posterior to draw from
    size: Callable[[Mapping], int | None] = lambda config: None  # the only one, in pixels
    scales: bool = True  # False: its own encode and decode scale the latents already


def halvings(blocks: str) -> Callable[[Mapping], int]:
    """The factor of a network that halves the image after each block but the last."""
    return lambda config: 2 ** (len(config[blocks]) - 1)


def _posterior(net: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    drawn = net.encode(x).latent_dist
    return drawn.mean, drawn.std


def _decoded(net: nn.Module, z: Tensor) -> Tensor:
    return net.decode(z).sample


def _rae_encoded(net: nn.Module, x: Tensor) -> tuple[Tensor, None]:
    return net.encode((x + 1) / 2).latent, None  # its images are in [0, 1]


KINDS: dict[str, Kind] = {
    "AutoencoderKL": Kind(
        halvings("block_out_channels"),
        lambda config: config["latent_channels"],
        _posterior,
        _decoded,
        stochastic=True,
    ),
    "AsymmetricAutoencoderKL": Kind(
        halvings("down_block_out_channels"),
        lambda config: config["latent_channels"],
        _posterior,
        _decoded,
        stochastic=True,
    ),
    "AutoencoderDC": Kind(
        halvings("encoder_block_out_channels"),
        lambda config: config["latent_channels"],
        lambda net, x: (net.encode(x).latent, None),
        _decoded,
    ),
    "AutoencoderTiny": Kind(
        halvings("encoder_block_out_channels"),
        lambda config: config["latent_channels"],
        lambda net, x: (net.encode(x).latents, None),
        _decoded,
    ),
    # The decoder rounds the latents to its codebook, as latent diffusion's VQ models do.
    "VQModel": Kind(
        halvings("block_out_channels"),
        lambda config: config["vq_embed_dim"] or config["latent_channels"],
        lambda net, x: (net.encode(x).latents, None),
        _decoded,
    ),
    "AutoencoderRAE": Kind(
        lambda config: config["patch_size"],
        lambda config: config["encoder_hidden_size"],
        _rae_encoded,
        lambda net, z: 2 * _decoded(net, z) - 1,
        image_channels=lambda config: config["num_channels"],
        size=lambda config: (
            config["patch_size"] * (config["encoder_input_size"] // config["encoder_patch_size"])
        ),
        scales=False,
    ),
    "Pixels": Kind(
        lambda config: 1,
        lambda config: 3,
        lambda net, x: (x, None),
        lambda net, z: z,
        image_channels=lambda config: 3,
        scales=False,
    ),
}


def kind_of(net: nn.Module) -> Kind:
    """How ``net`` is read, by its class."""
    return KINDS[type(net).__name__]


def scaling_of(net: nn.Module) -> dict:
    """How a model's latents are scaled: ``scaling_factor``, ``shift_factor`` and, where the network
    has them, ``latents_mean`` and ``latents_std`` of each channel.

    A model sees (z - shift - mean) / std * factor, as diffusers' pipelines have it.
    """
    config = net.config if kind_of(net).scales else {}
    scaling = {
        "scaling_factor": config.get("scaling_factor") or 1.0,
        "shift_factor": config.get("shift_factor") or 0.0,
    }
    channels = kind_of(net).channels(net.config)
    for name in ("latents_mean", "latents_std"):
        if (values := config.get(name)) is not None:
            values = [float(value) for value in values]
            if len(values) != channels:
                raise ValueError(
                    f"the autoencoder's {name} has {len(values)} values for {channels} channels; "
                    "mend its config.json"
                )
            scaling[name] = values
    return scaling


def shift_and_scale(scaling: Mapping, sides: int = 2) -> tuple[Tensor | float, Tensor | float]:
    """What ``scaling_of`` gives, as one shift and one factor: numbers, or (C, 1, 1) of the
    channels, with a 1 for each of ``sides``: 3 of a clip. A model sees (z - shift) * factor.
    """
    per_channel = (-1, *(1,) * sides)
    shift, factor = scaling["shift_factor"], scaling["scaling_factor"]
    mean, std = scaling.get("latents_mean"), scaling.get("latents_std")
    if mean is not None:
        shift = shift + torch.tensor(mean).view(per_channel)
    if std is not None:
        factor = factor / torch.tensor(std).view(per_channel)
    return shift, factor
