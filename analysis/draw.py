"""Which figures does a study have, and where are they? Every one that its records can carry, as PNG and SVG."""

import io
from collections.abc import Callable
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.figures import gflops, rates, training
from analysis.frames import Folder, evaluations_frame, studies, trials_frame
from analysis.nuisance import searches_lr
from analysis.sample_grid import sample_grid
from analysis.style import STYLE
from scaling.records import StudyFolder
from scaling.records.files import write_bytes

DPI = 160


def study_figures(folder: Folder) -> tuple[dict[str, Figure], dict[str, str]]:
    """The study's figures by name, and of each that its records cannot carry (yet), why."""
    (study,) = studies(folder)
    trials, evaluations = trials_frame(study), evaluations_frame(study)
    drawn: dict[str, Figure] = {}
    missing: dict[str, str] = {}
    for name, draw in _wanted(study, trials, evaluations).items():
        try:
            drawn[name] = draw()
        except ValueError as reason:  # what the records cannot carry is told to the reader in the figure's place
            missing[name] = str(reason)
    return drawn, missing


def draw_all(folder: Folder) -> list[Path]:
    """Write the study's figures as PNG and SVG to ``figures/`` in its folder; returns the files."""
    (study,) = studies(folder)
    return [path for name, figure in study_figures(study)[0].items() for path in save(study, name, images(figure))]


def save(study: StudyFolder, name: str, rendered: dict[str, bytes]) -> list[Path]:
    """Write the renderings of one figure into the study's ``figures/``."""
    paths = {study.folder / "figures" / f"{name}.{kind}": data for kind, data in rendered.items()}
    for path, data in paths.items():
        write_bytes(path, data)
    return list(paths)


def images(figure: Figure, kinds: tuple[str, ...] = ("png", "svg")) -> dict[str, bytes]:
    """``figure`` as the bytes of a PNG and an SVG, without date or machine in them."""
    rendered = {}
    with rc_context(STYLE):
        figure.set_dpi(DPI)
        figure.draw_without_rendering()  # lay out once, for every format
        figure.set_layout_engine(None)
        for kind in kinds:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None)
            rendered[kind] = buffer.getvalue()
    return rendered


def _wanted(study: StudyFolder, trials, evaluations) -> dict[str, Callable[[], Figure]]:
    wanted: dict[str, Callable[[], Figure]] = {}
    search = searches_lr(trials)
    asks_fid = any("fid" in trial.spec.evaluate.protocol.metrics for trial in study.plan().trials)
    if search:
        wanted["heldout_vs_lr"] = lambda: rates.heldout_vs_lr(trials)
    if asks_fid and not search:
        wanted["fid_vs_gflops"] = lambda: gflops.fid_vs_gflops(trials)
        wanted["fid_vs_steps"] = lambda: training.fid_vs_steps(evaluations)
        wanted["fid_vs_train_flops"] = lambda: training.fid_vs_train_flops(evaluations)
    if not search:
        wanted["heldout_vs_steps"] = lambda: training.heldout_vs_steps(evaluations)
    if asks_fid:
        wanted["sample_grid"] = lambda: sample_grid(study)
    return wanted
