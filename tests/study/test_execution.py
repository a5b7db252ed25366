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


@pytest.mark.parametrize(
    "field, value", [("workers", 0), ("micro_batch", 0), ("parallel", "tensor"), ("gpus", 1)]
)
def test_what_cannot_be_is_refused_by_its_name(field, value):
    with pytest.raises(ValidationError, match=field):
        Execution(**{field: value})
