"""Do figures look alike whatever matplotlib was set to, and leave its settings as they were?"""

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.style import (
    MARKERS,
    STYLE,
    entitle,
    hues,
    legend,
    shades,
    shapes,
    styled,
)
from tests.analysis.figures.reading import words_of


def test_a_figure_is_drawn_in_one_style_and_settings_are_left_alone():
    @styled
    def draw():
        assert matplotlib.rcParams["svg.hashsalt"] == STYLE["svg.hashsalt"]
        assert matplotlib.rcParams["font.size"] == STYLE["font.size"]
        raise ValueError("too few models")

    with matplotlib.rc_context({"font.size": 33.0}):
        with pytest.raises(ValueError):
            draw()
        assert matplotlib.rcParams["font.size"] == 33.0


@pytest.mark.parametrize("choose", [hues, shades])
def test_each_key_has_a_colour_of_its_own_in_their_order(choose):
    colours = choose(["S", "B", "L"])
    assert list(colours) == ["S", "B", "L"] and len(set(colours.values())) == 3
    assert choose([]) == {}


def test_markers_begin_again_where_there_are_more_keys():
    found = shapes(range(len(MARKERS) + 1))
    assert found[0] == found[len(MARKERS)] and len(set(found.values())) == len(MARKERS)


def test_a_legend_has_its_groups_in_bold_above_their_members():
    axes = Figure().add_subplot()
    line = Line2D([], [])
    legend(axes, {"Size": [(line, "S"), (line, "B")], "Patch": [(line, "2")]})
    found = axes.get_legend()
    assert words_of(found) == ["Size", "S", "B", "Patch", "2"]
    bold = [text.get_text() for text in found.get_texts() if text.get_weight() == "bold"]
    assert bold == ["Size", "Patch"]


def test_a_long_note_is_broken_to_the_figures_width():
    narrow, wide = Figure(figsize=(4, 3)), Figure(figsize=(12, 3))
    for figure in (narrow, wide):
        entitle(figure, "A title", "word " * 60)
    lines = [figure._supxlabel.get_text().count("\n") + 1 for figure in (narrow, wide)]
    assert lines[0] > 2 * lines[1] > 0
