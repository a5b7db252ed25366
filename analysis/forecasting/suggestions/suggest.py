"""Suggests which trainings to run next, so that a target is predicted best within a budget."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from analysis.forecasting.backtested import BackTested, axes_of, back_tested, weights_of
from analysis.forecasting.forecast import Forecast
from analysis.forecasting.suggestions.candidates import candidates_of, trainings_of
from analysis.forecasting.suggestions.design import Training, choose
from analysis.forecasting.suggestions.runs_table import read_runs
from analysis.forecasting.suggestions.study_module import write_module
from analysis.forecasting.suggestions.suggestion import Suggested, Suggestion
from analysis.forecasting.targets import Conditions, Target, like, target_of
from analysis.frames import Folder, evaluations_frame, studies, trials_frame
from analysis.select.checkpoints import forecast_checkpoints
from analysis.select.trials import without_stopped
from scaling.study.costs.cost import evaluation_flops, gpu_hours, train_flops
from scaling.study.load import load_study
from scaling.study.planning.plan import Plan

RECIPE = "dit_imagenet256"  # of a table of runs: that of the published ones
PAID = "Steps in the table are priced as done: continuing them needs their checkpoints"
MFU = 0.4  # assumed of an H100 in bf16; too kind to the smallest models


def suggest(
    folder: Folder, target: str, budget: float, candidates: Sequence[str] = (), mfu: float = MFU
) -> Suggestion:
    """The trainings whose results will narrow the 95 % prediction interval of ``target`` most
    within ``budget`` GPU-hours.

    ``target`` is MODEL@STEPS. ``candidates`` are MODEL or MODEL@STEPS; by default every model
    there is and those beside it (``Network.kin``), at ``candidates.LENGTHS`` of the longest
    training measured. ValueError where the target is measured already, where records are too few,
    or where the budget buys none of the candidates.
    """
    (study,) = studies(folder)
    target_of(target, study.plan())  # refused before the records are read, and their tables kept
    trials = trials_frame(study)
    diverged = trials.filter(pl.col("state") == "diverged")["train_id"].to_list()
    evaluations = without_stopped(evaluations_frame(study), trials)
    return suggest_from(study.plan(), evaluations, target, budget, candidates, mfu, diverged)


def suggest_from(
    plan: Plan,
    evaluations: pl.DataFrame,
    target: str,
    budget: float,
    candidates: Sequence[str] = (),
    mfu: float = MFU,
    diverged: Collection[str] = (),
) -> Suggestion:
    """The same from ``evaluations``, in the columns of ``frames.evaluations_frame`` and by the
    train_ids of ``plan``: those of its records, or a published table
    (``published.dit_evaluations``). Trainings in ``diverged`` would do so again and are no
    candidates.
    """
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu:g}; a utilisation lies in (0, 1], such as {MFU:g}")
    if evaluations.is_empty():
        raise ValueError(f"{plan.name} has no records to predict {target} from; run it first")
    rows = forecast_checkpoints(evaluations)
    Conditions.of(plan, rows)  # one EMA, one batch
    wanted = target_of(target, plan)
    same = rows.filter((pl.col("model") == wanted.model.name) & (pl.col("step") == wanted.steps))
    if len(same):
        raise ValueError(
            f"{wanted} is measured already: FID {same['value'][0]:g} of {same['trial_id'][0]}; "
            "name a model or a step that is not"
        )
    tested = back_tested(rows)
    specs, steps = trainings_of(plan, rows), candidates_of(plan, wanted, rows, candidates)
    noise = tested.noise

    origin = axes_of(wanted.model, wanted.steps * rows["batch"][0])
    trials, reached, trainings, places, owner, checkpoints, lost = [], [], [], [], [], [], []
    for name, lengths in steps.items():
        trial = specs.get(name) or like(target_of(f"{name}@{lengths[-1]}", plan).model, specs)
        if trial.train_id in diverged:
            lost.append(name)
            continue
        done = int(rows.filter(pl.col("train_id") == trial.train_id)["step"].max() or 0)
        if ahead := [n for n in lengths if n > done]:
            # at each checkpoint passed
            measuring = evaluation_flops(trial.model, trial.diffusion, trial.evaluate.protocol)
            flops = [
                train_flops(trial.model, (n - done) * trial.train.batch) + measuring * i
                for i, n in enumerate(ahead, 1)
            ]
            trainings.append(
                Training(
                    tuple(range(len(places), len(places) + len(ahead))),
                    tuple(gpu_hours(f, mfu) for f in flops),
                )
            )
            trials.append(trial)
            reached.append(done)
            checkpoints.append(ahead)
            places += [axes_of(trial.model, n * trial.train.batch) - origin for n in ahead]
            owner += [trial.train_id] * len(ahead)
    if not trainings:
        or_diverged = f" or diverged ({', '.join(lost)})" if lost else ""
        raise ValueError(
            f"every candidate is measured already{or_diverged}; name others with --candidates "
            "MODEL@STEPS"
        )
    cheapest = min(training.prices[0] for training in trainings)
    if budget < cheapest:
        raise ValueError(
            f"{budget:g} GPU-hours buy none of the candidates; the cheapest costs {cheapest:.3g}"
        )
    now = tested.at(np.array([*places, np.zeros(3)]), [*owner, "the target"], origin)

    chosen = choose(now.covariance, len(places), trainings, noise.sampling**2, budget)
    if not chosen:
        raise ValueError(
            f"no candidate within {budget:g} GPU-hours would narrow the interval of {wanted}; "
            "raise the budget "
            "or name others with --candidates"
        )
    runs = []
    for choice in chosen:
        which, done = choice.training, reached[choice.training]
        passed = [n for n in checkpoints[which] if n > done][: choice.checkpoint + 1]
        trial = trials[which].model_copy(
            update={"train": trials[which].train.model_copy(update={"steps": passed[-1]})}
        )
        runs.append(
            Suggested(trial, tuple(passed), done, choice.gpu_hours, tested.width(choice.variance))
        )
        reached[which] = passed[-1]
    reach = train_flops(wanted.model, wanted.steps * rows["batch"][0]) / rows["train_flops"].max()
    return _suggestion(plan, rows["study"][0], wanted, now, tested, budget, mfu, runs, reach, lost)


def run(
    source: Path,
    target: str,
    budget: float,
    candidates: Sequence[str],
    mfu: float,
    out: Path | None,
    as_json: bool,
    recipe: str | None = None,
) -> str:
    """The work of ``scaling suggest``: print the suggestion, write it as a study module.

    ``source`` is a study's results folder, or a .csv of runs (``runs_table.read_runs``) like those
    of the study ``recipe``.
    """
    table = None
    if source.suffix.lower() == ".csv" or source.is_file():
        table = read_runs(source, load_study(recipe or RECIPE))
        suggestion = suggest_from(table.plan, table.evaluations, target, budget, candidates, mfu)
    elif recipe:
        raise ValueError(
            f"{source} is no .csv of runs, and a results folder has a recipe of its own; leave "
            "--recipe out"
        )
    else:
        suggestion = suggest(source, target, budget, candidates, mfu)
    path = write_module(suggestion, out or Path(f"next_{suggestion.study}.py"))
    if as_json:
        left_out = {} if table is None else {"left_out": table.left_out}
        return json.dumps(suggestion.as_json() | {"module": str(path)} | left_out, indent=1)
    lines = [] if table is None else [f"{table}", f"{PAID}.", ""]
    return "\n".join([*lines, suggestion.lines(), "", f"python -m scaling.sweep {path}"])


def _suggestion(
    plan: Plan,
    source: str,
    target: Target,
    now: Forecast,
    tested: BackTested,
    budget: float,
    mfu: float,
    runs,
    reach: float,
    diverged: Sequence[str],
) -> Suggestion:
    mean, width = float(now.mean[-1]), tested.width(now.covariance[-1, -1])
    return Suggestion(
        plan.name,
        source,
        target,
        float(np.exp(mean)),
        (float(np.exp(mean - width / 2)), float(np.exp(mean + width / 2))),
        width,
        budget,
        mfu,
        tested.noise,
        weights_of(now),
        tuple(runs),
        reach,
        tuple(diverged),
    )
