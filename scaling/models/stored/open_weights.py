"""Which network and which weights are in a path, whoever wrote it, and what was taken for granted?

A path is a run of ours or a checkpoint in it, a diffusers folder or pipeline, a folder of
safetensors, or a file of weights. What the files do not tell is said by a ``WeightsSpec``; what
neither tells is taken as usual, and ``Opened.said`` says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from scaling.models.formats.diffusers import CONFIG, from_diffusers, lacks_null
from scaling.models.stored.described import description, read_described
from scaling.models.stored.files import IN_FOLDERS, SUFFIXES, file_sets
from scaling.models.stored.learned import (
    SIT,
    WORDS,
    check_outputs,
    learned_by_arguments,
    learned_by_scheduler,
    odd_process,
    told_by_sit,
    unlike_ours,
)
from scaling.models.stored.own_networks import Candidate, check_source, fitting
from scaling.models.stored.pipelines import (
    Known,
    decoder_of,
    is_pipeline,
    known_pipeline,
    read_object,
)
from scaling.models.stored.sets import ASIDE, prepared, read_set
from scaling.models.stored.state_dicts import State
from scaling.models.weights import check_fits, inferred_spec, read_training_checkpoint
from scaling.records.shapes import SPEC
from scaling.study.families.captioned import Captioned
from scaling.study.network import FAMILIES, Network
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.weights import Learned, WeightsSpec

MANIFEST = "manifest.json"
SCHEDULER = "scheduler_config.json"


@dataclass(frozen=True)
class Opened:
    """Weights under our names, with everything that is known of them.

    ``diffusion`` and ``label_dropout`` are None where neither the files nor a person tell them.
    """

    spec: Network
    state: State
    said: tuple[str, ...]  # which weights they are, and what was taken for granted
    diffusion: DiffusionSpec | None = None
    label_dropout: float | None = None  # 0: there is no learned "no class"
    vae: str | None = None  # of the latents that the network makes
    size: int | None = None  # pixels per side of the images that those latents were made of
    place: Path | None = None  # what was opened: of a run, the checkpoint
    # fields of the protocol that the paper of a pipeline used
    protocol: Mapping[str, object] = field(default_factory=dict)


def open_weights(
    path: Path | str, told: WeightsSpec | None = None, own: Iterable[Candidate] = ()
) -> Opened:
    """What is in ``path``; ``own`` are networks of a user's file that it may be of.

    ValueError, in one line, names what is missing, damaged, not finite, does not fit, or
    contradicts what is ``told``.
    """
    path, told, own = Path(path), told or WeightsSpec(), tuple(own)
    if not path.exists():
        raise ValueError(f"checkpoint {path} does not exist")
    for is_it, read in (
        (_is_ours, _ours),
        (is_pipeline, _pipeline),
        (_is_exported, _exported),
        (_is_diffusers, _diffusers),
        (is_weights, _foreign),
    ):
        if is_it(path):
            opened = read(path, told, own)
            whole = {**opened.spec.fixed_tensors(), **opened.state}
            check_fits(opened.spec, whole)
            opened = replace(opened, state=whole, place=opened.place or path)
            if told.captions and opened.spec.condition != "text":
                raise ValueError(f"--captions: {opened.spec.name} of {path} reads no text")
            _check_told(opened, told, path)
            return opened
    if (path / ".metadata").is_file():
        raise ValueError(
            f"{path} is a distributed checkpoint; make a file of it with python -m "
            f"torch.distributed.checkpoint.format_utils dcp_to_torch {path} FILE.pt"
        )
    if path.is_dir() and (files := sorted(f.name for f in path.iterdir() if f.suffix in SUFFIXES)):
        raise ValueError(
            f"{path} is a folder, where {' and '.join(IN_FOLDERS)} are looked for; name the "
            f"file itself, such as {path / files[-1]}"
        )
    raise ValueError(
        f"{path} holds neither {MANIFEST} (our training's) nor {CONFIG} (diffusers') nor a file of "
        f"weights ({', '.join(SUFFIXES)})"
    )


def is_weights(path: Path) -> bool:
    """Whether ``path`` is a run, a checkpoint or weights, rather than images."""
    if path.is_dir():
        return _is_ours(path) or is_pipeline(path) or _is_diffusers(path) or bool(file_sets(path))
    return path.suffix in SUFFIXES or path.name.endswith(".json")


def _is_ours(path: Path) -> bool:
    return (path / "checkpoints").is_dir() or (path / MANIFEST).is_file()


def _is_diffusers(path: Path) -> bool:
    if path.is_dir():
        return (path / "transformer" / CONFIG).is_file() or (path / CONFIG).is_file()
    # a file of a diffusers folder, or its index
    config = path.parent / CONFIG
    return path.is_file() and config.is_file() and b"_class_name" in config.read_bytes()


def _ours(path: Path, told: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    if (path / "checkpoints").is_dir():
        steps = sorted((path / "checkpoints").glob("step-*"))
        if not steps:
            raise ValueError(f"run {path} has no checkpoint yet")
        path = steps[-1]
    if told.leave_out:
        raise ValueError(f"--leave-out: {path} is of our own training and holds only the network")
    if told.null == "none":
        raise ValueError(
            f"--null none: {path} is of our own training, whose last label is no class"
        )
    state, spec, average = read_training_checkpoint(path, told.average)
    check_source(spec, own)
    trained = SPEC.read(path.parents[1] / "spec.json")
    assert trained is not None  # the checkpoint was read by it
    process = DiffusionSpec(**trained["diffusion"])
    if told.objective not in (None, process.objective):
        raise ValueError(
            f"--objective {told.objective}: {path} was trained here as {process.objective!r}"
        )
    return Opened(
        spec,
        state,
        (f"weights: {average} of {path}",),
        process,
        trained["train"].get("label_dropout"),
        trained["data"].get("vae"),
        trained["data"].get("size") if trained["data"].get("vae") else None,
        path,
    )


def _exported(path: Path, told: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    """A safetensors file of ours, which says what it is."""
    said = description(path)
    assert said is not None  # it is asked before
    spec, state = read_described(path, said, own)
    process = said["diffusion"]
    learned = process and process.objective
    for option, value, there in (
        ("average", told.average, None),
        ("objective", told.objective, learned or (told.objective != "sit" and told.objective)),
        ("null", told.null, "none" if said["label_dropout"] == 0 else "last"),
        ("leave-out", told.leave_out or None, None),
    ):
        if value not in (None, there):
            raise ValueError(f"--{option} {value}: {path} says of itself {there or 'nothing such'}")
    if process is None and told.objective is not None:
        process = DiffusionSpec(objective=told.objective)
    words = (f"weights: {path}, which says what they are",)
    return Opened(spec, state, words, process, said["label_dropout"], said["vae"], place=path)


def _is_exported(path: Path) -> bool:
    return description(path) is not None


def _diffusers(path: Path, told: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    folder = path if path.is_dir() else path.parent
    if (folder / "transformer" / CONFIG).is_file():
        path = folder = folder / "transformer"
    config = read_object(folder / CONFIG)
    if config.get("_class_name") == SIT:
        return _foreign(path, told_by_sit(config, told, folder / CONFIG), ())
    found = read_set(path, told, ("pos_embed.proj.weight",)).found
    state, words = prepared(found, told, path)
    no_null = lacks_null(config, state)
    if told.null not in (None, "none" if no_null else "last"):
        has = "no row" if no_null else "a row"
        raise ValueError(f"--null {told.null}: the label table of {path} has {has} for no class")
    spec, state = from_diffusers(config, state)
    scheduler = folder.parent / "scheduler" / SCHEDULER
    process = None
    if told.objective is None and scheduler.is_file():
        process = learned_by_scheduler(read_object(scheduler), spec.learn_sigma)
        if process is None:
            raise ValueError(
                f"{scheduler} describes a process that is none of ours "
                f"({odd_process(read_object(scheduler))}); say what the weights predict, as "
                "--objective epsilon"
            )
    check_outputs(told.objective, spec.learn_sigma, path)
    if told.objective == "sit" or (told.objective == "flow" and spec.learn_sigma):
        raise ValueError(
            "--objective flow: SiT's velocity under diffusers' names is not read; take the weights "
            f"under SiT's own, alone or in a folder whose {CONFIG} says {SIT}"
        )
    return _opened(spec, state, words, told.objective, process, no_null)


def _pipeline(path: Path, told: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    known = known_pipeline(path)
    if known.family is None:
        opened = _diffusers(path / known.network, told, own)
    else:
        opened = _captioned(path, known, told)
    decoder = decoder_of(path)
    words = () if decoder is None else (f"decoder: the pipeline's own, {path / 'vae'}",)
    scheduler = path / "scheduler" / SCHEDULER
    words += unlike_ours(read_object(scheduler)) if scheduler.is_file() else ()
    said = (*opened.said, *words)
    return replace(opened, said=said, vae=decoder, place=path, protocol=known.protocol)


def _captioned(path: Path, known: Known, told: WeightsSpec) -> Opened:
    """A pipeline's network that reads text, with the captions that are told as its labels."""
    folder = path / known.network
    if not told.captions:
        raise ValueError(
            f"{path} reads text; say what it is to be told, as --captions 'a red fox' --captions "
            "'a teapot', which are classes 0 and 1"
        )
    if odd := set(told.given) - {"--captions", "--average"}:
        raise ValueError(f"{min(odd)}: {path} says of itself what it is; leave the option out")
    assert known.family is not None
    family = FAMILIES[known.family]
    assert issubclass(family, Captioned)
    try:
        spec = family.of_pipeline(read_object(folder / CONFIG), path, told.captions)
    except KeyError as error:
        raise ValueError(f"{folder / CONFIG} has no {error.args[0]}") from None
    found = read_set(folder, told, (spec.anchor,)).found
    state, words = prepared(found, told, folder)
    scheduler = path / "scheduler" / SCHEDULER
    process = learned_by_scheduler(read_object(scheduler), spec.learn_sigma)
    if process is None:
        raise ValueError(
            f"{scheduler} describes a process that is none of ours "
            f"({odd_process(read_object(scheduler))})"
        )
    state = {f"transformer.{name}": tensor for name, tensor in state.items()}
    return Opened(spec, state, tuple(words), process)


def _foreign(path: Path, told: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    of_families = [anchor for family in FAMILIES.values() for anchor in family.ANCHORS]
    read = read_set(path, told, [c.anchor for c in own] or of_families)
    state, words = prepared(read.found, told, path)
    if own:
        match = fitting(own, state, path)
        spec, process = match.network, match.diffusion
        if told.objective == "sit" or (
            process is not None and told.objective not in (None, process.objective)
        ):
            raise ValueError(
                f"--objective {told.objective}: {match.file} says of {spec.name} "
                + (
                    f"{process.objective!r}"
                    if process
                    else "nothing, and only DiT's form is turned"
                )
            )
        check_outputs(told.objective, spec.learn_sigma, path)
        learned = None if process else told.objective
        opened = _opened(spec, state, words, learned, process, told.null == "none")
        dropout = 0.0 if told.null == "none" else match.dropout
        return replace(opened, vae=match.vae, label_dropout=dropout)
    learned = told.objective or learned_by_arguments(read.arguments)
    shape = inferred_spec(state, told.model_copy(update={"objective": None}))
    if learned is None and any(name.startswith(ASIDE) for name in read.found.state):
        if shape.learn_sigma:
            raise ValueError(
                f"{path} has {ASIDE[0]}*, as REPA's flows have, and two outputs for each channel, "
                "as they have not; say --objective sit (as SiT's code) or ddpm"
            )
        learned = "flow"  # REPA's
    check_outputs(learned, shape.learn_sigma, path)
    if learned == "flow" and shape.learn_sigma:
        learned = "sit"  # a flow has as many outputs as channels, except in SiT's code
    told = told.model_copy(update={"objective": learned})
    spec = inferred_spec(state, told)
    no_null = not spec.has_null(state)
    state = spec.adopted(state, told)
    words = [*words, *spec.assumed()]
    return _opened(spec, state, words, learned, None, no_null, told.null is None)


def _opened(
    spec: Network,
    state: State,
    words: list[str],
    learned: Learned | None,
    process: DiffusionSpec | None,
    no_null: bool,
    guessed: bool = False,
) -> Opened:
    """What is known of foreign weights, and in words what was told and what was assumed.

    ``guessed``: nobody says that the last label is no class.
    """
    if learned is not None:
        process = DiffusionSpec(objective="flow" if learned == "sit" else learned)
        words = [*words, f"they predict {WORDS[learned]}"]
    elif process is None and spec.learn_sigma:
        process = DiffusionSpec()
        words = [
            *words,
            f"assumed that they predict {WORDS['ddpm']}; of SiT's, say --objective flow",
        ]
    if no_null:
        words = [
            *words,
            "they know no label for no class, so they cannot be guided; its row is zeros here",
        ]
    elif guessed and spec.condition == "classes":
        words = [
            *words,
            f"the last of {spec.num_classes + 1} labels is taken for no class; where it is a "
            "class, say --null none",
        ]
    return Opened(spec, state, tuple(words), process, 0.0 if no_null else None)


def _check_told(opened: Opened, told: WeightsSpec, path: Path) -> None:
    """Refuse options that contradict what the files say."""
    for option, name in (("--heads", "heads"), ("--input-size", "input_size")):
        said, there = getattr(told, name), getattr(opened.spec, name, None)
        if said is not None and said != there:
            raise ValueError(
                f"{option} {said}: the network of {path}, {opened.spec.name}, has {there}"
                if there is not None
                else f"{option} {said}: {opened.spec.name} of {path} has no {name}"
            )
