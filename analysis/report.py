"""What does a person read when the sweep is done, or half done? One self-contained page, ``report.html``."""

import base64
from pathlib import Path

import jinja2
import polars as pl

from analysis.draw import images, save, study_figures
from analysis.figures import published
from analysis.finding import Finding, finding_of, steps_text
from analysis.frames import Folder, studies, trials_frame
from analysis.grid_steps import grid_steps, size_order
from analysis.nuisance import best_rates, lr_table, searches_lr
from analysis.provenance import provenance_of
from analysis.published import dit_table4
from analysis.slopes import left_out, slope, slopes
from analysis.text import count, fixed, interval, number
from scaling.records import StudyFolder
from scaling.records.files import write_bytes
from scaling.study.plan import Plan

CAPTIONS = {
    "fid_vs_gflops": "FID against model Gflops",
    "fid_law": "A law of FID and its audit",
    "exponent_choices": "The exponent by choices",
    "fid_bubbles": "FID against Gflops, area by Gflops",
    "heldout_vs_lr": "Held-out loss against learning rate",
    "fid_vs_steps": "FID over training",
    "fid_vs_steps_by_size": "FID over training, by size",
    "fid_vs_train_flops": "FID against training compute",
    "metrics_vs_gflops": "Other metrics against model Gflops",
    "fid_by_conditioning": "FID of the block designs",
    "fid_vs_sampling_gflops": "FID against sampling compute",
    "loss_law": "Loss of model size and images",
    "isoflop_profiles": "IsoFLOP profiles",
    "heldout_vs_steps": "Held-out loss over training",
    "loss_vs_steps": "Training loss",
    "sample_grid": "Samples",
}
_IMAGES = {"train": "training", "heldout": "held-out"}


def write_report(folder: Folder) -> Path:
    """Write the study's figures and ``report.html`` into its folder; returns the page. Works midway through a sweep."""
    (study,) = studies(folder)
    drawn, missing = study_figures(study)
    shown = []
    for name, figure in drawn.items():
        rendered = images(figure)
        save(study, name, rendered)
        shown.append({"name": name, "caption": CAPTIONS[name], "src": _embedded(rendered["svg"]), "missing": None})
    shown += [{"name": name, "caption": CAPTIONS[name], "src": None, "missing": why} for name, why in missing.items()]
    page = study.folder / "report.html"
    write_bytes(page, _render(report_data(study), shown).encode())
    return page


def report_data(study: StudyFolder) -> dict:
    """All that the page says, figures apart."""
    plan, trials = study.plan(), trials_frame(study)
    provenance = provenance_of(study)
    found = finding_of(trials)
    return {
        "plan": plan, "finding": found, "trials": trials.to_dicts(),
        "states": trials.group_by("state", maintain_order=True).len().rows(),
        "unfinished": not trials["state"].is_in(["completed", "diverged"]).all(),
        "lost": trials.filter(pl.col("state").is_in(["diverged", "failed"])).to_dicts(),
        "wall_s": trials.unique("train_id")["wall_s"].sum(), "protocols": _protocols(plan), "provenance": provenance,
        **_law(trials, found), **_rates(trials)}


def _law(trials: pl.DataFrame, found: Finding) -> dict:
    """The tables of a study with FIDs that has a slope; none of them otherwise, the finding says why."""
    if found.verdict is None or trials["fid"].is_null().all():
        return {"slopes": None}
    try:
        laws = slopes(trials)
    except ValueError:  # the finding states the reason
        return {"slopes": None}
    steps = grid_steps(trials)
    return {"slopes": laws, "steps": steps, "steps_text": steps_text(steps), "left_out": left_out(trials).to_dicts(),
            "matrix": _matrix(trials), "published": slope(dit_table4()),
            "published_src": _embedded(images(published.fid_vs_gflops(), ("svg",))["svg"])}


def _matrix(trials: pl.DataFrame) -> dict:
    """FID by size and patch: the mean over seeds, its standard error and the seeds."""
    done = trials.filter((pl.col("state") == "completed") & pl.col("fid").is_not_null())
    cells = done.group_by("size", "patch").agg(
        pl.col("fid").mean().alias("mean"), (pl.col("fid").std() / pl.len().sqrt()).alias("error"), pl.len().alias("n"))
    return {"sizes": size_order(trials), "patches": sorted(trials["patch"].unique(), reverse=True),
            "label": trials["fid_label"][0],
            "cells": {(row["size"], row["patch"]): row for row in cells.to_dicts()}}


def _rates(trials: pl.DataFrame) -> dict:
    """The tables of a study that tries several learning rates: the best by size and model, and every loss."""
    if not searches_lr(trials):
        return {"rates": None}
    table = lr_table(trials)
    losses = {(row["model"], row["lr"]): row["heldout_loss"] for row in table.to_dicts()}
    best = {by: best_rates(trials, by) if lr_table(trials, by)["heldout_loss"].is_not_null().any() else []
            for by in ("size", "model")}
    return {"rates": best, "lrs": sorted(table["lr"].unique()), "lr_models": table["model"].unique(maintain_order=True),
            "lr_losses": losses, "lr_best": {(rate.name, rate.lr) for rate in best["model"]}}


def _protocols(plan: Plan) -> list[dict]:
    """The distinct ways in which the trials are trained on data and measured, each in words."""
    found = {}
    for trial in plan.trials:
        p, spec = trial.spec.evaluate.protocol, trial.spec
        words = {"Data": spec.data.source, "Metrics": ", ".join(m.upper() for m in p.metrics) or "held-out loss alone"}
        if p.metrics:
            words |= {
                "Features": p.features, "Samples": f"{p.samples:,}, classes drawn {_draw(p.class_draw)}",
                "Compared with": " and ".join(f"{_IMAGES[r]} images" for r in p.references)
                                 + f"; the headline FID is against {_IMAGES[p.references[0]]} images",
                "Sampler": f"{p.sampler}, {p.sampling_steps} steps, guidance {p.guidance:g}", "Precision": p.precision}
        words |= {
            "Weights": spec.evaluate.ema.label,
            "Diffusion": f"{spec.diffusion.objective}, {spec.diffusion.timesteps} timesteps",
            "Training": f"batch {spec.train.batch}, {spec.train.steps:,} steps, {spec.train.schedule} learning rate, "
                        f"label dropout {spec.train.label_dropout:g}"}
        found[tuple(words.values())] = words
    return list(found.values())


def _draw(kind: str) -> str:
    return {"random": "uniformly at random", "balanced": "equally often"}[kind]


def _embedded(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _render(data: dict, shown: list[dict]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "fixed": fixed, "interval": interval}
    environment.globals["count"] = count
    return environment.get_template("report.html").render(figures={figure["name"]: figure for figure in shown}, **data)
