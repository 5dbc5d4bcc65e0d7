"""A server that speaks OpenAI's protocol and fails as told, to test what stands before it."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with one request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Pause before the answer; infinite: it never comes."""
    resets: bool = False
    """Cut the connection instead of answering."""
    missing: int = 0
    """Bytes that are promised and never come: the connection ends midway."""


def says(text: str | None, *, delay_s: float = 0.0, usage: Json | None = None) -> Answer:
    """A well-formed chat completion; without ``usage`` it states none."""
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    body: Json = {"object": "chat.completion", "model": "fake-1", "choices": [choice]}
    if usage is not None:
        body["usage"] = usage
    return json_answer(body, delay_s=delay_s)


def json_answer(body: Any, *, status: int = 200, delay_s: float = 0.0) -> Answer:
    """Any JSON."""
    return Answer(
        status, json.dumps(body).encode(), {"Content-Type": "application/json"}, delay_s=delay_s
    )


def fails(status: int, message: str = "", *, code: str = "", retry_after: str = "") -> Answer:
    """An error as OpenAI's API words it."""
    answer = json_answer({"error": {"message": message, "code": code or None}}, status=status)
    headers = {**answer.headers, **({"Retry-After": retry_after} if retry_after else {})}
    return Answer(status, answer.body, headers)


def garbage(body: bytes = b"<html>not JSON", content_type: str = "application/json") -> Answer:
    """Status 200 and nothing that can be read."""
    return Answer(200, body, {"Content-Type": content_type})


def hangs() -> Answer:
    """No answer, ever."""
    return Answer(delay_s=float("inf"))


def resets() -> Answer:
    """The connection is cut."""
    return Answer(resets=True)


class FakeServer:
    """An OpenAI-compatible server on loopback whose answers are given beforehand.

    ::

        with FakeServer([fails(500), says("hello")]) as server:
            ...  # requests go to server.base_url; what came in is in server.requests
    """

    def __init__(
        self,
        answers: Sequence[Answer] | Callable[[Json], Answer],
        *,
        models: Answer | None = None,
    ) -> None:
        """
        Args:
            answers: one for each POST in order, the last one repeated; or a function of its body.
            models: the answer to ``GET /models``; None offers ``fake``.
        """
        self.requests: list[Json] = []
        """Bodies of the POST requests so far."""
        self.headers: list[Mapping[str, str]] = []
        """Their headers, with lower-case names."""
        self.most_at_once = 0
        """Most POST requests that were under way at the same time."""
        self._answers = answers
        self._models = models or json_answer({"object": "list", "data": [{"id": "fake"}]})
        self._under_way = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def base_url(self) -> str:
        """What a client is given."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "FakeServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def on_get(self) -> Answer:
        """Return the answer to ``GET /models``."""
        return self._models

    def on_post(self, body: Json, headers: Mapping[str, str]) -> Answer:
        """Note a request and return what to do with it."""
        with self._lock:
            index = len(self.requests)
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        if callable(self._answers):
            return self._answers(body)
        return self._answers[min(index, len(self._answers) - 1)]

    def post_ended(self) -> None:
        """Note that a POST request was answered."""
        with self._lock:
            self._under_way -= 1

    def pause(self, seconds: float) -> bool:
        """Wait; return whether the server still runs afterwards."""
        return not self._closing.wait(None if seconds == float("inf") else seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], owner: FakeServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        self._carry_out(self.server.owner.on_get())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._carry_out(self.server.owner.on_post(body, dict(self.headers)))
        finally:
            self.server.owner.post_ended()

    def _carry_out(self, answer: Answer) -> None:
        if answer.resets:
            self._reset()
            return
        if not self.server.owner.pause(answer.delay_s):
            self.close_connection = True
            return
        self.send_response(answer.status)
        length = str(len(answer.body) + answer.missing)
        for name, value in {**answer.headers, "Content-Length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = self.close_connection or answer.missing > 0

    def _reset(self) -> None:
        self.close_connection = True
        # Lingering for zero seconds makes closing send RST instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
