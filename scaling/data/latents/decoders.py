"""Does a decoder fit the latents that it is to decode?"""

import math
from collections.abc import Mapping

import torch

from scaling.data.latents.autoencoders import scaling_of, shift_and_scale
from scaling.data.latents.store import read_store
from scaling.data.latents.vae import (
    identity_of,
    image_channels,
    latent_channels,
    latent_shape,
    load_vae,
    pixels_per_latent,
)
from scaling.data.sources import load_data, place
from scaling.study.specs.decoder import maker_of, other_maker
from scaling.study.specs.trial import DataSpec


def check_decoder(data: DataSpec, decoder: str) -> None:
    """Refuse a decoder that does not make the images of ``data``'s latents.

    Its latents must have the store's channels and size and be scaled as the store's are. Another
    VAE of the same name is refused, as no label would tell the two apart. ValueError in one line.
    """
    vae, stored = load_vae(decoder), read_store_of(data)
    wanted = latent_shape(vae, data.size, data.frames or 1, data.width)
    shape = load_data(data).train.shape
    if wanted != shape:
        axes = (
            "(channels, frames, height, width)" if data.has_clips else "(channels, height, width)"
        )
        raise ValueError(
            f"the decoder {decoder} has latents of {wanted[0]} channels, {pixels_per_latent(vae)} "
            f"times smaller than an image: {axes} = {wanted} at {data.size} "
            f"pixels, but those of {place(data)} are {shape}; {_own(stored)}"
        )
    mine, theirs = _per_channel(scaling_of(vae), shape[0]), _per_channel(stored, shape[0])
    for (shift, scale), (other_shift, other_scale) in zip(mine, theirs):
        if not _close(shift, other_shift) or not _close(scale, other_scale):
            raise ValueError(
                f"the decoder {decoder} scales latents by {scale:g} after a shift of {shift:g}, "
                f"but those of {place(data)} by {other_scale:g} after {other_shift:g}; "
                f"{_own(stored)}"
            )
    identity = identity_of(vae)
    same_name = other_maker(maker_of(data), decoder) is None
    if data.source == "latents" and same_name and identity != stored["identity"]:
        raise ValueError(
            f"the decoder {decoder} ({identity}) has the name of the VAE that made the latents of "
            f"{place(data)} ({stored['identity']}) but other weights; give its folder another "
            "name, which figures then tell"
        )


def read_store_of(data: DataSpec) -> dict:
    """What the store of ``data`` says of its VAE."""
    load_data(data)  # a synthetic store is written when it is first read
    return read_store(place(data))["vae"]


def _per_channel(scaling: Mapping, channels: int) -> list[tuple[float, float]]:
    """Shift and factor of each channel."""
    parts = [torch.as_tensor(part).flatten().expand(channels) for part in shift_and_scale(scaling)]
    return list(zip(*(part.tolist() for part in parts)))


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-6)


def _own(vae: dict) -> str:
    return f"set evaluate.protocol.decoder to the store's own VAE, {vae['name']}, or one like it"


def check_channels(decoder: str, channels: int, factor: float | None = None) -> int:
    """The channels of a decoder's images; refuses one of latents that a model does not make.

    ``channels`` are the model's, ``factor`` the pixels per latent pixel that it was trained with;
    None where that is not known. ValueError in one line.
    """
    vae = load_vae(decoder)
    if (own := latent_channels(vae)) != channels:
        raise ValueError(
            f"the decoder {decoder} takes latents of {own} channels, the model makes "
            f"{channels}; name the VAE that its latents are of"
        )
    if factor is not None and pixels_per_latent(vae) != factor:
        raise ValueError(
            f"the decoder {decoder} makes {pixels_per_latent(vae)} pixels of a latent pixel, the "
            f"model was trained on latents {factor:g} times smaller than their images; name the "
            "VAE that its latents are of"
        )
    return image_channels(vae)
