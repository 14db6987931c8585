"""Somebody else's web server, on an address of its own, that answers as a test tells it to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from booking.services.fetching import Reach

OUTSIDE = "127.0.0.2"  # plays the public internet; 127.0.0.1 stays our own machine
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by path; what it was asked is kept."""

    server: Elsewhere

    def do_GET(self) -> None:
        self.server.asked.append(self)
        self.server.answers[self.path](self)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def say(self, content: bytes, status: int = 200, **headers: str) -> None:
        """Answer with `content`."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Elsewhere(ThreadingHTTPServer):
    """The server: `answers` by path, and everything it was `asked`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *, address: str = OUTSIDE, context: ssl.SSLContext | None = None) -> None:
        super().__init__((address, 0), Handler)
        self.scheme = "https" if context else "http"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers: dict[str, Answer] = {}
        self.asked: list[Handler] = []
        self.closing = threading.Event()

    @property
    def reach(self) -> Reach:
        """As far as this server, and no other on this machine."""
        return Reach(
            ports={self.scheme: self.server_port},
            besides=frozenset({ip_address(OUTSIDE)}),
            seconds=1.0,
        )

    def url(self, path: str, *, host: str = OUTSIDE) -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def has(self, path: str, content: bytes, **headers: str) -> str:
        """Let `path` be a file, and return its address."""
        self.answers[path] = lambda handler: handler.say(content, **headers)
        return self.url(path)

    def sends_on(self, path: str, to: str) -> str:
        """Let `path` redirect, and return its address."""
        self.answers[path] = lambda handler: handler.say(b"", status=302, Location=to)
        return self.url(path)

    def handle_error(self, *args: object) -> None:
        """A client that hangs up is part of the game."""


@contextmanager
def running(server: Elsewhere) -> Iterator[Elsewhere]:
    """Serve until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
