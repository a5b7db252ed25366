"""Which figures does a study have, and where are they? Every one that its records can carry, as PNG and SVG."""

import io
from collections.abc import Callable
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis import figures
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
    return save(study, study_figures(study)[0])


def save(study: StudyFolder, drawn: dict[str, Figure]) -> list[Path]:
    """Write figures by name into the study's ``figures/``."""
    written = []
    for name, figure in drawn.items():
        for kind in ("png", "svg"):
            path = study.folder / "figures" / f"{name}.{kind}"
            write_bytes(path, image(figure, kind))
            written.append(path)
    return written


def image(figure: Figure, kind: str) -> bytes:
    """``figure`` as the bytes of a PNG or SVG, without date or machine in it."""
    buffer = io.BytesIO()
    with rc_context(STYLE):
        if figure.get_layout_engine() is not None:  # lay out once, for every format
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()


def _wanted(study: StudyFolder, trials, evaluations) -> dict[str, Callable[[], Figure]]:
    wanted: dict[str, Callable[[], Figure]] = {}
    rates = searches_lr(trials)
    asks_fid = any("fid" in trial.spec.evaluate.protocol.metrics for trial in study.plan().trials)
    if rates:
        wanted["heldout_vs_lr"] = lambda: figures.heldout_vs_lr(trials)
    if asks_fid and not rates:
        wanted["fid_vs_gflops"] = lambda: figures.fid_vs_gflops(trials)
        wanted["fid_vs_steps"] = lambda: figures.fid_vs_steps(evaluations)
        wanted["fid_vs_train_flops"] = lambda: figures.fid_vs_train_flops(evaluations)
    if not rates:
        wanted["heldout_vs_steps"] = lambda: figures.heldout_vs_steps(evaluations)
    if asks_fid:
        wanted["sample_grid"] = lambda: sample_grid(study)
    return wanted
