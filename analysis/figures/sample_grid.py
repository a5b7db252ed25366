"""What do the samples look like? A row per rung, a column per series, the same noise and labels in
every cell, and real images beside them.

Sample i of an evaluation has the same label and the same noise in every model of one seed, so a
difference between cells comes from the model. The real images are in ``real.npz`` in the study's
folder, which the sweep writes.
"""

import warnings

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.style import GREY, entitle, styled
from analysis.frames import studies, trials_frame
from analysis.select.curves import curve_labels, curve_order, rung_order, with_curves
from analysis.text import number
from scaling.records import StudyFolder
from scaling.records.arrays import IMAGES, read_arrays
from scaling.records.parsed import Unreadable

SHOWN = 10  # samples per cell, of different labels where there are as many
ACROSS = 5  # samples side by side in a cell
SHOWN_CLIPS = 5  # clips per cell, one below the other
CELL_WIDTH = 2.1  # inches
LONGEST = 18  # characters of a class's name
GUTTER = 1  # white pixels between samples
DIFFERENCES = {  # columns in which trials of one cell may differ
    "sampling": "{}",
    "ema": "{}",
    "conditioning": "{}",
    "heads": "heads {}",
    "objective": "{}",
    "weighting": "{}",
    "schedule": "{}",
    "lr": "rate {:g}",
    "batch": "batch {}",
    "steps": "{:,} steps",
}


@styled
def sample_grid(folder: StudyFolder | str, seed: int | None = None) -> Figure:
    """The grid at the last step, of ``seed`` or of the first seed with samples. ValueError where no
    samples were kept.
    """
    (study,) = studies(folder)
    trials = with_curves(trials_frame(study))
    kept = _samples(study, trials)
    if not kept:
        raise ValueError(
            "no samples lie beside the records of a completed trial; a sweep keeps some of each "
            "evaluation "
            "where a metric of samples is asked for"
        )
    seeds = sorted({with_samples for with_samples, _, _ in kept})
    seed = seeds[0] if seed is None else seed
    cells = {(rung, curve): cell for (of, rung, curve), cell in kept.items() if of == seed}
    if not cells:
        raise ValueError(f"no samples of seed {seed}; there are seeds {', '.join(map(str, seeds))}")
    rungs, curves = rung_order(trials), [*reversed(curve_order(trials))]
    family_of = dict(trials.select("curve", "family").rows())
    rungs_of = set(trials.select("rung", "family").rows())
    labels = next(iter(cells.values()))[0]["labels"]
    clips = next(iter(cells.values()))[0]["images"].ndim == 5
    order = _one_per_label(labels)[: SHOWN_CLIPS if clips else SHOWN]
    first = next(iter(cells.values()))[1]
    several = (
        trials.filter(pl.col("state") == "completed")
        .group_by("rung", "curve")
        .agg(pl.col(list(DIFFERENCES)).n_unique())
    )
    differing = [column for column in DIFFERENCES if several[column].max() > 1]
    real = _real(study, labels[order], len(rungs))

    columns = len(curves) + (real is not None)
    height, width = _tile(next(iter(cells.values()))[0]["images"][order]).shape[:2]
    tall = 0.21 + CELL_WIDTH * height / width if clips else 1.06
    size = (0.9 + CELL_WIDTH * columns, 0.8 + tall * len(rungs))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(rungs), columns, squeeze=False)
    for row, rung in enumerate(rungs):
        for column, curve in enumerate(curves):
            axes = grid[row, column]
            if (rung, curve) not in cells:
                axes.set_box_aspect(height / width)  # as tall as its row, or titles stand apart
                _blank(axes, "not measured" if (rung, family_of[curve]) in rungs_of else "")
                continue
            arrays, trial = cells[rung, curve]
            _show(axes, _tile(arrays["images"][order]))
            words = [] if trial["fid"] is None else [f"FID {number(trial['fid'])}"]
            words += [
                DIFFERENCES[name].format(trial[name])
                for name in differing
                if trial[name] is not None
            ]
            axes.set_xlabel(", ".join(words), fontsize=8, color=GREY, labelpad=2)
        if real is not None:
            _show(grid[row, -1], _tile(real[row]))
        grid[row, 0].set_ylabel(rung, fontsize=10, rotation=0, ha="right", va="center")
    for column, curve in enumerate(curves):
        grid[0, column].set_title(curve, fontsize=10)
    if real is not None:
        grid[0, -1].set_title("real, held out", fontsize=10)
    cell = f"size and {curve_labels(trials)[0].lower()}"
    how = (
        f"each {cell} at its best FID, in the way it says"
        if differing
        else (
            f"{first['sampling']}, {first['ema']}"
            + ("" if first["fid"] is None else f". {first['fid_label']}")
        )
    )
    entitle(
        figure,
        f"Samples by {cell}",
        f"Same noise and labels in every cell, seed {seed}, {how}."
        + (" Each line is a clip, its frames from left to right." if clips else "")
        + _named(_class_names(study, first["train_id"]), labels[order]),
    )
    return figure


def _samples(study: StudyFolder, trials: pl.DataFrame) -> dict:
    """By (seed, rung, curve), the samples kept of its completed trial and the trial's row; those of
    the best trial where there are several.
    """
    kept = {}
    done = trials.filter(pl.col("state") == "completed").sort(
        "fid", descending=True, nulls_last=False
    )
    planned = {trial.trial_id: trial for trial in study.plan().trials}
    for row in done.to_dicts():
        trial = planned[row["trial_id"]]
        try:
            samples = study.run(trial.train_id).samples(trial.eval_ids[trial.spec.train.steps])
        except Unreadable as error:
            warnings.warn(f"left out of the samples: {error.short}", stacklevel=2)
            continue
        if samples is not None:
            kept[row["seed"], row["rung"], row["curve"]] = samples, row
    return kept


def _class_names(study: StudyFolder, train_id: str) -> list[str] | None:
    """The names of the classes in order of label, where the data has names."""
    return (study.run(train_id).record() or {}).get("classes")


def _named(names: list[str] | None, labels: np.ndarray) -> str:
    """A line with the classes of a cell's samples, row by row; none of data without names."""
    if not names or max(labels) >= len(names):
        return ""
    class_names = [names[i] for i in labels]
    short = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in class_names]
    rows = [", ".join(short[i : i + ACROSS]) for i in range(0, len(short), ACROSS)]
    return f" Classes of a cell, from left to right: {'; '.join(rows)}."


def _one_per_label(labels: np.ndarray) -> np.ndarray:
    """Indices of samples: the first of each label in turn, then the second of each, and so on."""
    by_label = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    rounds = [
        index[i] for i in range(max(map(len, by_label))) for index in by_label if i < len(index)
    ]
    return np.array(rounds)


def _real(study: StudyFolder, wanted: np.ndarray, rows: int) -> list[np.ndarray] | None:
    """Real images of the labels ``wanted``, different ones for each of ``rows``; None where the
    study has no real image of one of the labels.
    """
    try:
        arrays = read_arrays(study.folder / "real.npz", images=IMAGES, labels=1)
    except Unreadable as error:
        warnings.warn(f"left out of the samples: {error.short}", stacklevel=2)
        return None
    if arrays is None:
        return None
    images, labels = arrays["images"], arrays["labels"]
    of = {label: images[labels == label] for label in np.unique(wanted)}
    if not all(map(len, of.values())):
        return None
    return [
        np.stack(
            [
                of[label][(row * len(wanted) // len(of) + i // len(of)) % len(of[label])]
                for i, label in enumerate(wanted)
            ]
        )
        for row in range(rows)
    ]


def _tile(images: np.ndarray) -> np.ndarray:
    """Images (n, C, H, W) uint8 as one picture, ACROSS side by side, white between them; of clips
    (n, C, F, H, W) the frames side by side, and each clip below the one before.
    """
    across = ACROSS
    if images.ndim == 5:
        across = images.shape[2]
        images = images.swapaxes(1, 2).reshape(-1, images.shape[1], *images.shape[3:])
    n, channels, height, width = images.shape
    if channels not in (1, 3):
        raise ValueError(
            f"samples have {channels} channels; only grey (1) and colour (3) images can be shown"
        )
    lines = -(-n // across)
    picture = np.full(
        (lines * (height + GUTTER) - GUTTER, across * (width + GUTTER) - GUTTER, channels),
        255,
        np.uint8,
    )
    for i, image in enumerate(images):
        y, x = i // across * (height + GUTTER), i % across * (width + GUTTER)
        picture[y : y + height, x : x + width] = image.transpose(1, 2, 0)
    return picture


def _show(axes, picture: np.ndarray) -> None:
    axes.imshow(
        picture.squeeze(-1) if picture.shape[-1] == 1 else picture,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest",
    )
    _bare(axes)


def _blank(axes, text: str) -> None:
    axes.text(
        0.5, 0.5, text, ha="center", va="center", fontsize=8, color=GREY, transform=axes.transAxes
    )
    _bare(axes)


def _bare(axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
