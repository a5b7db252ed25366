"""What do the samples look like? Rows sizes, columns patches, same noise and labels in every cell,
real ones beside.

Sample i of an evaluation has the same label and the same noise in every model of one seed, so a
difference between cells is the model's. Real images come from ``real.npz`` in the study's folder,
which the sweep leaves there.
"""

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from analysis.answers.grid_steps import size_order
from analysis.figures.style import GREY, entitle, styled
from analysis.frames import studies, trials_frame
from analysis.text import number
from scaling.records import StudyFolder

SHOWN = 10  # samples per cell, of different labels where there are as many
ACROSS = 5  # samples side by side in a cell
GUTTER = 1  # white pixels between samples
WAYS = {  # columns in which trials of one size and patch may differ
    "sampling": "{}",
    "ema": "{}",
    "conditioning": "{}",
    "objective": "{}",
    "weighting": "{}",
    "schedule": "{}",
    "lr": "rate {:g}",
    "batch": "batch {}",
    "steps": "{:,} steps",
}


@styled
def sample_grid(folder: StudyFolder | str, seed: int | None = None) -> Figure:
    """The grid at the last step, of ``seed`` or of the first seed with samples. ValueError where
    none were kept.
    """
    (study,) = studies(folder)
    trials = trials_frame(study)
    kept = _samples(study, trials)
    if not kept:
        raise ValueError(
            "no samples lie beside the records of a completed trial; a sweep keeps some of each "
            "evaluation "
            "where a metric of samples is asked for"
        )
    seeds = sorted({seed_of for seed_of, _, _ in kept})
    seed = seeds[0] if seed is None else seed
    cells = {(size, patch): found for (of, size, patch), found in kept.items() if of == seed}
    if not cells:
        raise ValueError(f"no samples of seed {seed}; there are seeds {', '.join(map(str, seeds))}")
    sizes, patches = size_order(trials), sorted(trials["patch"].unique())
    labels = next(iter(cells.values()))[0]["labels"]
    order = _one_per_label(labels)
    first = next(iter(cells.values()))[1]
    ways = (
        trials.filter(pl.col("state") == "completed")
        .group_by("size", "patch")
        .agg(pl.col(list(WAYS)).n_unique())
    )
    differ = [column for column in WAYS if ways[column].max() > 1]
    real = _real(study, labels[order], len(sizes))

    columns = len(patches) + (real is not None)
    figure = Figure(figsize=(0.9 + 2.1 * columns, 0.8 + 1.06 * len(sizes)), layout="constrained")
    grid = figure.subplots(len(sizes), columns, squeeze=False)
    for row, size in enumerate(sizes):
        for column, patch in enumerate(patches):
            axes, found = grid[row, column], cells.get((size, patch))
            if found is None:
                _blank(axes, "not measured")
                continue
            arrays, of = found
            _show(axes, _tile(arrays["images"][order]))
            told = [] if of["fid"] is None else [f"FID {number(of['fid'])}"]
            told += [WAYS[column].format(of[column]) for column in differ]
            axes.set_xlabel(", ".join(told), fontsize=8, color=GREY, labelpad=2)
        if real is not None:
            _show(grid[row, -1], _tile(real[row]))
        grid[row, 0].set_ylabel(size, fontsize=10, rotation=0, ha="right", va="center")
    for column, patch in enumerate(patches):
        grid[0, column].set_title(f"patch {patch}", fontsize=10)
    if real is not None:
        grid[0, -1].set_title("real, held out", fontsize=10)
    how = (
        "each size and patch at its best FID, in the way it says"
        if differ
        else (
            f"{first['sampling']}, {first['ema']}"
            + ("" if first["fid"] is None else f". {first['fid_label']}")
        )
    )
    entitle(
        figure,
        "Samples by size and patch",
        f"Same noise and labels in every cell, seed {seed}, {how}.",
    )
    return figure


def _samples(study: StudyFolder, trials: pl.DataFrame) -> dict:
    """(seed, size, patch) to the samples kept of its completed trial and its row; the best where
    there are several.
    """
    kept = {}
    done = trials.filter(pl.col("state") == "completed").sort(
        "fid", descending=True, nulls_last=False
    )
    planned = {trial.trial_id: trial for trial in study.plan().trials}
    for row in done.to_dicts():
        trial = planned[row["trial_id"]]
        found = study.run(trial.train_id).samples(trial.eval_ids[trial.spec.train.steps])
        if found is not None:
            kept[row["seed"], row["size"], row["patch"]] = found, row
    return kept


def _one_per_label(labels: np.ndarray) -> np.ndarray:
    """Indices of SHOWN samples: the first of each label in turn, then the second of each, and so
    on.
    """
    by_label = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    rounds = [
        index[i] for i in range(max(map(len, by_label))) for index in by_label if i < len(index)
    ]
    return np.array(rounds[:SHOWN])


def _real(study: StudyFolder, wanted: np.ndarray, rows: int) -> list[np.ndarray] | None:
    """Real images of the labels ``wanted``, others in each row; None where the study holds none of
    them.
    """
    path = study.folder / "real.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]  # each access unpacks
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
    """Images (n, C, H, W) uint8 as one picture, ACROSS side by side, white between them."""
    n, channels, height, width = images.shape
    if channels not in (1, 3):
        raise ValueError(
            f"samples have {channels} channels; only grey (1) and colour (3) images can be shown"
        )
    lines = -(-n // ACROSS)
    picture = np.full(
        (lines * (height + GUTTER) - GUTTER, ACROSS * (width + GUTTER) - GUTTER, channels),
        255,
        np.uint8,
    )
    for i, image in enumerate(images):
        y, x = i // ACROSS * (height + GUTTER), i % ACROSS * (width + GUTTER)
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
