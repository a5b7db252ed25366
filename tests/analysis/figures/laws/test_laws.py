"""Do the figures of laws show every run, minimum and floor, and say where they extrapolate?"""

from analysis.figures import laws
from analysis.fits.approaches import isoflop, parametric
from analysis.frames import trials_frame


def test_what_is_drawn_past_ten_times_the_data_says_so(traded, noise_free):
    """Every figure that extrapolates; within ten times none says it."""
    trials, fitted, found = trials_frame(noise_free), parametric.fit(traded), isoflop.fit(traded)
    far = "times the largest budget, past 10 times the data"
    for draw, told in (
        (lambda n: laws.loss_law(fitted, resamples=20, ahead=n), far),
        (lambda n: laws.isoflop_profiles(traded, found, ahead=n), far),
        (
            lambda n: laws.fid_law(trials, ahead=n),
            "times the largest model, past 10 times the data",
        ),
    ):
        near, beyond = (
            " ".join(axes.get_title(loc="left") for axes in draw(n).axes).replace("\n", " ")
            for n in (10, 30)
        )
        assert "past" not in near
        assert f"Reaches 30 {told}: nothing checks a law there." in beyond
