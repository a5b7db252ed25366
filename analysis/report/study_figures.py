"""Which figures does a study have? A table of each one's name, caption, condition and drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.exponent_choices import spread
from analysis.figures import designs, guidance, hours, laws, rates, timeline, training
from analysis.figures.compute import bubbles, gflops, metrics, quality, sampling
from analysis.figures.drawing.notes import settings_note
from analysis.figures.ladder import change_by_step
from analysis.figures.sample_grid import sample_grid
from analysis.report.study_data import StudyData
from analysis.select.curves import with_curves

Asked = Callable[[StudyData], bool]


@dataclass(frozen=True)
class StudyFigure:
    """A figure that reports may have."""

    caption: str
    asked: Asked  # whether a study of this kind has it, drawn or with the reason why not
    draw: Callable[[StudyData], Figure]


def wanted(data: StudyData) -> list[str]:
    """The names of the figures that a study of this kind has, in the order a reader meets them."""
    return [name for name, figure in FIGURES.items() if figure.asked(data)]


def draw(data: StudyData, name: str) -> Figure:
    """The figure ``name``. ValueError where the records cannot carry it."""
    if name not in FIGURES:
        raise ValueError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
    return FIGURES[name].draw(data)


def _grid(condition: Asked = lambda data: True) -> Asked:
    """Of every study that is no search of learning rates, and for which ``condition`` holds."""
    return lambda data: not data.searches_lr and condition(data)


def _fid(data: StudyData) -> bool:
    return data.asks("fid")


def _several(column: str) -> Asked:
    return lambda data: data.several(column)


def _loss_law(data: StudyData) -> Figure:
    answers = data.answers
    return laws.loss_law(answers.approach3, note=_of_curve(data), sure=answers.approach3_uncertain)


def _isoflop_profiles(data: StudyData) -> Figure:
    return laws.isoflop_profiles(
        data.answers.loss_means,
        data.answers.isoflop,
        size="MACs of a forward pass",
        note=_of_curve(data),
    )


def _of_curve(data: StudyData) -> str:
    """Which curve is drawn, and what its trials share."""
    curve, _ = data.answers.losses
    rows = with_curves(data.evaluations).filter(pl.col("curve") == curve)
    return f"{curve[0].upper()}{curve[1:]}. {settings_note(rows, sampling=False)}"


FIGURES: Mapping[str, StudyFigure] = {
    "heldout_vs_lr": StudyFigure(
        "Held-out loss against learning rate",
        lambda data: data.searches_lr,
        lambda data: rates.heldout_vs_lr(data.trials),
    ),
    "fid_vs_gflops": StudyFigure(
        "FID against model Gflops",
        _grid(_fid),
        lambda data: gflops.fid_vs_gflops(data.answers, across_protocols=data.across),
    ),
    "change_by_step": StudyFigure(
        "What each change of the recipe does",
        lambda data: bool(data.ladder),
        lambda data: change_by_step(data.ladder, note=settings_note(data.trials)),
    ),
    "fid_law": StudyFigure(
        "A law of FID and its audit", _grid(_fid), lambda data: laws.fid_law(data.answers)
    ),
    "exponent_choices": StudyFigure(
        "The exponent by choices",
        _grid(_fid),
        lambda data: laws.exponent_choices(spread(data.answers), note=settings_note(data.trials)),
    ),
    "fid_bubbles": StudyFigure(
        "FID against Gflops, area by Gflops",
        _grid(_fid),
        lambda data: bubbles.fid_bubbles(data.answers),
    ),
    "sample_grid": StudyFigure(
        "Samples",
        lambda data: data.asks("fid") if data.searches_lr else data.asks(),
        lambda data: sample_grid(data.study),
    ),
    "fid_vs_steps": StudyFigure(
        "FID over training",
        _grid(_fid),
        lambda data: training.fid_vs_steps(data.selection, data.across),
    ),
    "fid_vs_steps_by_size": StudyFigure(
        "FID over training, by size",
        _grid(_fid),
        lambda data: training.fid_vs_steps_by_size(data.selection, data.across),
    ),
    "fid_vs_train_flops": StudyFigure(
        "FID against training compute",
        _grid(_fid),
        lambda data: training.fid_vs_train_flops(data.selection, data.across),
    ),
    "flops_to_quality_vs_gflops": StudyFigure(
        "Training compute until a quality is reached",
        _grid(_fid),
        lambda data: quality.flops_to_quality_vs_gflops(
            data.quality, data.trials, settings_note(data.trials)
        ),
    ),
    "metrics_vs_gflops": StudyFigure(
        "Other metrics against model Gflops",
        _grid(lambda data: data.asks()),
        lambda data: metrics.metrics_vs_gflops(data.selection),
    ),
    "fid_by_conditioning": StudyFigure(
        "FID of the block designs",
        _grid(_several("conditioning")),
        lambda data: designs.fid_by_conditioning(data.selection),
    ),
    "fid_vs_sampling_gflops": StudyFigure(
        "FID against sampling compute",
        _grid(_several("sampling_steps")),
        lambda data: sampling.fid_vs_sampling_gflops(data.selection),
    ),
    "metrics_vs_guidance": StudyFigure(
        "FID and recall against guidance",
        _grid(_several("guidance")),
        lambda data: guidance.metrics_vs_guidance(data.selection),
    ),
    "loss_law": StudyFigure("Loss of model size and images", _grid(), _loss_law),
    "isoflop_profiles": StudyFigure("IsoFLOP profiles", _grid(), _isoflop_profiles),
    "heldout_vs_steps": StudyFigure(
        "Held-out loss over training",
        _grid(),
        lambda data: training.heldout_vs_steps(data.selection, data.across),
    ),
    "heldout_by_bin": StudyFigure(
        "Held-out loss by noise level",
        _grid(),
        lambda data: training.heldout_by_bin(data.drawn_curves, data.note),
    ),
    "loss_vs_steps": StudyFigure(
        "Training loss", _grid(), lambda data: training.loss_vs_steps(data.drawn_curves, data.note)
    ),
    "grad_norm_vs_steps": StudyFigure(
        "Gradient norm",
        _grid(),
        lambda data: training.grad_norm_vs_steps(data.drawn_curves, data.note),
    ),
    "taken_vs_forecast": StudyFigure(
        "GPU-hours taken against those forecast",
        lambda data: any(row.basis for row in data.hours),
        lambda data: hours.taken_vs_forecast(data.hours),
    ),
    "work_by_place": StudyFigure(
        "What ran when",
        lambda data: bool(data.spans),
        lambda data: timeline.work_by_place(data.spans, data.hours),
    ),
    "images_per_s_vs_steps": StudyFigure(
        "Training throughput",
        _grid(),
        lambda data: training.images_per_s_vs_steps(data.drawn_curves, data.note),
    ),
}
CAPTIONS = {name: figure.caption for name, figure in FIGURES.items()}
