"""Does Ray answer at an address?"""

import os
import socket

CONNECT_TIMEOUT_S = 5.0
GREETING_S = 15.0  # where the machine is busy
# RFC 9113: a client's preface, whose frame of settings is empty; the header of each frame (three
# bytes of length, then its type), and the type of settings.
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
FRAME_HEADER_BYTES, SETTINGS = 9, 4


def check_answers(address: str) -> None:
    """ValueError, within seconds, for an address that is none, that nobody listens on, or somebody
    else than Ray, which would try for minutes.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(
            f"Ray address {address!r} (--address or $RAY_ADDRESS) is neither auto, local, nor "
            "HOST:PORT; say --address local to run on this machine"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S) as connection:
            silent = "what listens there does not answer as Ray does"
            why = None if _speaks_grpc(connection) else silent
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise ValueError(
            f"no Ray cluster at {address}: {why}. Start one with `ray start --head`, whose port is "
            "6379 unless told, or say --address local to run on this machine"
        )


def _speaks_grpc(connection: socket.socket) -> bool:
    """Whether the other side greets as each server of gRPC does, with a frame of HTTP/2's settings.
    Where Ray speaks TLS that cannot be asked, and is taken for granted.
    """
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True
    connection.settimeout(GREETING_S)
    try:
        connection.sendall(HELLO)
        header = connection.recv(FRAME_HEADER_BYTES, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(header) == FRAME_HEADER_BYTES and header[3] == SETTINGS
