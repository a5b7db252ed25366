"""How do images become latents, and latents images? With a frozen diffusers AutoencoderKL.

A VAE is identified by its configuration and weights. A model sees (z - shift factor) * scaling
factor, with z drawn from the posterior; for Stable Diffusion's VAEs that is z * 0.18215.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from scaling.data.images import from_uint8, to_uint8
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


@functools.lru_cache(maxsize=2)
def load_vae(name: str, device: torch.device | str = "cpu") -> AutoencoderKL:
    """The VAE called ``name``: float32 and frozen.

    ``name`` is a diffusers folder, a Hugging Face id, a key of SHORT_NAMES or ``synthetic``.
    ValueError if there is no such VAE, with the next step.
    """
    folder = Path(name).expanduser()
    if name == SYNTHETIC:
        vae = _synthetic()
    elif folder.is_dir():
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


def _from(name: str, wrong: str, next_step: str) -> AutoencoderKL:
    from diffusers import AutoencoderKL

    loud = [
        logging.getLogger(n)
        for n in ("diffusers.models.modeling_utils", "huggingface_hub.utils._http")
    ]
    levels = [logger.level for logger in loud]
    for logger in loud:
        logger.setLevel(logging.CRITICAL)  # they print pages; the error below is one line
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return AutoencoderKL.from_pretrained(
                name, torch_dtype=torch.float32, low_cpu_mem_usage=False
            )
    # the hub, the network, the file format and the shape of weights each raise their own class
    except Exception as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{wrong} ({why}); {next_step}") from None
    finally:
        for logger, level in zip(loud, levels):
            logger.setLevel(level)


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


def identity_of(vae: AutoencoderKL) -> str:
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


def describe(vae: AutoencoderKL, name: str) -> dict:
    """What a store records of its VAE: name, identity, scaling_factor, shift_factor."""
    return {
        "name": name,
        "identity": identity_of(vae),
        "scaling_factor": vae.config.scaling_factor,
        "shift_factor": vae.config.shift_factor or 0.0,
    }


def pixels_per_latent(vae: AutoencoderKL) -> int:
    """Pixels of an image per latent pixel, in each direction."""
    return 2 ** (len(vae.config.block_out_channels) - 1)


def latent_shape(vae: AutoencoderKL, size: int) -> tuple[int, int, int]:
    """(C, h, w) of the latents of ``size``-pixel images.

    ValueError if the VAE's downsampling factor does not divide ``size``.
    """
    factor = pixels_per_latent(vae)
    if size % factor:
        raise ValueError(
            f"size {size} is not a multiple of {factor}, the VAE's downsampling factor"
        )
    return vae.config.latent_channels, size // factor, size // factor


@torch.no_grad()
def encode(vae: AutoencoderKL, images: Tensor, batch: int) -> Tensor:
    """Moments (n, 2, 2, C, h, w) on the CPU of uint8 images (n, 3, H, W).

    The axes of length 2 are: as is and mirrored; mean and standard deviation. ``batch`` images at a
    time are on the VAE's device.
    """
    moments = []
    for part in images.split(batch):
        part = from_uint8(part.to(vae.device, non_blocking=True))
        posteriors = [vae.encode(side).latent_dist for side in (part, part.flip(-1))]
        moments.append(
            torch.stack([torch.stack([p.mean, p.std], dim=1) for p in posteriors], dim=1).cpu()
        )
    return torch.cat(moments)


def decode(
    vae: AutoencoderKL,
    latents: Tensor,
    batch: int = 8,
    to_8_bits: Callable[[Tensor], Tensor] = to_uint8,
) -> Tensor:
    """Images (N, 3, H, W) uint8 on the CPU, from latents (N, C, h, w) as a model makes them.

    ``batch`` of them are decoded at a time.
    """
    return torch.cat(list(decoded(vae, latents, batch, to_8_bits)))


@torch.no_grad()
def decoded(
    vae: AutoencoderKL,
    latents: Tensor,
    batch: int = 8,
    to_8_bits: Callable[[Tensor], Tensor] = to_uint8,
) -> Iterator[Tensor]:
    """As ``decode``, but batch by batch (n, 3, H, W), for more images than memory holds."""
    shift = vae.config.shift_factor or 0.0
    for part in latents.split(batch):
        z = part.to(vae.device) / vae.config.scaling_factor + shift
        yield to_8_bits(vae.decode(z).sample).cpu()
