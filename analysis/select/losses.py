"""Which held-out losses may be compared? Those of one objective and one noise schedule on the same
held-out images; how the models are sampled does not matter.
"""

import json

import polars as pl

from analysis.frames import trials_frame
from analysis.select.protocols import protocols_of
from analysis.text import SPOKEN
from scaling.records import StudyFolder
from scaling.study import PlannedTrial
from scaling.study.specs.trial import DiffusionSpec


def loss_frames(studies: list[StudyFolder], metric: str) -> tuple[list[pl.DataFrame], str]:
    """The trials frames of ``studies`` with the protocol of ``metric``, one of ``slopes.LOSSES``:
    the held-out images alone. And in words how the trials differ in what does not touch it; empty
    where they do not.

    ValueError where objectives or noise schedules differ: no one figure.
    """
    plans = [study.plan().trials for study in studies]
    processes = sorted(
        {_process(trial.spec.diffusion, metric) for trials in plans for trial in trials}
    )
    if len(processes) > 1:
        mse_processes = {
            _process(trial.spec.diffusion, "heldout_mse") for trials in plans for trial in trials
        }
        raise ValueError(
            f"{SPOKEN[metric]} of {' and of '.join(processes)} is no one figure; compare by "
            "--metric fid" + (" or heldout_mse" if len(mse_processes) == 1 else "")
        )
    frames = [trials_frame(study) for study in studies]
    sampled = list(protocols_of(pl.concat(frames)).values())
    words = "; ".join(sampled[:2]) + (f"; {len(sampled) - 2} more" if sampled[2:] else "")
    note = (
        f"sampled by {len(sampled)} protocols ({words}), on which this figure does not depend"
        if sampled[1:]
        else ""
    )
    return [_of_images(frame, trials) for frame, trials in zip(frames, plans)], note


def _process(diffusion: DiffusionSpec, metric: str) -> str:
    """What decides a loss beside the network: the process, and of the objective but its weights.

    ``heldout_mse`` is of what is predicted, whatever the loss is of, and leaves out a sigma.
    """
    if metric == "heldout_loss":
        learned, predicts = diffusion.objective, diffusion.prediction_in_words
    else:
        learned = "flow" if diffusion.objective == "flow" else "epsilon"
        predicts = f"{diffusion.predicted} predicted" if diffusion.prediction else ""
    noised = (
        ""
        if learned == "flow"
        else f" over {diffusion.timesteps} timesteps, betas {diffusion.beta_start:g} to "
        f"{diffusion.beta_end:g}"
        + (f", {diffusion.beta_schedule}" if diffusion.beta_schedule != "linear" else "")
    )
    return learned + noised + (f", {predicts}" if predicts else "")


def _of_images(frame: pl.DataFrame, trials: list[PlannedTrial]) -> pl.DataFrame:
    images = {trial.trial_id: trial.spec.data.identity_fields() for trial in trials}
    described = {
        trial: "held-out images of "
        + ", ".join(
            value if name == "source" else f"{name} {json.dumps(value)}"
            for name, value in fields.items()
        )
        for trial, fields in images.items()
    }
    description = pl.col("trial_id").replace_strict(described)
    return frame.with_columns(
        description.alias("protocol"),
        description.alias("fid_label"),
        pl.lit(None, pl.String).alias("sampling"),
    )
