"""Does a cluster ask for a token? A driver shows one to none that asks for none."""

import contextlib
import os
from collections.abc import Iterator

import grpc
from ray._private.grpc_utils import init_grpc_channel
from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS
from ray._private.services import canonicalize_bootstrap_address
from ray._raylet import Config  # type: ignore[attr-defined]
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

ALIVE = gcs_service_pb2.CheckAliveRequest  # type: ignore[attr-defined]  # made by protobuf
ANSWER_S = 15.0  # where the machine is busy
OPEN = (
    "this Ray cluster asks for no token: whoever reaches its ports runs code on it "
    "(CVE-2023-48022); start each of its nodes with RAY_AUTH_MODE=token and the same "
    "~/.ray/auth_token"
)


@contextlib.contextmanager
def shown_where_asked(address: str) -> Iterator[bool]:
    """While entered, Ray shows its token if the running cluster at ``address`` (``auto`` or
    HOST:PORT) asks for one; gives whether it does.

    A driver that shows a token also asks for one. The GCS of a cluster that has none is refused
    then, and takes the driver and its actors for dead.
    """
    found = canonicalize_bootstrap_address(address) if address == "auto" else address
    with _mode("disabled"):
        # Ray's client protocol is not the GCS's
        if found and not found.startswith("ray://") and _answers(found):
            yield False
            return
    yield True


def _answers(address: str) -> bool:
    """Whether the GCS at HOST:PORT answers this process, as it is; not where it is silent."""
    channel = init_grpc_channel(address, GLOBAL_GRPC_OPTIONS)
    try:
        gcs = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
        gcs.CheckAlive(ALIVE(), timeout=ANSWER_S)
    except grpc.RpcError:
        return False
    finally:
        channel.close()
    return True


@contextlib.contextmanager
def _mode(name: str) -> Iterator[None]:
    """While entered, this process and those that it starts authenticate so."""
    before = os.environ.get("RAY_AUTH_MODE")
    os.environ["RAY_AUTH_MODE"] = name
    Config.initialize("")
    try:
        yield
    finally:
        if before is None:
            del os.environ["RAY_AUTH_MODE"]
        else:
            os.environ["RAY_AUTH_MODE"] = before
        Config.initialize("")
