"""Does a driver show a token to the clusters that ask for one, and to no others?"""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from ray._private.authentication.authentication_utils import is_token_auth_enabled
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

from scaling.launch.tokens import shown_where_asked


class Gcs(gcs_service_pb2_grpc.NodeInfoGcsServiceServicer):
    def __init__(self, asks: bool):
        self.asks = asks

    def CheckAlive(self, request, context):
        shown = dict(context.invocation_metadata()).get("authorization")
        if self.asks and not shown:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is missing")
        return gcs_service_pb2.CheckAliveReply()


@contextlib.contextmanager
def gcs(asks: bool):
    """HOST:PORT of what answers as Ray's GCS."""
    server = grpc.server(ThreadPoolExecutor(1))
    gcs_service_pb2_grpc.add_NodeInfoGcsServiceServicer_to_server(Gcs(asks), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("before", ["token", "disabled", None])
def test_a_token_is_shown_to_who_asks_for_one(asks, before, monkeypatch):
    if before is None:
        monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    else:
        monkeypatch.setenv("RAY_AUTH_MODE", before)
    with gcs(asks) as address:
        with shown_where_asked(address) as asked:
            assert asked == asks
            assert os.environ.get("RAY_AUTH_MODE") == (before if asks else "disabled")
            assert not is_token_auth_enabled() or asks
    assert os.environ.get("RAY_AUTH_MODE") == before


def test_where_nobody_answers_or_nothing_can_be_asked_all_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with gcs(asks=True) as address:
        gone = address
    for there in (gone, f"ray://{gone}"):
        with shown_where_asked(there) as asked:
            assert asked and os.environ["RAY_AUTH_MODE"] == "token"
