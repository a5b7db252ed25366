"""Which network and which weights are in a path, whoever wrote it, and what was taken for granted?

A path is a run of ours or a checkpoint in it, a diffusers folder or pipeline, a folder of
safetensors, or a file of weights. What the files do not tell is said by a ``WeightsSpec``; what
neither tells is taken as usual, and ``Opened.said`` says so.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from scaling.models.stored import no_weights
from scaling.models.stored.content import is_weights_file
from scaling.models.stored.described import description, read_described
from scaling.models.stored.diffusers_folders import (
    is_diffusers,
    open_diffusers,
    open_pipeline,
    sit_in,
)
from scaling.models.stored.files import file_sets
from scaling.models.stored.learned import (
    WORDS,
    check_outputs,
    check_process,
    learned_by_arguments,
    null_by_arguments,
    process_by_betas,
)
from scaling.models.stored.no_weights import MANIFEST
from scaling.models.stored.opened import Opened, completed
from scaling.models.stored.own_networks import Candidate, check_source, fitting
from scaling.models.stored.pipelines import is_pipeline
from scaling.models.stored.sets import ASIDE, betas_of_set, prepared, read_set
from scaling.models.weights import check_fits, inferred_spec, read_training_checkpoint
from scaling.records.shapes import SPEC
from scaling.study.network import FAMILIES
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.training import TrainSpec
from scaling.study.specs.weights import WeightsSpec


def open_weights(
    path: Path | str, declared: WeightsSpec | None = None, own: Iterable[Candidate] = ()
) -> Opened:
    """What is in ``path``; ``own`` are networks of a user's file that it may be of.

    ValueError, in one line, names what is missing, damaged, not finite, does not fit, or
    contradicts what is ``declared``.
    """
    path, declared, own = Path(path), declared or WeightsSpec(), tuple(own)
    if not path.exists():
        raise ValueError(f"checkpoint {path} does not exist")
    for is_it, read in (
        (_is_ours, _ours),
        (is_pipeline, open_pipeline),
        (_is_exported, _exported),
        (is_diffusers, _diffusers),
        (is_weights, _foreign),
    ):
        if is_it(path):
            opened = read(path, declared, own)
            whole = {**opened.spec.fixed_tensors(), **opened.state}
            check_fits(opened.spec, whole)
            opened = replace(opened, state=whole, place=opened.place or path)
            if declared.captions and opened.spec.condition != "text":
                raise ValueError(f"--captions: {opened.spec.name} of {path} reads no text")
            _check_told(opened, declared, path)
            return opened
    raise ValueError(no_weights.reason(path))


def is_weights(path: Path) -> bool:
    """Whether ``path`` is a run, a checkpoint or weights, rather than images."""
    if path.is_dir():
        return _is_ours(path) or is_pipeline(path) or is_diffusers(path) or bool(file_sets(path))
    return path.name.endswith(".json") or is_weights_file(path)


def _is_ours(path: Path) -> bool:
    if (path / MANIFEST).is_file():
        return True
    steps = path / "checkpoints"  # a folder of that name is what other codes make, too
    return steps.is_dir() and not any(map(is_weights_file, steps.glob("*.*")))


def _diffusers(path: Path, declared: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    sit = sit_in(path, declared)
    return open_diffusers(path, declared) if sit is None else _foreign(*sit, ())


def _ours(path: Path, declared: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    if (path / "checkpoints").is_dir():
        steps = sorted((path / "checkpoints").glob("step-*"))
        if not steps:
            raise ValueError(f"run {path} has no checkpoint yet")
        path = steps[-1]
    if declared.leave_out:
        raise ValueError(f"--leave-out: {path} is of our own training and holds only the network")
    if declared.null == "none":
        raise ValueError(
            f"--null none: {path} is of our own training, whose last label is no class"
        )
    state, spec, average = read_training_checkpoint(path, declared.average)
    check_source(spec, own)
    trained = SPEC.read(path.parents[1] / "spec.json")
    assert trained is not None  # the checkpoint was read by it
    process = DiffusionSpec(**trained["diffusion"])
    if declared.objective not in (None, process.objective):
        raise ValueError(
            f"--objective {declared.objective}: {path} was trained here as {process.objective!r}"
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
        init_seed=TrainSpec.model_validate(trained["train"]).seed_of("init"),
    )


def _exported(path: Path, declared: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    """A safetensors file of ours, which says what it is."""
    said = description(path)
    assert said is not None  # it is asked before
    spec, state = read_described(path, said, own)
    process = said["diffusion"]
    learned = process and process.objective
    for option, value, there in (
        ("average", declared.average, None),
        (
            "objective",
            declared.objective,
            learned or (declared.objective != "sit" and declared.objective),
        ),
        ("null", declared.null, "none" if said["label_dropout"] == 0 else "last"),
        ("leave-out", declared.leave_out or None, None),
    ):
        if value not in (None, there):
            raise ValueError(f"--{option} {value}: {path} says of itself {there or 'nothing such'}")
    if process is None and declared.objective is not None:
        process = DiffusionSpec(objective=declared.objective)
    words = (f"weights: {path}, which says what they are",)
    return Opened(spec, state, words, process, said["label_dropout"], said["vae"], place=path)


def _is_exported(path: Path) -> bool:
    return description(path) is not None


def _foreign(path: Path, declared: WeightsSpec, own: tuple[Candidate, ...]) -> Opened:
    of_families = [anchor for family in FAMILIES.values() for anchor in family.ANCHORS]
    read = read_set(path, declared, [c.anchor for c in own] or of_families)
    state, words = prepared(read.found, declared, path)
    if own:
        match = fitting(own, state, path)
        spec, process = match.network, match.diffusion
        if declared.objective == "sit" or (
            process is not None and declared.objective not in (None, process.objective)
        ):
            raise ValueError(
                f"--objective {declared.objective}: {match.file} says of {spec.name} "
                + (
                    f"{process.objective!r}"
                    if process
                    else "nothing, and only DiT's form is turned"
                )
            )
        check_outputs(declared.objective, spec.learn_sigma, path)
        learned = None if process else declared.objective
        opened = completed(spec, state, words, learned, process, declared.null == "none")
        dropout = 0.0 if declared.null == "none" else match.dropout
        return replace(opened, vae=match.vae, label_dropout=dropout)
    learned = declared.objective or learned_by_arguments(read.arguments)
    if declared.objective is None and learned not in ("flow", "sit"):
        check_process(read.arguments, path)
    if declared.null is None and (null := null_by_arguments(read.arguments, state)):
        declared = declared.model_copy(update={"null": null})
    plain = declared.model_copy(update={"objective": None})
    shape = inferred_spec(state, plain)
    if learned is None and any(name.startswith(ASIDE) for name in read.found.state):
        if shape.learn_sigma:
            raise ValueError(
                f"{path} has {ASIDE[0]}*, as REPA's flows have, and two outputs for each channel, "
                "as they have not; say --objective sit (as SiT's code) or ddpm"
            )
        learned = "flow"  # REPA's
    betas, process = betas_of_set(read.found, declared), None
    if betas is not None and learned in (None, "ddpm", "epsilon"):
        process = process_by_betas(betas, shape.learn_sigma, path)
        words = [*words, f"{process.betas_in_words}, as the file says"]
        if learned is None and not shape.learn_sigma:
            words = [*words, f"assumed that they predict {WORDS['epsilon']}"]
    check_outputs(learned, shape.learn_sigma, path)
    if learned == "flow" and shape.learn_sigma:
        learned = "sit"  # a flow has as many outputs as channels, except in SiT's code
    declared = declared.model_copy(update={"objective": learned})
    if declared.objective == "sit":  # its entries are turned, which takes them to be of their form
        check_fits(shape, {**shape.fixed_tensors(), **shape.adopted(state, plain)})
    spec = inferred_spec(state, declared)
    no_null = not spec.has_null(state)
    state = spec.adopted(state, declared)
    words = [*words, *spec.assumed()]
    return completed(spec, state, words, learned, process, no_null, declared.null is None)


def _check_told(opened: Opened, declared: WeightsSpec, path: Path) -> None:
    """Refuse options that contradict what the files say."""
    for option, name in (("--heads", "heads"), ("--input-size", "input_size")):
        said, there = getattr(declared, name), getattr(opened.spec, name, None)
        if said is not None and said != there:
            raise ValueError(
                f"{option} {said}: the network of {path}, {opened.spec.name}, has {there}"
                if there is not None
                else f"{option} {said}: {opened.spec.name} of {path} has no {name}"
            )
