"""Is every law of ``scaling fit`` drawn, with each row's value and the rows held out?"""

import pytest

from analysis.answers.fit_table.command import run
from analysis.answers.fit_table.kinds import KINDS
from analysis.figures.drawing.hover import positions
from analysis.figures.laws.fit_table import DRAWN, drawn
from tests.analysis.answers.fit_table.tables import csv
from tests.analysis.fits.approaches.test_repeats import study
from tests.analysis.laws import grid, isoflop_runs, training_curves

RUNS = {
    "approach3": lambda: grid(5, 4, 0.005),
    "isoflop": isoflop_runs,
    "envelope": training_curves,
    "powerlaw": lambda: grid(5, 4, 0.005),
    "repeats": lambda: study(0.005),
}


def test_every_law_has_its_figure():
    assert set(DRAWN) == set(KINDS)


@pytest.mark.parametrize("kind", RUNS)
def test_what_is_drawn_says_its_rows(tmp_path, kind):
    runs = RUNS[kind]()
    more = {"unique": runs["unique"]} if kind == "repeats" else {}
    table = csv(tmp_path / "runs.csv", runs, **more)
    unique = {"unique": "unique"} if more else {}
    told = run(kind, table, n="params", d="tokens", bootstrap=100, **unique)
    marks = positions(drawn(kind, told))
    least = {"isoflop": len(runs), "envelope": len(told.answer.get("sizes", []))}
    assert len(marks) >= least.get(kind, 2 * len(runs))
    if kind == "approach3":
        assert any(words.startswith("row 20: ") for _, _, words in marks)
        assert set(told.audit.held_out) <= set(runs.names)
