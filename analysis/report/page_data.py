"""Collects what a page says beside its figures, as values that templates read by name."""

from datetime import UTC, datetime

import polars as pl

from analysis import claims
from analysis.answers.compare import NoSharedRungs, compare
from analysis.answers.compare.matched import ALIKE, studies_matched
from analysis.answers.compare.text import comparison_table
from analysis.answers.costs import costs_table, seconds_spent
from analysis.answers.finding import finding_from
from analysis.answers.settings import ways
from analysis.figures.compare import multipliers
from analysis.frames import Folder, studies
from analysis.report.decided import another_seed, decided, undecided
from analysis.report.page_tables import (
    ladder_tables,
    laws_tables,
    luck,
    matched_rows,
    matched_tables,
    quality_tables,
    rate_tables,
    shown_figure,
    slope_tables,
    spaces_tables,
    tokenizer_tables,
)
from analysis.report.pictures import picture
from analysis.report.provenance import provenance_of
from analysis.report.study_data import StudyData
from analysis.select.trials import stopped_early
from analysis.text import listed, number
from scaling.records import StudyFolder
from scaling.records.noise import WITHIN
from scaling.records.spending.compared import total_text
from scaling.study.planning.averages import averages_told

LOST = ("diverged", "failed", "unreadable")  # states told with their reasons
RELOAD_S = 20  # how often a page of a running sweep loads itself again


def report_data(study: StudyFolder, live: bool = False) -> dict:
    """All that the page says, the study's figures apart."""
    return data_of(StudyData(study), live)


def data_of(read: StudyData, live: bool) -> dict:
    """What the page's templates show of a study, but for its figures; ``live`` while it runs."""
    plan, trials, evaluations = read.plan, read.trials, read.evaluations
    provenance = provenance_of(read.study, evaluations["measured"].drop_nulls())
    spent = seconds_spent(plan, read.curves, evaluations)
    finding, judged = finding_from(read.answers), _claims(read)
    early = stopped_early(trials)
    unfinished = not trials.select(pl.col("state").is_in(["completed", "diverged"]) | early)[
        "state"
    ].all()
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
        "lost": trials.filter(pl.col("state").is_in(LOST) | early).to_dicts(),
        "seconds_spent": spent,
        "ways": ways(plan),
        "provenance": provenance,
        **slope_tables(read, finding),
        **rate_tables(read),
        **laws_tables(read),
        "ladder": ladder_tables(read),
        "matched": matched_tables(read),
        "matched_alike": 100 * ALIKE,
        "quality": quality_tables(read),
        "spaces": spaces_tables(read),
        "tokenizers": tokenizer_tables(read),
        "luck": luck(read),
        "claims": judged,
        "decided": decided([here for here, _ in judged]),
        "undecided": undecided([here for here, _ in judged], plan.seeds),
        # what a part of the trials took is not the price of a seed
        "another_seed": None
        if unfinished
        else another_seed(plan.seeds, len(plan.trials) // plan.seeds, spent),
        "forecast_told": total_text(read.hours),
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


def comparison_data(study: StudyFolder, other: Folder | None, across_protocols: bool) -> dict:
    """What the page shows of a comparison with ``other``, or why the two cannot be compared."""
    if other is None:
        return {"comparison": None}
    (beside,) = studies(other)
    named = beside.plan().name if beside.plan().name != study.plan().name else str(beside.folder)
    try:
        compared = compare(beside, study, across_protocols=across_protocols)
    except NoSharedRungs as reason:
        pairs, why = _matched(beside, study, across_protocols, str(reason))
        return {"comparison": {"other": named, "found": [], "matched": pairs, "why": why}}
    except ValueError as reason:  # in the comparison's place
        return {"comparison": {"other": named, "found": [], "matched": [], "why": str(reason)}}
    drawn = picture(lambda: multipliers(compared, named, study.plan().name), ("svg",))
    return {
        "comparison": {
            "other": named,
            "found": compared,
            "table": comparison_table(compared).to_dicts(),
            "figure": shown_figure("multipliers", "Compute multipliers by rung", drawn),
        }
    }


def _matched(beside, study, across_protocols: bool, why: str) -> tuple[list[dict], str]:
    """The models of two studies that cost the same, or why neither rungs nor costs are shared."""
    try:
        return matched_rows([studies_matched(beside, study, "fid", across_protocols)]), ""
    except ValueError as reason:
        return [], f"{why}; {reason}"


def _amiss(trials: pl.DataFrame) -> list[str]:
    """Which files of completed trials could not be read, or lack lines."""
    with_reason = trials.filter((pl.col("state") == "completed") & pl.col("why").is_not_null())
    return [f"{trial}: {why}." for trial, why in with_reason.select("trial_id", "why").iter_rows()]


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
    """Which models' samples are no better than noise images, by their FID, and what follows for a
    reader.
    """
    noisy = trials.filter(pl.col("warning").is_not_null())
    if not len(noisy):
        return []
    models = noisy["model"].unique(maintain_order=True).to_list()
    all_of_them = models == trials["model"].unique(maintain_order=True).to_list()
    return [
        f"Of {len(noisy)} of {len(trials)} trials the samples are no better than noise images (FID "
        f"{number(noisy['fid_noise'].min())}) by more than {WITHIN:.0%}: "
        f"{listed(models, range(len(models)))}. "
        + (
            "Look at the samples, the features and the average of the weights."
            if all_of_them
            else "Their FIDs may rank them, but none of them draws what it was shown yet: read "
            "what is said of them as of models that fail."
        )
    ]
