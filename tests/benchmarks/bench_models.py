"""How fast is our DiT beside diffusers' ``DiTTransformer2DModel``, and beside the machine's own
matrix products?

    python -m tests.benchmarks.bench_models [--quick]

One training step (forward, backward, AdamW, EMA) and a guided sampling of 25 DDIM steps; eager
fp32, one thread, the same shapes, loss and sampler around both models, interleaved in one process.
Two peers in training: "plain" with torch's default AdamW and an EMA of one parameter after the
other, "fused" with the update that ours has, fused AdamW and one foreach lerp. The limit is the
time of the step's matrix products alone, same shapes, same run: its share of our step's time is how
much of the machine's matrix-product rate the step reaches.

diffusers' model has an embedder of timestep and label in every block, hence more parameters and
small products.
"""

import argparse
import math
import time

import torch

from scaling.diffusion import GaussianDiffusion, ddim, ddim_timesteps, guided
from scaling.models import build_model
from scaling.study import DiffusionSpec, ModelSpec, cost
from tests.benchmarks.timing import medians, table

DIGITS = [
    ModelSpec(
        input_size=8, channels=1, patch=patch, width=width, depth=depth, heads=heads, num_classes=10
    )
    for width, depth, heads in ((16, 2, 2), (32, 2, 2), (48, 2, 3), (64, 3, 4))
    for patch in (8, 4, 2)
]
DIGITS_BATCH = 64
S4, S4_BATCH = ModelSpec.preset("DiT-S/4"), 16
SAMPLING_STEPS, GUIDANCE = 25, 4.0
# ratios: at S/4, and the geometric mean over the digits sizes
ASKED = {"train": (1.05, 1.3), "sample": (1.0, 1.1)}
ASKED_SHARE, ASKED_COUNT_S, ASKED_COUNT_OTHERS_S = 0.6, 40, 60


def peer_model(m: ModelSpec) -> torch.nn.Module:
    """diffusers' model of the same shape, called as ours is."""
    from diffusers import DiTTransformer2DModel

    class Peer(DiTTransformer2DModel):
        def forward(self, x, t, y):
            return super().forward(x, t, y, return_dict=False)[0]

    return Peer(
        num_attention_heads=m.heads,
        attention_head_dim=m.width // m.heads,
        in_channels=m.channels,
        out_channels=m.out_channels,
        num_layers=m.depth,
        sample_size=m.input_size,
        patch_size=m.patch,
        num_embeds_ada_norm=m.num_classes,
        norm_eps=1e-6,
    )


def images(m: ModelSpec, batch: int):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(batch, m.channels, m.input_size, m.input_size, generator=g)
    target = torch.randn(batch, m.out_channels, m.input_size, m.input_size, generator=g)
    return (
        x,
        target,
        torch.randint(1000, (batch,), generator=g),
        torch.randint(m.num_classes, (batch,), generator=g),
    )


class TrainingStep:
    """Forward, backward, AdamW, EMA of a model; the update fused, or plain."""

    def __init__(self, model: torch.nn.Module, m: ModelSpec, batch: int, fused: bool):
        self.model, self.fused = model.train(), fused
        self.params = [p for p in model.parameters() if p.requires_grad]
        self.ema = [p.detach().clone() for p in self.params]
        self.optimiser = torch.optim.AdamW(
            self.params, lr=1e-4, weight_decay=0.0, fused=fused or None
        )
        self.x, self.target, self.t, self.y = images(m, batch)

    def __call__(self) -> None:
        loss = (self.model(self.x, self.t, self.y) - self.target).square().mean()
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            if self.fused:
                torch._foreach_lerp_(self.ema, self.params, 1e-4)
            else:
                for average, p in zip(self.ema, self.params):
                    average.mul_(0.9999).add_(p, alpha=1e-4)


class Sampling:
    """Guided DDIM of 25 steps with a model."""

    def __init__(self, model: torch.nn.Module, m: ModelSpec, batch: int):
        self.x, _, _, y = images(m, batch)
        self.predict = guided(model.eval(), y, m.num_classes, GUIDANCE, m.channels)
        self.process = GaussianDiffusion(
            DiffusionSpec(), m.learn_sigma, keep=ddim_timesteps(1000, SAMPLING_STEPS)
        )

    @torch.no_grad()
    def __call__(self) -> None:
        ddim(self.process, self.predict, self.x, noise=None)


class Products:
    """The matrix products of one training step and nothing else: each linear forward and its two
    backward, attention.
    """

    def __init__(self, m: ModelSpec, batch: int):
        B, T, d, h = batch, m.tokens, m.width, cost.hidden(m)
        pixels = m.patch**2
        linears = [
            (1, B * T, m.channels * pixels, d),
            (1, B, cost.FREQUENCIES, d),
            (1, B, d, d),
            (m.depth, B * T, d, 3 * d),
            (m.depth, B * T, d, d),
            (m.depth, B * T, d, h),
            (m.depth, B * T, h, d),
            (m.depth, B, d, 6 * d),
            (1, B, d, 2 * d),
            (1, B * T, d, m.out_channels * pixels),
        ]
        self.calls = []
        for times, rows, i, o in linears:
            x, w, g = torch.randn(rows, i), torch.randn(o, i), torch.randn(rows, o)
            self.calls += [(times, x, w.t()), (times, g, w), (times, g.t(), x)]
        n, e = B * m.heads, d // m.heads
        q, k, s = torch.randn(n, T, e), torch.randn(n, e, T), torch.randn(n, T, T)
        # Forward q k^T and s v; backward the gradients of v, s, q and k: six products of T T e.
        self.calls += [(2 * m.depth, q, k), (4 * m.depth, s, q)]

    def __call__(self) -> None:
        for times, a, b in self.calls:
            for _ in range(times):
                a @ b


def training_rows(m: ModelSpec, batch: int, repetitions: int):
    """Seconds of ours, the two peers and the products alone."""
    work = {
        "ours": TrainingStep(build_model(m), m, batch, fused=True),
        "plain": TrainingStep(peer_model(m), m, batch, fused=False),
        "fused": TrainingStep(peer_model(m), m, batch, fused=True),
        "products": Products(m, batch),
    }
    return medians(work, repetitions)


def sampling_rows(m: ModelSpec, batch: int, repetitions: int):
    return medians(
        {"ours": Sampling(build_model(m), m, batch), "peer": Sampling(peer_model(m), m, batch)},
        repetitions,
        warmup=1,
    )


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def line(
    work: str, ours: float, peer: float, limit: float | None = None, asked: float | None = None
) -> tuple:
    ms = lambda s: f"{1e3 * s:.2f}" if s < 1 else f"{1e3 * s:.0f}"  # noqa: E731
    return (
        work,
        ms(ours),
        ms(peer),
        f"{peer / ours:.2f}",
        f"{asked:.2f}" if asked else "",
        f"{limit / ours:.2f}" if limit else "",
    )


def bench(quick: bool) -> list[tuple[str, ...]]:
    """The rows of the table, the head first."""
    rows = [
        ("work (1 thread, eager fp32)", "ours ms", "peer ms", "ratio", "asked", "share of limit")
    ]
    at_s4, over_digits = ASKED["train"]
    taken = training_rows(S4, S4_BATCH, 3 if quick else 9)
    for update in ("plain", "fused"):
        rows.append(
            line(
                f"train S/4, batch {S4_BATCH}, peer's update {update}",
                taken["ours"],
                taken[update],
                taken["products"],
                at_s4,
            )
        )
    ratios = {"plain": [], "fused": []}
    for m in DIGITS:
        taken = training_rows(m, DIGITS_BATCH, 20 if quick else 100)
        for update, found in ratios.items():
            found.append(taken[update] / taken["ours"])
            rows.append(
                line(
                    f"train {m.name}, batch {DIGITS_BATCH}, peer's update {update}",
                    taken["ours"],
                    taken[update],
                    taken["products"],
                )
            )
    for update, found in ratios.items():
        rows.append(
            (
                f"train, digits sizes, geometric mean, peer's update {update}",
                "",
                "",
                f"{geometric_mean(found):.2f}",
                f"{over_digits:.2f}",
                "",
            )
        )

    at_s4, over_digits = ASKED["sample"]
    batch = 4  # doubled by guidance
    taken = sampling_rows(S4, batch, 2 if quick else 5)
    rows.append(
        line(
            f"sample S/4, batch {batch}, {SAMPLING_STEPS} guided steps",
            taken["ours"],
            taken["peer"],
            None,
            at_s4,
        )
    )
    found = []
    for m in DIGITS:
        taken = sampling_rows(m, DIGITS_BATCH, 3 if quick else 15)
        found.append(taken["peer"] / taken["ours"])
        rows.append(
            line(
                f"sample {m.name}, batch {DIGITS_BATCH}, {SAMPLING_STEPS} guided steps",
                taken["ours"],
                taken["peer"],
            )
        )
    rows.append(
        (
            "sample, digits sizes, geometric mean",
            "",
            "",
            f"{geometric_mean(found):.2f}",
            f"{over_digits:.2f}",
            "",
        )
    )
    return rows


def count_rows() -> str:
    from scaling.models.counting.count_rows import counted
    from scaling.study.families import presets

    others = [name for name in presets() if not name.startswith("DiT-")]
    rows = []
    for whose, names, asked in (
        ("the paper's", (), ASKED_COUNT_S),
        ("other families'", others, ASKED_COUNT_OTHERS_S),
    ):
        start = time.perf_counter()
        n = len(counted(names))
        seconds = time.perf_counter() - start
        rows.append(f"counting {whose} {n} models: {seconds:.1f} s (asked: under {asked})")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a first look")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(table(bench(options.quick)))
    print(f"asked of the share of the limit at S/4: {ASKED_SHARE} or more")
    print(count_rows())


if __name__ == "__main__":
    main()
