"""Does the page say each claim once: decided in plain words, or with what it lacks?"""

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import CLAIMS, of_papers
from analysis.report.decided import another_seed, decided, undecided


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
