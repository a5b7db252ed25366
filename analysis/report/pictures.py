"""Which figures does a study have, and where are they? Every one that its records can carry, as PNG
and SVG.
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.answers import choices
from analysis.answers.laws import loss_runs, seed_means
from analysis.figures import designs, gflops, guidance, laws, rates, sampling, training
from analysis.figures.carried import carried
from analysis.figures.hover import positions
from analysis.figures.panels import settings_note
from analysis.figures.sample_grid import sample_grid
from analysis.figures.style import STYLE
from analysis.fits import isoflop, parametric
from analysis.frames import CURVES, Folder, curves_frame, evaluations_frame, studies, trials_frame
from analysis.report.helper import LOST, Helper
from analysis.select.learning_rates import searches_lr
from analysis.select.recipes import WORDS, recipes_of
from scaling.records import StudyFolder
from scaling.records.files import json_bytes, write_bytes

DPI = 160
KINDS = ("png", "svg")


@dataclass(frozen=True)
class Picture:
    """A figure as files and pages have it, or why there is none."""

    files: dict[str, bytes]  # kind -> its bytes
    inches: float | None = None  # its width
    # its values and where they are, see ``hover.positions``
    marks: Sequence[tuple[float, float, str]] = ()
    missing: str = ""


def picture(draw: Callable[[], Figure], kinds: tuple[str, ...] = KINDS) -> Picture:
    """What ``draw`` draws, as files of these ``kinds``."""
    try:
        figure = draw()
    # what the records cannot carry is told to the reader in the figure's place
    except ValueError as reason:
        return Picture({}, missing=str(reason))
    return Picture(images(figure, kinds), figure.get_figwidth(), positions(figure))


def study_pictures(
    folder: Folder,
    kinds: tuple[str, ...] = KINDS,
    across_protocols: bool = False,
    begun: Mapping[str, Future] | None = None,
) -> dict[str, Picture]:
    """The study's figures by name. ``across_protocols`` puts those of several protocols on one
    axis, told apart and said so, where a figure can. Of ``begun``, which ``begin`` gives, those
    that nobody has come to are drawn here.
    """

    def found(name: str, draw: Callable[[], Figure]) -> Picture:
        if begun and not begun[name].cancel():
            with contextlib.suppress(*LOST):  # drawn here then
                return begun[name].result()
        return picture(draw, kinds)

    return {name: found(name, draw) for name, draw in _wanted(folder, across_protocols).items()}


def begin(
    helper: Helper,
    study: StudyFolder,
    kinds: tuple[str, ...] = KINDS,
    across_protocols: bool = False,
) -> dict[str, Future]:
    """Have another process draw the study's figures, the last first."""
    names = reversed(_wanted(study, across_protocols))
    return {
        name: helper.submit(_one, study.folder, name, kinds, across_protocols) for name in names
    }


def _one(folder: Path, name: str, kinds: tuple[str, ...], across_protocols: bool) -> Picture:
    return picture(_wanted(folder, across_protocols)[name], kinds)


def save(study: StudyFolder, name: str, rendered: dict[str, bytes]) -> list[Path]:
    """Write the renderings of one figure into the study's ``figures/``."""
    paths = {study.folder / "figures" / f"{name}.{kind}": data for kind, data in rendered.items()}
    for path, data in paths.items():
        write_bytes(path, data)
    return list(paths)


def images(figure: Figure, kinds: tuple[str, ...] = KINDS) -> dict[str, bytes]:
    """``figure`` as the bytes of a PNG and an SVG, without date or machine in them, or as JSON: the
    data it carries.
    """
    rendered = {}
    with rc_context(STYLE):
        figure.set_dpi(DPI)
        # once, for every format, and nothing is drawn for it
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        for kind in kinds:
            if kind == "json":
                rendered[kind] = json_bytes(carried(figure))
                continue
            buffer = io.BytesIO()
            figure.savefig(
                buffer, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None
            )
            rendered[kind] = buffer.getvalue()
    return rendered


def _wanted(folder: Folder, across: bool) -> dict[str, Callable[[], Figure]]:
    """The figures that this kind of study asks for, in the order a reader meets them."""
    (study,) = studies(folder)
    trials, evaluations = trials_frame(study), evaluations_frame(study)
    protocols = [trial.spec.evaluate.protocol for trial in study.plan().trials]
    asks_fid = any("fid" in protocol.metrics for protocol in protocols)
    if searches_lr(trials):
        wanted = {"heldout_vs_lr": lambda: rates.heldout_vs_lr(trials)}
        return wanted | ({"sample_grid": lambda: sample_grid(study)} if asks_fid else {})
    wanted = {}
    if asks_fid:
        wanted |= {
            "fid_vs_gflops": lambda: gflops.fid_vs_gflops(trials, across_protocols=across),
            "fid_law": lambda: laws.fid_law(trials),
            "exponent_choices": lambda: laws.exponent_choices(
                choices.spread(trials), note=settings_note(trials)
            ),
            "fid_bubbles": lambda: gflops.fid_bubbles(trials),
            "sample_grid": lambda: sample_grid(study),
            "fid_vs_steps": lambda: training.fid_vs_steps(evaluations, across),
            "fid_vs_steps_by_size": lambda: training.fid_vs_steps_by_size(evaluations, across),
            "fid_vs_train_flops": lambda: training.fid_vs_train_flops(evaluations, across),
        }
    elif any(protocol.metrics for protocol in protocols):
        wanted = {"sample_grid": lambda: sample_grid(study)}
    if any(protocol.metrics for protocol in protocols):
        wanted["metrics_vs_gflops"] = lambda: gflops.metrics_vs_gflops(evaluations)
    if trials["conditioning"].n_unique() > 1:
        wanted["fid_by_conditioning"] = lambda: designs.fid_by_conditioning(evaluations)
    if trials["sampling_steps"].n_unique() > 1:
        wanted["fid_vs_sampling_gflops"] = lambda: sampling.fid_vs_sampling_gflops(trials)
    if trials["guidance"].n_unique() > 1:
        wanted["metrics_vs_guidance"] = lambda: guidance.metrics_vs_guidance(evaluations)
    note = settings_note(trials, sampling=False)

    def curves() -> pl.DataFrame:
        """The logged curves; of several recipes with what tells these apart, each training once."""
        if len(recipes_of(trials)) < 2:
            return curves_frame(study)
        once = trials.unique(["train_id", "steps"], keep="first", maintain_order=True)
        lacking = [name for name in ("recipe", *WORDS) if name not in CURVES]
        return curves_frame(study).join(
            once.select("trial_id", *lacking), on="trial_id", maintain_order="left"
        )

    return wanted | {
        "loss_law": lambda: _loss_law(evaluations),
        "isoflop_profiles": lambda: _isoflop_profiles(evaluations),
        "heldout_vs_steps": lambda: training.heldout_vs_steps(evaluations, across),
        "heldout_by_bin": lambda: training.heldout_by_bin(curves(), note),
        "loss_vs_steps": lambda: training.loss_vs_steps(curves(), note),
        "grad_norm_vs_steps": lambda: training.grad_norm_vs_steps(curves(), note),
        "images_per_s_vs_steps": lambda: training.images_per_s_vs_steps(curves(), note),
    }


def _loss_law(evaluations) -> Figure:
    patch, runs = loss_runs(evaluations)
    return laws.loss_law(parametric.fit(runs), note=_of_patch(patch, evaluations))


def _isoflop_profiles(evaluations) -> Figure:
    patch, runs = loss_runs(evaluations)
    means = seed_means(runs)
    return laws.isoflop_profiles(
        means, isoflop.fit(means), size="MACs of a forward pass", note=_of_patch(patch, evaluations)
    )


def _of_patch(patch: int, evaluations) -> str:
    return (
        f"Patch {patch}. "
        f"{settings_note(evaluations.filter(pl.col('patch') == patch), sampling=False)}"
    )
