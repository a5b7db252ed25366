"""Do the verbs of answers hand their options on, and refuse in one line what is not there?"""

import json

import pytest

from tests.analysis.synthetic_study import digits_like, write_study
from tests.commands.outcome import assert_refused, outcome


def test_fit_tells_the_law_of_a_table_as_one_json_object(capsys, tmp_path):
    table = tmp_path / "runs.csv"
    rows = [f"{x},{3 * x**-0.5}" for x in (1, 2, 4, 8, 16, 32)]
    table.write_text("\n".join(["gflops,loss", *rows]))
    code, out, _ = outcome(
        capsys, "fit", "powerlaw", "--csv", table, "--x", "gflops", "--bootstrap", 0, "--json"
    )
    law = json.loads(out)
    assert code == 0 and (law["law"], law["x"], law["n_runs"]) == ("A x^-c", "gflops", 6)
    assert (law["A"], law["c"]) == pytest.approx((3.0, 0.5))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["fit", "linear", "--csv", "runs.csv"], "no law 'linear'; there are approach3"),
        (["fit", "powerlaw", "--csv", "runs.csv"], "there is no file runs.csv"),
        (
            ["fit", "approach3", "--csv", "runs.csv", "--n", "d", "--d", "d"],
            "--n and --d name one column, d; each needs its own",
        ),
        (["compare", "one", "other"], "one holds no study.json"),
        (
            ["compare", "one", "other", "--results", "root", "--at-quality", "5"],
            "root/one holds no study.json",
        ),
        (
            ["compare", "one", "other", "--at-quality", "5", "--across-protocols"],
            "--across-protocols does nothing with --at-quality",
        ),
        (["compare", "one"], "one holds no study.json"),
        (["compare", "one", "--figure", "a.png"], "--figure compares two studies; give STUDY_B"),
        (["compare", "one", "--across-protocols"], "--across-protocols compares two studies; give"),
    ],
)
def test_what_is_not_there_is_one_line_and_code_2(
    capsys, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert_refused(capsys, tmp_path, message, *arguments)


@pytest.mark.parametrize(
    "verb, words, says",
    [
        ("compare", ["{}", "--metric", "x"], "no metric 'x' of a trial; there are fid"),
        ("compare", ["{}", "--at-quality", "0"], "a quality is a number above zero, found 0"),
        ("quality", ["--at", "0"], "a quality is a number above zero, found 0"),
    ],
)
def test_what_no_records_could_answer_is_refused_before_tables_are_kept(
    capsys, tmp_path, verb, words, says
):
    study = write_study(tmp_path, digits_like({"model.patch": [4]}, seeds=1))
    code, out, err = outcome(
        capsys, verb, study.folder, *(word.format(study.folder) for word in words)
    )
    assert code == 2 and not out and says in err and err.count("\n") == 1
    assert not (study.folder / ".frames").exists()
