"""A server that says what it is told to, and remembers what it was asked."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Elsewhere:
    """``asked``: each request, head and body."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


def http(status: int, content: bytes, *headers: str) -> bytes:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def told(value: Any, status: int = 200) -> bytes:
    """An answer in JSON."""
    return http(status, json.dumps(value).encode(), "Content-Type: application/json")


@contextmanager
def answering(*answers: bytes) -> Iterator[Elsewhere]:
    """Each request gets the next answer, the last one for ever; then the connection is closed."""
    here, left = Elsewhere(), list(answers)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            lines = head.decode().lower().split("\r\n")
            sizes = [line.split(":")[1] for line in lines if line.startswith("content-length:")]
            body = self.rfile.read(int(sizes[0])) if sizes else b""
            here.asked.append((head + body).decode())
            self.wfile.write(left.pop(0) if left[1:] else left[0])

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        here.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()
