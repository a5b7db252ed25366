"""Does the law of loss state a floor only where there is one?"""

from analysis.figures import laws
from analysis.fits.approaches import parametric
from analysis.fits.points import Runs


def test_the_loss_law_states_its_floor_only_where_there_is_one(traded):
    (axes,) = laws.loss_law(parametric.fit(traded), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 1.70 + ")
    flat = Runs.checked(
        traded.names, {**traded.columns, "loss": traded["loss"] - 1.7}, traded.cluster
    )
    (axes,) = laws.loss_law(parametric.fit(flat), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 40")
