"""Collects the tables of a page: slopes, laws, qualities, spaces, tokenizers, luck, rates."""

import base64
import functools
import itertools

import polars as pl

from analysis.answers.compare.ladder import factor, is_resolved, ladder_sentence
from analysis.answers.compare.matched import Matched, ratio_text
from analysis.answers.errors.fid_errors import two_errors
from analysis.answers.errors.noise_floor import noise_floor
from analysis.answers.feature_spaces import spaces_table
from analysis.answers.finding import Finding, steps_text
from analysis.answers.laws import agreement_table, laws
from analysis.answers.quality.text import sentence
from analysis.answers.study import published_answers
from analysis.answers.tokenizers import tokenizers_table
from analysis.answers.verdicts import ONE_SEED
from analysis.figures import published
from analysis.frames.published import heldout_distance
from analysis.report.pictures import Picture, picture
from analysis.report.study_data import StudyData
from analysis.select.curves import curve_labels, rung_order, with_curves
from analysis.select.learning_rates import best_rates, lr_table
from analysis.select.trials import left_out, measured
from analysis.text import fixed, interval
from scaling.study.specs.training import StreamSeeds


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


def laws_tables(read: StudyData) -> dict:
    """The laws asked of a study once something is measured; a search of learning rates is asked for
    none.
    """
    if read.searches_lr or not (read.trials["state"] == "completed").any():
        return {"laws": None}
    answered = laws(read.answers)
    agreement = agreement_table(answered)
    return {"laws": answered, "agreement": None if agreement is None else agreement.to_dicts()}


def slope_tables(read: StudyData, finding: Finding) -> dict:
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
        .group_by("rung", "curve", maintain_order=True)
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


def quality_tables(read: StudyData) -> list[dict]:
    """Per quality: its sentence, and a row per model. None for a search of learning rates, and
    where the curves over training do not belong together: its figure says why.
    """
    if read.searches_lr or not read.asks("fid"):
        return []
    try:
        rows = read.quality
    except ValueError:  # the figure in its place states the reason
        return []
    groups = [list(same) for _, same in itertools.groupby(rows, key=lambda row: row.target)]
    return [{"sentence": sentence(same), "rows": same} for same in groups]


def rate_tables(read: StudyData) -> dict:
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


def ladder_tables(read: StudyData) -> dict | None:
    """What each change of the recipe does; None where the study is no ladder."""
    if not read.ladder:
        return None
    return {
        "sentence": ladder_sentence(read.ladder),
        "rows": [
            {
                "name": step.name,
                "resolved": is_resolved(step.change),
                "change": factor(step.change),
                "over_first": factor(step.change_over_first),
                "worth": factor(step.over_previous),
                "worth_over_first": factor(step.over_first),
            }
            for step in read.ladder
        ],
        # of as many steps that change nothing
        "by_chance": 1 - 0.95 ** len(read.ladder),
    }


def matched_tables(read: StudyData) -> list[dict]:
    """Each recipe beside the first; none where there is one."""
    return matched_rows(read.matched)


def matched_rows(found: list[Matched]) -> list[dict]:
    """Two recipes each, models of equal Gflops a row."""
    return [
        {
            "a": own.a,
            "b": own.b,
            "pairs": [
                {
                    "a": pair.a,
                    "b": pair.b,
                    "gflops": pair.forward_gmacs,
                    "resolved": pair.verdict in (-1, 1),
                    "ratio": ratio_text(pair.log, pair.change),
                }
                for pair in own.pairs
            ],
            "mean": own.mean and ratio_text(own.mean.value, own.mean),
            "trend": own.trend and f"{fixed(own.trend.value)} {interval(own.trend.interval())}",
            "note": own.note,
        }
        for own in found
    ]


def spaces_tables(read: StudyData) -> dict | None:
    """What each feature space says of the models, or why that is not known; None where no FDr was
    asked for.
    """
    try:
        found = read.spaces
    except ValueError as reason:
        return {"why": str(reason)}
    if found is None:
        return None
    known = {name: heldout_distance(name) for name in found.real}
    return {
        "why": None,
        "found": found,
        "table": spaces_table(found).to_dicts(),
        "published": {name: distance for name, distance in known.items() if distance is not None},
    }


def tokenizer_tables(read: StudyData) -> dict | None:
    """How models of each size rank the study's tokenizers, or why that is not known; None where
    there is a single one.
    """
    try:
        found = read.tokenizers
    except ValueError as reason:
        return {"why": str(reason)}
    if found is None:
        return None
    return {"why": None, "found": found, "table": tokenizers_table(found).to_dicts()}


def luck(read: StudyData) -> list[str]:
    """What each random stream does to a FID; nothing where no stream has seeds of its own."""
    if all(trial.spec.train.seeds == StreamSeeds() for trial in read.plan.trials):
        return []
    fids = measured(read.trials).filter(pl.col("fid") > 0).select("trial_id", "fid").iter_rows()
    try:
        return [str(noise) for noise in noise_floor(read.plan.trials, dict(fids))]
    except ValueError as reason:
        return [str(reason)]
