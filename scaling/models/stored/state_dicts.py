"""Which state dicts are in what a training script saved? The averages, and names without wrappers.

A script saves the network under ``ema``, ``model`` or another key, and wrappers put their names
before every entry: ``module.`` (DDP), ``_orig_mod.`` (compile), ``model.``, ``ema.`` and so on,
also several at once. The network's own names begin where an entry is found that only it has.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from scaling.models.formats.unet_names import ldm_entries
from scaling.models.stored.unnamed import is_average, lists_in, named, with_points

State = dict[str, Tensor]
RAW = "weights"  # in place of an average's name: the raw weights
# Wrappers whose name may stand anywhere in an entry's: compiled blocks, FSDP, recomputed blocks.
WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
# What else a script saves; an optimiser's state is by number, not by name.
NOT_STATES = re.compile(
    r"opt|optim.*|.*scheduler.*|scaler|args|cfg|config|hparams|hyper_parameters"
)
# of several sets without an average, the network that is meant
USUAL = ("model", "state_dict", "module", "net", "network")
DEPTH = 4  # keys within keys, and prefixes, are looked through this far


@dataclass(frozen=True)
class Found:
    """One set of weights, as it is stored: names without wrappers, values of any float type."""

    name: str  # of its key and wrappers, such as ema or state_dict.model; "" where it has none
    state: State
    beside: Mapping[str, Tensor] = field(default_factory=dict)  # entries that are no network's
    others: tuple[str, ...] = ()  # names of the other sets


def states_in(data) -> dict[str, State]:
    """Every state dict in ``data``, by the keys that lead to it, joined by dots."""
    found: dict[str, State] = {}

    def look(value, keys: tuple[str, ...]) -> None:
        if isinstance(value, list | tuple):
            value = {str(i): each for i, each in enumerate(value) if isinstance(each, Mapping)}
        if not isinstance(value, Mapping) or len(keys) > DEPTH:
            return
        if value and all(
            isinstance(v, np.ndarray) and v.dtype.kind in "fi" for v in value.values()
        ):
            value = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in value.items()}
        tensors = {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, Tensor)}
        if tensors:
            found[".".join(keys)] = tensors
        for key, inner in value.items():
            if isinstance(key, str) and not NOT_STATES.fullmatch(key):
                look(inner, (*keys, key))

    look(data, ())
    return {keys: with_points(ldm_entries(state)) for keys, state in found.items()}


def unwrapped(state: Mapping[str, Tensor], anchors: Collection[str]) -> dict[str, State]:
    """The networks in a state dict, by the prefix of their names: {"module": {...}}.

    ``anchors`` are names of entries that only the network has, without a prefix. Where none is
    found, the state dict is given as it is.
    """
    clean: State = {}
    for name, tensor in state.items():
        plain = _plain(name)
        if plain in clean:
            raise ValueError(
                f"the entries {plain} of wrapped and bare networks cannot be told apart"
            )
        clean[plain] = tensor
    prefixes = {
        name.removesuffix(anchor)
        for name in clean
        for anchor in anchors
        if name == anchor or name.endswith(f".{anchor}")
    }
    # the whole, unless every network in it has a name of its own
    if not prefixes or "" in prefixes:
        return {"": clean}
    return {
        prefix.rstrip("."): {
            name.removeprefix(prefix): tensor
            for name, tensor in clean.items()
            if name.startswith(prefix)
        }
        for prefix in sorted(prefixes)
    }


def find_state(data, anchors: Collection[str], average: str | None, where) -> Found:
    """The set of weights in ``data`` that ``average`` names, or else the usual one: an average.

    ValueError if there is none, none of that name, or several between which only a person can
    choose. ``where`` is what the message calls the file.
    """
    stored = states_in(data)
    lists = dict(lists_in(data))
    if not stored:
        unnamed = next(iter(lists), None)
        raise ValueError(
            f"checkpoint {where} holds no state dict: no tensors by name, at the top or under a "
            "key such as ema, model or state_dict"
            + (
                f"; {unnamed} is a list without names: save it beside the network's"
                if unnamed
                else ""
            )
        )
    for key, tensors in lists.items():
        fitting = [f for state in stored.values() if (f := named(tensors, state)) is not None]
        if fitting:
            stored[key] = fitting[0]
        elif average == RAW:
            average = None  # all that have names are
        elif average is None or average in key.split("."):
            raise ValueError(
                f"{where} holds an average without names, {key}, whose {len(tensors)} tensors fit "
                f"no set of weights beside it ({', '.join(filter(None, stored)) or 'the plain one'}"
                f") in order; say --average {RAW} for weights that are no average"
            )
    sets: dict[str, tuple[str, str]] = {}
    parts = {key: unwrapped(state, anchors) for key, state in stored.items()}
    holds = [key for key, state in stored.items() if has_anchor(state, anchors)]
    for key in holds or parts:
        for prefix in parts[key]:
            sets[".".join(filter(None, (key, prefix)))] = (key, prefix)
    name = chosen(tuple(sets), average, where)
    key, prefix = sets[name]
    state = parts[key][prefix]
    beginnings = tuple(f"{other}." for other in parts[key] if other)
    beside = {
        entry: tensor
        for entry, tensor in stored[key].items()
        if prefix and not _plain(entry).startswith(beginnings)
    }
    return Found(name, state, beside, tuple(other for other in sets if other != name))


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def has_anchor(state: Iterable[str], anchors: Collection[str]) -> bool:
    ends = tuple(f".{anchor}" for anchor in anchors)
    return any(name.endswith(ends) or name in anchors for name in map(_plain, state))


def chosen(names: tuple[str, ...], average: str | None, where) -> str:
    """Which of the sets of weights ``names`` is meant; ``""`` is one without a name.

    An average is preferred to raw weights. ``names`` is not empty. ValueError as ``find_state``.
    """
    averages = [name for name in names if is_average(name)]
    raw = [name for name in names if name not in averages]
    if average is not None:
        wanted = [name for name in names if average == name]
        wanted = wanted or [name for name in names if name and average in name.split(".")]
        if not wanted and average == RAW and averages:
            wanted = raw
        if len(wanted) != 1:
            there = ", ".join(name for name in names if name)
            said = f"it has {there}" if there else "it has one set of weights, without a name"
            raise ValueError(
                f"{where} holds {'no' if not wanted else len(wanted)} average {average!r}; {said}"
                + ("" if there else ": leave --average out")
            )
        return wanted[0]
    usual = [name for name in USUAL if name in raw]
    among = averages or usual[:1] or raw
    if len(among) > 1:
        raise ValueError(
            f"{where} holds {len(among)} sets of weights; choose one with --average: "
            + ", ".join(among)
        )
    return among[0]


def without(
    found: Found, beginnings: Collection[str], where
) -> tuple[State, Mapping[str, Tensor], list[str]]:
    """The network's state and what is beside it, without the entries that begin so, and the names
    of those; ValueError if none does.
    """
    state = found.state
    out = {name for name in (*state, *found.beside) if name.startswith(tuple(beginnings))}
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in out):
            raise ValueError(
                f"--leave-out {beginning}: no entry of {where} begins so; there are "
                + ", ".join(sorted({name.split(".")[0] for name in state})[:8])
            )
    kept, beside = (
        {name: tensor for name, tensor in entries.items() if name not in out}
        for entries in (state, found.beside)
    )
    return kept, beside, sorted(out)


def in_fp32(state: Mapping[str, Tensor], where) -> tuple[State, str | None]:
    """Every float tensor in fp32, and the type that they were stored in if it was another.

    ValueError names a tensor that is not finite, or whose numbers are no floats of 16 bits or more.
    """
    kinds: dict[torch.dtype, int] = {}
    out: State = {}
    for name, tensor in state.items():
        if tensor.is_meta or tensor.layout != torch.strided:
            kind = "without values (on meta)" if tensor.is_meta else str(tensor.layout)
            raise ValueError(
                f"{name} of {where} is a tensor {kind}; save it dense, on a device of its own"
            )
        if tensor.is_complex() or (tensor.is_floating_point() and tensor.element_size() < 2):
            raise ValueError(
                f"{name} of {where} is {tensor.dtype}, quantised weights without their scales; "
                "take weights in fp32, bf16 or fp16"
            )
        if tensor.is_floating_point():
            kinds[tensor.dtype] = kinds.get(tensor.dtype, 0) + 1
            tensor = tensor.float()
        out[name] = tensor
    check_finite(out, where)
    other = [str(kind).removeprefix("torch.") for kind in kinds if kind != torch.float32]
    return out, " and ".join(sorted(other)) or None


def check_finite(state: Mapping[str, Tensor], where) -> None:
    """ValueError names the first tensor of ``state`` that holds NaN or infinity."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not (finite := tensor.isfinite()).all():
            lost = int((~finite).sum())
            raise ValueError(
                f"the weights of {where} are not finite: {name} has {lost} of {tensor.numel()} "
                "values that are NaN or infinite; take others"
            )
