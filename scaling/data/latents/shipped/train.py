"""Where do the weights of the shipped autoencoders come from? This script trains them.

Each is diffusers' AutoencoderKL of one grey channel, trained on the training digits alone with the
squared error and a small pull of the posterior towards a normal one, as latent diffusion's are
(Rombach et al., arXiv 2112.10752, without its perceptual and adversarial losses). Its scaling
factor is that of unit variance over the training images. Half a minute each on one core.

    python -m scaling.data.latents.shipped.train [NAME ...]
"""

import sys

import torch
from torch import Tensor, nn

from scaling.data import DataSpec, batch_indices, load_data, stream
from scaling.data.latents.shipped import FOLDER, SHIPPED

STEPS, BATCH, LR, SEED = 1200, 64, 3e-3, 0
WIDTH = 8  # channels of every layer
KL = 1e-4  # weight of the posterior's divergence beside the squared error, each a mean over numbers


def network(factor: int, channels: int, **config) -> nn.Module:
    from diffusers import AutoencoderKL

    levels = factor.bit_length()
    return AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(WIDTH,) * levels,
        norm_num_groups=2,
        layers_per_block=1,
        latent_channels=channels,
        mid_block_add_attention=False,
        sample_size=8,
        **config,
    )


def digits(subset: str) -> Tensor:
    """(N, 1, 8, 8) in [-1, 1]."""
    images = load_data(DataSpec(source="digits")).subset(subset)
    return images.batch(torch.arange(len(images)))


def train(name: str, steps: int = STEPS) -> nn.Module:
    """The autoencoder ``name``, trained. Every run on one machine gives the same weights."""
    factor, channels = SHIPPED[name]
    images = digits("train")
    torch.manual_seed(SEED)
    net = network(factor, channels)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LR, total_steps=steps)
    for step in range(steps):
        x = images[batch_indices(len(images), BATCH, SEED, step)]
        posterior = net.encode(x).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=stream("posterior", SEED, step))
        z = posterior.mean + posterior.std * noise
        error = nn.functional.mse_loss(net.decode(z).sample, x)
        loss = error + KL * posterior.kl().mean() / z[0].numel()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        posterior = net.encode(images).latent_dist
        variance = posterior.mean.var() + posterior.var.mean()
    net.register_to_config(scaling_factor=float(variance**-0.5))
    return net.eval()


@torch.no_grad()
def error(net: nn.Module, subset: str = "heldout") -> float:
    """The root mean square error of ``subset``'s images, in [-1, 1], decoded from their means."""
    x = digits(subset)
    return (
        float(nn.functional.mse_loss(net.decode(net.encode(x).latent_dist.mean).sample, x)) ** 0.5
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or SHIPPED:
        net = train(name)
        net.save_pretrained(FOLDER / name)
        scaling = net.config.scaling_factor
        print(f"{name}: error {error(net):.4f} on held-out images, scaling factor {scaling:.4f}")
