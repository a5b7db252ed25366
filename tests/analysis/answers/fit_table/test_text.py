"""Is a fitted law told in lines that a person can read, with its doubts?"""

import json

import numpy as np

from analysis.fits.approaches import parametric
from analysis.fits.points import Runs
from tests.analysis.answers.fit_table.tables import COLUMNS, csv, outcome, refused
from tests.analysis.laws import grid


def test_the_exponent_of_the_best_size_has_its_interval(capsys, tmp_path):
    runs = grid(5, 5, 0.005)
    code, out, _ = outcome(
        capsys, "approach3", csv(tmp_path / "r.csv", runs), *COLUMNS, "--bootstrap", 100
    )
    (told,) = (line for line in out.splitlines() if line.startswith("n_opt_exponent"))
    fitted = parametric.fit(runs)
    low, high = fitted.exponent_interval(parametric.uncertain(fitted, 100))
    assert code == 0
    assert told.split() == [
        "n_opt_exponent",
        f"{fitted.exponent:.5f}",
        "95",
        "%",
        f"[{low:.4f},",
        f"{high:.4f}]",
    ]


def test_losses_that_rise_are_told_to_follow_no_such_law(capsys, tmp_path):
    runs = grid(5, 5, 0.0)
    rising = Runs.checked(
        runs.names, {**runs.columns, "loss": 2 + 0.01 * np.log(runs["n"] * runs["d"])}, runs.cluster
    )
    path = csv(tmp_path / "r.csv", rising)
    told = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 0)[1]
    assert "alpha and beta at the end of what is searched" in told
    code, out, _ = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 0, "--json")
    assert code == 0
    (bound,) = (told for told in json.loads(out)["warnings"] if told["kind"] == "bound")
    assert "alpha = 0.00100, beta = 0.00100" in bound["text"]


def test_lines_for_people(capsys, tmp_path):
    path = csv(tmp_path / "r.csv", grid(5, 5, 0.005))
    code, out, _ = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 100)
    assert code == 0
    assert out.startswith("E + A/N^alpha + B/D^beta")
    assert "95 % [" in out and "n_opt_exponent" in out


def test_a_law_s_picture_audit_and_residuals(capsys, tmp_path):
    path = csv(tmp_path / "r.csv", grid(5, 5, 0.005))
    drawn = tmp_path / "law.svg"
    code, out, _ = outcome(
        capsys, "approach3", path, *COLUMNS, "--bootstrap", 100, "--figure", drawn
    )
    assert code == 0 and drawn.read_bytes().startswith(b"<?xml")
    (audit,) = (line for line in out.splitlines() if line.startswith("audit"))
    assert "without the largest rung (5 rows, 3.16 times the next) it is predicted to" in audit
    assert any(line.startswith("residuals") and "row" in line for line in out.splitlines())
    for name, told in (("law.gif", "must end in .png or .svg"),):
        refused(outcome(capsys, "approach3", path, *COLUMNS, "--figure", tmp_path / name), told)
        assert not (tmp_path / name).exists()


def test_what_is_not_told_has_no_interval_and_a_line_that_says_so(capsys, tmp_path):
    x = np.geomspace(1, 100, 12)
    path = tmp_path / "steep.csv"
    path.write_text("x,loss\n" + "".join(f"{v},{3 * v**-7.0}\n" for v in x))
    asked = ("powerlaw", path, "--x", "x", "--bootstrap", 100)
    found = json.loads(outcome(capsys, *asked, "--json")[1])
    assert found["ci95"]["c"] is None and found["se"]["c"] is None
    assert "bound" in {told["kind"] for told in found["warnings"]}
    assert all(set(told) == {"kind", "text", "rows"} for told in found["warnings"])
    assert "beware: c at the end of what is searched (c = 5.00)" in outcome(capsys, *asked)[1]
