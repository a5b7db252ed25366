"""How is a network trained? In steps, each a pure function of (weights, seed, step)."""

import math
from collections.abc import Callable, Iterable
from time import perf_counter

import torch
from torch import Tensor, nn

from scaling.data import DataSet, Loader, load_data, stream
from scaling.diffusion import build_process
from scaling.models import initialised
from scaling.models.precision import check_precision, matmul_precision
from scaling.models.shared_batches import check_shared
from scaling.models.stored.initial import initial_weights
from scaling.study.costs.cost import train_flops
from scaling.study.execution import Execution
from scaling.study.planning.devices import mfu
from scaling.study.specs.ema import Ema
from scaling.study.specs.schedule import learning_rate
from scaling.study.specs.trial import TrialSpec
from scaling.study.specs.weights import InitSpec
from scaling.training import checkpoint, state
from scaling.training.buffers import beside, load_beside
from scaling.training.ema import EmaWeights
from scaling.training.gradients import gradients
from scaling.training.heldout import NOT_MEASURED, heldout_loss
from scaling.training.optimisers import check_optimiser, optimiser_of
from scaling.training.state import AveragedWeights, load_parameters
from scaling.training.workers import Workers, local, whole


class Diverged(Exception):
    """The loss or the gradient of ``step`` was not finite; a gradient norm that was not is None."""

    def __init__(self, step: int, loss: float, grad_norm: float):
        what = f"loss {loss}" if not math.isfinite(loss) else f"gradient norm {grad_norm}"
        super().__init__(f"{what} at step {step}")
        self.step, self.grad_norm = step, grad_norm if math.isfinite(grad_norm) else None


class Trainer:
    """The state of one training: weights, averages, optimiser, step count and the open log window.

    ``emas`` are the averages to keep besides the weights; the logged held-out loss is the first
    one's.
    """

    def __init__(
        self,
        spec: TrialSpec,
        emas: Iterable[Ema],
        device: torch.device | str = "cpu",
        execution: Execution | None = None,
        workers: Workers | None = None,
    ):
        self.spec, self.device, execution = spec, torch.device(device), execution or Execution()
        self.workers = workers or Workers()
        t = spec.train
        check_precision(t.precision, self.device.type)
        check_optimiser(t.optimiser, spec.model)
        check_shared(spec.model, self.workers.size, execution.micro_batch)
        self.part = self.workers.part(t.batch)  # this worker's share of every batch
        # By default the share of a worker where all that are wanted are there: fewer workers take
        # more passes, not more memory.
        at_once = execution.micro_batch or -(-t.batch // execution.workers)
        self.micro_batch = min(at_once, self.part.stop - self.part.start)
        self.out_of_memory = [*self.workers.out_of_memory]  # one entry per halved micro-batch
        self.data: DataSet = load_data(spec.data)
        self.loader = Loader(self.data.train, t.batch, t.seed_of("order"), self.device, self.part)
        self.model: nn.Module = initialised(
            spec.model,
            stream("init", t.seed_of("init")),
            compile=execution.compile,
            activation_checkpointing=execution.activation_checkpointing,
        ).to(self.device)
        self.process = build_process(spec.diffusion)
        self.network = self.workers.spread(self.model, spec.model.units(self.model))
        self.params = [p for p in self.model.parameters() if p.requires_grad]
        self.names = [name for name, p in self.model.named_parameters() if p.requires_grad]
        self.optimiser = optimiser_of(t, self.params, spec.model.units(self.model))
        self.emas = [
            EmaWeights(ema, self.params)
            for ema in dict.fromkeys((*emas, *t.emas))
            if ema.kind != "none"
        ]
        self.step = 0  # optimiser steps taken
        self.train_wall_s = 0.0  # seconds spent in those steps, over all sessions
        self._window: list[Tensor] = []  # losses since the last regular log line
        self._norms: list[Tensor] = []  # gradient norms since the last line of any kind

    def train_to(
        self,
        until: int,
        log: Callable[[dict], None],
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train up to step ``until``, passing a line of the curve to ``log`` at each logged step;
        or, where ``leaving`` becomes true, up to the end of the step under way.

        Raises Diverged for the first step whose loss or gradient is not finite; that step is not
        logged.
        """
        t = self.spec.train
        if self.step == 0 and t.init is not None:
            self._start_from(t.init)
        started, since = perf_counter(), self.step
        checked = len(self._window)
        with matmul_precision(t.precision):
            while self.step < until and not leaving():
                self._window.append(self._take_step())
                last = self.step == until
                if self.step % t.log_every == 0 or self.step % t.heldout_every == 0 or last:
                    norm = self._refuse_nonfinite(checked)
                    elapsed, steps = perf_counter() - started, self.step - since
                    self.train_wall_s += elapsed
                    log(self._line(t.batch * steps / elapsed, norm))
                    if self.step % t.log_every == 0:
                        self._window.clear()
                    checked = len(self._window)
                    started, since = perf_counter(), self.step
            if self.step > since:  # it leaves: nothing is logged that is not logged otherwise
                self._refuse_nonfinite(checked)
                self.train_wall_s += perf_counter() - started

    def _start_from(self, init: InitSpec) -> None:
        """Take the given weights in place of the initialised ones, for the averages too.

        ValueError if they cannot be read here, do not fit, or are not those that were planned.
        """
        weights = initial_weights(init, self.spec.model)
        fixed = beside(self.model).keys()
        load_parameters(self.model, {k: v for k, v in weights.items() if k not in fixed})
        load_beside(self.model, {k: v for k, v in weights.items() if k in fixed})
        for ema in self.emas:
            ema.average = [p.detach().clone() for p in local(self.params)]

    def _take_step(self) -> Tensor:
        """One optimiser step; returns this worker's mean loss, still on the device."""
        t, step, part = self.spec.train, self.step, self.part
        seed = t.seed_of("noise")
        x0, y = self.loader.step(step)
        # Drawn for the whole batch, then split, so that one worker or eight see the same numbers.
        time = self.process.draw(t.batch, stream("timesteps", seed, step))[part]
        noise = torch.randn(
            (t.batch, *x0.shape[1:]),
            generator=stream("noise", seed, step, device=self.device),
            device=self.device,
        )[part]
        dropped = (
            torch.rand(t.batch, generator=stream("dropout", seed, step))[part] < t.label_dropout
        )
        time, dropped = (tensor.to(self.device, non_blocking=True) for tensor in (time, dropped))
        y = torch.where(dropped, self.spec.model.null(y), y)

        loss = gradients(self, x0, time, noise, y)
        if t.grad_clip is not None:
            norm = nn.utils.clip_grad_norm_(self.params, t.grad_clip)
        else:
            norm = nn.utils.get_total_norm([p.grad for p in self.params if p.grad is not None])
        self._norms.append(whole(norm, norm))
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(t, step)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        for ema in self.emas:
            ema.update(self.step)
        return loss

    def _refuse_nonfinite(self, checked: int) -> float | None:
        """Raise Diverged if a loss since ``checked``, or its gradient, is not finite.

        Returns the last gradient norm.
        """
        fresh = self._window[checked:]
        if not fresh:
            return None
        losses = self.workers.mean(torch.stack(fresh))
        self._window[checked:] = losses.unbind()
        pairs = torch.stack((losses, torch.stack(self._norms))).tolist()
        self._norms.clear()
        for offset, (loss, norm) in enumerate(zip(*pairs)):
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise Diverged(self.step - len(fresh) + offset + 1, loss, norm)
        return pairs[1][-1]

    def _line(self, images_per_s: float, grad_norm: float | None) -> dict:
        t = self.spec.train
        device = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"
        line = {
            "step": self.step,
            "images": self.step * t.batch,
            "loss": float(torch.stack(self._window).double().mean()) if self._window else None,
            "lr": self.optimiser.param_groups[0]["lr"],
            "grad_norm": grad_norm,
            **NOT_MEASURED,
            "heldout_ema": None,
            "images_per_s": images_per_s,
            "train_wall_s": self.train_wall_s,
            "mfu": mfu(
                images_per_s,
                train_flops(self.spec.model, 1),
                device,
                t.precision,
                self.workers.size,
            ),
        }
        if self.step % t.heldout_every == 0:
            ema = self.emas[0].ema if self.emas else Ema(kind="none", length=0)
            measured = self.heldout(ema)
            line |= {
                **measured,
                "heldout_ema": ema.label if measured["heldout_loss"] is not None else None,
            }
        return line

    def heldout(self, ema: Ema) -> dict[str, float | list[float] | None]:
        """``heldout_loss``, ``heldout_mse`` and ``heldout_bins`` of the averaged weights.

        All are None if any is not finite.
        """
        with AveragedWeights(self, ema), matmul_precision("fp32"):
            self.model.eval()
            measured = heldout_loss(
                self.model, self.process, self.data.heldout, self.device, self.workers
            )
            self.model.train()
        return measured

    def snapshot(self) -> dict:
        """A copy in main memory of what a checkpoint holds, as ``state.snapshot`` makes it."""
        return state.snapshot(self)

    def save(self, root) -> None:
        """Write a checkpoint of this step under ``root``."""
        checkpoint.save(root, **self.snapshot())

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Continue from ``saved`` exactly as if training had never stopped."""
        state.restore(self, saved)
