"""Which of the sets of weights in a path is meant, and which of its entries are the network's?"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from scaling.models.stored.files import (
    IN_FOLDERS,
    check_whole,
    file_sets,
    named_in,
    read_file,
    read_files,
)
from scaling.models.stored.state_dicts import (
    RAW,
    Found,
    State,
    chosen,
    find_state,
    in_fp32,
    states_in,
    without,
)
from scaling.models.stored.unnamed import lists_in
from scaling.study.specs.weights import WeightsSpec

ARGUMENTS = ("args", "cfg", "config", "hparams", "hyper_parameters")
# training aids that other codes store with the network, and are no part of it
ASIDE = ("projectors.",)  # REPA's
BETAS = "betas"
REGISTERED = "custom_checkpoint_*.pkl"  # what a script had accelerate save, as an average


class Stored(NamedTuple):
    found: Found
    arguments: object  # of the training script, where the file holds them


def read_set(path: Path, declared: WeightsSpec, anchors: Collection[str]) -> Stored:
    """The set of weights that is meant, of those in the folder or file."""
    average, name = declared.average, ""
    if path.is_dir():
        sets = {each.name: each.files for each in file_sets(path)}
        if not sets:
            raise ValueError(f"{path} holds no file of weights ({', '.join(IN_FOLDERS)})")
        if len(sets) == 1:
            (name,) = sets
        else:
            name = "" if average is None and "" in sets else chosen(tuple(sets), average, path)
            average = None
        files = sets[name]
    elif path.name.endswith(".json"):
        files = tuple(path.parent / shard for shard in sorted(named_in(path)))
    else:
        check_whole(path)
        files = (path,)
    data = read_files(files)
    if path.is_dir() and len(sets) == 1:
        data = _with_averages(path, data, average)
    found = find_state(data, anchors, average, path)
    if path.is_dir() and len(sets) > 1:
        others = tuple(other or "the plain one" for other in sets if other != name)
        found = replace(found, name=name, others=others)
    arguments = None
    if isinstance(data, Mapping):
        arguments = next((data[key] for key in ARGUMENTS if key in data), None)
    return Stored(found, arguments)


def _with_averages(folder: Path, data: object, average: str | None) -> object:
    """The network's tensors, and beside them the averages that accelerate saved in files of their
    own. ValueError for one that cannot be read, or is a list, whose order safetensors do not keep.
    """
    found: dict[str, object] = {}
    for file in sorted(folder.glob(REGISTERED)):
        held = read_file(file)
        ordered = average == RAW or any(folder.glob("*.bin"))
        if any(lists_in(held)) and not ordered:
            raise ValueError(
                f"{file} holds an average as a list, in an order that safetensors beside it do not "
                f"keep; say --average {RAW} for the weights that are no average, or save the "
                "average with its names"
            )
        if states_in(held) or any(lists_in(held)):
            found[f"{file.stem}.ema"] = held
    return {"model": data, **found} if found else data


def betas_of_set(found: Found, declared: WeightsSpec) -> Tensor | None:
    """The betas that a diffusion's code stored beside the network, unless they are left out."""
    betas = found.beside.get(BETAS)
    return None if betas is None or BETAS.startswith(declared.leave_out) else betas


def prepared(found: Found, declared: WeightsSpec, path: Path) -> tuple[State, list[str]]:
    """The network's tensors in fp32, and what is said of them."""
    state, beside, out = without(found, declared.leave_out, path)
    aside = [name for name in state if name.startswith(ASIDE)]
    out = [*out, *aside, *beside]
    state, stored = in_fp32({k: v for k, v in state.items() if k not in aside}, path)
    words = f"weights: {found.name or 'the only set'} of {path}"
    words += f" (there are also {', '.join(o or 'the plain one' for o in found.others)})" * bool(
        found.others
    )
    words += f"; stored as {stored}, used as float32" if stored else ""
    if out:
        words += f"; left out: {len(out)} entries, {', '.join(out[:3])}" + ", ..." * (len(out) > 3)
    return state, [words]
