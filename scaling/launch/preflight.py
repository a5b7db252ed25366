"""Finds out before anything runs what would make a study fail later."""

import os
from pathlib import Path

from scaling.launch.results_folder import check_folder
from scaling.study.execution import Execution
from scaling.study.planning.averages import averages_told, check_averages
from scaling.study.planning.plan import Plan
from scaling.study.specs.trial import DataSpec

LEAST_SHARE = 0.0001  # of a GPU, as Ray counts


def check_trials(plan: Plan) -> list[str]:
    """Refuse damaged data, models that do not fit their data, sampling that does not fit its
    schedule, averages longer than the training, and features that cannot be had.

    Returns a line for each data set of files: which were found, and what was left out; and for
    averages that are partly the initial weights.
    """
    # Imported here because torch takes seconds, and a finished study has no use for it.
    from scaling.data import check_data, check_fits
    from scaling.evaluation.metrics.check import check_metrics

    check_averages(plan)
    check_counts(plan)
    check_optimisers(plan)
    for model in {t.spec.model for t in plan.trials}:
        model.check_condition()
    check_initial(plan)
    for model, data in {(t.spec.model, t.spec.data) for t in plan.trials}:
        check_fits(model, data)
    notes = []
    for data in {t.spec.data for t in plan.trials}:
        notes.append(check_data(data))
    check_decoders(decoders_of(plan))
    check_sampling_of(plan)
    for data, protocol in {
        (t.spec.data, t.spec.evaluate.protocol.model_copy(update={"sampling_seed": 0}))
        for t in plan.trials
    }:
        check_metrics(data, protocol)
    return sorted(filter(None, notes)) + averages_told(plan)


def check_sampling_of(plan: Plan) -> None:
    """Refuse sampling that a trial's model or its schedule does not allow."""
    from scaling.evaluation.sampling.generate import check_sampling

    for spec in (t.spec for t in plan.trials):
        if spec.evaluate.protocol.metrics:
            check_sampling(
                spec.model, spec.diffusion, spec.evaluate.protocol, spec.train.label_dropout
            )


def check_initial(plan: Plan) -> None:
    """Refuse weights to start from that are not there, do not fit, or are not those planned."""
    from scaling.models.stored.initial import initial_weights

    pairs = {(t.spec.train.init, t.spec.model) for t in plan.trials if t.spec.train.init}
    for init, model in pairs:
        initial_weights(init, model)


def check_optimisers(plan: Plan) -> None:
    """Refuse an optimiser that torch does not have here, or that does not fit a network."""
    from scaling.training.optimisers import check_optimiser

    for name, model in {(t.spec.train.optimiser, t.spec.model) for t in plan.trials}:
        check_optimiser(name, model)


def check_counts(plan: Plan) -> None:
    """Refuse a model whose family's layers differ from its network, the cheapest first.

    A plan prices by the layers; a training checks its own model again before its first step.
    """
    from scaling.models.counting.count import checked_count

    by_model = {trial.spec.model: trial.forward_gmacs for trial in plan.trials}
    for model in sorted(by_model, key=lambda model: by_model[model]):
        checked_count(model)


def decoders_of(plan: Plan) -> set[tuple[DataSpec, str | None]]:
    """The data of each trial whose samples are measured, and its decoder."""
    return {
        (t.spec.data, t.spec.evaluate.protocol.decoder)
        for t in plan.trials
        if t.spec.evaluate.protocol.metrics
    }


def check_decoded(pairs: set[tuple[DataSpec, str | None]]) -> None:
    """Refuse latents without a decoder, and pixels with one, by what the specs say alone."""
    from scaling.data.sources import LATENT_SOURCES

    for data, decoder in pairs:
        if (decoder is not None) != (data.source in LATENT_SOURCES):
            raise ValueError(
                f"the data {data.source!r} is {'latents' if decoder is None else 'pixels'}, and "
                "the decoder "
                f"{decoder!r}; set evaluate.protocol.decoder to "
                f"{'a VAE such as sd-vae-ft-mse' if decoder is None else 'null'}"
            )


def check_decoders(pairs: set[tuple[DataSpec, str | None]]) -> None:
    """Refuse latents without a decoder that makes their images, and pixels with one.

    ``pairs`` are of data and decoder.
    """
    check_decoded(pairs)
    for data, decoder in pairs:
        if decoder is not None:
            # It takes seconds to import, and pixels have no use for it.
            from scaling.data.latents.decoders import check_decoder

            check_decoder(data, decoder)


def check_precisions(plan: Plan, gpus_per_trial: float) -> None:
    """Refuse training in a precision that the device lacks, as far as this machine can tell."""
    import torch

    from scaling.models.precision import check_precision

    device = "cuda" if gpus_per_trial else "cpu"
    if device == "cpu" or torch.cuda.is_available():
        for precision in {t.spec.train.precision for t in plan.trials}:
            check_precision(precision, device)


def check_gpus(gpus_per_trial: float, workers: int = 1, option: str = "--gpus-per-trial") -> None:
    """Refuse a number of GPUs that Ray would not take, below 0, a smaller share than it counts, or
    above 1 and not whole, or that is not one for each worker. ``option`` is what a person called
    it.
    """
    # of NaN and infinity neither is a whole number
    whole = float(gpus_per_trial).is_integer() and gpus_per_trial >= 0
    if not (whole or LEAST_SHARE <= gpus_per_trial <= 1):
        raise ValueError(
            f"{option} {gpus_per_trial:g} must be 0, a fraction up to 1 of at least "
            f"{LEAST_SHARE:g}, or a whole number"
        )
    if workers > 1 and gpus_per_trial not in (0, workers):
        raise ValueError(
            f"{option} {gpus_per_trial:g} with --workers-per-trial {workers}: each worker "
            "has one GPU; "
            f"give {workers}, or 0 to train on CPUs"
        )


def check_asked(plan: Plan, root: Path, gpus_per_trial: float, execution: Execution) -> None:
    """Refuse numbers of GPUs and workers, and a results folder, that no sweep of ``plan`` takes."""
    check_gpus(gpus_per_trial, execution.workers)
    check_workers(plan, execution)
    check_folder(root, plan)


def check_workers(plan: Plan, execution: Execution) -> None:
    """Refuse a range of workers that is none, batches that they cannot share equally, and networks
    that would see their parts.
    """
    execution.check_range()
    for batch in sorted({t.spec.train.batch for t in plan.trials}):
        execution.check_batch(batch)
    if execution.workers > 1 or execution.micro_batch is not None:
        from scaling.models.shared_batches import check_shared  # torch takes seconds to import

        for model in {t.spec.model for t in plan.trials}:
            check_shared(model, execution.workers, execution.micro_batch)


def address_of(address: str | None) -> str:
    """Of the cluster that runs trials: as told, else as $RAY_ADDRESS says, else this machine's."""
    return address or os.environ.get("RAY_ADDRESS") or "local"


def check_here(address: str | None, gpus_per_trial: float, execution: Execution) -> None:
    """Refuse more GPUs than this machine has, where Ray is to be started here: that takes longer
    than to look.
    """
    if gpus_per_trial and address_of(address) == "local":
        import torch

        have, option, asked = torch.cuda.device_count(), "--gpus-per-trial", gpus_per_trial
        if execution.min_workers is not None:
            asked, option = execution.min_workers, "--min-workers-per-trial"
        if asked > have:
            raise ValueError(
                f"{option} {asked:g} asks for more than this machine has ({have}); "
                "lower it, or name a cluster with --address"
            )
