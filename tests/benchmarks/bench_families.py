"""Does our training loop slow a network of another family down? A step of each, beside the plain
loop of diffusers' training scripts around the same network; and the modern DiT beside the paper's.

    python -m tests.benchmarks families [--quick]

The plain loop calls diffusers' network itself, without the module that fits it to
``forward(x, t, y)``: images from memory, noise, a scheduler's ``add_noise``, the mean square,
backward, clipped gradients, AdamW and an EMA. There are two: "plain" with diffusers' ``EMAModel``
and torch's default AdamW, as in its scripts; "fused" with the update that ours has, so that what is
left between them is what ours does beside the network (draws that follow from a key, images read
ahead, the curve). Same shapes, eager fp32, one thread, interleaved in one process. diffusers has no
DiT of clips: its plain loop is around ours.

The modern DiT (RMS norms, normed queries and keys, rotary positions, SwiGLU) has the paper's shape
and equal MACs.
"""

import argparse
from collections.abc import Callable

import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from scaling.models import build_model
from scaling.study import DataSpec, DiffusionSpec, Ema, ModelSpec, TrainSpec, TrialSpec, cost
from scaling.study.families import LatentUNet, MMDiT, PixArt
from scaling.study.network import Network
from scaling.training import Trainer
from tests.benchmarks.bench_models import TrainingStep, line
from tests.benchmarks.timing import medians, table

BATCH, STEPS_IN_A_PIECE = 32, 4
CLIP, DECAY, LR = 1.0, 0.9999, 1e-4
DIGITS = {"input_size": 8, "channels": 1, "num_classes": 10, "learn_sigma": False}
TOLD = {"text_tokens": 8, "text_width": 64}
FAMILIES: dict[str, Network] = {
    "U-Net": LatentUNet(
        **DIGITS,
        width=32,
        multipliers=(1, 2),
        blocks=1,
        attention=(4,),
        groups=8,
        heads=2,
        context_width=32,
    ),
    "SD3": MMDiT(**DIGITS, **TOLD, depth=3, head_width=32, pooled_width=64),
    "PixArt": PixArt(**DIGITS, **TOLD, width=96, depth=3, heads=3),
    "video DiT": ModelSpec(
        **DIGITS | {"input_size": 12}, frames=4, patch=4, patch_t=2, width=96, depth=3, heads=3
    ),
}
MODERN = {"norm": "rms", "qk_norm": True, "positions": "rope", "mlp": "swiglu"}
SHAPES = {  # the paper's DiTs -> the batch
    ModelSpec(**DIGITS, patch=2, width=96, depth=3, heads=3): 32,
    ModelSpec.preset("DiT-S/4"): 8,
}
ASKED = 1.0

# family -> how diffusers' scripts call the network: (module, noised, times, labels) -> prediction
CALLS: dict[str, Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]] = {
    "U-Net": lambda m, x, t, y: m.unet(x, t, m.label(y)[:, None], return_dict=False)[0],
    "SD3": lambda m, x, t, y: _sd3(m, x, t, y),
    "PixArt": lambda m, x, t, y: m.transformer(
        x, m.condition.table(y).unflatten(1, m.condition.shape), t, return_dict=False
    )[0],
    "video DiT": lambda m, x, t, y: m(x, t, y),
}


def _sd3(m: nn.Module, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    row, pooled = m.condition.table(y), m.condition.pooled
    told = row[:, :-pooled].unflatten(1, m.condition.shape)
    return m.transformer(x, told, row[:, -pooled:], t, return_dict=False)[0]


class PlainLoop:
    """A step as diffusers' training scripts write it, of the network ``m``."""

    def __init__(self, family: str, m: Network, images: Tensor, labels: Tensor, fused: bool):
        self.call, self.flow, self.classes = CALLS[family], family == "SD3", m.num_classes
        self.model, self.images, self.labels, self.fused = build_model(m), images, labels, fused
        self.params = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.params, lr=LR, weight_decay=0.0, fused=fused or None
        )
        self.schedule = get_scheduler("constant", self.optimiser)
        self.noising = FlowMatchEulerDiscreteScheduler() if self.flow else DDPMScheduler()
        self.average = [p.detach().clone() for p in self.params]
        self.ema = EMAModel(self.params, decay=DECAY)

    def __call__(self) -> None:
        for _ in range(STEPS_IN_A_PIECE):
            self._step()

    def _step(self) -> None:
        rows = torch.randint(len(self.images), (BATCH,))
        x0, y = self.images[rows], self.labels[rows]
        y = torch.where(torch.rand(BATCH) < 0.1, self.classes, y)
        noise = torch.randn_like(x0)
        if self.flow:
            index = (torch.rand(BATCH) * 1000).long()
            sigma = self.noising.sigmas[index].view(-1, 1, 1, 1)
            x, target = (1 - sigma) * x0 + sigma * noise, noise - x0
            t = self.noising.timesteps[index]
        else:
            t = torch.randint(1000, (BATCH,))
            x, target = self.noising.add_noise(x0, noise, t), noise
        loss = nn.functional.mse_loss(self.call(self.model, x, t, y).float(), target)
        loss.backward()
        nn.utils.clip_grad_norm_(self.params, CLIP)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.fused:
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.params, 1 - DECAY)
        else:
            self.ema.step(self.params)


class OurLoop:
    """As many steps of a training of ours, with what it logs."""

    def __init__(self, family: str, m: Network):
        clips = family == "video DiT"
        data = DataSpec(source="moving-digits", size=12, frames=4) if clips else DataSpec()
        ema = Ema(kind="decay", length=DECAY)
        spec = TrialSpec(
            model=m,
            data=data,
            diffusion=DiffusionSpec(objective="flow" if family == "SD3" else "epsilon"),
            train=TrainSpec(
                steps=10**6, batch=BATCH, lr=LR, grad_clip=CLIP, heldout_every=10**6, log_every=50
            ),
        )
        self.trainer = Trainer(spec, [ema])

    def __call__(self) -> None:
        self.trainer.train_to(self.trainer.step + STEPS_IN_A_PIECE, lambda line: None)


def family_rows(repetitions: int) -> list[tuple[str, ...]]:
    """A line for each family and update."""
    rows = []
    for family, m in FAMILIES.items():
        ours = OurLoop(family, m)
        images, labels = ours.trainer.loader.step(0)
        many = -(-512 // BATCH)
        images, labels = images.repeat(many, *[1] * (images.ndim - 1)), labels.repeat(many)
        work = {"ours": ours} | {
            update: PlainLoop(family, m, images, labels, fused=update == "fused")
            for update in ("plain", "fused")
        }
        taken = {k: s / STEPS_IN_A_PIECE for k, s in medians(work, repetitions).items()}
        rows += [
            line(
                f"{family} ({m.name}), batch {BATCH}, peer's update {update}",
                taken["ours"],
                taken[update],
                asked=ASKED if update == "plain" else None,
            )
            for update in ("plain", "fused")
        ]
    return rows


def modern_rows(repetitions: int) -> list[tuple[str, ...]]:
    """The modern DiT as ours, the paper's as the peer."""
    rows = []
    for papers, batch in SHAPES.items():
        modern = papers.replaced(**MODERN)
        work = {
            "modern": TrainingStep(build_model(modern), modern, batch, fused=True),
            "paper": TrainingStep(build_model(papers), papers, batch, fused=True),
        }
        taken = medians(work, repetitions)
        macs = cost.forward_macs(modern) / cost.forward_macs(papers)
        what = f"{modern.name} beside {papers.name}, batch {batch}, MACs {macs:.3f} of its"
        rows.append(line(what, taken["modern"], taken["paper"]))
    return rows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a first look")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    head = ("training step (1 thread, eager fp32)", "ours ms", "peer ms", "ratio", "asked", "")
    repetitions = 4 if options.quick else 15
    print(table([head, *family_rows(repetitions), *modern_rows(repetitions // 2)]))


if __name__ == "__main__":
    main()
