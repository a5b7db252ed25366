"""Finds out before anything runs what would make a study fail later."""

import shutil
import uuid
from pathlib import Path

from scaling.records.ledger import StudyFolder
from scaling.study.execution import Execution
from scaling.study.memory import checkpoint_bytes
from scaling.study.plan import Plan, PlannedTrial


def check_folder(root: Path, plan: Plan) -> None:
    """Refuse a root that cannot be written, or a study folder that holds another plan.

    Trials may be added to a plan.
    """
    folder = root / plan.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{uuid.uuid4().hex[:8]}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ValueError(
            f"cannot write to the results folder {folder}: {error.strerror}; "
            "choose another with --results"
        ) from None
    if not (folder / "study.json").exists():
        return
    before = StudyFolder(folder).plan()
    old, new = ({trial.trial_id: trial for trial in p.trials} for p in (before, plan))
    gone = [old[i] for i in old if i not in new]
    if gone:
        added = [new[i] for i in new if i not in old]
        raise ValueError(
            f"{folder} holds another plan of {plan.name!r}: {len(gone)} of its {len(old)} trials "
            "are not in this one"
            f"{_difference(gone, added)}. Choose another --results, or move {folder} away (its "
            "trainings, in "
            f"{root / 'runs'}, are kept and shared)"
        )


def _difference(gone: list, added: list) -> str:
    """How the first trial that is gone differs from the new trial most like it, field by field."""

    def flat(value, prefix=""):
        if isinstance(value, dict):
            return {
                k: v
                for name, part in value.items()
                for k, v in flat(part, f"{prefix}{name}.").items()
            }
        return {prefix[:-1]: value}

    first = flat(gone[0].spec.model_dump(mode="json"))
    changes = [
        {
            k: (first.get(k), other.get(k))
            for k in {**first, **other}
            if first.get(k) != other.get(k)
        }
        for other in (flat(trial.spec.model_dump(mode="json")) for trial in added)
    ]
    if not changes:
        return f", such as {gone[0].trial_id}"
    nearest = min(changes, key=len)
    return f", such as {gone[0].trial_id}: " + ", ".join(
        f"{k} was {a}, is {b}" for k, (a, b) in nearest.items()
    )


def check_trials(plan: Plan) -> None:
    """Refuse damaged data, models that do not fit their data, sampling that does not fit its
    schedule, and features that cannot be had.
    """
    # Imported here because torch takes seconds, and a finished study has no use for it.
    from scaling.data import check_data, check_fits
    from scaling.evaluation.generate import check_sampling
    from scaling.evaluation.metrics import check_metrics

    check_counts(plan)
    for model in {t.spec.model for t in plan.trials}:
        model.check_condition()
    for model, data in {(t.spec.model, t.spec.data) for t in plan.trials}:
        check_fits(model, data)
    for data in {t.spec.data for t in plan.trials}:
        check_data(data)
    check_decoders(
        {
            (t.spec.data, t.spec.evaluate.protocol.decoder)
            for t in plan.trials
            if t.spec.evaluate.protocol.metrics
        }
    )
    for spec in (t.spec for t in plan.trials):
        if spec.evaluate.protocol.metrics:
            check_sampling(
                spec.model, spec.diffusion, spec.evaluate.protocol, spec.train.label_dropout
            )
    for data, protocol in {
        (t.spec.data, t.spec.evaluate.protocol.model_copy(update={"sampling_seed": 0}))
        for t in plan.trials
    }:
        check_metrics(data, protocol)


def check_counts(plan: Plan) -> None:
    """Refuse a model whose family's layers differ from its network, the cheapest first.

    A plan prices by the layers; a training checks its own model again before its first step.
    """
    from scaling.models.count import checked_count

    by_model = {trial.spec.model: trial.forward_gmacs for trial in plan.trials}
    for model in sorted(by_model, key=lambda model: by_model[model]):
        checked_count(model)


def check_decoders(pairs: set) -> None:
    """Refuse latents without a decoder that makes their images, and pixels with one.

    ``pairs`` are of data and decoder.
    """
    from scaling.data.sources import LATENT_SOURCES
    from scaling.study.spec import DataSpec

    data: DataSpec
    for data, decoder in pairs:
        if (decoder is not None) != (data.source in LATENT_SOURCES):
            raise ValueError(
                f"the data {data.source!r} is {'latents' if decoder is None else 'pixels'}, and "
                "the decoder "
                f"{decoder!r}; set evaluate.protocol.decoder to "
                f"{'a VAE such as sd-vae-ft-mse' if decoder is None else 'null'}"
            )
        if decoder is not None:
            # It takes seconds to import, and pixels have no use for it.
            from scaling.data.vae import latent_shape, load_vae

            assert data.size is not None  # DataSpec sees to it
            latent_shape(load_vae(decoder), data.size)


def check_precisions(plan: Plan, gpus_per_trial: float) -> None:
    """Refuse training in a precision that the device lacks, as far as this machine can tell."""
    import torch

    from scaling.models.precision import check_precision

    device = "cuda" if gpus_per_trial else "cpu"
    if device == "cpu" or torch.cuda.is_available():
        for precision in {t.spec.train.precision for t in plan.trials}:
            check_precision(precision, device)


def check_disk(left: list[list[PlannedTrial]], folder: StudyFolder) -> None:
    """Refuse to start where the checkpoints to be kept, with those of trunks, would not fit on the
    disk.
    """
    needed, trainings = 0, {}
    for trial in (t for group in left for t in group):
        trainings.setdefault(trial.train_id, {})[trial.spec] = trial.spec.eval_steps
        if trial.spec.trunk:
            trainings.setdefault(trial.spec.trunk.train_id, {})[trial.spec] = (
                trial.spec.train.branch_step,
            )
    for train_id, kept in trainings.items():
        run = folder.run(train_id)
        there = sum(path.stat().st_size for path in run.checkpoints.rglob("*") if path.is_file())
        needed += max(0, checkpoint_bytes(kept) - there)
    free = shutil.disk_usage(folder.folder).free
    if needed > free:
        raise ValueError(
            f"the checkpoints of {len(trainings)} trainings take {needed / 1e9:.2f} GB and "
            f"{folder.folder} has "
            f"{free / 1e9:.2f} GB free; evaluate at fewer steps, or choose another disk with "
            "--results"
        )


def check_gpus(gpus_per_trial: float, workers: int = 1) -> None:
    """Refuse a number of GPUs that Ray would not take, below 0 or above 1 and not whole, or that is
    not one for each worker.
    """
    if gpus_per_trial < 0 or (gpus_per_trial > 1 and gpus_per_trial != int(gpus_per_trial)):
        raise ValueError(
            f"--gpus-per-trial {gpus_per_trial:g} must be 0, a fraction up to 1, or a whole number"
        )
    if workers > 1 and gpus_per_trial not in (0, workers):
        raise ValueError(
            f"--gpus-per-trial {gpus_per_trial:g} with --workers-per-trial {workers}: each worker "
            "has one GPU; "
            f"give {workers}, or 0 to train on CPUs"
        )


def check_workers(plan: Plan, execution: Execution) -> None:
    """Refuse batches that the workers of a training cannot share equally."""
    for batch in sorted({t.spec.train.batch for t in plan.trials}):
        execution.check_batch(batch)
