"""Reads anyone's table of runs as trials of a study whose recipe they share."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from analysis.forecasting.targets import like, target_of
from analysis.frames.foreign import read_table
from analysis.text import count, listed
from scaling.records.status import optional_fields
from scaling.study.costs.cost import train_flops
from scaling.study.network import Network
from scaling.study.planning.plan import Plan
from scaling.study.specs.trial import TrialSpec
from scaling.study.study import Study

STEPS = ("steps", "train_steps", "images")  # the first that the table has is read


@dataclass(frozen=True)
class RunsTable:
    """The rows that are trainings of the recipe, and what became of the others."""

    plan: Plan  # a trial per row kept, under the recipe's name
    evaluations: pl.DataFrame  # a row each, in columns of ``frames.evaluations_frame``
    left_out: dict[str, tuple[str, ...]]  # why -> rows

    def __str__(self) -> str:
        out = sum(map(len, self.left_out.values()))
        kept = (
            f"{self.evaluations['study'][0]}: {count(len(self.evaluations), 'row')} like "
            f"trainings of {self.plan.name}"
        )
        return kept + (f", {out} left out: {_reasons(self.left_out)}" if out else "")


def read_runs(csv: Path | str, recipe: Study) -> RunsTable:
    """The table ``csv``, a training (or a checkpoint of one) a row, as trials of ``recipe``.

    Columns ``model``, ``fid`` and one of ``STEPS``; ``seed`` and ``lr`` are the recipe's where the
    table has none. Rows of another ``conditioning``, ``resolution`` (pixels), ``batch`` or
    ``cfg_scale`` than the recipe's, not completed by ``state`` or without a figure are left out and
    counted. ValueError where nothing is left, or a figure cannot be one.
    """
    table, plan, name = read_table(csv), Plan.of(recipe), Path(csv).name
    steps = next((column for column in STEPS if column in table.columns), None)
    if lacking := [column for column in ("model", "fid") if column not in table.columns] + (
        [] if steps else ["steps"]
    ):
        raise ValueError(
            f"{name} has no column {', '.join(lacking)}; it needs model, fid and steps (or "
            "train_steps or "
            f"images), and has {', '.join(table.columns)}"
        )
    specs = {trial.model: trial.spec for trial in plan.trials}
    left_out: dict[str, list[str]] = {}
    kept: dict[tuple[str, int], tuple[str, dict]] = {}
    trials: list[TrialSpec] = []
    for place, row in enumerate(table.to_dicts(), 1):
        called = f"row {place}"
        named = row["model"] if isinstance(row["model"], str) else "no model"
        model, why = _model(row, plan)
        base = specs.get(model.name) or like(model, specs) if model else plan.trials[0].spec
        if (
            why := why
            or _differs(row, base)
            or next((f"without {c}" for c in ("fid", steps) if row[c] is None), None)
        ):
            left_out.setdefault(why, []).append(f"{called} {named}")
            continue
        spec = _trial(row, base, _steps(row, steps, base.train.batch, called), called)
        key, fid = (spec.train_id, spec.train.steps), _positive(row, "fid", called)
        if key in kept:
            other, before = kept[key]
            if before["value"] != fid:
                raise ValueError(
                    f"{other} and {called} are both {model.name}@{key[1]}, with FID "
                    f"{before['value']:g} and "
                    f"{fid:g}; tell repeats apart by a column seed, or keep one"
                )
            left_out.setdefault("told twice", []).append(f"{called} {named}")
            continue
        images = spec.images
        kept[key] = (
            called,
            {
                "study": name,
                "trial_id": spec.trial_id,
                "train_id": spec.train_id,
                "model": model.name,
                "model_id": model.model_id,
                "family": model.family,
                "rung": model.rung,
                "series": model.series,
                "tokens": optional_fields(model)["tokens"],
                "step": key[1],
                "batch": spec.train.batch,
                "images": images,
                "train_flops": train_flops(model, images),
                "metric": "fid",
                "value": fid,
                "headline": True,
                "state": "completed",
                "ema": spec.evaluate.ema.label,
                "protocol": str(row.get("protocol") or recipe.name),
            },
        )
        trials.append(spec)
    out = {why: tuple(rows) for why, rows in left_out.items()}
    if not kept:
        raise ValueError(
            f"none of the {len(table)} rows of {name} is like a training of {recipe.name}: "
            f"{_reasons(out) or 'the table is empty'}; name the study whose recipe they share with "
            "--recipe"
        )
    plan = Plan.of(Study(**{**dict(recipe), "trials": tuple(trials), "scales": {}, "seeds": 1}))
    sizes = pl.DataFrame(
        [{"trial_id": trial.trial_id, "params_m": trial.params_m} for trial in plan.trials]
    )
    return RunsTable(
        plan,
        pl.DataFrame([row for _, row in kept.values()]).join(
            sizes, on="trial_id", maintain_order="left"
        ),
        out,
    )


def _model(row: dict, plan: Plan) -> tuple[Network | None, str | None]:
    """The model of a row on the recipe's images, or why there is none."""
    known = {optional_fields(trial.spec.model)["conditioning"] for trial in plan.trials}
    name, how = str(row["model"] or ""), str(row.get("conditioning") or "").lower()
    if how and how != "adaln-zero" and "[" not in name:
        name += f" [{how}]"
    try:
        model = target_of(f"{name}@1", plan).model
    # a table of the field holds much of other families; the row is counted and named
    except ValueError:
        return None, "of other models"
    alike = optional_fields(model)["conditioning"] in known
    return (model, None) if alike else (None, "of another conditioning")


def _differs(row: dict, spec: TrialSpec) -> str | None:
    """What of the recipe a row says it did not share."""
    if row.get("state") not in (None, "completed"):
        return "not completed"
    recipe = {
        "resolution": spec.data.size or spec.model.input_size,
        "batch": spec.train.batch,
        "cfg_scale": spec.evaluate.protocol.guidance,
    }
    return next(
        (
            f"with {column} other than {wanted:g}"
            for column, wanted in recipe.items()
            if row.get(column) is not None and _number(row, column) != wanted
        ),
        None,
    )


def _trial(row: dict, base: TrialSpec, steps: int, called: str) -> TrialSpec:
    """The row's training as the recipe would run it, measured at its last step."""
    fields = {"steps": steps}
    if row.get("seed") is not None:
        fields["seed"] = _whole(row, "seed", called, 0)
    if row.get("lr") is not None:
        fields["lr"] = _positive(row, "lr", called)
    return base.model_copy(
        update={
            "train": base.train.model_copy(update=fields),
            "evaluate": base.evaluate.model_copy(update={"checkpoints": 1, "every": None}),
        }
    )


def _steps(row: dict, column: str, batch: int, called: str) -> int:
    value = _whole(row, column, called, 1)
    if column != "images":
        return value
    if value % batch:
        raise ValueError(
            f"{called}: {value} images are no whole number of steps of {batch}; give a column steps"
        )
    return value // batch


def _whole(row: dict, column: str, called: str, least: int) -> int:
    value = _number(row, column)
    if value is None or not value.is_integer() or value < least:
        raise ValueError(
            f"{called}: {column} is {row[column]!r}, not a whole number of {least} or more"
        )
    return int(value)


def _positive(row: dict, column: str, called: str) -> float:
    value = _number(row, column)
    if value is None or not 0 < value < float("inf"):
        raise ValueError(
            f"{called}: {column} is {row[column]!r}, not a number above 0; leave the row out"
        )
    return value


def _number(row: dict, column: str) -> float | None:
    """None where a cell is no number."""
    try:
        return float(row[column])
    except (TypeError, ValueError):
        return None


def _reasons(left_out: dict[str, tuple[str, ...]]) -> str:
    return "; ".join(
        f"{len(rows)} {why} ({listed(rows, range(len(rows)))})" for why, rows in left_out.items()
    )
