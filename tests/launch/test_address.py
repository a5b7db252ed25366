"""Is an address at which Ray does not answer refused within seconds?"""

import contextlib
import socket
import threading

import pytest

from scaling.launch import address
from scaling.launch.address import HELLO, check_answers

GREETING = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00" + bytes(6)  # settings, as gRPC's servers begin
WORD = b"HTTP/1.1 400 Bad Request\r\n\r\n"


@contextlib.contextmanager
def listening(answer: bytes):
    """HOST:PORT of a server that takes what a client says first, and gives ``answer``."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as client:
                assert client.recv(len(HELLO), socket.MSG_WAITALL) == HELLO
                client.sendall(answer)
                with contextlib.suppress(ConnectionResetError):
                    client.recv(1)  # until it hangs up

        serving = threading.Thread(target=serve)
        serving.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        serving.join()


def test_one_that_greets_as_ray_does_is_let_be():
    with listening(GREETING) as there:
        check_answers(there)


@pytest.mark.parametrize("answer", [b"", b"\x00\x00\x06", WORD])
def test_one_that_is_silent_or_something_else_is_refused(answer, monkeypatch):
    monkeypatch.setattr(address, "GREETING_S", 0.2)
    with listening(answer) as there:
        with pytest.raises(ValueError, match=f"no Ray cluster at {there}: what listens there"):
            check_answers(there)


def test_a_port_that_nobody_listens_on_and_a_word_that_is_none_are_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ValueError, match=f"no Ray cluster at 127.0.0.1:{port}: Connection refused"):
        check_answers(f"127.0.0.1:{port}")
    for wrong in ("nonsense", "host:", ":6379", "host:70000", "host:x"):
        with pytest.raises(ValueError, match="is neither auto, local, nor HOST:PORT"):
            check_answers(wrong)


def test_where_ray_speaks_tls_a_listener_is_enough(monkeypatch):
    monkeypatch.setenv("RAY_USE_TLS", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_answers(f"127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_real_cluster_answers(ray_address):
    check_answers(ray_address)
