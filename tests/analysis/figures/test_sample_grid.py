"""Do rows of samples show the same labels, and say what they are of?"""

import json

import numpy as np
import pytest

from analysis.figures.sample_grid import sample_grid
from scaling.records.files import write_json
from tests.analysis.synthetic_study import (
    DESIGNS,
    SIZES,
    digits_like,
    law,
    study_of,
    write_study,
)


def test_samples_say_which_design_they_are_of(tmp_path):
    figure = sample_grid(study_of(tmp_path, DESIGNS))
    assert all(
        axes.get_xlabel().split(", ")[1] in ("adaln-zero", "adaln")
        for axes in figure.axes
        if axes.get_xlabel()
    )


def test_the_sample_grid_shows_the_same_labels_everywhere(finished, half_run):
    whole = sample_grid(finished)
    assert len(whole.axes) == 4 * (3 + 1)
    assert whole.axes[3].get_title() == "real, held out"
    assert {axes.get_images()[0].get_array().shape for axes in whole.axes} == {
        (2 * 9 - 1, 5 * 9 - 1)
    }
    half = sample_grid(half_run)  # no real images there yet
    assert len(half.axes) == 12
    assert sum(bool(axes.get_images()) for axes in half.axes) == 5
    with pytest.raises(ValueError, match="no samples of seed 7; there are seeds 0, 1, 2"):
        sample_grid(finished, seed=7)


def test_samples_of_several_protocols_say_how_each_was_drawn(tmp_path):
    """Of each model the best are shown: here the narrower one's of 8 steps, the wider one's of
    50.
    """

    def fid(trial, step):
        steps = trial.spec.evaluate.protocol.sampling_steps
        return law(trial, step) * (steps if trial.spec.model.width == 16 else 1 / steps)

    axes = {"size": SIZES[:2], "evaluate.protocol.sampling_steps": [50, 8]}
    figure = sample_grid(write_study(tmp_path, digits_like(axes, seeds=1), fid=fid))
    cells = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert [cell.partition(", ")[2] for cell in cells] == ["ddpm8, cfg 1.0", "ddpm50, cfg 1.0"]
    told = figure.get_supxlabel().replace("\n", " ")
    assert told.endswith("seed 0, each size and patch at its best FID, in the way it says.")


def test_samples_bear_the_names_of_their_classes_where_the_data_has_names(tmp_path):
    study = study_of(tmp_path, {"model.patch": [4]})
    assert "Classes" not in sample_grid(study).get_supxlabel()
    names = [f"kind {i}" for i in range(9)] + ["a name that is far too long to stand here"]
    for path in tmp_path.glob("runs/*/record.json"):
        write_json(path, json.loads(path.read_text()) | {"classes": names})
    told = sample_grid(study).get_supxlabel().replace("\n", " ")
    assert "left to right: kind 0, kind 1, kind 2, kind 3, kind 4; kind 5, kind 6" in told
    assert told.endswith("kind 8, a name that is fa….")


def test_a_cell_that_no_family_can_have_is_empty(two_families):
    grid = sample_grid(two_families).axes
    words = [[text.get_text() for text in axes.texts] for axes in grid]
    assert len(grid) == 8 * (3 + 1)
    assert [text for texts in words for text in texts] == [""] * 12


def test_each_line_of_a_cell_is_a_clip_and_its_frames_stand_side_by_side(tmp_path):
    study = study_of(tmp_path, {"size": SIZES[:2]})
    for path in tmp_path.glob("runs/*/samples/*.npz"):
        with np.load(path) as kept:
            still, labels = kept["images"], kept["labels"]
        frames = np.stack([still, 255 - still, still], axis=2)  # (n, 1, 3, 8, 8)
        np.savez(path, images=frames, labels=labels)
    figure = sample_grid(study)
    shown = figure.axes[0].get_images()[0].get_array()
    assert shown.shape == (5 * 9 - 1, 3 * 9 - 1)
    assert np.array_equal(shown[:8, :8], 255 - shown[:8, 9:17])
    assert np.array_equal(shown[:8, :8], shown[:8, 18:]) and shown[:8, :8].std() > 0
    assert "Each line is a clip, its frames from left to right." in figure.get_supxlabel().replace(
        "\n", " "
    )
