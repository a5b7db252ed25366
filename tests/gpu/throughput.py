"""How fast does a GPU train DiT-S/2, B/2 and XL/2 at 256 px, beside a plain loop around diffusers'
network, and beside the published speed of fast-DiT?

Latents of 32 x 32 x 4, bf16 autocast, one training step each: ours is the suite's own ``Trainer``
with its averages and held-out machinery; plain is forward, backward and AdamW around diffusers'
``DiTTransformer2DModel``, with an average of one parameter after the other.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from scaling.models.precision import autocast
from scaling.study import EvaluationSpec, ModelSpec, TrainSpec, TrialSpec
from scaling.study.costs.cost import train_flops
from scaling.study.execution import Execution
from scaling.study.planning.devices import mfu
from scaling.training import Trainer
from tests.gpu.checks import AVERAGE

# Model and batch. Batches are those that an 80 GB GPU holds without activation checkpointing.
MODELS = {
    "DiT-S/2": (ModelSpec.preset("DiT-S/2"), 256),
    "DiT-B/2": (ModelSpec.preset("DiT-B/2"), 128),
    "DiT-XL/2": (ModelSpec.preset("DiT-XL/2"), 32),
}
STEPS, WARM = 12, 4
# chuanyangjin/fast-DiT, README: DiT-XL/2 at 256 px, batch 128, one A100, fp16, activation
# checkpointing, features extracted before: 0.84 steps/s.
PUBLISHED = {"model": "DiT-XL/2", "images_per_s": 0.84 * 128, "device": "NVIDIA A100"}


def measured(
    models: Mapping[str, tuple[ModelSpec, int]],
    device: str,
    steps: int = STEPS,
    precision: str = "bf16",
    compile: bool = False,
) -> list[dict[str, Any]]:
    """A row per model: images/s of both, FLOP/s and MFU of ours."""
    rows = []
    for name, (model, batch) in models.items():
        ours = batch / _seconds(_ours(model, batch, device, precision, compile), device, steps)
        plain = batch / _seconds(_plain(model, batch, device, precision), device, steps)
        each = train_flops(model, 1)
        title = torch.cuda.get_device_name() if device == "cuda" else "cpu"
        rows.append(
            {
                "model": name,
                "batch": batch,
                "precision": precision,
                "compile": compile,
                "device": title,
                "images_per_s": ours,
                "plain_images_per_s": plain,
                "flops_per_image": each,
                "flops_per_s": ours * each,
                "mfu": mfu(ours, each, title, precision),
                "plain_mfu": mfu(plain, each, title, precision),
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows, and what was published."""

    def share(value: float | None) -> str:
        return "    -" if value is None else f"{value:5.1%}"

    lines = [f"{'':10} {'batch':>5} {'images/s':>9} {'plain':>9}  ours/plain   MFU  plain MFU"]
    for row in rows:
        lines.append(
            f"{row['model']:10} {row['batch']:5} {row['images_per_s']:9.1f} "
            f"{row['plain_images_per_s']:9.1f} "
            f"{row['images_per_s'] / row['plain_images_per_s']:10.2f} {share(row['mfu'])} "
            f"{share(row['plain_mfu'])}"
        )
    model = ModelSpec.preset(PUBLISHED["model"])
    theirs = mfu(PUBLISHED["images_per_s"], train_flops(model, 1), PUBLISHED["device"], "bf16")
    lines.append(
        f"fast-DiT published {PUBLISHED['images_per_s']:.1f} images/s of {PUBLISHED['model']} on "
        f"one A100 with activation checkpointing: an MFU of {share(theirs).strip()}"
    )
    return "\n".join(lines)


def _ours(
    model: ModelSpec, batch: int, device: str, precision: str, compile: bool
) -> Callable[[], object]:
    train = TrainSpec(steps=1000, batch=batch, lr=1e-4, precision=precision)
    spec = TrialSpec(model=model, train=train, evaluate=EvaluationSpec(ema=AVERAGE))
    trainer = Trainer(spec, [AVERAGE], device, Execution(compile=compile))
    shape = (batch, *model.input_shape)
    batch_of = (
        torch.randn(shape, device=device),
        torch.zeros(batch, dtype=torch.long, device=device),
    )
    # the data set of the study does not matter here: latents as they come from a store
    trainer.loader.step = lambda step: batch_of  # type: ignore[method-assign]
    return trainer._take_step


def _plain(model: ModelSpec, batch: int, device: str, precision: str) -> Callable[[], object]:
    from diffusers import DiTTransformer2DModel

    network = DiTTransformer2DModel(
        num_attention_heads=model.heads,
        attention_head_dim=model.width // model.heads,
        in_channels=model.channels,
        out_channels=model.out_channels,
        num_layers=model.depth,
        sample_size=model.input_size,
        patch_size=model.patch,
        num_embeds_ada_norm=model.num_classes,
    ).to(device)
    params = list(network.parameters())
    average = [p.detach().clone() for p in params]
    optimiser = torch.optim.AdamW(params, lr=1e-4, weight_decay=0.0)
    x = torch.randn(batch, *model.input_shape, device=device)
    y = torch.zeros(batch, dtype=torch.long, device=device)

    def step() -> None:
        noise = torch.randn_like(x)
        time = torch.randint(1000, (batch,), device=device)
        with autocast(precision, device):
            out = network(x + noise, time, y, return_dict=False)[0]
        (out[:, : model.channels].float() - noise).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            for a, p in zip(average, params):
                a.mul_(0.9999).add_(p, alpha=1e-4)

    return step


def _seconds(step: Callable[[], object], device: str, steps: int) -> float:
    """Of a step, the mean after WARM that warm up."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for _ in range(WARM if device == "cuda" else 1):
        step()
    wait()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    wait()
    return (time.perf_counter() - began) / steps
