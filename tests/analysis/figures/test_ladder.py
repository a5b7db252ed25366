"""Does the figure of a ladder show every step, and intervals that reach beyond it?"""

import math

from analysis.answers.compare.ladder import Step
from analysis.answers.contrast import Part
from analysis.figures.drawing.hover import positions
from analysis.figures.ladder import change_by_step


def step(name: str, change: Part | str) -> Step:
    return Step(name, "no law", "no law", change, change)


def test_each_step_has_a_line_grey_where_nothing_is_seen_and_arrows_where_it_reaches_on():
    figure = change_by_step(
        [
            step("objective=flow", Part("change", math.log(0.5), 0.05, 10, ())),
            step("mlp=swiglu", Part("change", 0.0, 5.0, 2, ())),
            step("weighting=logit-normal, logit_mean=0.8", "no size of both is completed"),
        ]
    )
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["objective=flow", "mlp=swiglu", "weighting=logit-normal, …"]
    _, bar, dot, wide, *_ = left.lines
    assert bar.get_color() == dot.get_color() != wide.get_color()
    assert dot.get_xdata() == [0.5]
    assert {line.get_marker() for line in left.lines} >= {"<", ">"}
    assert [text.get_text() for text in left.texts] == ["not compared"]
    assert len(right.texts) == 3
    figure.draw_without_rendering()
    told = [text for _, _, text in positions(figure)]
    assert told[0].startswith("objective=flow: FID times 0.500 [0.45, 0.56]") and len(told) == 2
