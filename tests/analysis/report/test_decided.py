"""Does the page say each claim once: decided in plain words, or with what it lacks?"""

from analysis.answers.contrast import Part
from analysis.answers.verdicts import UNKNOWN
from analysis.claims import CLAIMS, Verdict, of_papers
from analysis.report.decided import another_seed, decided, seeds_that_decide, undecided


def test_each_claim_is_decided_or_not_and_never_both():
    verdicts = list(of_papers())
    first, rest = decided(verdicts), undecided(verdicts)
    assert len(first) + len(rest) == len(CLAIMS)
    assert all(d.verdict != UNKNOWN and d.sentence.endswith(".") for d in first)
    (training,) = [u for u in rest if "training compute" in u.statement]
    assert training.why == "these records hold no curve of FID over training, only its end"
    assert training.needs.startswith("FID over training of two sizes")


def test_another_seed_is_priced_by_what_the_others_took():
    assert another_seed(1, 12, 600.0) == (
        "One more seed (--set seeds=2) is 12 trainings more, about 10 minutes of one worker as "
        "measured here."
    )
    assert "about 2.0 hours" in another_seed(3, 12, 3 * 7200.0)


def faint(value: float, error: float = 0.1) -> Verdict:
    part = Part("patch 2", value, error, 4.0, ())
    return Verdict(CLAIMS[0], UNKNOWN, value, part.interval(), part.of, (), (part,), tests=3)


def test_an_undecided_claim_says_how_many_seeds_would_decide_it():
    assert seeds_that_decide(faint(-0.25), 3, asked=2) == 4
    # a refutation has to stand among all the tests of all claims
    assert seeds_that_decide(faint(0.25), 3, asked=1) < seeds_that_decide(faint(0.25), 3, asked=8)
    assert seeds_that_decide(faint(-0.01), 3, asked=2) is None
    (told,) = undecided([faint(-0.25)], seeds=3)
    assert told.needs.startswith("about 4 seeds of each model")
    (told,) = undecided([faint(-0.01)], seeds=3)
    assert "12 seeds of each model would not decide it" in told.needs


def test_what_rests_on_the_number_of_models_does_not_ask_for_seeds():
    vague = Verdict(CLAIMS[2], UNKNOWN, -0.8, (-0.94, -0.4), "12 models")
    assert undecided([vague], seeds=3)[0].needs.startswith("more models")
