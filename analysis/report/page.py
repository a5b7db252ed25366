"""What does a person read when the sweep is done, or half done? One self-contained page,
``report.html``.
"""

import base64
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import polars as pl
from markupsafe import Markup, escape

from analysis import claims
from analysis.answers.compare import compare
from analysis.answers.comparison_text import comparison_table
from analysis.answers.costs import costs_table, seconds_spent
from analysis.answers.fid_errors import two_errors
from analysis.answers.finding import Finding, finding_from, steps_text
from analysis.answers.laws import agreement_table, laws
from analysis.answers.settings import ways
from analysis.answers.study import published_answers
from analysis.answers.verdicts import TONES
from analysis.figures import published
from analysis.figures.compare import multipliers
from analysis.frames import Folder, studies
from analysis.report.helper import Helper
from analysis.report.pictures import KINDS, Picture, begin, picture, save, study_pictures
from analysis.report.provenance import provenance_of
from analysis.report.study_data import StudyData
from analysis.report.study_figures import CAPTIONS
from analysis.select.curves import curve_labels, rung_order, with_curves
from analysis.select.learning_rates import best_rates, lr_table
from analysis.select.trials import left_out, measured
from analysis.text import count, fixed, interval, number
from scaling.records import StudyFolder
from scaling.records.files import write_bytes

RELOAD_S = 20  # how often a page of a running sweep loads itself again


def write_report(
    folder: Folder,
    live: bool = False,
    other: Folder | None = None,
    across_protocols: bool = False,
    helper: Helper | None = None,
) -> Path:
    """Write the study's figures and ``report.html`` into its folder; returns the page. Works midway
    through a sweep.

    The page reloads itself while trials are running; ``live`` says that a sweep is, whatever their
    states (between two trials none may be running). ``other`` is a study of the same rungs to
    compare with. ``across_protocols`` puts figures of several protocols beside each other, in the
    comparison and on one axis, and says so. ``helper`` is a process that draws half of the figures,
    see ``analysis.report.helper``.
    """
    (study,) = studies(folder)
    built = build(study, live, other=other, across_protocols=across_protocols, helper=helper)
    for name, one in built.pictures.items():
        save(study, name, one.files)
    page = study.folder / "report.html"
    write_bytes(page, built.page.encode())
    return page


@dataclass(frozen=True)
class Built:
    """A report and all that went into it."""

    page: str
    data: dict  # what the page says
    pictures: dict[str, Picture]


def build(
    study: StudyFolder,
    live: bool = False,
    kinds: tuple[str, ...] = KINDS,
    other: Folder | None = None,
    across_protocols: bool = False,
    helper: Helper | None = None,
) -> Built:
    """The report of ``study`` as its records are now; writes nothing."""
    read = StudyData(study, across_protocols)
    begun = begin(helper, read, kinds) if helper else {}
    data = _data(read, live) | _comparison(study, other, across_protocols)
    pictures = study_pictures(read, kinds, begun)
    shown = [_shown(name, CAPTIONS[name], drawn) for name, drawn in pictures.items()]
    return Built(_render(data, shown), data, pictures)


def _shown(name: str, caption: str, drawn: Picture) -> dict:
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
    return _data(StudyData(study), live)


def _data(read: StudyData, live: bool) -> dict:
    plan, trials, evaluations = read.plan, read.trials, read.evaluations
    provenance = provenance_of(read.study, evaluations["measured"].drop_nulls())
    finding, judged = finding_from(read.answers), _claims(read)
    if judged:
        sentence = claims.claims_sentence([here for here, _ in judged])
        finding = replace(finding, sentence=f"{finding.sentence} {sentence}")
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
        "warnings": _mixed(trials) + provenance.warnings,
        "lost": trials.filter(pl.col("state").is_in(["diverged", "failed"])).to_dicts(),
        "seconds_spent": seconds_spent(plan, read.curves, evaluations),
        "ways": ways(plan),
        "provenance": provenance,
        **_law(read, finding),
        **_rates(read),
        **_laws(read),
        "claims": judged,
        "costs": costs_table(trials, read.curves, evaluations).to_dicts(),
    }


def _claims(read: StudyData) -> list[tuple]:
    """Each claim's verdict here beside the papers' own; none for a search of learning rates or
    before a FID.
    """
    done = read.trials.filter(pl.col("state") == "completed")
    if read.searches_lr or done["fid"].is_null().all():
        return []
    here = claims.claims(claims.Records(read.answers))
    return list(zip(here, claims.of_papers(), strict=True))


def _comparison(study: StudyFolder, other: Folder | None, across_protocols: bool) -> dict:
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
            "figure": _shown("multipliers", "Compute multipliers by rung", drawn),
        }
    }


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
        "published": published_answers().slope,
        "published_figure": _papers(),
    }


@functools.cache
def _papers() -> dict:
    return _shown(
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


def _formula(text: str) -> Markup:
    """``N_opt ∝ C^0.5`` with its exponent raised and its index lowered."""
    raised = re.sub(r"\^([−\w.]+)", r"<sup>\1</sup>", str(escape(text)))
    return Markup(re.sub(r"_(\w+)", r"<sub>\1</sub>", raised))


def _by(items: Iterable, name: str) -> list[tuple]:
    """``items``, dicts or objects, under each value of ``name``, in the order in which these are
    met.
    """
    found: dict = {}
    for item in items:
        found.setdefault(item[name] if isinstance(item, dict) else getattr(item, name), []).append(
            item
        )
    return list(found.items())


def _render(data: dict, shown: list[dict]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "by": _by,
        "number": number,
        "fixed": fixed,
        "interval": interval,
        "formula": _formula,
        "tone": lambda verdict: TONES.get(verdict, ""),
    }
    figures = {figure["name"]: figure for figure in shown}
    environment.globals |= {
        "count": count,
        "of": lambda *names: [figures[name] for name in names if name in figures],
    }
    return environment.get_template("page.html").render(figures=figures, **data)
