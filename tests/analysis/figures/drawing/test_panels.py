"""Are protocols, orders and notes of a figure told apart and told truly?"""

import polars as pl

from analysis.answers.exponent_choices import spread
from analysis.figures import laws
from analysis.figures.drawing.panels import dashes_of, protocol_legend
from analysis.figures.training import fid_vs_steps
from analysis.frames import evaluations_frame, trials_frame
from tests.analysis.figures.reading import legend_of, thick_lines
from tests.analysis.synthetic_study import (
    SIZES,
    digits_like,
    study_of,
    write_study,
)


def test_ways_of_sampling_stand_in_the_order_of_their_numbers_beside_the_one_they_are_compared_with(
    tmp_path,
):
    axes = {"size": SIZES, "evaluate.protocol.sampling_steps": [8, 250, 16, 64]}
    trials = trials_frame(write_study(tmp_path, digits_like(axes, seeds=1, name="steps")))
    figure = laws.exponent_choices(spread(trials))
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named[0] == "FID on Gflops at ddpm16, cfg 1.0"
    assert named[-3:] == [f"sampling: ddpm{n}, cfg 1.0" for n in (8, 64, 250)]


def test_many_protocols_are_told_apart_by_dashes_of_their_own_and_by_what_they_differ_in():
    protocols = {f"p{i}": f"FID-1K, ddpm100, cfg {i}.0, digits-cnn, vs train" for i in range(1, 8)}
    ((name, entries),) = protocol_legend(protocols).items()
    assert name.replace("\n", " ") == "FID-1K, ddpm100, digits-cnn, vs train"
    assert [words for _, words in entries] == [f"cfg {i}.0" for i in range(1, 8)]
    assert len(set(dashes_of(protocols).values())) == 7
    few = dict(list(protocols.items())[:2])
    assert [words.replace("\n", " ") for _, words in protocol_legend(few)["Protocol"]] == list(
        few.values()
    )


def test_models_of_one_series_and_rung_are_told_apart_by_their_parameters(tmp_path):
    study = study_of(tmp_path, {"size": SIZES, "model.mlp_ratio": [2.0, 4.0]})
    one_series = evaluations_frame(study).with_columns(series=pl.lit("patch 2"))
    figure = fid_vs_steps(one_series)
    thick = thick_lines(figure)
    assert len({(line.get_color(), line.get_linestyle()) for line in thick}) == len(thick) == 8
    assert {
        "Parameters",
        "0.0129 to 0.205 M parameters",
        "0.01502 to 0.2545 M parameters",
    } <= legend_of(figure)


def test_networks_that_no_column_tells_apart_are_told_apart_by_their_names(tmp_path):
    """As of a family whose fields are no columns."""
    wide = {"model.width": [SIZES[1]["model.width"]], "model.heads": [1, 2]}
    study = study_of(tmp_path, wide)
    figure = fid_vs_steps(evaluations_frame(study).with_columns(heads=pl.lit(None, pl.Int64)))
    assert len({line.get_linestyle() for line in thick_lines(figure)}) == 2
    assert {"Network", "heads 1", "heads 2"} <= legend_of(figure)
