"""Which network is in a folder that diffusers wrote, or in one of its pipelines?"""

import json
from dataclasses import replace
from pathlib import Path

from scaling.models.formats.diffusers import CONFIG, check_class, from_diffusers, lacks_null
from scaling.models.stored.learned import (
    check_outputs,
    learned_by_scheduler,
    odd_process,
    sampled_by_scheduler,
    unlike_ours,
)
from scaling.models.stored.opened import Opened, check_predicted, completed, predicted
from scaling.models.stored.pipelines import Known, decoder_of, known_pipeline, read_object
from scaling.models.stored.sets import prepared, read_set
from scaling.study.families.captioned import Captioned
from scaling.study.families.ddpm import AddedUNet
from scaling.study.network import FAMILIES, Network
from scaling.study.specs.weights import WeightsSpec

SCHEDULER = "scheduler_config.json"
SIT = "SiTTransformer2DModel"  # a class of repositories of SiT on the hub, which diffusers has not


def is_diffusers(path: Path) -> bool:
    if path.is_dir():
        return (path / "transformer" / CONFIG).is_file() or _is_config(path / CONFIG)
    # a file of a diffusers folder, or its index
    config = path.parent / CONFIG
    return path.is_file() and config.is_file() and b"_class_name" in config.read_bytes()


def _is_config(file: Path) -> bool:
    """Whether it is a configuration of diffusers, or one that cannot be read. Others save one
    without a class of diffusers beside their weights.
    """
    if not file.is_file():
        return False
    data = file.read_bytes()
    try:
        return b"_class_name" in data or not isinstance(json.loads(data), dict)
    except ValueError:
        return True


def sit_in(path: Path, declared: WeightsSpec) -> tuple[Path, WeightsSpec] | None:
    """The weights of a SiT in a folder of diffusers' layout, and what its configuration tells
    beside what is ``declared``; None where it is no SiT.
    """
    path, folder = _network(path)
    config = read_object(folder / CONFIG)
    if config.get("_class_name") != SIT:
        return None
    return path, _told_by_sit(config, declared, folder / CONFIG)


def _told_by_sit(config: dict, declared: WeightsSpec, path: Path) -> WeightsSpec:
    """``declared``, and what the configuration of a SiT says: the tensors have SiT's own names."""
    said = {
        "heads": config.get("num_heads"),
        "objective": "sit",
        "null": "last" if config.get("class_dropout_prob") else "none",
    }
    for option, value in said.items():
        given = getattr(declared, option)
        if given not in (None, value) and (option, given) != ("objective", "flow"):
            raise ValueError(f"--{option} {given}: {path} says {value}")
    return WeightsSpec.of_options(**{**declared.model_dump(exclude_defaults=True), **said})


def _network(path: Path) -> tuple[Path, Path]:
    """The network of a pipeline or itself, and the folder of its configuration."""
    folder = path if path.is_dir() else path.parent
    if (folder / "transformer" / CONFIG).is_file():
        path = folder = folder / "transformer"
    return path, folder


def open_diffusers(path: Path, declared: WeightsSpec) -> Opened:
    """A network that diffusers saved, alone or with the parts of a pipeline."""
    path, folder = _network(path)
    config = read_object(folder / CONFIG)
    check_class(config)
    found = read_set(path, declared, ("pos_embed.proj.weight",)).found
    state, words = prepared(found, declared, path)
    no_null = lacks_null(config, state)
    if declared.null not in (None, "none" if no_null else "last"):
        has = "no row" if no_null else "a row"
        raise ValueError(
            f"--null {declared.null}: the label table of {path} has {has} for no class"
        )
    spec, state = from_diffusers(config, state)
    scheduler = folder.parent / "scheduler" / SCHEDULER
    process = None
    if scheduler.is_file():
        noised = read_object(scheduler)
        process = learned_by_scheduler(noised, spec.learn_sigma)
        odd = f"describes a process that is none of ours ({odd_process(noised)})"
        if process is None and declared.objective is None:
            raise ValueError(
                f"{scheduler} {odd}; say what the weights predict, as --objective epsilon"
            )
        if process is None:
            words = [*words, f"its scheduler {odd}, and is not heeded"]
    check_predicted(declared.objective, process, scheduler)
    if declared.objective is None:
        words = [*words, *predicted(process)]
    check_outputs(declared.objective, spec.learn_sigma, path)
    if declared.objective == "sit" or (declared.objective == "flow" and spec.learn_sigma):
        raise ValueError(
            "--objective flow: SiT's velocity under diffusers' names is not read; take the weights "
            f"under SiT's own, alone or in a folder whose {CONFIG} says {SIT}"
        )
    return completed(spec, state, words, declared.objective, process, no_null)


def open_pipeline(path: Path, declared: WeightsSpec, own: object = ()) -> Opened:
    """A pipeline: its network, decoder, process and its paper's protocol."""
    known = known_pipeline(path)
    if known.family is None:
        opened = open_diffusers(path / known.network, declared)
    elif issubclass(FAMILIES[known.family], Captioned):
        opened = _captioned(path, known, declared)
    else:
        opened = _unconditional(path, known, declared)
    decoder = decoder_of(path)
    words = () if decoder is None else (f"decoder: the pipeline's own, {decoder}",)
    scheduler = path / "scheduler" / SCHEDULER
    config = read_object(scheduler) if scheduler.is_file() else {}
    said = (*opened.said, *words, *unlike_ours(config, known.protocol))
    protocol = {**known.protocol, **sampled_by_scheduler(config, known.protocol)}
    vae = None if decoder is None else str(path)
    return replace(opened, said=said, vae=vae, place=path, protocol=protocol)


def _captioned(path: Path, known: Known, declared: WeightsSpec) -> Opened:
    """A pipeline's network that reads text, with the captions that are told as its labels."""
    folder = path / known.network
    if not declared.captions:
        raise ValueError(
            f"{path} reads text; say what it is to be told, as --captions 'a red fox' --captions "
            "'a teapot', which are classes 0 and 1"
        )
    _refuse_told(path, declared, {"--captions", "--average"})
    assert known.family is not None
    family = FAMILIES[known.family]
    assert issubclass(family, Captioned)
    try:
        spec = family.of_pipeline(read_object(folder / CONFIG), path, declared.captions)
    except KeyError as error:
        raise ValueError(f"{folder / CONFIG} has no {error.args[0]}") from None
    return _of_network(path, folder, spec, declared, spec.anchor)


def _unconditional(path: Path, known: Known, declared: WeightsSpec) -> Opened:
    """A pipeline's network that reads nothing but the time."""
    folder = path / known.network
    _refuse_told(path, declared, {"--average"})
    try:
        spec = AddedUNet.of_config(read_object(folder / CONFIG), folder / CONFIG)
    except KeyError as error:
        raise ValueError(f"{folder / CONFIG} has no {error.args[0]}") from None
    opened = _of_network(path, folder, spec, declared, "conv_in.weight")
    state = {_attended(name): tensor for name, tensor in opened.state.items()}
    return replace(opened, state=state, label_dropout=0.0)


# of attention, as diffusers named it before 2023, in most of these pipelines on the hub
FORMERLY = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def _attended(name: str) -> str:
    """The entry ``name`` as diffusers calls it now."""
    module, _, kind = name.rpartition(".")
    before, _, last = module.rpartition(".")
    return f"{before}.{FORMERLY[last]}.{kind}" if last in FORMERLY else name


def _refuse_told(path: Path, declared: WeightsSpec, allowed: set[str]) -> None:
    if odd := set(declared.given) - allowed:
        raise ValueError(f"{min(odd)}: {path} says of itself what it is; leave the option out")


def _of_network(
    path: Path, folder: Path, spec: Network, declared: WeightsSpec, anchor: str
) -> Opened:
    """The weights in ``folder``, the network of the pipeline in ``path``, and its process."""
    found = read_set(folder, declared, (anchor,)).found
    state, words = prepared(found, declared, folder)
    scheduler = path / "scheduler" / SCHEDULER
    process = learned_by_scheduler(read_object(scheduler), spec.learn_sigma)
    if process is None:
        raise ValueError(
            f"{scheduler} describes a process that is none of ours "
            f"({odd_process(read_object(scheduler))})"
        )
    state = {f"{folder.name}.{name}": tensor for name, tensor in state.items()}
    return Opened(spec, state, (*words, *predicted(process)), process)
