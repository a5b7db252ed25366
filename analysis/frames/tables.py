"""How do the records of a study become tables? A table of trials, and tables of figures and of
steps that refer to it.

In the last two a row says by ``trial``, the place in the plan, whose it is; ``frames`` puts the
trial's columns beside.
"""

import functools
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from analysis.frames.curves import LINE, curve_lines
from scaling.records import Run, StudyFolder
from scaling.records.status import measured, trial_row
from scaling.study import Plan, PlannedTrial, Protocol, TrialSpec
from scaling.study.cost import sampling_gmacs, train_flops
from scaling.study.identity import identity
from scaling.study.spec import DiffusionSpec, TrainSpec

WHICH = {  # which trial a row belongs to; first in every frame
    "study": pl.String,
    "trial_id": pl.String,
    "train_id": pl.String,
    "cell": pl.String,
    "model": pl.String,
    "size": pl.String,
    "patch": pl.Int64,
    "tokens": pl.Int64,
    "conditioning": pl.String,
    "heads": pl.Int64,
    "seed": pl.Int64,
    "lr": pl.Float64,
    "batch": pl.Int64,
    "state": pl.String,
    "params_m": pl.Float64,
    "forward_gmacs": pl.Float64,
}
HOW = {  # how its figures were measured
    "ema": pl.String,
    "sampling": pl.String,
    "sampler": pl.String,
    "sampling_steps": pl.Int64,
    "guidance": pl.Float64,
    "sampling_gmacs": pl.Float64,
    "protocol": pl.String,
    "data": pl.String,
    "objective": pl.String,
    "weighting": pl.String,
    "schedule": pl.String,
    "recipe": pl.String,
}
OF_TRIAL = {
    "why": pl.String,
    "steps": pl.Int64,
    "step": pl.Int64,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    "loss": pl.Float64,
    "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64,
    "images_per_s": pl.Float64,
    "fid": pl.Float64,
    "fid_se": pl.Float64,
    "kid": pl.Float64,
    "fid_vs_heldout": pl.Float64,
    "rfid": pl.Float64,
    "nearer_to_train": pl.Float64,
    "copies": pl.Float64,
    "fid_features": pl.String,
    "fid_samples": pl.Int64,
    "fid_reference": pl.String,
    "fid_label": pl.String,
    "fid_label_over_steps": pl.String,
    "wall_s": pl.Float64,
}
OF_EVALUATION = {
    "eval_id": pl.String,
    "step": pl.Int64,
    "at_end": pl.Boolean,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    "metric": pl.String,
    "value": pl.Float64,
    "std": pl.Float64,
    "se": pl.Float64,
    "reference": pl.String,
    "headline": pl.Boolean,
    "features": pl.String,
    "samples": pl.Int64,
    "label": pl.String,
    "label_over_guidance": pl.String,
    "why": pl.String,
    "warning": pl.String,
    "weights": pl.String,
    "measured": pl.String,
    "wall_s": pl.Float64,
}
OF_STEP = {
    "step": pl.Int64,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    "loss": pl.Float64,
    "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64,
    "heldout_ema": pl.String,
    "heldout_bins": pl.List(pl.Float64),
    "grad_norm": pl.Float64,
    "images_per_s": pl.Float64,
    "mfu": pl.Float64,
    "train_wall_s": pl.Float64,
}
_PLACE = {"trial": pl.UInt32}
TABLES = {
    "trials": _PLACE | WHICH | HOW | OF_TRIAL,
    "evaluations": _PLACE | OF_EVALUATION,
    "curves": _PLACE | OF_STEP,
}


def read_tables(
    study: StudyFolder,
    plan: Plan,
    trainings: Collection[str] | None = None,
    before: Callable[[Run], None] = lambda run: None,
) -> dict[str, pl.DataFrame]:
    """The three TABLES from the records, in the order of ``plan``; of some ``trainings``
    (train_ids) where they are named.

    ``before`` is called with each training's run before its files are opened.
    """
    asked = {}
    for place, trial in enumerate(plan.trials):
        if trainings is None or trial.train_id in trainings:
            asked.setdefault(trial.train_id, []).append((place, trial))
    runs, asked = [study.run(train_id) for train_id in asked], list(asked.values())
    trials, evaluations, curves = [], [], [pl.DataFrame(schema=TABLES["curves"])]
    of_seeds: dict[str, dict] = {}
    with ThreadPoolExecutor(2) as pool:
        for numbers, lines in curve_lines(runs, pool, before):
            curve, last = _curve(asked, lines)
            curves.append(curve)
            for run, place, trial in ((runs[n], *one) for n in numbers for one in asked[n]):
                found = measured(trial, run)
                cell = trial.spec.model_dump_json(exclude={"train": {"seed"}})
                if cell not in of_seeds:
                    of_seeds[cell] = {"study": plan.name} | _of_seeds(trial.spec)
                trials.append(
                    {"trial": place}
                    | trial_row(trial, run, found, last.get(place))
                    | of_seeds[cell]
                )
                evaluations += ({"trial": place} | row for row in _evaluation_rows(trial, found))
    return {
        "trials": in_order(_table("trials", trials)),
        "evaluations": in_order(_table("evaluations", evaluations)),
        "curves": in_order(pl.concat(curves)),
    }


def cell_id(spec: TrialSpec) -> str:
    """What trials share that differ in their seeds alone; they are repeats of one measurement."""
    return identity(
        {
            "model": spec.model.identity_fields(),
            "data": spec.data.identity_fields(),
            "diffusion": spec.diffusion.identity_fields(),
            "steps": spec.train.steps,
            "train": spec.train.identity_fields(exclude=spec.train.NOT_IDENTITY | {"seed"}),
            "ema": spec.evaluate.ema.identity_fields(),
            "protocol": spec.evaluate.protocol.comparable,
        }
    )


def protocol_id(spec: TrialSpec) -> str:
    """What two figures must share to stand on one axis: the protocol without its seed, and the
    data.
    """
    return identity(
        {"protocol": spec.evaluate.protocol.comparable, "data": spec.data.identity_fields()}
    )[:8]


def recipe_id(spec: TrialSpec) -> str:
    """What the trainings of one law share, whatever their model's size and patch, length, learning
    rate, batch and seed.
    """
    return identity(
        {
            "conditioning": spec.model.conditioning,
            "data": spec.data.identity_fields(),
            "ema": spec.evaluate.ema.identity_fields(),
            **training_of(spec.diffusion, spec.train),
        }
    )[:8]


def training_of(diffusion: DiffusionSpec, train: TrainSpec) -> dict:
    """What trainings of one law share but their data and block design: not length, learning rate,
    batch and seed.
    """
    own = train.NOT_IDENTITY | {"seed", "lr", "batch"}
    return {"diffusion": diffusion.identity_fields(), "train": train.identity_fields(exclude=own)}


def _table(name: str, rows: list[dict]) -> pl.DataFrame:
    schema = TABLES[name]
    return pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in schema}, schema=schema
    )


def _of_seeds(spec: TrialSpec) -> dict:
    """What is the same whatever the seed of ``spec``."""
    model, protocol = spec.model, spec.evaluate.protocol
    return {
        "cell": cell_id(spec),
        "conditioning": model.conditioning,
        "heads": model.heads,
        "batch": spec.train.batch,
        "ema": spec.evaluate.ema.label,
        "data": spec.data.source,
        "objective": spec.diffusion.objective,
        "weighting": spec.diffusion.weighting,
        "schedule": spec.train.schedule,
        "recipe": recipe_id(spec),
        "protocol": protocol_id(spec),
        "sampling": protocol.short,
        "sampler": protocol.sampler,
        "sampling_steps": protocol.sampling_steps,
        "guidance": protocol.guidance,
        "sampling_gmacs": sampling_gmacs(model, spec.diffusion, protocol),
        "fid_label": protocol.label(),
        "fid_label_over_steps": protocol.label(over="steps"),
    }


def _evaluation_rows(trial: PlannedTrial, steps: dict[int, dict]):
    protocol = trial.spec.evaluate.protocol
    for step, found in steps.items():
        shared = {
            "eval_id": trial.eval_ids[step],
            "step": step,
            "at_end": step == trial.spec.train.steps,
            "images": found["images"],
            "train_flops": train_flops(trial.spec.model, found["images"]),
            "measured": found["measured"],
            "wall_s": found["wall_s"],
        }
        for metric, label in (
            ("heldout_loss", "held-out loss"),
            ("heldout_mse", "held-out epsilon MSE"),
        ):
            yield shared | {
                "metric": metric,
                "value": found[metric],
                "reference": "heldout",
                "headline": True,
                "label": label,
                "label_over_guidance": label,
            }
        for figure in found["figures"]:
            yield shared | figure | _labels(protocol, figure["metric"], figure["reference"])


@functools.lru_cache(1000)
def _labels(protocol: Protocol, metric: str, reference: str) -> dict:
    return {
        "headline": reference == protocol.references[0],
        "label": protocol.label(metric, reference),
        "label_over_guidance": protocol.label(metric, reference, over="guidance"),
    }


def _curve(
    asked: list[list[tuple[int, PlannedTrial]]], lines: pl.DataFrame
) -> tuple[pl.DataFrame, dict[int, dict]]:
    """Rows of the table of steps from a batch of ``lines``, and of each trial's place its last
    logged line.
    """
    steps, run = lines["step"].to_numpy(), lines["run"].to_numpy()
    places, begins, stops, factors = [], [], [], []
    for number, begin, end in _stretches(run):
        for place, trial in asked[number]:
            stop = begin + int(
                np.searchsorted(steps[begin:end], trial.spec.train.steps, side="right")
            )
            if stop > begin:
                places.append(place)
                begins.append(begin)
                stops.append(stop)
                factors.append(train_flops(trial.spec.model, 1))
    if not places:
        return pl.DataFrame(schema=TABLES["curves"]), {}
    counts, ends = np.subtract(stops, begins), lines[np.subtract(stops, 1)].rows(named=True)
    # lines beyond what is asked, or asked by several trials
    if begins != [0, *stops[:-1]] or stops[-1] < len(lines):
        lines = lines[
            np.concatenate([np.arange(*span, dtype=np.uint32) for span in zip(begins, stops)])
        ]
    return lines.select(
        pl.Series("trial", np.repeat(np.array(places, np.uint32), counts)),
        "step",
        "images",
        (pl.Series(np.repeat(factors, counts)) * pl.col("images")).alias("train_flops"),
        *[name for name in LINE if name not in ("step", "images")],
    ), dict(zip(places, ends))


def _stretches(run: np.ndarray):
    """(run, first row, row after the last) of each run in a batch."""
    ends = np.flatnonzero(np.diff(run, append=np.iinfo(np.uint32).max)) + 1
    return zip(run[ends - 1].tolist(), [0, *ends[:-1].tolist()], ends.tolist()) if len(run) else ()


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """By ``trial``, the rows of each as they are."""
    return table if table["trial"].is_sorted() else table.sort("trial", maintain_order=True)
