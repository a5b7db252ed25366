"""Which images does a model make? Samples under a protocol, image i a function of (seed, i) alone."""

import torch
from torch import Tensor, nn

from scaling.data import stream, to_uint8
from scaling.diffusion import GaussianDiffusion, ddim, ddpm, guided
from scaling.study.protocol import Protocol
from scaling.study.spec import DiffusionSpec, ModelSpec
from scaling.study.timesteps import kept_timesteps

BATCH = 250  # images per sampling batch; bounds memory, does not change an image beyond rounding


def labels_and_streams(protocol: Protocol, num_classes: int, rows: range) -> tuple[Tensor, list[torch.Generator]]:
    """The class (N,) and the source of noise of each image in ``rows``."""
    streams = [stream("sample", protocol.sampling_seed, i) for i in rows]
    if protocol.class_draw == "balanced":
        labels = [i % num_classes for i in rows]
    else:
        labels = [int(torch.randint(num_classes, (), generator=s)) for s in streams]
    return torch.tensor(labels), streams


def sampling_process(spec: DiffusionSpec, protocol: Protocol, learn_sigma: bool) -> GaussianDiffusion:
    """The respaced process of the protocol. ValueError if it has more steps than the schedule."""
    return GaussianDiffusion(spec, learn_sigma, keep=kept_timesteps(spec, protocol))


@torch.no_grad()
def generate(model: nn.Module, spec: ModelSpec, diffusion: DiffusionSpec, protocol: Protocol,
             rows: range | None = None) -> tuple[Tensor, Tensor, int]:
    """Images ``rows`` (default: all) of the protocol: uint8 (N, C, H, W), labels (N,), and how many were not finite."""
    rows = range(protocol.samples) if rows is None else rows
    process = sampling_process(diffusion, protocol, spec.learn_sigma)
    device = next(model.parameters()).device
    shape = (spec.channels, spec.input_size, spec.input_size)
    channels = min(protocol.guidance_channels or spec.channels, spec.channels)
    images, labels, nonfinite = [], [], 0
    for start in range(rows.start, rows.stop, BATCH):
        part = range(start, min(start + BATCH, rows.stop))
        y, streams = labels_and_streams(protocol, spec.num_classes, part)

        def noise(streams=streams) -> Tensor:
            return torch.stack([torch.randn(shape, generator=s) for s in streams]).to(device)

        predict = guided(model, y.to(device), spec.num_classes, protocol.guidance, channels)
        x = {"ddpm": ddpm, "ddim": ddim}[protocol.sampler](process, predict, noise(), noise).cpu()
        nonfinite += int((~x.isfinite()).flatten(1).any(1).sum())
        images.append(to_uint8(x.nan_to_num(0.0)))
        labels.append(y)
    return torch.cat(images), torch.cat(labels), nonfinite
