"""Does ``scaling fit`` tell the law of anyone's table, and leave with 2 and one line where the
table will not do?
"""

import json
import subprocess
import sys

import numpy as np
import pytest

from analysis.fits.approaches import parametric
from tests.analysis.answers.fit_table.tables import COLUMNS, HEAD, csv, outcome, refused
from tests.analysis.laws import TRUTH, grid


def test_approach3_as_json_has_the_parameters_their_errors_and_intervals(capsys, tmp_path):
    runs = grid(5, 5, 0.005)
    code, out, _ = outcome(
        capsys, "approach3", csv(tmp_path / "r.csv", runs), *COLUMNS, "--bootstrap", 100, "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert set(found) == {
        "E",
        "A",
        "B",
        "alpha",
        "beta",
        "objective",
        "n_runs",
        "se",
        "ci95",
        "warnings",
    }
    assert found["n_runs"] == 25
    assert set(found["se"]) == set(found["ci95"]) == set(parametric.PARAMETERS)
    fitted = parametric.fit(runs)
    for name in parametric.PARAMETERS:
        low, high = found["ci95"][name]
        assert found[name] == pytest.approx(getattr(fitted, name), rel=1e-6)
        assert low < found[name] < high
        assert found["se"][name] > 0
    assert found["objective"] == pytest.approx(fitted.objective)


@pytest.mark.parametrize(
    "law, option, for_whom",
    [
        ("isoflop", ("--cluster", "params"), "approach3, powerlaw, saturating, bnsl, repeats"),
        ("approach3", ("--curve", "cubic"), "isoflop"),
        ("approach3", ("--unique", "tokens"), "repeats"),
        ("isoflop", ("--method", "hull"), "envelope"),
        ("repeats", ("--x", "tokens"), "powerlaw, saturating, bnsl"),
    ],
)
def test_an_option_that_a_law_has_no_use_for_is_refused(capsys, tmp_path, law, option, for_whom):
    refused(
        outcome(capsys, law, csv(tmp_path / "r.csv", grid(5, 5, 0.0)), *COLUMNS, *option),
        f"{law} has no use for {option[0]}, which is for {for_whom}; leave it out",
    )


def test_without_repeats_there_is_no_interval(capsys, tmp_path):
    path = csv(tmp_path / "r.csv", grid(5, 5, 0.0))
    code, out, _ = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 0, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["se"] is None and found["ci95"] is None
    assert [found[name] for name in ("alpha", "beta")] == pytest.approx(TRUTH[3:], abs=1e-6)


def edited(tmp_path, value: str):
    """A table whose second row has the loss ``value``."""
    path = csv(tmp_path / "bad.csv", grid(4, 4, 0.01))
    lines = path.read_text().splitlines()
    lines[2] = ",".join([*lines[2].split(",")[:2], value])
    path.write_text("\n".join(lines) + "\n")
    return path


def test_rows_that_are_no_completed_run_are_counted(capsys, tmp_path):
    path = csv(tmp_path / "runs.csv", grid(5, 5, 0.01))
    names, *rows = path.read_text().splitlines()
    states = ["FAILED", "running", *(len(rows) - 2) * ["FINISHED"]]
    path.write_text("\n".join([f"{names},Status", *map(",".join, zip(rows, states))]))
    code, out, _ = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 0)
    assert code == 0 and "n_runs                    23" in out
    assert "left_out                  1 failed, 1 running" in out


@pytest.mark.parametrize(
    "value, told",
    [
        ("nan", "loss is no number in row 2"),
        ("NaN", "loss is no number in row 2"),
        ("", "loss is empty in row 2"),
        ("0", "loss is 0 in row 2, which has no logarithm"),
        ("-1.5", "loss is -1.5 in row 2, which has no logarithm"),
        ("inf", "loss is no number in row 2"),
        ("high", "loss is no number in row 2: 'high'"),
    ],
)
@pytest.mark.parametrize("law", ["approach3", "isoflop", "envelope", "powerlaw", "bnsl"])
def test_a_figure_that_cannot_enter_is_named(capsys, tmp_path, law, value, told):
    refused(outcome(capsys, law, edited(tmp_path, value), *COLUMNS), told)


def test_other_tables_that_cannot_be_fitted(capsys, tmp_path):
    runs = grid(4, 4, 0.01)
    good = csv(tmp_path / "good.csv", runs)
    refused(outcome(capsys, "approach3", tmp_path / "none.csv", *COLUMNS), "there is no file")
    refused(
        outcome(capsys, "approach3", good, "--n", "N", "--d", "tokens"),
        "no column N; the table has params, tokens",
    )
    refused(
        outcome(capsys, "approach3", good, "--n", "params"),
        "approach3 needs the column of d: give --d",
    )
    refused(
        outcome(capsys, "spline", good, *COLUMNS), "no law 'spline'; there are approach3, isoflop"
    )
    refused(outcome(capsys, "approach3", good, *COLUMNS, "--delta", "0"), "delta is 0")
    refused(
        outcome(capsys, "approach3", good, *COLUMNS, "--bootstrap", "10"), "10 repeats are too few"
    )
    lines = good.read_text().splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([*lines, lines[3]]) + "\n")
    refused(
        outcome(capsys, "approach3", tmp_path / "twice.csv", *COLUMNS),
        "row 3, row 17 hold the same figures",
    )
    (tmp_path / "empty.csv").write_text("")
    refused(outcome(capsys, "approach3", tmp_path / "empty.csv", *COLUMNS), "is no CSV table")
    (tmp_path / "head.csv").write_text(HEAD + "\n")
    refused(
        outcome(capsys, "approach3", tmp_path / "head.csv", *COLUMNS),
        "the table has no rows; there is nothing to fit",
    )


def test_a_trial_that_is_there_twice_is_named(capsys, tmp_path):
    runs = grid(4, 4, 0.01)
    twice = runs.take(np.r_[np.arange(16), 5])
    twice.columns["loss"][16] *= 1.01
    names = [f"t{i}" for i in (*range(16), 5)]
    refused(
        outcome(capsys, "approach3", csv(tmp_path / "r.csv", twice, trial_id=names), *COLUMNS),
        "trial t5 is there 2 times (row 6, row 17); keep one",
    )


def test_states_and_protocols_are_heeded(capsys, tmp_path):
    runs = grid(4, 4, 0.01)
    diverged = csv(tmp_path / "d.csv", runs, state=["diverged"] * 16)
    refused(outcome(capsys, "approach3", diverged, *COLUMNS), "no trial is completed (16 diverged)")
    mixed = csv(tmp_path / "m.csv", runs, protocol=["a"] * 15 + ["b"])
    refused(
        outcome(capsys, "approach3", mixed, *COLUMNS),
        "2 protocols are mixed, as in row 1 and row 16",
    )


def test_from_a_shell_an_error_is_one_line_on_stderr_and_code_2(tmp_path):
    path = csv(tmp_path / "few.csv", grid(3, 1, 0.0))
    left = subprocess.run(
        [sys.executable, "-m", "scaling", "fit", "approach3", "--csv", str(path), *COLUMNS],
        capture_output=True,
        text=True,
    )
    assert (left.returncode, left.stdout) == (2, "")
    assert (
        left.stderr == "error: approach 3 (five parameters) needs 7 runs or more, found 3; add 4\n"
    )
