"""Does every verb that asks for a study take its name and root, as sweep does, and its folder?"""

import json
import os
import shutil
from pathlib import Path

import pytest
import typer

import scaling
from scaling.commands.places import as_reference, as_source, study_folder
from tests.commands.outcome import outcome

REFERENCE = Path(scaling.__file__).parents[1] / "results" / "reference"


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A results root of two studies, ``digits`` and ``other``, without their runs."""
    monkeypatch.chdir(tmp_path)
    for name in ("digits", "other"):
        (tmp_path / "results" / name).mkdir(parents=True)
        plan = REFERENCE / "digits" / "study.json"
        shutil.copy(plan, tmp_path / "results" / name / "study.json")
    return tmp_path / "results"


def test_a_name_its_root_and_its_folder_mean_the_same(root):
    assert study_folder("digits") == Path("results/digits")
    assert study_folder("results/digits") == Path("results/digits")
    assert study_folder("digits", root) == root / "digits"
    assert study_folder("results/digits", Path("results")) == Path("results/digits")
    (root / "mine.py").write_text(
        "from experiments.smoke import STUDY as S\nSTUDY = S.model_copy(update={'name': 'other'})\n"
    )
    assert study_folder(str(root / "mine.py"), root) == root / "other"


@pytest.mark.parametrize(
    "study, results, says",
    [
        ("digit", None, "digit holds no study.json; .*nearest in results: digits"),
        ("nowhere/at/all", None, "results holds digits, other"),
        ("results", None, "it is a results root, of digits, other; name one, as in results/digits"),
        ("results/digits/study.json", None, "is a file; name the folder results/digits"),
        ("digits", "elsewhere", "elsewhere/digits holds no study.json.*elsewhere holds no study"),
    ],
)
def test_a_study_that_is_not_there_is_told_with_those_that_are(root, study, results, says):
    with pytest.raises(ValueError, match=says):
        study_folder(study, None if results is None else Path(results))


def test_a_root_that_is_a_link_to_itself_holds_no_study(root):
    (root / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match=r"loop/digits holds no study\.json"):
        study_folder("digits", root / "loop")


def test_a_pipe_and_a_device_are_no_files_to_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(typer.BadParameter, match=f"{path} is a pipe or a device; write what"):
            as_source(path)
        with pytest.raises(typer.BadParameter, match="is a pipe or a device"):
            as_reference(str(path))
    assert as_reference("digits:heldout") == "digits:heldout"
    assert as_source(tmp_path) == tmp_path and as_source("none") == Path("none")


@pytest.mark.parametrize("words", [[], ["--results", "results"], ["results"]])
def test_status_without_a_study_lists_them(root, capsys, words):
    code, out, _ = outcome(capsys, "status", *words)
    assert code == 0 and out.splitlines() == ["digits  36 pending", "other   36 pending"]
    code, out, _ = outcome(capsys, "status", *words, "--json")
    assert json.loads(out)[0] == {
        "study": "digits",
        "folder": "results/digits",
        "trials": 36,
        "states": {"pending": 36},
    }


def test_status_of_a_root_without_studies_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _, err = outcome(capsys, "status")
    assert code == 2 and "results holds no study; run one" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["status", "zzz"],
        ["report", "zzz"],
        ["report", "digits", "--compare", "zzz"],
        ["compare", "digits", "zzz"],
        ["predict", "zzz", "--target", "DiT-S/2"],
        ["score", "predictions.json", "zzz"],
        ["suggest", "zzz", "--target", "DiT-S/2@1M", "--gpu-hours", "1"],
        ["bundle", "zzz"],
        ["quality", "zzz"],
    ],
)
@pytest.mark.parametrize("rooted", [[], ["--results", "results"]])
def test_every_verb_of_a_study_takes_its_root(root, capsys, words, rooted):
    Path("predictions.json").write_text("{}")
    code, out, err = outcome(capsys, *words, *rooted)
    assert code == 2 and not out and err.count("\n") == 1
    assert "zzz holds no study.json" in err and "results holds digits, other" in err
