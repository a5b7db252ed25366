"""How do images become latents, and latents images? With any frozen autoencoder of diffusers.

An autoencoder is identified by its configuration and weights. A model sees (z - shift factor) *
scaling factor, with z drawn from the posterior where there is one; for Stable Diffusion's VAEs that
is z * 0.18215.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from scaling.data.images import from_uint8, to_uint8
from scaling.data.latents.autoencoders import (
    KINDS,
    PIXELS,
    Pixels,
    kind_of,
    scaling_of,
    shift_and_scale,
)
from scaling.data.latents.shipped import FOLDER as SHIPPED_IN
from scaling.data.latents.shipped import SHIPPED
from scaling.study.libraries import expanded, first_line, quiet
from scaling.study.specs.identity import canonical_json

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # takes seconds to import, and pixels do not need it

# DiT's decoders
SHORT_NAMES = {
    "sd-vae-ft-mse": "stabilityai/sd-vae-ft-mse",
    "sd-vae-ft-ema": "stabilityai/sd-vae-ft-ema",
}
# the VAE of the synthetic store: tiny, shaped like Stable Diffusion's, weights from a fixed seed
SYNTHETIC = "synthetic"
LOUD = (
    "diffusers.configuration_utils",
    "diffusers.models.modeling_utils",
    "huggingface_hub.utils._http",
)


@functools.lru_cache(maxsize=2)
def load_vae(name: str, device: torch.device | str = "cpu") -> nn.Module:
    """The autoencoder called ``name``: float32 and frozen.

    ``name`` is a diffusers folder, of the autoencoder or of a pipeline with one in vae/ or vqvae/,
    a Hugging Face id, a key of SHORT_NAMES or SHIPPED, ``synthetic``, or ``none`` for pixels as
    they are. ValueError if there is no such autoencoder, or it is of a kind that is not known, with
    the next step.
    """
    folder = expanded(name)
    if name in SHIPPED:
        folder = SHIPPED_IN / name
    if name == PIXELS:
        vae: nn.Module = Pixels()
    elif name == SYNTHETIC:
        vae = _synthetic()
    elif folder.is_dir():
        if (folder / "model_index.json").is_file():
            folder = folder / ("vqvae" if (folder / "vqvae").is_dir() else "vae")
        vae = _from(
            str(folder),
            f"no VAE in the folder {folder}",
            "diffusers' config.json and weights belong there",
        )
    elif name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ValueError(f"no VAE at {folder}: there is no such folder")
    else:
        vae = _from(
            SHORT_NAMES.get(name, name),
            f"no VAE {name!r}: it is no folder, and the Hugging Face hub gave none",
            "set HF_TOKEN or HF_HOME, or download it where there is a net "
            f"(`hf download {SHORT_NAMES.get(name, name)} --local-dir DIR`) and name DIR",
        )
    for key, tensor in vae.state_dict().items():
        if not tensor.isfinite().all():
            raise ValueError(f"the weights of the VAE {name} are not finite: {key}; fetch it again")
    return vae.to(device).eval().requires_grad_(False)


def _from(name: str, wrong: str, next_step: str) -> nn.Module:
    import diffusers

    try:
        with quiet(*LOUD):
            config = diffusers.AutoencoderKL.load_config(name)
            kind = config.get("_class_name", "AutoencoderKL")
            if kind in KINDS:
                return getattr(diffusers, kind).from_pretrained(
                    name, torch_dtype=torch.float32, low_cpu_mem_usage=False
                )
    # the hub, the network, the file format and the shape of weights each raise their own class
    except Exception as error:
        raise ValueError(f"{wrong} ({first_line(error)}); {next_step}") from None
    known = ", ".join(name for name in KINDS if name != Pixels.__name__)
    raise ValueError(
        f"{name} holds a {kind}, which is no autoencoder that is known here; those are {known}, "
        f"and {PIXELS} for pixels"
    )


def _synthetic() -> AutoencoderKL:
    from diffusers import AutoencoderKL

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4, 4, 4, 4),
            norm_num_groups=2,
            layers_per_block=1,
            latent_channels=4,
            mid_block_add_attention=False,
        )


def identity_of(vae: nn.Module) -> str:
    """The first 16 hex digits of a SHA-256 over configuration and weights.

    It does not depend on where or in which format they were stored.
    """
    digest = hashlib.sha256(
        canonical_json({k: v for k, v in vae.config.items() if not k.startswith("_")}).encode()
    )
    for name, weight in sorted(vae.state_dict().items()):
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:16]


def describe(vae: nn.Module, name: str) -> dict:
    """What a store records of its autoencoder: name, identity, and how latents are scaled; and that
    they are ``deterministic`` where the encoder gives no posterior.
    """
    fixed = {} if kind_of(vae).stochastic else {"deterministic": True}
    return {"name": name, "identity": identity_of(vae), **scaling_of(vae), **fixed}


def pixels_per_latent(vae: nn.Module) -> int:
    """Pixels of an image per latent pixel, in each direction."""
    return kind_of(vae).factor(vae.config)


def latent_channels(vae: nn.Module) -> int:
    return kind_of(vae).channels(vae.config)


def image_channels(vae: nn.Module) -> int:
    """Channels of the images that it reads and makes: 3, or 1 of a grey one."""
    return kind_of(vae).image_channels(vae.config)


def latent_shape(
    vae: nn.Module, size: int, frames: int = 1, width: int | None = None
) -> tuple[int, ...]:
    """(C, h, w) of the latents of images, (C, F, h, w) of clips of more than one of ``frames``.

    Images have ``size`` pixels per column and ``width`` per row; None as many. ValueError if the
    autoencoder's downsampling factor does not divide them, or if it takes images of another size
    alone.
    """
    factor, only = pixels_per_latent(vae), kind_of(vae).size(vae.config)
    sides = {"size": size, "width": width or size}
    for name, pixels in sides.items():
        if only not in (None, pixels):
            raise ValueError(
                f"{name} {pixels}: this {type(vae).__name__} makes images of {only} pixels alone; "
                f"give --{name} {only}"
            )
        if pixels % factor:
            raise ValueError(
                f"{name} {pixels} is not a multiple of {factor}, the VAE's downsampling factor"
            )
    clip = (frames,) if frames > 1 else ()
    return (latent_channels(vae), *clip, *(pixels // factor for pixels in sides.values()))


def as_frames(clips: Tensor) -> Tensor:
    """Clips (N, C, F, H, W) as images (N * F, C, H, W), the frames of a clip side by side."""
    return clips.transpose(1, 2).flatten(0, 1)


@torch.no_grad()
def encode(vae: nn.Module, images: Tensor, batch: int) -> Tensor:
    """Moments (n, 2, M, C, h, w) on the CPU of uint8 images (n, 1 or 3, H, W).

    The axes are: as is and mirrored; mean and, where the encoder gives a posterior (M = 2),
    standard deviation. Clips (n, 1 or 3, F, H, W) are encoded frame by frame: (n, 2, M, C, F, h,
    w). ``batch`` images or frames at a time are on the autoencoder's device.
    """
    if images.ndim == 5:
        of_frames = encode(vae, as_frames(images), batch)  # (n * F, 2, M, C, h, w)
        return of_frames.unflatten(0, (len(images), -1)).movedim(1, 4)
    if images.shape[1] == 1 and image_channels(vae) == 3:
        images = images.expand(-1, 3, -1, -1)
    encoded, moments = kind_of(vae).encode, []
    for part in images.split(batch):
        part = from_uint8(part.to(vae.device, non_blocking=True))
        sides = [encoded(vae, side) for side in (part, part.flip(-1))]
        moments.append(
            torch.stack(
                [torch.stack([m for m in side if m is not None], dim=1) for side in sides], dim=1
            ).cpu()
        )
    return torch.cat(moments)


def decode(
    vae: nn.Module,
    latents: Tensor,
    batch: int = 8,
    to_8_bits: Callable[[Tensor], Tensor] = to_uint8,
) -> Tensor:
    """Images (N, 1 or 3, H, W) uint8 on the CPU, from latents (N, C, h, w) as a model makes them.

    ``batch`` of them are decoded at a time. Of clips (N, C, F, h, w) each frame is decoded alone:
    (N, 1 or 3, F, H, W).
    """
    if latents.ndim == 5:
        frames = decode(vae, as_frames(latents), batch, to_8_bits)
        return frames.unflatten(0, (len(latents), -1)).transpose(1, 2)
    return torch.cat(list(decoded(vae, latents, batch, to_8_bits)))


@torch.no_grad()
def decoded(
    vae: nn.Module,
    latents: Tensor,
    batch: int = 8,
    to_8_bits: Callable[[Tensor], Tensor] = to_uint8,
) -> Iterator[Tensor]:
    """As ``decode``, but batch by batch, for more images than memory holds."""
    shift, factor = (
        part.to(vae.device) if isinstance(part, Tensor) else part
        for part in shift_and_scale(scaling_of(vae))
    )
    for part in latents.split(batch):
        yield to_8_bits(kind_of(vae).decode(vae, part.to(vae.device) / factor + shift)).cpu()
