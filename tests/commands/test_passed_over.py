"""Is it told which damaged files an answer went on without, beside the answer or in its refusal?"""

import pytest

from scaling.commands.passed_over import telling


@pytest.fixture
def damaged(planned):
    """A study of two, the first of which has a state that is no JSON."""
    plan, folder = planned(2)
    run = folder.run(plan.trials[0].train_id)
    run.folder.mkdir(parents=True)
    (run.folder / "state.json").write_text("[")
    return folder.folder


def test_a_line_for_each_file_follows_the_answer(damaged, capsys):
    with telling(damaged, damaged):
        print("the answer")
    out, err = capsys.readouterr()
    assert out == "the answer\n" and err.count("\n") == 1
    assert err.startswith(f"{damaged}: passed over runs/") and "state.json" in err


def test_a_refusal_says_it_in_its_one_line(damaged, capsys):
    with pytest.raises(ValueError, match=r"^too few models; .*: passed over runs/.*state.json"):
        with telling(damaged):
            raise ValueError("too few models")
    assert capsys.readouterr().err == ""


def test_nothing_is_added_where_all_is_sound(planned, capsys):
    _, folder = planned(2)
    with telling(folder.folder):
        pass
    with pytest.raises(ValueError, match=r"^too few models$"):
        with telling(folder.folder):
            raise ValueError("too few models")
    assert capsys.readouterr().err == ""


def test_a_damaged_plan_is_told_by_the_error_alone(planned):
    _, folder = planned(1)
    (folder.folder / "study.json").write_text("[")
    with pytest.raises(ValueError, match=r"^study.json is damaged$"):
        with telling(folder.folder):
            raise ValueError("study.json is damaged")
