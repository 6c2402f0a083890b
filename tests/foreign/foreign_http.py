"""What the two foreign servers share: a plain threaded HTTP server around an application."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes


@dataclass
class Asked:
    """A request as it came in; `query` and `body` are still encoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Told:
    """A reply."""

    body: bytes
    content_type: str | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def decoded(text: str, *, encoding: str = "utf-8", plus: bool = True) -> str:
    """A form-encoded name or value."""
    return unquote_to_bytes(text.replace("+", " ") if plus else text).decode(encoding, "replace")


def pairs(text: str, separators: str = "&", *, encoding: str = "utf-8", plus: bool = True) -> list[tuple[str, str]]:
    """The pairs of a query or form body."""
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    found = []
    for part in text.split(separators[0]):
        if part:
            name, _, value = part.partition("=")
            found.append((decoded(name, encoding=encoding, plus=plus), decoded(value, encoding=encoding, plus=plus)))
    return found


class App:
    """An application; how it travels can be varied."""

    delay = 0.0
    http10 = False
    chunked = False
    drop_date = False

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0

    def answer(self, asked: Asked) -> Told:
        raise NotImplementedError


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The base URL of the application, served until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0" if app.http10 else "HTTP/1.1"
        server_version = "ForeignBox/7"
        sys_version = ""
        wbufsize = -1
        disable_nagle_algorithm = True
        timeout = 30

        def _go(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            path, _, query = self.path.partition("?")
            with app.lock:
                app.count += 1
            if app.delay:
                time.sleep(app.delay)
            told = app.answer(Asked(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response_only(told.status)
            self.send_header("Server", self.server_version)
            if not app.drop_date:
                self.send_header("Date", self.date_time_string())
            if told.content_type is not None:
                self.send_header("Content-Type", told.content_type)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if app.http10:
                self.send_header("Connection", "close")
                self.close_connection = True
            if app.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                if self.command != "HEAD":
                    for start in range(0, len(told.body), 37):
                        piece = told.body[start : start + 37]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told.body)

        do_GET = do_POST = do_HEAD = do_PUT = _go

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
