"""Is a store that a node cannot write refused before anything runs?"""

import pytest

from scaling.launch.nodes import check_stores

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]


def test_a_store_that_a_node_does_not_reach_is_refused_by_its_name(s3, bucket, connection):
    check_stores("smoke", f"{bucket}/runs")
    with pytest.raises(ValueError, match=r"^node \S+: cannot write results at s3://no-such-b/a: "):
        check_stores("smoke", "s3://no-such-b/a")
