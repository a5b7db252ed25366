"""What would a webhook be sent? A real server on this machine that keeps it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "/services/T0/B0/hushhush"


class Server(HTTPServer):
    """A real server that keeps what it is sent."""

    def __init__(self, status: int = 200):
        self.status, self.got = status, []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}{SECRET}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def serving(status: int = 200) -> Iterator[Server]:
    """A server that answers with ``status`` while entered."""
    server = Server(status)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
