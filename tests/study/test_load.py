"""Is a study found by its name or its file, and is a file without one refused in a line?"""

import pytest

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
        ("import nothing_there", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_bad_study_file_is_refused_in_one_line(tmp_path, text, says):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=says) as error:
        load_study(str(path))
    assert "\n" not in str(error.value)


def test_an_unknown_study_shows_the_nearest():
    with pytest.raises(ValueError, match="nearest: digits"):
        load_study("digit")
