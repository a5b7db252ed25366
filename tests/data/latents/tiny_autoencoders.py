"""Small autoencoders with random weights, of every kind and of many factors and channels."""

import diffusers
import torch
from torch import nn

WIDTH = 4  # channels of their layers


def kl(factor: int, channels: int, **config) -> nn.Module:
    levels = factor.bit_length()
    return diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(WIDTH,) * levels,
        norm_num_groups=2,
        layers_per_block=1,
        latent_channels=channels,
        mid_block_add_attention=False,
        **config,
    )


def asymmetric(factor: int, channels: int, **config) -> nn.Module:
    levels = factor.bit_length()
    return diffusers.AsymmetricAutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        down_block_out_channels=(WIDTH,) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        up_block_out_channels=(WIDTH,) * levels,
        latent_channels=channels,
        norm_num_groups=2,
        **config,
    )


def dc(factor: int, channels: int, **config) -> nn.Module:
    levels = factor.bit_length()
    widths = (channels,) * levels  # its shortcuts need widths that divide one another
    return diffusers.AutoencoderDC(
        latent_channels=channels,
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        encoder_layers_per_block=(1,) * levels,
        decoder_layers_per_block=(1,) * levels,
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        **config,
    )


def taesd(factor: int, channels: int, **config) -> nn.Module:
    levels = factor.bit_length()
    return diffusers.AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * levels,
        decoder_block_out_channels=(WIDTH,) * levels,
        num_encoder_blocks=(1,) * levels,
        num_decoder_blocks=(1,) * levels,
        latent_channels=channels,
        **config,
    )


def vq(factor: int, channels: int, **config) -> nn.Module:
    levels = factor.bit_length()
    return diffusers.VQModel(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(WIDTH,) * levels,
        norm_num_groups=2,
        latent_channels=WIDTH,
        vq_embed_dim=channels,
        num_vq_embeddings=8,
        mid_block_add_attention=False,
        **config,
    )


def rae(factor: int, channels: int, **config) -> nn.Module:
    """Of images of 2 x 2 tokens; its encoder sees them at half their size."""
    return diffusers.AutoencoderRAE(
        encoder_hidden_size=channels,
        encoder_patch_size=factor // 2,
        encoder_num_hidden_layers=1,
        encoder_input_size=factor,
        patch_size=factor,
        decoder_hidden_size=32,
        decoder_num_hidden_layers=1,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
        **config,
    )


MADE = {
    "AutoencoderKL": kl,
    "AsymmetricAutoencoderKL": asymmetric,
    "AutoencoderDC": dc,
    "AutoencoderTiny": taesd,
    "VQModel": vq,
    "AutoencoderRAE": rae,
}


def write(path, kind: str, factor: int, channels: int, seed: int = 0, **config) -> str:
    """Save an autoencoder of ``kind`` in the folder ``path``, its weights by ``seed``."""
    torch.manual_seed(seed)
    MADE[kind](factor, channels, **config).save_pretrained(path)
    return str(path)
