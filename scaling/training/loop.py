"""How is a DiT trained? One step after another, each a pure function of (weights, seed, step)."""

import math
from collections.abc import Callable, Iterable
from time import perf_counter

import torch
from torch import Tensor, nn

from scaling.data import DataSet, Loader, load_data, stream
from scaling.diffusion import build_process
from scaling.models import build_model
from scaling.study.protocol import Ema
from scaling.study.spec import TrialSpec
from scaling.training import checkpoint
from scaling.training.ema import EmaWeights
from scaling.training.heldout import NOT_MEASURED, heldout_loss


class Diverged(Exception):
    """The loss of ``step`` was not finite."""

    def __init__(self, step: int, loss: float):
        super().__init__(f"loss {loss} at step {step}")
        self.step, self.loss = step, loss


class Trainer:
    """The state of one training: weights, averages, optimiser, step count and the open log window.

    ``emas`` are the averages to keep besides the weights; the first one's held-out loss is logged.
    """

    def __init__(self, spec: TrialSpec, emas: Iterable[Ema], device: torch.device | str = "cpu"):
        self.spec, self.device = spec, torch.device(device)
        self.data: DataSet = load_data(spec.data)
        self.loader = Loader(self.data.train, spec.train.batch, spec.train.seed, self.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(stream("init", spec.train.seed).initial_seed() % 2**63))
            self.model: nn.Module = build_model(spec.model).to(self.device)
        self.process = build_process(spec.diffusion)
        self.params = [p for p in self.model.parameters() if p.requires_grad]
        self.names = [name for name, p in self.model.named_parameters() if p.requires_grad]
        t = spec.train
        self.optimiser = torch.optim.AdamW(self.params, lr=t.lr, betas=t.betas, weight_decay=t.weight_decay, fused=True)
        self.emas = [EmaWeights(ema, self.params) for ema in emas if ema.kind != "none"]
        self.step = 0             # optimiser steps taken
        self.train_wall_s = 0.0   # seconds spent in them, over all sessions
        self._window: list[Tensor] = []  # losses since the last regular log line

    def train_to(self, until: int, log: Callable[[dict], None]) -> None:
        """Take steps up to ``until``, passing a line for the curve to ``log`` at every logged step.

        Raises Diverged with the first step whose loss is not finite; that step's line is not logged.
        """
        t = self.spec.train
        started, since = perf_counter(), self.step
        checked = 0
        while self.step < until:
            self._window.append(self._take_step())
            last = self.step == until
            if self.step % t.log_every == 0 or self.step % t.heldout_every == 0 or last:
                self._refuse_nonfinite(checked)
                now = perf_counter()
                elapsed, steps = now - started, self.step - since
                self.train_wall_s += elapsed
                log(self._line(t.batch * steps / elapsed))
                if self.step % t.log_every == 0:
                    self._window.clear()
                checked = len(self._window)
                started, since = perf_counter(), self.step

    def _take_step(self) -> Tensor:
        """One optimiser step on the batch of this step; returns the mean loss, not yet read from the device."""
        t, step = self.spec.train, self.step
        x0, y = self.loader.step(step)
        time = self.process.draw(t.batch, stream("timesteps", t.seed, step))
        noise = torch.randn(x0.shape, generator=stream("noise", t.seed, step))
        dropped = torch.rand(t.batch, generator=stream("dropout", t.seed, step)) < t.label_dropout
        time, noise, dropped = (tensor.to(self.device, non_blocking=True) for tensor in (time, noise, dropped))
        y = torch.where(dropped, self.spec.model.num_classes, y)

        x_t = self.process.q_sample(x0, time, noise)
        losses = self.process.losses(self.model(x_t, time, y), x0, x_t, time, noise)
        loss = self.process.weighted(losses, time).mean()
        loss.backward()
        if t.grad_clip is not None:
            nn.utils.clip_grad_norm_(self.params, t.grad_clip)
        if t.warmup_steps:
            for group in self.optimiser.param_groups:
                group["lr"] = t.lr * min(1.0, (step + 1) / t.warmup_steps)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        for ema in self.emas:
            ema.update(self.step)
        return loss.detach()

    def _refuse_nonfinite(self, checked: int) -> None:
        losses = torch.stack(self._window).tolist() if self._window else []
        for offset, loss in enumerate(losses[checked:], start=checked):
            if not math.isfinite(loss):
                raise Diverged(self.step - len(losses) + offset + 1, loss)

    def _line(self, images_per_s: float) -> dict:
        t = self.spec.train
        line = {"step": self.step, "images": self.step * t.batch,
                "loss": float(torch.stack(self._window).double().mean()) if self._window else None,
                "lr": self.optimiser.param_groups[0]["lr"],
                **NOT_MEASURED, "heldout_ema": None,
                "images_per_s": images_per_s, "train_wall_s": self.train_wall_s}
        if self.step % t.heldout_every == 0:
            ema = self.emas[0].ema if self.emas else Ema(kind="none", length=0)
            measured = self.heldout(ema)
            line |= {**measured, "heldout_ema": ema.label if measured["heldout_loss"] is not None else None}
        return line

    def heldout(self, ema: Ema) -> dict[str, float | list[float] | None]:
        """``heldout_loss``, ``heldout_mse`` and ``heldout_bins`` of the averaged weights; all None if one is not finite."""
        with AveragedWeights(self, ema):
            self.model.eval()
            measured = heldout_loss(self.model, self.process, self.data.heldout)
            self.model.train()
        return measured

    def save(self, root) -> None:
        """Write a checkpoint of this step under ``root``."""
        weights = {name: p.detach().contiguous() for name, p in zip(self.names, self.params)}
        emas = {e.ema.label: dict(zip(self.names, e.average)) for e in self.emas}
        checkpoint.save(root, step=self.step, weights=weights, emas=emas, train_wall_s=self.train_wall_s,
                        training={"optimiser": self.optimiser.state_dict(), "window": list(self._window)})

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Continue from ``saved`` exactly as if never stopped."""
        load_parameters(self.model, saved.weights())
        for ema in self.emas:
            tensors = saved.ema(ema.ema.label)
            ema.average = [tensors[name].to(self.device) for name in self.names]
        state = saved.training_state()
        self.optimiser.load_state_dict(state["optimiser"])
        self._window = [loss.to(self.device) for loss in state["window"]]
        self.step, self.train_wall_s = saved.step, saved.train_wall_s


class AveragedWeights:
    """A context in which the trainer's model holds the average ``ema`` instead of the raw weights."""

    def __init__(self, trainer: Trainer, ema: Ema):
        self.params = trainer.params
        self.average = None if ema.kind == "none" else next(e.average for e in trainer.emas if e.ema == ema)

    def __enter__(self):
        if self.average is not None:
            self.raw = [p.detach().clone() for p in self.params]
            with torch.no_grad():
                torch._foreach_copy_(self.params, self.average)

    def __exit__(self, *exception):
        if self.average is not None:
            with torch.no_grad():
                torch._foreach_copy_(self.params, self.raw)


@torch.no_grad()
def load_parameters(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy ``tensors`` into the trainable parameters of ``model``; ValueError names what is missing or too much."""
    params = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if params.keys() != tensors.keys():
        odd = sorted(params.keys() ^ tensors.keys())
        raise ValueError(f"checkpoint and model differ in {len(odd)} parameters, among them {odd[:3]}")
    for name, p in params.items():
        p.copy_(tensors[name])
