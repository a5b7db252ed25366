"""Is a way to carry out a training that cannot be refused?"""

import pytest
from pydantic import ValidationError

from scaling.study.execution import Execution


def test_workers_share_a_batch_equally_or_the_batch_is_refused():
    for workers in (1, 2, 4, 8):
        Execution(workers=workers).check_batch(8)
    with pytest.raises(
        ValueError, match="8 images does not divide among 3 workers; choose a --workers-per-trial"
    ):
        Execution(workers=3).check_batch(8)
    Execution(workers=4, min_workers=2).check_batch(8)
    with pytest.raises(ValueError, match="among 3 workers; choose a --min-workers-per-trial"):
        Execution(workers=4, min_workers=3).check_batch(8)


def test_a_range_of_workers_holds_those_that_share_a_batch_equally():
    assert Execution().counts(8) == (1,)
    assert Execution(workers=4).counts(8) == (4,)
    assert Execution(workers=8, min_workers=1).counts(24) == (1, 2, 3, 4, 6, 8)
    assert Execution(workers=8, min_workers=4).counts(32) == (4, 8)


@pytest.mark.parametrize(
    "workers, fewest, says", [(2, 3, "3 is more than --workers-per-trial 2"), (1, 1, "one worker")]
)
def test_a_range_that_is_none_is_refused(workers, fewest, says):
    Execution(workers=4, min_workers=4).check_range()
    Execution(workers=workers).check_range()
    with pytest.raises(ValueError, match=says):
        Execution(workers=workers, min_workers=fewest).check_range()


@pytest.mark.parametrize(
    "field, value",
    [("workers", 0), ("min_workers", 0), ("micro_batch", 0), ("parallel", "tensor"), ("gpus", 1)],
)
def test_what_cannot_be_is_refused_by_its_name(field, value):
    with pytest.raises(ValidationError, match=field):
        Execution(**{field: value})
