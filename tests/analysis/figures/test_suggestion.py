"""Does the figure of a suggestion show each training, its price so far, and narrower intervals?"""

import numpy as np
import pytest

from analysis.figures.suggestion import suggestion
from tests.analysis.figures.reading import texts
from tests.analysis.forecasting.suggestions.test_suggestion import suggested


@pytest.fixture(scope="module")
def figure():
    return suggestion(suggested(), "FID-80 vs train.")


def test_each_row_is_now_or_a_training_in_order(figure):
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["now", "DiT-d1w16/4 to 12 steps", "DiT-d1w16/4 on to 24 steps"]
    hours = [label.get_text() for label in axes.child_axes[0].get_yticklabels()]
    assert [float(hour) for hour in hours] == pytest.approx([0, 1.5, 2.0])


def test_bars_are_the_expected_intervals_about_todays_prediction(figure):
    after, now = figure.axes[0].collections
    ends = [segment[:, 0] for bars in (now, after) for segment in bars.get_segments()]
    for (low, high), width in zip(ends, (0.8, 0.5, 0.2)):
        assert np.log(high / low) == pytest.approx(width)
        assert np.sqrt(low * high) == pytest.approx(8.0)
    assert any(text.startswith("now: FID") for text in texts(figure))


@pytest.mark.parametrize(("reach", "said"), [(3.0, False), (100.0, True)])
def test_a_target_far_beyond_what_was_measured_is_said(reach, said):
    title = suggestion(suggested(reach)).axes[0].get_title(loc="left")
    assert ("Reaches 100 times" in title.replace("\n", " ")) == said
