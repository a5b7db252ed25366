"""Does ``scaling fit`` tell the law of anyone's table, and leave with 2 and one line where the
table will not do?
"""

import json
import subprocess
import sys

import numpy as np
import pytest

from analysis.fits.approaches import parametric
from analysis.fits.points import Runs
from scaling.cli import main
from tests.analysis.fits.approaches.test_envelope import training_curves
from tests.analysis.laws import TRUTH, grid, isoflop_runs

HEAD = "params,tokens,loss"


def csv(path, runs, head: str = HEAD, **more):
    """``runs`` as a table whose columns bear someone else's names."""
    columns = [runs["n"], runs["d"], runs["loss"], *more.values()]
    rows = [",".join(str(v) for v in row) for row in zip(*columns)]
    path.write_text("\n".join([",".join([head, *more]), *rows]) + "\n")
    return path


def outcome(capsys, law, path, *more) -> tuple[int, str, str]:
    try:
        main([str(a) for a in ("fit", law, "--csv", path, *more)])
    except SystemExit as left:
        return left.code or 0, *capsys.readouterr()
    raise AssertionError("the command did not leave")


COLUMNS = ("--n", "params", "--d", "tokens", "--loss", "loss")


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


def test_sizes_and_data_that_grow_together_tell_no_law_of_both(capsys, tmp_path):
    """At 20 tokens a parameter everywhere the loss may be all of one term, or of the other."""
    runs = grid(8, 8, 0.005)
    tied = Runs.checked(
        runs.names,
        {**runs.columns, "d": 20 * runs["n"] * (1 + 1e-9 * np.arange(len(runs)))},
        runs.cluster,
    )
    refused(
        outcome(capsys, "approach3", csv(tmp_path / "r.csv", tied), *COLUMNS),
        "needs n and d apart, and here d is 20 n^1 in every row",
    )
    flat = Runs.checked(runs.names, {**runs.columns, "loss": np.full(len(runs), 2.0)}, runs.cluster)
    refused(
        outcome(capsys, "approach3", csv(tmp_path / "f.csv", flat), *COLUMNS),
        "needs 2 different values of loss, found 1 (2)",
    )


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


def test_delta_reaches_the_fit(capsys, tmp_path):
    path, found = csv(tmp_path / "r.csv", grid(5, 5, 0.02)), []
    for delta in ("1e-3", "1"):
        _, out, _ = outcome(
            capsys, "approach3", path, *COLUMNS, "--delta", delta, "--bootstrap", 0, "--json"
        )
        found.append(json.loads(out)["alpha"])
    assert found[0] != pytest.approx(found[1], rel=1e-3)


@pytest.mark.parametrize("law, exponent", [("isoflop", 0.28 / 0.62), ("envelope", 0.28 / 0.62)])
def test_the_best_size_by_approach_1_and_2(capsys, tmp_path, law, exponent):
    runs = isoflop_runs(0.0) if law == "isoflop" else training_curves()
    code, out, _ = outcome(capsys, law, csv(tmp_path / "r.csv", runs), *COLUMNS, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["exponent"] == pytest.approx(exponent, abs=0.01)
    assert found["ci95"]["exponent"][0] <= found["exponent"] <= found["ci95"]["exponent"][1]


def test_laws_of_one_variable(capsys, tmp_path):
    flops = np.geomspace(1e18, 1e22, 24)
    path = tmp_path / "curve.csv"
    path.write_text("flops,fid\n" + "".join(f"{c},{2e5 * c**-0.2}\n" for c in flops))
    for law, exponent in (("powerlaw", "c"), ("bnsl", "c0")):
        code, out, _ = outcome(
            capsys, law, path, "--x", "flops", "--loss", "fid", "--bootstrap", 100, "--json"
        )
        found = json.loads(out)
        assert code == 0
        assert found["n_runs"] == 24
        assert {exponent} <= set(found["ci95"])
    code, out, _ = outcome(
        capsys, "powerlaw", path, "--flops", "flops", "--loss", "fid", "--bootstrap", 0, "--json"
    )
    assert json.loads(out)["c"] == pytest.approx(0.2, abs=1e-6)


def test_lines_for_people(capsys, tmp_path):
    path = csv(tmp_path / "r.csv", grid(5, 5, 0.005))
    code, out, _ = outcome(capsys, "approach3", path, *COLUMNS, "--bootstrap", 100)
    assert code == 0
    assert out.startswith("E + A/N^alpha + B/D^beta")
    assert "95 % [" in out and "n_opt_exponent" in out


def edited(tmp_path, value: str):
    """A table whose second row has the loss ``value``."""
    path = csv(tmp_path / "bad.csv", grid(4, 4, 0.01))
    lines = path.read_text().splitlines()
    lines[2] = ",".join([*lines[2].split(",")[:2], value])
    path.write_text("\n".join(lines) + "\n")
    return path


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


@pytest.mark.parametrize(
    "law, told",
    [
        ("approach3", "approach 3 (five parameters) needs 7 runs or more, found 3; add 4"),
        ("powerlaw", "a power law needs 3 points or more, found 2; add 1"),
        ("saturating", "a saturating power law needs 4 points or more, found 3; add 1"),
        ("bnsl", "a broken power law needs 7 points or more, found 3; add 4"),
        ("envelope", "an envelope needs 5 different values of n, found 3"),
    ],
)
def test_too_few_says_how_many_it_needs(capsys, tmp_path, law, told):
    runs = grid(3, 1, 0.0).take(np.arange(2 if law == "powerlaw" else 3))
    refused(outcome(capsys, law, csv(tmp_path / "few.csv", runs), *COLUMNS), told)


def test_one_model_per_budget_is_no_isoflop_set(capsys, tmp_path):
    refused(
        outcome(capsys, "isoflop", csv(tmp_path / "one.csv", grid(1, 5, 0.0)), *COLUMNS),
        "every budget has one model size, as row 1",
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


def refused(left: tuple[int, str, str], told: str) -> None:
    code, out, err = left
    assert code == 2
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    assert told in err


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


def test_cluster_none_says_that_rows_of_one_size_are_independent(capsys, tmp_path):
    from tests.analysis.fits.trust.test_errors import luck, noisy

    path = csv(tmp_path / "r.csv", noisy(luck(0.9)))
    asked = ("approach3", path, *COLUMNS, "--bootstrap", 100, "--json")
    assumed, apart = (
        json.loads(outcome(capsys, *asked, *more)[1]) for more in ((), ("--cluster", "none"))
    )
    assert "checkpoints" in {told["kind"] for told in assumed["warnings"]}
    assert not {"checkpoints", "shared-error"} & {told["kind"] for told in apart["warnings"]}
    width = [found["ci95"]["alpha"][1] - found["ci95"]["alpha"][0] for found in (assumed, apart)]
    assert width[0] > 1.5 * width[1]


def test_one_patch_and_three_sizes_have_a_line_with_a_wide_interval(capsys, tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("model,g,fid\nS,6.06,57\nB,23.01,33\nL,80.71,18.8\n")
    asked = (path, "--x", "g", "--loss", "fid", "--json")
    found = json.loads(outcome(capsys, "powerlaw", *asked)[1])
    low, high = found["ci95"]["c"]
    assert low < found["c"] < high and high - low > 20 * found["se"]["c"]  # one degree of freedom
    refused(outcome(capsys, "saturating", *asked[:-1]), "add 1, or fit a power law (powerlaw)")
