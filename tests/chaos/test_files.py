"""Does every verb that reads a study answer a mutated file with its name, never with a traceback or
other numbers unsaid?

A few mutations here; ``python -m tests.chaos.files`` tries all of them.
"""

import pytest

from scaling.commands.passed_over import telling
from tests.chaos.files import VERBS, ended, faults, files_of, in_bundle, study_in, told
from tests.mutations import mutate

pytestmark = pytest.mark.xdist_group("bundle")
QUICK = [verb for verb in VERBS if verb not in ("report", "bundle")]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_in(tmp_path_factory.mktemp("mutated"))


def test_no_verb_ends_in_a_traceback_or_in_other_numbers_unsaid(study, tmp_path):
    said = []
    tried, _ = told(faults(study, tmp_path, 1, QUICK), said.append)
    assert tried >= len(QUICK) * 8 and not said


def test_nothing_altered_in_a_bundle_agrees(study, tmp_path):
    packed = tmp_path / "whole.zip"
    assert ended("bundle", str(study.folder), "--out", str(packed)).code == 0
    said = []
    only = ("manifest.json", "state.json")
    tried, _ = told(in_bundle(packed, tmp_path, 1, only), said.append)
    assert tried >= len(only) and not said


def test_what_is_passed_over_is_told_with_the_answer_and_with_a_refusal(study, tmp_path, capsys):
    with telling(study.folder):
        print("answer")
    assert capsys.readouterr().err == ""
    path = files_of(study)["evaluations/*.json"]
    whole = path.read_bytes()
    mutate(path, b"[]")
    try:
        with telling(study.folder, study.folder):
            print("answer")
        out, err = capsys.readouterr()
        assert out == "answer\n" and err.count("\n") == 1
        assert f"passed over runs/{path.parents[1].name}/evaluations/{path.name} is no obj" in err
        with pytest.raises(ValueError, match=r"^no law; .*: passed over runs/"):
            with telling(study.folder):
                raise ValueError("no law")
        plan = study.folder / "study.json"
        sound = plan.read_bytes()
        mutate(plan, b"[]")
        try:
            with pytest.raises(ValueError, match=r"^no law$"), telling(study.folder):
                raise ValueError("no law")
        finally:
            plan.write_bytes(sound)
    finally:
        path.write_bytes(whole)
