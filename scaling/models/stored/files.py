"""Which tensors lie in a file or folder of weights? Whatever its suffix, shards and variants.

A file is a pickle of torch (``.pt``, ``.pth``, ``.ckpt``, ``.bin``) or safetensors; its first bytes
tell which. Pickles are loaded with ``weights_only``: a pickle that contains code is refused. What a
training script's arguments usually hold beside plain data is allowed: argparse's Namespace, paths,
numpy's numbers and arrays, dates.
"""

import argparse
import collections
import datetime
import functools
import pathlib
import pickle
import re
import types
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file
from torch import Tensor
from typing_extensions import TypedDict

from scaling.models.stored.content import begins_as, is_safetensors, is_script
from scaling.study.libraries import first_line

IN_FOLDERS = (".bin", ".safetensors")  # of the files that a folder is looked through for
# a file in a hub's folder: stem, variant (fp16, non_ema), shard and suffix; the variant is written
# before or after the shard
NAME = re.compile(
    r"(?P<stem>[^.]+?)(\.(?P<before>[\w-]+?))?(-(?P<shard>\d{5})-of-(?P<of>\d{5}))?"
    r"(\.(?P<after>\w+))?\.(?P<kind>safetensors|bin)"
)
# beside the weights in a folder that a training script wrote
NOT_WEIGHTS = re.compile(r"optimizer|optim|scheduler|scaler|random_states|rng_state|training_args")


class Index(TypedDict):
    """The file beside shards that tells which holds which tensor."""

    weight_map: dict[str, str]


INDEX = TypeAdapter(Index)


class FileSet(NamedTuple):
    """One whole set of weights in a folder: a file, or all shards of it."""

    name: str  # "" for the plain one, else its variant or stem
    files: tuple[Path, ...]


@functools.cache
def plain_globals() -> tuple:
    """The classes and functions that an unpickler may use, all of which only make data."""
    array = np.array(0).__reduce__()[0]  # numpy's _reconstruct
    scalar = np.float64(0).__reduce__()[0]
    made = [
        *(getattr(np.dtypes, name) for name in dir(np.dtypes) if name.endswith("DType")),
        np.dtype,
        np.ndarray,
        *(
            (function, f"numpy.{core}.multiarray.{function.__name__}")
            for function in (array, scalar)
            for core in ("core", "_core")
        ),
        argparse.Namespace,
        types.SimpleNamespace,
        collections.OrderedDict,
        collections.defaultdict,
        collections.deque,
        datetime.datetime,
        datetime.date,
        datetime.timedelta,
        datetime.timezone,
        uuid.UUID,
        *(int, float, str, bool, bytes, complex, list, dict, set, frozenset, tuple, range),
    ]
    # A path of either system is only its text here; Python 3.13 keeps paths in another module.
    for module in ("pathlib", "pathlib._local"):
        made += [
            (pathlib.PurePosixPath, f"{module}.{name}") for name in ("PosixPath", "PurePosixPath")
        ]
        made += [
            (pathlib.PureWindowsPath, f"{module}.{name}")
            for name in ("WindowsPath", "PureWindowsPath")
        ]
    return tuple(made)


def read_file(path: Path):
    """What the file holds: safetensors' dict of tensors, or whatever was pickled, on the CPU.

    ValueError, in one line, for a file that is missing, truncated, no checkpoint, or contains code.
    """
    if not path.is_file():
        raise ValueError(f"checkpoint {path} does not exist")
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(64)
    if head.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"checkpoint {path} is a pointer of git-lfs, not the weights: run git lfs pull there"
        )
    if is_script(path, head):
        raise ValueError(
            f"checkpoint {path} is a TorchScript archive, which carries code, and is refused; save "
            "its weights alone where it was made: torch.save(torch.jit.load"
            f"({path.name!r}).state_dict(), 'weights.pt')"
        )
    try:
        if is_safetensors(path, head):
            return load_file(path)
        # by its handle: torch.load takes the content of a name in .safetensors for granted
        with torch.serialization.safe_globals(list(plain_globals())), open(path, "rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # An unknown opcode ("Unsupported operand") means that the file is no pickle, not that it
        # contains code.
        code = [
            line.partition(" Please use ")[0].strip().rstrip(".")
            for line in str(error).splitlines()
            if "GLOBAL" in line or ("Unsupported" in line and "operand" not in line)
        ]
        if code:
            raise ValueError(
                f"checkpoint {path} carries code and is refused (weights_only): {code[0]}. If you "
                "trust it, save its state dict alone where it was made: torch.save(torch.load"
                f"({path.name!r}, weights_only=False)['ema'], 'weights.pt'), for whichever key "
                "holds it, or .state_dict() of a whole network"
            ) from None
        raise ValueError(
            f"checkpoint {path} ({size} bytes) is damaged: {begins_as(head)}; get it again"
        ) from None
    # arbitrary bytes can make an unpickler raise anything, even a KeyError
    except Exception as error:
        reason = first_line(error)
        raise ValueError(
            f"checkpoint {path} ({size} bytes) is truncated or damaged: {reason}; get it again"
        ) from None


def read_files(files: tuple[Path, ...]):
    """What one file holds, or the tensors of all shards together."""
    if len(files) == 1:
        return read_file(files[0])
    whole: dict[str, Tensor] = {}
    for file in files:
        part = read_file(file)
        if not isinstance(part, Mapping):
            raise ValueError(f"the shard {file} holds no tensors by name")
        if twice := whole.keys() & part.keys():
            raise ValueError(f"{sorted(twice)[0]} is in {file} and in an earlier shard, too")
        whole |= part
    return whole


def file_sets(folder: Path) -> list[FileSet]:
    """The sets of weights that lie in ``folder``, the plain one first.

    ValueError for shards of which some are missing.
    """
    groups: dict[tuple[str, str, str], dict[str, Path]] = {}
    whole: dict[tuple[str, str, str], int] = {}
    for path in sorted(folder.iterdir()):
        found = NAME.fullmatch(path.name)
        if not found or path.name.startswith(".") or NOT_WEIGHTS.match(path.name):
            continue
        key = (found["stem"], found["before"] or found["after"] or "", found["kind"])
        groups.setdefault(key, {})[found["shard"] or ""] = path
        whole[key] = int(found["of"] or 1)
    for key, shards in groups.items():
        if "" not in shards and len(shards) != whole[key]:
            first = next(iter(shards.values()))
            raise ValueError(
                f"{folder} has {len(shards)} of {whole[key]} shards of {first.name}; fetch the rest"
            )
    check_indices(folder)
    # safetensors is preferred to the same weights as a pickle
    kinds: dict[tuple[str, str], tuple[Path, ...]] = {}
    for (stem, variant, _), shards in sorted(
        groups.items(), key=lambda item: item[0][2] != "safetensors"
    ):
        files = (shards[""],) if "" in shards else tuple(shards[i] for i in sorted(shards))
        kinds.setdefault((stem, variant), files)
    stems = {stem for stem, _ in kinds}
    sets = [
        FileSet(variant if len(stems) == 1 else ".".join(filter(None, (stem, variant))), files)
        for (stem, variant), files in kinds.items()
    ]
    return sorted(sets, key=lambda s: (s.name != "", s.name))


def check_whole(path: Path) -> None:
    """Refuse one shard of several."""
    found = NAME.fullmatch(path.name)
    if found and found["shard"]:
        raise ValueError(f"{path} is one of {int(found['of'])} shards; give their folder")


def check_indices(folder: Path) -> None:
    """Refuse a folder whose index names a shard that is not there."""
    for index in sorted(folder.glob("*.index*.json")):
        lost = sorted({name for name in named_in(index) if not (folder / name).is_file()})
        if lost:
            raise ValueError(
                f"{index} names {len(lost)} shards that are missing, such as {lost[0]}"
            )


def named_in(index: Path) -> set[str]:
    """The shards that an index names; ValueError for a file that is no index of shards."""
    try:
        return set(INDEX.validate_json(index.read_bytes())["weight_map"].values())
    except (OSError, ValidationError):
        raise ValueError(f"{index} is no index of shards (a weight_map is needed)") from None
