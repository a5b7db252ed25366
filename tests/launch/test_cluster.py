"""Is a cluster's start tried again where the machine was too busy for Ray, and only there?"""

import pytest

from scaling.launch import cluster

BUSY = Exception(
    "The current node timed out during startup. This could happen because some of the raylet "
    "failed to startup"
)


@pytest.mark.parametrize("failures, starts", [([], 1), ([BUSY], 2)])
def test_a_start_that_took_too_long_is_tried_once_more(failures, starts, monkeypatch):
    calls, left = [], list(failures)

    def init(**options):
        calls.append(options)
        if left:
            raise left.pop()
        return "context"

    monkeypatch.setattr(cluster.ray, "init", init)
    monkeypatch.setattr(cluster.ray, "shutdown", lambda: None)  # this process may be connected
    assert cluster._init(address="local") == "context" and calls == [{"address": "local"}] * starts


@pytest.mark.parametrize(
    "failures, says", [([BUSY, BUSY], "timed out"), ([RuntimeError("no space")], "no space")]
)
def test_what_another_start_does_not_mend_is_raised(failures, says, monkeypatch):
    left = list(failures)

    def init(**options):
        raise left.pop()

    monkeypatch.setattr(cluster.ray, "init", init)
    monkeypatch.setattr(cluster.ray, "shutdown", lambda: None)
    with pytest.raises(Exception, match=says):
        cluster._init(address="local")
    assert not left
