"""What is to hold on a GPU, as functions of the device? ``on_cuda.py`` asks them of a GPU, and
``test_checks.py`` of a CPU, with a tiny network.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.distributed as dist

from scaling.data import stream
from scaling.models import build_model
from scaling.study import DataSpec, EvaluationSpec, ModelSpec, TrainSpec, TrialSpec
from scaling.study.costs.memory import training_memory
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.study.specs.ema import Ema
from scaling.training import Trainer, checkpoint
from scaling.training.ema import beta
from scaling.training.workers import Workers

AVERAGE = Ema(length=0.1)


def trial(width: int = 64, depth: int = 4, steps: int = 200, batch: int = 64) -> TrialSpec:
    """A DiT on digits."""
    model = ModelSpec(
        input_size=8, channels=1, patch=2, width=width, depth=depth, heads=4, num_classes=10
    )
    train = TrainSpec(steps=steps, batch=batch, lr=1e-3, log_every=steps, heldout_every=steps)
    return TrialSpec(
        model=model, data=DataSpec(), train=train, evaluate=EvaluationSpec(ema=AVERAGE)
    )


def trained(
    spec: TrialSpec, device: str, execution: Execution | None = None, workers: Workers | None = None
) -> Trainer:
    """After all steps of ``spec``."""
    trainer = Trainer(spec, [AVERAGE], device, execution, workers)
    trainer.train_to(spec.train.steps, lambda line: None)
    return trainer


def heldout(trainer: Trainer) -> float:
    loss = trainer.heldout(AVERAGE)["heldout_loss"]
    assert isinstance(loss, float)
    return loss


def precision_gap(spec: TrialSpec, precision: str, device: str) -> float:
    """How far the held-out loss after training in ``precision`` is from that after fp32, as a
    fraction of it.
    """
    exact = heldout(trained(spec, device))
    other = heldout(trained(with_settings(spec, {"train.precision": precision}), device))
    return abs(other / exact - 1)


def graph_breaks(model: ModelSpec, device: str, batch: int = 4) -> int:
    """How often ``torch.compile`` would leave the graph in a forward pass of ``model``."""
    network = build_model(model).to(device)
    shape = (batch, model.channels, model.input_size, model.input_size)
    noise = torch.randn(shape, generator=stream("gpu")).to(device)
    time = torch.zeros(batch, device=device)
    labels = torch.zeros(batch, dtype=torch.long, device=device)
    torch._dynamo.reset()
    explained = torch._dynamo.explain(network)(noise, time, labels)
    return int(explained.graph_count) - 1


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """While entered, torch uses kernels that give the same bits again, and refuses others."""
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def differ_after_resume(spec: TrialSpec, device: str, folder: Path) -> list[str]:
    """The parameters and averages that differ bitwise after a training that was stopped halfway
    and went on from its checkpoint, beside one that was not.
    """
    with deterministic():
        whole = trained(spec, device)
        first = Trainer(spec, [AVERAGE], device)
        first.train_to(spec.train.steps // 2, lambda line: None)
        first.save(folder)
        saved = checkpoint.load(folder, first.step)
        assert saved is not None
        again = Trainer(spec, [AVERAGE], device)
        again.restore(saved)
        again.train_to(spec.train.steps, lambda line: None)
    pairs = {
        **{n: (a, b) for n, a, b in zip(whole.names, whole.params, again.params)},
        **{
            f"average of {n}": (a, b)
            for n, a, b in zip(whole.names, whole.emas[0].average, again.emas[0].average)
        },
    }
    return [name for name, (a, b) in pairs.items() if not torch.equal(a, b)]


def after_running_out(
    spec: TrialSpec, device: str, short: Callable[[], contextlib.AbstractContextManager]
) -> tuple[int, float]:
    """With memory ``short``: how many images at once a training ended with, and how far its
    held-out loss is from one that had enough, as a fraction of it.
    """
    enough = heldout(trained(spec, device))
    with short():
        trainer = trained(spec, device)
    assert trainer.out_of_memory, "memory did not run out"
    return trainer.micro_batch, abs(heldout(trainer) / enough - 1)


def average_gap(spec: TrialSpec, device: str) -> float:
    """How far an average that the trainer keeps on ``device`` is from the same sum of its weights
    in fp64, as a fraction of the largest weight.
    """
    trainer = Trainer(spec, [AVERAGE], device)
    (kept,) = trainer.emas
    assert all(tensor.device.type == torch.device(device).type for tensor in kept.average)
    exact = [p.detach().double().clone() for p in trainer.params]
    for _ in range(spec.train.steps):
        trainer._take_step()
        old = beta(AVERAGE, trainer.step)
        exact = [old * e + (1 - old) * p.detach().double() for e, p in zip(exact, trainer.params)]
    most = max(float(p.detach().abs().max()) for p in trainer.params)
    gaps = [float((a.double() - e).abs().max()) for a, e in zip(kept.average, exact)]
    return max(gaps) / most


def noise_repeats(device: str) -> bool:
    """Whether a step's noise is drawn on ``device``, the same again, and another at the next."""
    draws = [
        torch.randn(64, generator=stream("noise", 0, step, device=device), device=device)
        for step in (3, 3, 4)
    ]
    there = all(draw.device.type == torch.device(device).type for draw in draws)
    return there and torch.equal(draws[0], draws[1]) and not torch.equal(draws[1], draws[2])


@contextlib.contextmanager
def one_rank(backend: str, folder: Path) -> Iterator[None]:
    """While entered, a process group of this process alone."""
    dist.init_process_group(backend, init_method=f"file://{folder}/group", rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


def sharded_gap(spec: TrialSpec, device: str, folder: Path) -> float:
    """How far the held-out loss after FSDP over one rank is from that without, as a fraction."""
    alone = heldout(trained(spec, device))
    with one_rank("nccl" if device == "cuda" else "gloo", folder):
        sharded = heldout(trained(spec, device, workers=Workers("fsdp")))
    return abs(sharded / alone - 1)


def peak_over_formula(spec: TrialSpec) -> float:
    """Of a training in fp32 on a GPU: the most memory that torch held in a step, over what
    ``training_memory`` says.
    """
    trainer = Trainer(spec, [AVERAGE], "cuda")
    trainer._take_step()  # AdamW makes its moments
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    trainer._take_step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() / training_memory(spec.model, spec.train.batch).peak
