"""Are the colours seaborn's?"""

import pytest
import seaborn

from analysis.figures.drawing.palettes import colorblind, flare


@pytest.mark.parametrize("count", [1, 2, 4, 7, 12])
def test_the_colours_are_those_of_seaborn(count):
    for ours, name in ((colorblind(count), "colorblind"), (flare(count), "flare")):
        assert [pytest.approx(colour, abs=0.5 / 255) for colour in ours] == list(
            seaborn.color_palette(name, count)
        )
