"""Are choices named in words?"""

from analysis.answers.exponent_choices import spread
from analysis.figures import laws
from analysis.frames import trials_frame
from tests.analysis.figures.reading import texts


def test_choices_are_named_in_words(finished):
    figure = laws.exponent_choices(spread(trials_frame(finished)), note="Data: digits.")
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named[:3] == ["FID on Gflops", "metric: KID", "metric: held-out loss"]
    assert "without: d3w64" in named
    assert texts(figure)[0].startswith("FID on Gflops: −0.")
