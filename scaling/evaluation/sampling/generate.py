"""Which images does a model make? Samples under a protocol; image i depends on (seed, i) alone."""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from scaling.data import stream, to_uint8
from scaling.diffusion import (
    GaussianDiffusion,
    build_process,
    ddim,
    ddpm,
    dpm_solver,
    euler,
    euler_maruyama,
    guided,
    heun,
)
from scaling.models.precision import computing
from scaling.study.named import named
from scaling.study.network import Network
from scaling.study.specs.protocol import FLOW_SAMPLERS, Protocol
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.timesteps import evaluated_at, flow_times, kept_timesteps

BATCH = 250  # images per sampling batch; bounds memory, changes an image only by rounding


def check_sampling(
    spec: Network,
    diffusion: DiffusionSpec,
    protocol: Protocol,
    label_dropout: float | None = None,
) -> None:
    """Refuse sampling that the model or its process does not allow.

    Examples are guidance without a null label and more steps than the schedule has.
    ``label_dropout`` is the training's, or None if it is not known. ValueError in one line.
    """
    flow = diffusion.objective == "flow"
    if flow != (protocol.sampler in FLOW_SAMPLERS):
        fit = FLOW_SAMPLERS if flow else ("ddpm", "ddim", "dpm++")
        raise ValueError(
            f"the sampler {protocol.sampler!r} does not fit a model trained as "
            f"{diffusion.objective!r}; choose {', '.join(fit)}"
        )
    evaluated_at(diffusion, protocol)
    if protocol.ddpm_variance != "large" and spec.learn_sigma:
        raise ValueError(
            f"ddpm_variance {protocol.ddpm_variance!r} is of a sigma that is not learned, and "
            f"{spec.name} learns it; leave it at 'large'"
        )
    if protocol.guided and spec.condition == "none":
        raise ValueError(
            f"guidance {protocol.guidance:g} on an unconditional model: {spec.name} knows "
            f"{spec.num_classes} class; set guidance to 1"
        )
    if protocol.guided and label_dropout == 0:
        raise ValueError(
            f"guidance {protocol.guidance:g} needs a model that learned the null label, but "
            "label_dropout was 0; set guidance to 1, or train with label_dropout 0.1"
        )
    if protocol.guidance_channels is not None and protocol.guidance_channels > spec.channels:
        raise ValueError(
            f"guidance on {protocol.guidance_channels} channels, but {spec.name} makes "
            f"{spec.channels}"
        )
    if protocol.class_draw == "balanced" and protocol.samples < spec.num_classes:
        raise ValueError(
            f"{protocol.samples} samples cannot be balanced over {spec.num_classes} classes; "
            f"draw {spec.num_classes} or more, or draw classes at random"
        )


def labels_and_streams(
    protocol: Protocol, num_classes: int, rows: range
) -> tuple[Tensor, list[torch.Generator]]:
    """The class (N,) and the source of noise of each image in ``rows``."""
    streams = [stream("sample", protocol.sampling_seed, i) for i in rows]
    if protocol.class_draw == "balanced":
        labels = [i % num_classes for i in rows]
    else:
        labels = [int(torch.randint(num_classes, (), generator=s)) for s in streams]
    return torch.tensor(labels), streams


def to_8_bits(images: Tensor, rounding: str) -> Tensor:
    """Images in [-1, 1] to uint8: to nearest (DiT's and SiT's scripts) or truncated (ADM's)."""
    if rounding == "nearest":
        return to_uint8(images)
    return ((images + 1) * 127.5).clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def generate(
    model: nn.Module,
    spec: Network,
    diffusion: DiffusionSpec,
    protocol: Protocol,
    rows: range | None = None,
    classes: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor, int]:
    """Images ``rows`` (default: all) of the protocol.

    Returns uint8 images (N, C, H, W) or clips (N, C, F, H, W), labels (N,), and how many of them
    were not finite. Latents are decoded by the protocol's VAE a few at a time, those of clips frame
    by frame. ``classes`` gives image i the class ``classes[i]`` instead of the protocol's draw; its
    noise stays the same.
    """
    rows = range(protocol.samples) if rows is None else rows
    device = next(model.parameters()).device
    shape = spec.input_shape
    channels = protocol.guidance_channels or spec.channels
    walk = named(SAMPLERS, protocol.sampler, "sampler")(diffusion, protocol, spec.learn_sigma)
    process = build_process(diffusion)

    def told(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        return process.sampled(model(x, process.told(t), y), x, t)

    images, labels, nonfinite = [], [], 0
    for start in range(rows.start, rows.stop, BATCH):
        part = range(start, min(start + BATCH, rows.stop))
        y, streams = labels_and_streams(protocol, spec.num_classes, part)
        if classes is not None:
            y = torch.tensor([classes[i] for i in part])

        def noise(streams=streams) -> Tensor:
            return torch.stack([torch.randn(shape, generator=s) for s in streams]).to(device)

        predict = guided(
            told,
            y.to(device),
            spec.null(y).to(device),
            protocol.guidance,
            channels,
            protocol.guidance_interval,
            horizon=1.0 if protocol.sampler in FLOW_SAMPLERS else diffusion.timesteps,
        )
        with computing(protocol.precision, device):
            x = walk(predict, noise(), noise).float().cpu()
        nonfinite += int((~x.isfinite()).flatten(1).any(1).sum())
        x, rounded = x.nan_to_num(0.0), functools.partial(to_8_bits, rounding=protocol.rounding)
        images.append(
            _decoded(x, protocol.decoder, device, rounded) if protocol.decoder else rounded(x)
        )
        labels.append(y)
    return torch.cat(images), torch.cat(labels), nonfinite


def _decoded(
    latents: Tensor, decoder: str, device: torch.device, rounded: Callable[[Tensor], Tensor]
) -> Tensor:
    # imported here because it takes seconds, and pixels do not need it
    from scaling.data.latents.vae import decode, load_vae

    return decode(load_vae(decoder, device), latents, to_8_bits=rounded)


Walk = Callable[[Callable, Tensor, Callable[[], Tensor]], Tensor]  # (predict, x, noise) -> images


def _ddpm(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    process = _respaced(diffusion, protocol, learn_sigma)
    clip, small = protocol.clip_predicted, protocol.ddpm_variance == "small"
    return lambda predict, x, noise: ddpm(process, predict, x, noise, clip, small)


def _ddim(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    process = _respaced(diffusion, protocol, learn_sigma)
    eta, clip = protocol.eta, protocol.clip_predicted
    return lambda predict, x, noise: ddim(process, predict, x, noise, eta, clip)


def _dpm_solver(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    whole, kept = GaussianDiffusion(diffusion, learn_sigma), kept_timesteps(diffusion, protocol)
    return lambda predict, x, noise: dpm_solver(whole, predict, x, kept)


def _euler(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    times = flow_times(protocol)
    return lambda velocity, x, noise: euler(velocity, x, times)


def _heun(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    times = flow_times(protocol)
    return lambda velocity, x, noise: heun(velocity, x, times, protocol.heun_last)


def _sde(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> Walk:
    times, w, last = flow_times(protocol), protocol.sde_diffusion, protocol.sde_last
    return lambda velocity, x, noise: euler_maruyama(velocity, x, times, noise, w, last)


def _respaced(diffusion: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> GaussianDiffusion:
    return GaussianDiffusion(diffusion, learn_sigma, keep=kept_timesteps(diffusion, protocol))


# sampler -> the function that turns noise into images
SAMPLERS: dict[str, Callable[[DiffusionSpec, Protocol, bool], Walk]] = {
    "ddpm": _ddpm,
    "ddim": _ddim,
    "dpm++": _dpm_solver,
    "euler": _euler,
    "heun": _heun,
    "sde": _sde,
}
