"""Which optimisers are there? By name; each gives a step for all parameters, and one state."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from scaling.models import without_weights
from scaling.study.named import named
from scaling.study.network import Network
from scaling.study.specs.training import TrainSpec


class Optimiser:
    """One or more of torch's optimisers, each for its part of the parameters, used as one.

    State is kept by the number of a parameter among all, whichever part steps it, as torch's
    ``state_dict`` does for one optimiser.
    """

    def __init__(self, params: list[Tensor], *parts: torch.optim.Optimizer):
        self.parts = parts
        number = {id(p): i for i, p in enumerate(params)}
        self._numbers = [
            [number[id(p)] for group in part.param_groups for p in group["params"]]
            for part in parts
        ]

    @property
    def param_groups(self) -> list[dict]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict:
        """As torch's: ``state`` by a parameter's number, ``param_groups`` with such numbers."""
        state, groups = {}, []
        for part, numbers in zip(self.parts, self._numbers):
            own = part.state_dict()
            state |= {numbers[i]: slots for i, slots in own["state"].items()}
            groups += [
                {**group, "params": [numbers[i] for i in group["params"]]}
                for group in own["param_groups"]
            ]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: dict) -> None:
        groups = iter(saved["param_groups"])
        for part, numbers in zip(self.parts, self._numbers):
            own = {number: i for i, number in enumerate(numbers)}
            part.load_state_dict(
                {
                    "state": {own[n]: slots for n, slots in saved["state"].items() if n in own},
                    "param_groups": [
                        {**group, "params": [own[n] for n in group["params"]]}
                        for group in (next(groups) for _ in part.param_groups)
                    ],
                }
            )


def _adamw(params: list[Tensor], t: TrainSpec) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        params, lr=t.lr, betas=t.betas, weight_decay=t.weight_decay, fused=True
    )


def _all_adamw(t: TrainSpec, params: list[Tensor], units: list[nn.Module]) -> Optimiser:
    return Optimiser(params, _adamw(params, t))


def _muon(t: TrainSpec, params: list[Tensor], units: list[nn.Module]) -> Optimiser:
    """Muon for the matrices of the family's units; AdamW for all else, as its author advises.

    Steps have the size of AdamW's (arXiv 2502.16982), so one learning rate serves both.
    """
    inside = _matrices(units)
    matrices = [p for p in params if id(p) in inside]
    others = [p for p in params if id(p) not in inside]
    muon = torch.optim.Muon(
        matrices, lr=t.lr, weight_decay=t.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return Optimiser(params, muon, *([_adamw(others, t)] if others else []))


def _matrices(units: list[nn.Module]) -> set[int]:
    """The ids of the trained matrices in the blocks of a network."""
    return {id(p) for unit in units for p in unit.parameters() if p.ndim == 2 and p.requires_grad}


def _needs_muon(model: Network) -> None:
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(
            f"torch {torch.__version__} has no optimiser Muon; set train.optimiser to adamw, or "
            "install torch 2.9 or later"
        )
    if not _matrices(model.units(without_weights(model))):
        raise ValueError(
            f"the blocks of {model.name} have no matrices, which muon steps; set train.optimiser "
            "to adamw"
        )


def _needs_nothing(model: Network) -> None: ...


# name -> how to make it, of all parameters and of the units, in which the blocks' matrices are
OPTIMISERS: dict[str, Callable[[TrainSpec, list[Tensor], list[nn.Module]], Optimiser]] = {
    "adamw": _all_adamw,
    "muon": _muon,
}
# name -> ValueError where torch or the network lacks what it needs
NEEDS: dict[str, Callable[[Network], None]] = {"adamw": _needs_nothing, "muon": _needs_muon}


def check_optimiser(name: str, model: Network) -> None:
    """ValueError where ``model`` cannot be trained with the optimiser ``name`` here."""
    named(NEEDS, name, "optimiser")(model)


def optimiser_of(t: TrainSpec, params: list[Tensor], units: list[nn.Module]) -> Optimiser:
    """The optimiser of ``t`` for ``params``; ``units`` are the family's blocks."""
    return named(OPTIMISERS, t.optimiser, "optimiser")(t, params, units)
