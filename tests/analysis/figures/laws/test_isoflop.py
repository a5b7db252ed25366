"""Do isoFLOP profiles show every run and every minimum?"""

from analysis.figures import laws
from analysis.fits.approaches import isoflop
from tests.analysis.figures.reading import texts


def test_isoflop_profiles_show_every_run_and_every_minimum(traded):
    figure = laws.isoflop_profiles(traded, isoflop.fit(traded), note="Data: simulated.")
    profiles, minima = figure.axes
    assert [text.get_text() for text in profiles.get_legend().get_texts()] == [
        "FLOPs",
        "10¹⁷",
        "10¹⁸",
        "10¹⁹",
    ]
    assert "0.4" in minima.get_title(loc="left")
    assert len(texts(figure)) == 21 + 3 + 3
    assert "21 runs. Data: simulated." in figure.get_supxlabel().replace("\n", " ")
