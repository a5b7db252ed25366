"""What do tests of studies leave behind? No family of a file that only they loaded."""

import pytest

from scaling.study.network import FAMILIES


@pytest.fixture(autouse=True)
def families_as_before():
    before = dict(FAMILIES)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)
