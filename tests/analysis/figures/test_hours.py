"""Does the figure show each completed training's hours beside its forecast?"""

import pytest

from analysis.figures.drawing.hover import positions
from analysis.figures.hours import taken_vs_forecast
from scaling.records.spending.compared import compared
from tests.records.spending.test_compared import forecast, study

__all__ = ["study"]  # the fixture


def test_a_mark_for_training_and_one_for_measuring(study):
    forecast(study, 2.5, 0.5, 9.0)
    figure = taken_vs_forecast(compared(study))
    figure.canvas.draw()
    texts = [text for _, _, text in positions(figure)]
    assert len(texts) == 4
    assert texts[0].endswith(", training: 0.500 GPU-hours, forecast 1.25")
    assert "In total 0.67 times" in " ".join(figure._supxlabel.get_text().split())


def test_without_a_forecast_it_says_why(study):
    with pytest.raises(ValueError, match="no completed training was forecast"):
        taken_vs_forecast(compared(study))
