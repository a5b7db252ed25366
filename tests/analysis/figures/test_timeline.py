"""Does the timeline show who worked when, on as few rows as there were places, without pauses?"""

import pytest

from analysis.figures.drawing.hover import positions
from analysis.figures.timeline import forecasts, note_of, pauses, places, skipped, work_by_place
from scaling.records.spending.compared import Compared
from scaling.records.spending.spans import Span

HOUR = 3600.0


def span(began: float, ended: float, step: int | None = None, how=None, who: str = "a") -> Span:
    return Span(who, f"trial-{who}", "DiT", 1e9 + began, 1e9 + ended, step, how)


TWO_DAYS = [
    span(0, 600),
    span(0, 900, who="b"),
    span(600, 800, step=100),
    span(800, 900, who="c", how="the budget of 1 GPU-hours is reached"),
    span(20 * HOUR, 20 * HOUR + 300, who="c"),
]


def test_work_at_once_is_on_rows_of_its_own_and_a_free_row_is_used_again():
    assert places(TWO_DAYS) == [0, 1, 0, 0, 0]
    # what ended within the seconds in which the next began has left its place
    assert places([span(0, 10), span(8.5, 20), span(15, 30)]) == [0, 0, 1]


def test_a_night_is_cut_out_and_a_breath_is_not():
    cuts = pauses(TWO_DAYS)
    assert cuts == [(1e9 + 900, 1e9 + 20 * HOUR)]
    assert skipped(cuts, 1e9 + 500) == 0.0
    assert skipped(cuts, 1e9 + 20 * HOUR) == 20 * HOUR - 900
    assert pauses([span(0, 600), span(650, 900)]) == []
    assert note_of(TWO_DAYS, cuts, places(TWO_DAYS), 1200.0) == (
        "3 trainings and 1 evaluation, a row for each place that was used at once; places were "
        "busy 88% of the time; dashed: 1 pause of 19.8 hours in all, in which nothing ran, cut out."
    )


def test_a_forecast_is_drawn_of_what_was_completed_in_one_go():
    def row(who: str, completed: bool) -> Compared:
        return Compared(who, f"trial-{who}", "DiT", 0.2, 0.1, 0.25, 0.1, "a guess", completed)

    told = forecasts(TWO_DAYS, places(TWO_DAYS), [row("a", True), row("b", False), row("c", True)])
    assert told == [(0, 1e9, 900.0)]


def test_bars_have_texts_and_very_many_are_one_image():
    figure = work_by_place(TWO_DAYS)
    figure.canvas.draw()
    texts = [text for _, _, text in positions(figure)]
    assert texts[0] == "trial-a, training: 600 s"
    assert texts[2] == "trial-a, evaluation at step 100: 200 s"
    assert texts[3].endswith("100 s (the budget of 1 GPU-hours is reached)")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "minutes since the first training began"
    assert axes.get_xlim()[1] == pytest.approx(20.2)
    many = work_by_place([span(i, i + 1) for i in range(500)])
    assert not positions(many) and many.axes[0].patches[0].get_rasterized()
    with pytest.raises(ValueError, match="nothing has run yet"):
        work_by_place([])
