"""Does each kind of law answer what is asked of it, or say what it lacks?"""

import json

import numpy as np
import pytest

from analysis.fits.points import Runs
from tests.analysis.answers.fit_table.tables import COLUMNS, csv, outcome, refused
from tests.analysis.laws import grid, isoflop_runs, training_curves


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


def test_rows_of_one_budget_and_one_loss_that_differ_in_size_are_no_copies(capsys, tmp_path):
    """Their 6 N D and loss are alike, and they were refused as the same row twice."""
    path = tmp_path / "grid.csv"
    rows = [
        (n, d, round(300 * (n * d) ** -0.1, 3)) for n in (10, 100, 1000) for d in (10, 100, 1000)
    ]
    path.write_text("n,d,loss\n" + "".join(f"{n},{d},{loss}\n" for n, d, loss in rows))
    code, out, _ = outcome(
        capsys, "powerlaw", path, "--n", "n", "--d", "d", "--bootstrap", 0, "--json"
    )
    assert code == 0 and json.loads(out)["c"] == pytest.approx(0.1, abs=1e-3)


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


def test_patches_that_differ_are_told(capsys, tmp_path):
    """The second patch has losses 5 % higher."""
    first, second = grid(5, 4, 0.003), grid(5, 4, 0.003, seed=1)
    lines = [
        f"{n},{d},{loss * (1 + 0.05 * k)},{2 + 2 * k}"
        for k, runs in enumerate((first, second))
        for n, d, loss in zip(runs["n"], runs["d"], runs["loss"])
    ]
    path = tmp_path / "r.csv"
    path.write_text("\n".join(["params,tokens,loss,kind", *lines]))
    options = (*COLUMNS, "--bootstrap", 0, "--json", "--series", "kind")
    _, out, _ = outcome(capsys, "approach3", path, *options)
    assert any("differs by kind" in told["text"] for told in json.loads(out)["warnings"])
    refused(
        outcome(capsys, "approach3", path, *COLUMNS, "--series", "size"),
        "no column size; the table has",
    )
    refused(
        outcome(capsys, "isoflop", path, *COLUMNS, "--series", "kind"),
        "isoflop has no use for --series",
    )
