"""Is a study found by its name or its file, and is a file without one refused in a line?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import scaling
from scaling.study import Plan, load_study, study_names


@pytest.mark.parametrize("name", study_names())
def test_every_study_that_ships_loads_under_its_file_name_and_says_its_question(name):
    found = load_study(name)
    assert found.name == name and found.question and found.expectation
    assert Plan.of(found).train_flops > 0


@pytest.mark.parametrize(
    "text, says",
    [
        (None, "no such study file"),
        ("x = 1", "does not define STUDY"),
        ("STUDY = 3", "found a int"),
        ("from experiments.smoke import STUDY as other", "a Study called other"),
        ("import nothing_there", "mine.py, line 1: ModuleNotFoundError"),
        ("def (", "mine.py, line 1: SyntaxError"),
        ("x = 1\nx = 1 / 0", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("\n\nassert 1 > 2", "mine.py, line 3: AssertionError"),
        ("def f():\n    return f()\nf()", "mine.py, line 2: RecursionError"),
        ("import sys\nsys.exit(3)", "mine.py, line 2: the file ends the program .SystemExit: 3"),
        ("raise GeneratorExit", "mine.py, line 1: GeneratorExit"),
        ("class E(Exception):\n def __str__(s): 1/0\nraise E", "mine.py, line 3: E"),
        ("raise ValueError('a\\nb')", "mine.py, line 1: a b"),
        ("x = '\0'", "mine.py"),
        ("# é\n".encode("latin-1"), "mine.py, line 1: SyntaxError"),
        (
            "from scaling.study import TrainSpec\n\nTrainSpec(lr=-1)",
            "mine.py, line 3: steps: Field required; batch: Field required; lr: .*got -1",
        ),
    ],
)
def test_a_bad_study_file_is_refused_in_one_line_with_its_own_line(tmp_path, text, says):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=says) as error:
        load_study(str(path))
    assert "\n" not in str(error.value) and str(error.value).count("mine.py") >= 1


def test_the_line_told_is_of_the_module_beside_it_that_failed(tmp_path):
    (tmp_path / "beside_it.py").write_text("\n\nx = {}['widths']\n")
    (tmp_path / "mine.py").write_text("import beside_it\n")
    with pytest.raises(ValueError, match=r"beside_it\.py, line 3: KeyError: 'widths'"):
        load_study(str(tmp_path / "mine.py"))


def test_two_studies_each_import_their_own_module_of_one_name(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "common_of_both.py").write_text(f"NAME = {name!r}\n")
        (tmp_path / name / "mine.py").write_text(
            "from common_of_both import NAME\nfrom experiments.smoke import STUDY as S\n"
            "STUDY = S.model_copy(update={'name': NAME})\n"
        )
    names = [load_study(str(tmp_path / n / "mine.py")).name for n in ("one", "other", "one")]
    assert names == ["one", "other", "one"]


def test_a_folder_experiments_of_the_persons_own_hides_none_of_ours(tmp_path):
    """In the working directory, which Python searches first, with modules of its own."""
    package = tmp_path / "experiments"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "smoke.py").write_text("1 / 0")
    (package / "sizes.py").write_text("NAME = 'theirs'\n")
    (tmp_path / "mine.py").write_text(
        "from experiments.sizes import NAME\nfrom experiments.smoke import STUDY as S\n"
        "STUDY = S.model_copy(update={'name': NAME})\n"
    )
    code = (
        "from scaling.study import load_study, study_names\n"
        "print(load_study('smoke').name, load_study('mine.py').name, 'digits' in study_names())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(scaling.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["smoke", "theirs", "True"], done.stderr


def test_an_unknown_study_shows_the_nearest():
    with pytest.raises(ValueError, match="nearest: digits"):
        load_study("digit")


def test_a_path_that_is_no_study_file_is_said_to_be_none(tmp_path):
    (tmp_path / "study.ipynb").touch()
    for path in (tmp_path, tmp_path / "study.ipynb"):
        with pytest.raises(ValueError, match=r"is no \.py file; a study is one that defines STUDY"):
            load_study(str(path))
