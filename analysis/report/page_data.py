"""Collects what a page says beside its figures, as values that templates read by name."""

import base64
import functools
import itertools
from datetime import UTC, datetime

import polars as pl

from analysis import claims
from analysis.answers.compare import compare
from analysis.answers.comparison_text import comparison_table
from analysis.answers.costs import costs_table, seconds_spent
from analysis.answers.feature_spaces import spaces_table
from analysis.answers.fid_errors import two_errors
from analysis.answers.finding import Finding, finding_from, steps_text
from analysis.answers.laws import agreement_table, laws
from analysis.answers.noise_floor import noise_floor
from analysis.answers.quality_text import sentence
from analysis.answers.settings import ways
from analysis.answers.study import published_answers
from analysis.answers.verdicts import ONE_SEED
from analysis.figures import published
from analysis.figures.compare import multipliers
from analysis.frames import Folder, studies
from analysis.report.decided import another_seed, decided, undecided
from analysis.report.pictures import Picture, picture
from analysis.report.provenance import provenance_of
from analysis.report.study_data import StudyData
from analysis.select.curves import curve_labels, rung_order, with_curves
from analysis.select.learning_rates import best_rates, lr_table
from analysis.select.trials import left_out, measured
from analysis.text import NAMED, number
from scaling.records import StudyFolder
from scaling.records.noise import WITHIN
from scaling.study.specs.averages import averages_told
from scaling.study.specs.training import StreamSeeds

LOST = ("diverged", "failed", "unreadable")  # states told with their reasons
RELOAD_S = 20  # how often a page of a running sweep loads itself again


def shown_figure(name: str, caption: str, drawn: Picture) -> dict:
    """A figure for the page: its picture and where its values are, or why there is none."""
    svg = drawn.files.get("svg")
    return {
        "name": name,
        "caption": caption,
        "inches": drawn.inches,
        "marks": drawn.marks,
        "missing": drawn.missing,
        "src": svg and "data:image/svg+xml;base64," + base64.b64encode(svg).decode(),
    }


def report_data(study: StudyFolder, live: bool = False) -> dict:
    """All that the page says, the study's figures apart."""
    return data_of(StudyData(study), live)


def data_of(read: StudyData, live: bool) -> dict:
    plan, trials, evaluations = read.plan, read.trials, read.evaluations
    provenance = provenance_of(read.study, evaluations["measured"].drop_nulls())
    spent = seconds_spent(plan, read.curves, evaluations)
    finding, judged = finding_from(read.answers), _claims(read)
    unfinished = not trials["state"].is_in(["completed", "diverged"]).all()
    reloads = unfinished and (live or trials["state"].is_in(["running", "evaluating"]).any())
    return {
        "plan": plan,
        "finding": finding,
        "trials": trials.to_dicts(),
        "states": trials.group_by("state", maintain_order=True).len().rows(),
        "unfinished": unfinished,
        "reload_s": RELOAD_S if reloads else None,
        "written": f"{datetime.now(UTC):%H:%M:%S} UTC",
        "warnings": _mixed(trials)
        + _noise(trials)
        + averages_told(plan)
        + provenance.warnings
        + _amiss(trials),
        "lost": trials.filter(pl.col("state").is_in(LOST)).to_dicts(),
        "seconds_spent": spent,
        "ways": ways(plan),
        "provenance": provenance,
        **_law(read, finding),
        **_rates(read),
        **_laws(read),
        "quality": _quality(read),
        "spaces": _spaces(read),
        "luck": _luck(read),
        "claims": judged,
        "decided": decided([here for here, _ in judged]),
        "undecided": undecided([here for here, _ in judged]),
        # what a part of the trials took is not the price of a seed
        "another_seed": None
        if unfinished
        else another_seed(plan.seeds, len(plan.trials) // plan.seeds, spent),
        "costs": costs_table(trials, read.curves, evaluations).to_dicts(),
    }


def _spaces(read: StudyData) -> dict | None:
    """What each feature space says of the models, or why that is not known; None where no FDr was
    asked for.
    """
    try:
        found = read.spaces
    except ValueError as reason:
        return {"why": str(reason)}
    if found is None:
        return None
    return {"found": found, "table": spaces_table(found).to_dicts()}


def _luck(read: StudyData) -> list[str]:
    """What each random stream does to a FID; nothing where no stream has seeds of its own."""
    if all(trial.spec.train.seeds == StreamSeeds() for trial in read.plan.trials):
        return []
    fids = measured(read.trials).filter(pl.col("fid") > 0).select("trial_id", "fid").iter_rows()
    try:
        return [str(noise) for noise in noise_floor(read.plan.trials, dict(fids))]
    except ValueError as reason:
        return [str(reason)]


def _claims(read: StudyData) -> list[tuple]:
    """Each claim's verdict here beside the papers' own; none for a search of learning rates or
    before a FID.
    """
    done = read.trials.filter(pl.col("state") == "completed")
    if read.searches_lr or done["fid"].is_null().all():
        return []
    here = claims.claims(claims.Records(read.answers))
    return list(zip(here, claims.of_papers(), strict=True))


def comparison_data(study: StudyFolder, other: Folder | None, across_protocols: bool) -> dict:
    if other is None:
        return {"comparison": None}
    (beside,) = studies(other)
    named = beside.plan().name if beside.plan().name != study.plan().name else str(beside.folder)
    try:
        compared = compare(beside, study, across_protocols=across_protocols)
    except ValueError as reason:  # in the comparison's place
        return {"comparison": {"other": named, "found": [], "why": str(reason)}}
    drawn = picture(lambda: multipliers(compared, named, study.plan().name), ("svg",))
    return {
        "comparison": {
            "other": named,
            "found": compared,
            "table": comparison_table(compared).to_dicts(),
            "figure": shown_figure("multipliers", "Compute multipliers by rung", drawn),
        }
    }


def _amiss(trials: pl.DataFrame) -> list[str]:
    """Which files of completed trials could not be read, or lack lines."""
    told = trials.filter((pl.col("state") == "completed") & pl.col("why").is_not_null())
    return [f"{trial}: {why}." for trial, why in told.select("trial_id", "why").iter_rows()]


def _mixed(trials: pl.DataFrame) -> list[str]:
    """What a reader should know before putting two figures of this study beside each other."""
    protocols = trials["protocol"].n_unique()
    return (
        []
        if protocols == 1
        else [
            f"{protocols} protocols are mixed in this study: a figure of one does not stand beside "
            "a figure of another, and no "
            "law is fitted over several. What cannot be drawn or fitted for that reason says so in "
            "its place."
        ]
    )


def _noise(trials: pl.DataFrame) -> list[str]:
    """Which trials' samples are no better than noise images, by their FID."""
    told = trials.filter(pl.col("warning").is_not_null()).to_dicts()
    if not told:
        return []
    named = [f"{row['trial_id']} ({number(row['fid'])})" for row in told[:NAMED]]
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return [
        f"Of {len(told)} of {len(trials)} trials the samples are no better than noise (FID "
        f"{number(min(row['fid_noise'] for row in told))}) by more than {WITHIN:.0%}: "
        f"{', '.join(named)}{more}. Their FID says nothing of how good they are; look at the "
        "samples, the features and the average of the weights."
    ]


def _laws(read: StudyData) -> dict:
    """The laws asked of a study once something is measured; a search of learning rates is asked for
    none.
    """
    if read.searches_lr or not (read.trials["state"] == "completed").any():
        return {"laws": None}
    answered = laws(read.answers)
    agreement = agreement_table(answered)
    return {"laws": answered, "agreement": None if agreement is None else agreement.to_dicts()}


def _law(read: StudyData, finding: Finding) -> dict:
    """The tables of a study with FIDs that has a slope; none of them otherwise, the finding says
    why.
    """
    trials = read.trials
    if finding.verdict is None or trials["fid"].is_null().all():
        return {"slopes": None}
    try:
        slopes = read.answers.slopes
    except ValueError:  # the finding states the reason
        return {"slopes": None}
    return {
        "slopes": slopes,
        "steps": read.answers.steps,
        "steps_text": steps_text(read.answers.steps),
        "left_out": left_out(trials).to_dicts(),
        "matrix": _matrix(trials),
        "two_errors": two_errors(trials),
        "one_seed": ONE_SEED,
        "published": published_answers().slope,
        "published_figure": _papers(),
    }


@functools.cache
def _papers() -> dict:
    return shown_figure(
        "published",
        "FID against model Gflops, DiT Table 4",
        picture(published.fid_vs_gflops, ("svg",)),
    )


def _matrix(trials: pl.DataFrame) -> dict:
    """FID by rung and curve: the mean over seeds, its standard error and the seeds."""
    trials = with_curves(trials)
    head, labels = curve_labels(trials)
    cells = (
        measured(trials)
        .group_by("rung", "curve")
        .agg(
            pl.col("fid").mean().alias("mean"),
            (pl.col("fid").std() / pl.len().sqrt()).alias("error"),
            pl.len().alias("n"),
        )
    )
    return {
        "rungs": rung_order(trials),
        "head": head,
        "curves": labels,
        "label": trials["fid_label"][0],
        "cells": {(row["rung"], row["curve"]): row for row in cells.to_dicts()},
    }


def _quality(read: StudyData) -> list[dict]:
    """Per quality: its sentence, and a row per model. None for a search of learning rates, and
    where the curves over training do not belong together: its figure says why.
    """
    if read.searches_lr or not read.asks("fid"):
        return []
    try:
        found = read.quality
    except ValueError:  # the figure in its place states the reason
        return []
    groups = [list(same) for _, same in itertools.groupby(found, key=lambda one: one.target)]
    return [{"sentence": sentence(same), "rows": same} for same in groups]


def _rates(read: StudyData) -> dict:
    """The tables of a study that tries several learning rates: the best by size and model, and
    every loss.
    """
    trials = read.trials
    if not read.searches_lr:
        return {"rates": None}
    table = lr_table(trials)
    losses = {(row["name"], row["lr"]): row["heldout_loss"] for row in table.to_dicts()}
    best = {
        words: best_rates(trials, by)
        if lr_table(trials, by)["heldout_loss"].is_not_null().any()
        else []
        for words, by in (("size", "rung"), ("model", "model"))
    }
    return {
        "rates": best,
        "lrs": sorted(table["lr"].unique()),
        "lr_models": table["name"].unique(maintain_order=True),
        "lr_losses": losses,
        "lr_best": {(rate.name, rate.lr) for rate in best["model"]},
    }
