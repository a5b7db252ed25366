"""Which autoencoder stands between a trial's model and its images, and what does its decoder cost?

Its rFID is a figure of every evaluation (``reconstruction``).
"""

import copy
import functools

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from scaling.data import DataSpec, load_data
from scaling.study.specs.decoder import maker_of
from scaling.study.specs.protocol import Protocol


def tokenizer_of(data: DataSpec, protocol: Protocol) -> dict | None:
    """What an evaluation records of it; None where the model makes pixels.

    ``name`` made the latents, of ``channels`` and ``factor`` pixels per latent pixel; ``decoder``
    made the images or clips, for ``decoder_gmacs`` (1e9 multiply-accumulates) each.
    """
    maker = maker_of(data)
    if maker is None or protocol.decoder is None:
        return None
    channels, *_, side, _ = load_data(data).train.shape
    assert data.size is not None  # of latents
    return {
        "name": maker,
        "factor": data.size // side,
        "channels": channels,
        "decoder": protocol.decoder,
        "decoder_gmacs": _gmacs(protocol.decoder, data.size, data.frames or 1, data.width),
    }


@functools.lru_cache(maxsize=16)
def _gmacs(decoder: str, size: int, frames: int, width: int | None) -> float:
    from scaling.data.latents.vae import load_vae

    return frames * decoder_gmacs(load_vae(decoder), size, width)


def decoder_gmacs(vae: nn.Module, size: int, width: int | None = None) -> float:
    """1e9 multiply-accumulates to decode one image of ``size`` x ``width`` pixels; None a square.

    Products of matrices and convolutions are counted, by torch on the meta device.
    """
    from scaling.data.latents.autoencoders import kind_of
    from scaling.data.latents.vae import latent_shape

    twin = copy.deepcopy(vae).to("meta")
    latent = torch.empty(1, *latent_shape(vae, size, width=width), device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        kind_of(vae).decode(twin, latent)
    return counter.get_total_flops() / 2e9
