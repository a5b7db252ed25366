"""The verdicts on the papers, judged once."""

import pytest

from analysis.claims import of_papers


@pytest.fixture(scope="module")
def papers() -> dict:
    return {verdict.claim.name: verdict for verdict in of_papers()}
