"""Which arrays did the reference implementation give? Golden vectors of Peebles & Xie's code."""

import pytest

from tests.models import golden as reference


@pytest.fixture(scope="module")
def golden():
    return reference.arrays()


@pytest.fixture(scope="module")
def model():
    return reference.model()
