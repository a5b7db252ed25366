"""How is a measured value named on axes and in tables?"""

from pathlib import PurePath
from typing import TYPE_CHECKING

from scaling.study.specs.decoder import other_maker
from scaling.study.specs.measured import METRIC_NAMES

if TYPE_CHECKING:
    from scaling.study.specs.protocol import Protocol

# A reference of real images: a split's name with this ending.
OF_IMAGES = "-images"
REAL = ("train-images", "heldout-images")


def label(
    protocol: "Protocol",
    metric: str,
    reference: str | None = None,
    over: str | None = None,
    made_by: str | None = None,
    clips: bool = False,
) -> str:
    """As ``Protocol.label``, which says what the arguments are."""
    name = (
        "FD" if metric == "fid" and protocol.features.startswith("dinov2") else METRIC_NAMES[metric]
    )
    name = f"frame {name}" if clips and metric != "clip_fd" else name
    against = PurePath(reference or protocol.references[0]).name
    against = against.replace(OF_IMAGES, " images") if against in REAL else against
    count = f" ({_thousands(protocol.reference_images)})" if protocol.reference_images else ""
    spaces = protocol.spaces_of(metric)
    name += f"{len(spaces)}" if metric == "fdr" else ""  # as published: FDr^6
    if metric == "rfid":
        return f"{name}, {_decoder(protocol, made_by)}, {protocol.features}, vs {against}{count}"
    # the reference of a latent model is its data after the decoder
    if protocol.decoder and against in ("train", "heldout"):
        against = f"decoded {against}"
    # against real images the decoder is part of what is measured, as the network is
    real = (reference or protocol.references[0]) in REAL
    how = _undecoded(protocol, made_by) if real else protocol
    return (
        f"{name}-{_thousands(protocol.samples)}, {sampling(how, over, made_by)}, "
        f"{' + '.join(spaces)}, vs {against}{count}"
    )


def sampling(p: "Protocol", over: str | None = None, made_by: str | None = None) -> str:
    """As ``Protocol.sampling``."""
    parts = [p.sampler + ("" if over == "steps" else f"{p.sampling_steps}")]
    parts += [f"eta {p.eta:g}"] if p.eta else []
    parts += [f"{p.ddpm_variance} variance"] if p.ddpm_variance != "large" else []
    parts += [f"clip {p.clip_predicted:g}"] if p.clip_predicted is not None else []
    walk = (p.sde_diffusion, p.sde_last, p.sde_last_size)
    if p.sampler == "sde" and walk != ("sigma", "mean", 0.04):
        parts += [f"w {p.sde_diffusion}, last {p.sde_last} {p.sde_last_size:g}"]
    parts += [f"last {p.heun_last}"] if p.heun_last != "heun" else []
    parts += [f"shift {p.time_shift:.4g}"] if p.time_shift != 1 else []
    parts += ["cfg" if over == "guidance" else f"cfg {_decimal(p.guidance)}"]
    if p.guided or over == "guidance":
        if p.guidance_channels is not None:
            parts[-1] += f" on {p.guidance_channels} channels"
        if p.guidance_interval is not None:
            parts[-1] += " in {:g}-{:g}".format(*p.guidance_interval)
    parts += ["balanced classes"] if p.class_draw == "balanced" else []
    parts += [p.precision] if p.precision != "fp32" else []
    parts += ["truncated"] if p.rounding == "truncate" else []
    parts += [_decoder(p, made_by)] if p.decoder else []
    return ", ".join(parts)


def _undecoded(protocol: "Protocol", made_by: str | None) -> "Protocol":
    """``protocol`` without its decoder, unless that is not the one that made the latents."""
    other = other_maker(made_by, protocol.decoder)
    return protocol if other else protocol.model_copy(update={"decoder": None})


def _decoder(protocol: "Protocol", made_by: str | None) -> str:
    """``sd-vae-ft-mse``, or ``sd-vae-ft-mse on latents of another-vae``."""
    other = other_maker(made_by, protocol.decoder)
    return PurePath(protocol.decoder or "").name + (f" on latents of {other}" if other else "")


def _thousands(samples: int) -> str:
    return f"{samples // 1000}K" if samples % 1000 == 0 else f"{samples}"


def _decimal(scale: float) -> str:
    """``1.0``, ``1.25``: at least one decimal, and never rounded so that two scales look equal."""
    return f"{scale:.1f}" if f"{scale:.1f}" == f"{scale:g}" or scale == int(scale) else f"{scale:g}"
