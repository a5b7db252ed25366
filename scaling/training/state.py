"""What does a training carry from step to step? It is copied out of a trainer, and put back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from scaling.study.specs.ema import Ema
from scaling.training import buffers
from scaling.training.checkpoint import Checkpoint
from scaling.training.workers import local, shared, whole

if TYPE_CHECKING:
    from scaling.training.loop import Trainer


def snapshot(trainer: "Trainer") -> dict:
    """A copy in main memory of what a checkpoint holds, for ``checkpoint.save``.

    Its tensors are whole, whatever the layout of the workers.
    """

    def copied(tensors: Iterable[Tensor]) -> list[Tensor]:
        return [
            whole(tensor, p).to("cpu", copy=True).contiguous()
            for tensor, p in zip(tensors, trainer.params)
        ]

    optimiser = trainer.optimiser.state_dict()
    # A parameter that no step has changed has no state.
    state = {
        i: {
            k: whole(v, trainer.params[i]).to("cpu", copy=True) if v.ndim else v.clone()
            for k, v in slots.items()
        }
        for i, slots in optimiser["state"].items()
    }
    return {
        "step": trainer.step,
        "train_wall_s": trainer.train_wall_s,
        "weights": dict(zip(trainer.names, copied(local(trainer.params)))),
        "emas": {e.ema.label: dict(zip(trainer.names, copied(e.average))) for e in trainer.emas},
        "buffers": buffers.copied(trainer.model),
        "training": {
            "optimiser": {**optimiser, "state": state},
            "window": [loss.cpu() for loss in trainer._window],
        },
    }


def restore(trainer: "Trainer", saved: Checkpoint) -> None:
    """Continue from ``saved`` exactly as if training had never stopped.

    The checkpoint may come from another layout of workers.
    """
    load_parameters(trainer.model, saved.weights())
    buffers.load_beside(trainer.model, saved.buffers())
    for ema in trainer.emas:
        tensors = saved.ema(ema.ema.label)
        ema.average = [
            *local(shared(tensors[name], p) for name, p in zip(trainer.names, trainer.params))
        ]
    state = saved.training_state()
    for i, slots in state["optimiser"]["state"].items():
        slots |= {k: shared(v, trainer.params[i]) for k, v in slots.items() if v.ndim}
    trainer.optimiser.load_state_dict(state["optimiser"])
    trainer._window = [loss.to(trainer.device) for loss in state["window"]]
    trainer.step, trainer.train_wall_s = saved.step, saved.train_wall_s


class AveragedWeights:
    """A context in which the trainer's model holds the average ``ema``, not the raw weights."""

    def __init__(self, trainer: "Trainer", ema: Ema):
        self.params = local(trainer.params)
        self.average = (
            None if ema.kind == "none" else next(e.average for e in trainer.emas if e.ema == ema)
        )

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
    """Copy ``tensors`` into the trainable parameters of ``model``.

    ValueError names parameters that only one of the two has.
    """
    params = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if params.keys() != tensors.keys():
        odd = sorted(params.keys() ^ tensors.keys())
        raise ValueError(
            f"checkpoint and model differ in {len(odd)} parameters, among them {odd[:3]}"
        )
    for name, p in params.items():
        p.copy_(shared(tensors[name], p))
