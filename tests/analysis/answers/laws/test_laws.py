"""Are laws told apart by name, whatever their order?"""

import pytest

from analysis.answers import laws as rooms
from analysis.answers.laws import APPROACHES, LAWS, Law, LawAnswer, agreement_table, laws
from analysis.answers.study import Answers
from analysis.frames import evaluations_frame, trials_frame
from analysis.select.selection import Selection
from tests.analysis.answers.answering import answers_of
from tests.analysis.synthetic_study import SIZES, study_of


def answers_with(exponents: dict[str, float]) -> list[LawAnswer]:
    return [
        LawAnswer(f"the law {name}", value=a, interval=(a - 0.1, a + 0.1), name=name)
        for name, a in exponents.items()
    ]


def test_approaches_are_compared_by_name():
    """A law of another exponent above them, as of an FID frontier, is no approach."""
    exponents = {"gflops": -0.4, "rolled": -0.3, "frontier": -0.2} | dict(
        zip(APPROACHES, (0.5, 0.52, 0.9))
    )
    above = {"another": 7.0} | exponents
    for named in (exponents, above, dict(reversed(above.items()))):
        table = agreement_table(answers_with(named))
        assert [tuple(pair) for pair in table.select("one", "other", "verdict").rows()] == [
            ("approach3", "envelope", "agree"),
            ("approach3", "isoflop", "disagree"),
            ("envelope", "isoflop", "disagree"),
        ]


def test_every_approach_is_a_law_that_is_asked():
    assert set(APPROACHES) < set(LAWS)


def test_a_law_put_above_the_others_changes_none_of_them(finished, monkeypatch):

    answers = Answers(Selection(trials_frame(finished), evaluations_frame(finished)))
    before = laws(answers)
    assert [law.name for law in before] == list(LAWS)
    new = Law("One more", lambda answers, question: LawAnswer(question, value=1.0))
    monkeypatch.setattr(rooms, "LAWS", {"new": new, **LAWS})
    assert [law.name for law in laws(answers)] == ["new", *LAWS]
    assert laws(answers)[1:] == before


def test_an_approach_without_an_exponent_is_not_compared():
    answered = answers_with({"approach3": 0.5}) + [
        LawAnswer("none", why_not="too few", name=name) for name in ("envelope", "isoflop")
    ]
    assert agreement_table(answered) is None
    with pytest.raises(KeyError):
        agreement_table(answered[:1])


def test_mlp_ratios_are_models_with_a_curve_and_a_law_each(tmp_path):
    study = study_of(tmp_path, {"size": SIZES, "model.mlp_ratio": [2.0, 4.0, 8.0]})
    answers = answers_of(study)
    assert answers.slope.models == 12
    assert [slope.subset for slope in answers.slopes[1:]] == [
        "patch 2, mlp 8",
        "patch 2",
        "patch 2, mlp 2",
    ]
    assert {law.name for law in laws(answers) if law.law} >= {"gflops", "frontier"}
