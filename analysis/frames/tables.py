"""How do the records of a study become tables? One of trials, and one each of evaluations and of
logged steps that refer to it.

In the last two, the column ``trial`` is the trial's place in the plan; ``analysis.frames`` joins
the trial's columns on it.
"""

import functools
import json
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from analysis.frames.columns import OF_LINE, TABLES
from analysis.frames.curves import curve_lines
from analysis.frames.identities import cell_id, protocol_id, recipe_id
from analysis.frames.names import model_names
from scaling.records import Run, StudyFolder
from scaling.records.evaluation_shape import Figure
from scaling.records.status import measured, optional_fields, trial_row
from scaling.study import Plan, PlannedTrial, Protocol, TrialSpec
from scaling.study.costs.cost import sampling_gmacs, train_flops
from scaling.study.specs.decoder import maker_of, tokenizer
from scaling.study.specs.diffusion import DiffusionSpec

# the columns that a value of an evaluation has itself
OF_FIGURE = tuple(name for name in Figure.__annotations__ if name in TABLES["evaluations"])


def read_tables(
    study: StudyFolder,
    plan: Plan,
    trainings: Collection[str] | None = None,
    before: Callable[[Run], None] = lambda run: None,
) -> dict[str, pl.DataFrame]:
    """The three TABLES from the records, in the order of ``plan``; only the rows of ``trainings``
    (train_ids) where they are given.

    ``before`` is called with each training's run before its files are opened.
    """
    by_training: dict[str, list[tuple[int, PlannedTrial]]] = {}
    for place, trial in enumerate(plan.trials):
        if trainings is None or trial.train_id in trainings:
            by_training.setdefault(trial.train_id, []).append((place, trial))
    runs, trials_of = [study.run(train_id) for train_id in by_training], list(by_training.values())
    names = model_names((trial.model, trial.spec.model) for trial in plan.trials)
    trials, evaluations, curves = [], [], [pl.DataFrame(schema=TABLES["curves"])]
    shared_by_cell: dict[str, dict] = {}
    with ThreadPoolExecutor(2) as pool:
        for batch, lines, amiss in curve_lines(runs, pool, before):
            curve, last_lines = _curve(trials_of, lines)
            curves.append(curve)
            logged = dict(lines["run"].value_counts().rows())
            for number, place, trial in ((i, *pair) for i in batch for pair in trials_of[i]):
                run, faults = runs[number], [*amiss.get(number, ())]
                by_step = measured(trial, run, faults)
                cell = trial.spec.model_dump_json(exclude={"train": {"seed"}})
                if cell not in shared_by_cell:
                    shared_by_cell[cell] = {"study": plan.name} | _shared_by_seeds(trial.spec)
                shared = shared_by_cell[cell]
                trials.append(
                    {"trial": place}
                    | trial_row(
                        trial, run, by_step, last_lines.get(place), faults, logged.get(number, 0)
                    )
                    | shared
                    | {"model": names[shared["model_id"]]}
                )
                evaluations += ({"trial": place} | row for row in _evaluation_rows(trial, by_step))
    return {
        "trials": in_order(_table("trials", trials)),
        "evaluations": in_order(_table("evaluations", evaluations)),
        "curves": in_order(pl.concat(curves)),
    }


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """``table`` sorted by ``trial``; the rows of one trial keep their order."""
    return table if table["trial"].is_sorted() else table.sort("trial", maintain_order=True)


def _table(name: str, rows: list[dict]) -> pl.DataFrame:
    schema = TABLES[name]
    return pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in schema}, schema=schema
    )


def _shared_by_seeds(spec: TrialSpec) -> dict:
    """The columns that are the same for every seed of ``spec``."""
    model, protocol, maker = spec.model, spec.evaluate.protocol, maker_of(spec.data)
    clips = spec.data.has_clips
    return {
        "cell": cell_id(spec),
        "model_id": model.model_id,
        **optional_fields(model),
        "batch": spec.train.batch,
        "ema": spec.evaluate.ema.label,
        "data": spec.data.title,
        "tokenizer": tokenizer(spec.data),
        "objective": _objective(spec.diffusion),
        "weighting": spec.diffusion.weighting,
        "schedule": spec.train.schedule,
        "recipe": recipe_id(spec),
        "protocol": protocol_id(spec),
        "sampling": protocol.sampling(made_by=maker),
        "sampler": protocol.sampler,
        "sampling_steps": protocol.sampling_steps,
        "guidance": protocol.guidance,
        "sampling_gmacs": sampling_gmacs(model, spec.diffusion, protocol),
        "fid_label": protocol.label(made_by=maker, clips=clips),
        "fid_label_over_steps": protocol.label(over="steps", made_by=maker, clips=clips),
    }


def _objective(diffusion: DiffusionSpec) -> str:
    """``flow``, or ``flow told 1000 t`` where its network is told the time at another scale, and
    ``flow, x predicted, loss in v`` where it predicts what a flow usually does not.
    """
    scale = diffusion.time_scale
    told = diffusion.objective + (f" told {scale:g} t" if scale != 1 else "")
    return ", ".join(filter(None, (told, diffusion.prediction_in_words)))


def _evaluation_rows(trial: PlannedTrial, by_step: dict[int, dict]) -> Iterator[dict]:
    protocol, maker = trial.spec.evaluate.protocol, maker_of(trial.spec.data)
    clips = trial.spec.data.has_clips
    for step, evaluation in by_step.items():
        shared = {
            "eval_id": trial.eval_ids[step],
            "step": step,
            "at_end": step == trial.spec.train.steps,
            "images": evaluation["images"],
            "train_flops": train_flops(trial.spec.model, evaluation["images"]),
            "measured": evaluation["measured"],
            "wall_s": evaluation["wall_s"],
        }
        for metric, label in (
            ("heldout_loss", "held-out loss"),
            ("heldout_mse", "held-out epsilon MSE"),
        ):
            yield shared | {
                "metric": metric,
                "value": evaluation[metric],
                "reference": "heldout",
                "headline": True,
                "label": label,
                "label_over_guidance": label,
            }
        for metric in evaluation["figures"]:
            own = {name: metric.get(name) for name in OF_FIGURE}
            own["parts"] = json.dumps(own["parts"]) if own["parts"] else None
            labels = _labels(protocol, metric["metric"], metric["reference"], maker, clips)
            yield shared | own | labels


@functools.lru_cache(1000)
def _labels(
    protocol: Protocol, metric: str, reference: str, maker: str | None, clips: bool
) -> dict:
    return {
        "headline": reference == protocol.references[0],
        "label": protocol.label(metric, reference, made_by=maker, clips=clips),
        "label_over_guidance": protocol.label(metric, reference, "guidance", maker, clips),
    }


def _curve(
    trials_of: list[list[tuple[int, PlannedTrial]]], lines: pl.DataFrame
) -> tuple[pl.DataFrame, dict[int, dict]]:
    """The rows of the table of curves from a batch of ``lines``, and the last line of each trial
    by its place.

    A trial has the lines of its training up to the steps that it asks for.
    """
    steps, run = lines["step"].to_numpy(), lines["run"].to_numpy()
    places, begins, stops, flops_per_image = [], [], [], []
    for i, begin, end in _stretches(run):
        for place, trial in trials_of[i]:
            stop = begin + int(
                np.searchsorted(steps[begin:end], trial.spec.train.steps, side="right")
            )
            if stop > begin:
                places.append(place)
                begins.append(begin)
                stops.append(stop)
                flops_per_image.append(train_flops(trial.spec.model, 1))
    if not places:
        return pl.DataFrame(schema=TABLES["curves"]), {}
    counts, last_lines = np.subtract(stops, begins), lines[np.subtract(stops, 1)].rows(named=True)
    # some lines are beyond what a trial asks for, or several trials ask for them
    if begins != [0, *stops[:-1]] or stops[-1] < len(lines):
        lines = lines[
            np.concatenate([np.arange(*span, dtype=np.uint32) for span in zip(begins, stops)])
        ]
    return lines.select(
        pl.Series("trial", np.repeat(np.array(places, np.uint32), counts)),
        "step",
        "images",
        (pl.Series(np.repeat(flops_per_image, counts)) * pl.col("images")).alias("train_flops"),
        *[name for name in OF_LINE if name not in ("step", "images")],
    ), dict(zip(places, last_lines))


def _stretches(run: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(run, its first row, the row after its last) of each run in a batch."""
    ends = np.flatnonzero(np.diff(run, append=np.iinfo(np.uint32).max)) + 1
    yield from zip(run[ends - 1].tolist(), [0, *ends[:-1].tolist()], ends.tolist())
