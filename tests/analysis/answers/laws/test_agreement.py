"""Do the three approaches agree where they should, and is a difference told?"""

import pytest

from analysis.answers.laws.agreement import agreement
from analysis.answers.verdicts import AGREE, DISAGREE
from analysis.fits.approaches import envelope, isoflop, parametric
from tests.analysis.laws import isoflop_runs, training_curves


def test_the_three_approaches_agree_on_runs_of_one_law():
    runs = isoflop_runs(0.003, seed=4, decades=0.7)
    law = parametric.fit(runs)
    table = agreement(
        {"approach3": (law.exponent, *law.exponent_interval(parametric.uncertain(law, 100)))}
        | {
            name: (found.exponent, *found.exponent_interval)
            for name, found in (
                ("envelope", envelope.fit(training_curves(0.002))),
                ("isoflop", isoflop.fit(runs)),
            )
        }
    )
    assert len(table) == 3
    assert set(table["verdict"]) == {AGREE}


def test_a_difference_beyond_its_interval_is_told():
    rows = agreement({"a": (0.5, 0.48, 0.52), "b": (0.7, 0.68, 0.72)})
    assert rows["verdict"][0] == DISAGREE
    assert rows["difference"][0] == pytest.approx(-0.2)
    with pytest.raises(ValueError, match=r"two approaches or more, found 1 \(a\)"):
        agreement({"a": (0.5, 0.4, 0.6)})
