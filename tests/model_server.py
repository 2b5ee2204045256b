"""A local HTTP server in the place of a model's: it speaks both protocols, refuses what it is told, fails."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Question = dict[str, Any]


class ModelServer:
    """What it is told, and what it was asked.

    `answer` makes the text from a question. `refuse` names ways of showing a clip that it answers with `status`:
    `url`, `data`, `frames`, `text`. `faults` are done first, one for each request: a status, (status, body), or
    what to do with the connection.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Question] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[Question], str] = lambda question: "A red square moves."
        self.tags: list[str] | None = ["square"]
        self.refuse: set[str] = set()
        self.status = 500
        self.faults: list[Any] = []
        self.delay = 0.0
        self.most_at_once = 0
        self.protocols = {"vidkit", "openai"}
        self.says_405 = False  # to a GET of the page that takes chats, as many servers do
        self._under_way = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def ways(self) -> list[str]:
        """How each question that came showed its clip."""
        return [way_of(question) for question in self.asked]


def way_of(question: Question) -> str:
    """`url`, `data`, `frames` or `text`."""
    if "messages" not in question:
        url = question.get("video_url")
    else:
        parts = question["messages"][0]["content"]
        if any(part["type"] == "image_url" for part in parts):
            return "frames"
        url = next((part["video_url"]["url"] for part in parts if part["type"] == "video_url"), None)
    if url is None:
        return "text"
    return "data" if url.startswith("data:") else "url"


class Listener(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the other side has gone


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two packets, and the second would wait 40 ms
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.endswith("/models"):
            self._send(200, {"data": [{"id": "listed-model"}]})
        elif self.path.endswith("/chat/completions") and self.server.model.says_405:
            self._send(405, {"detail": "Method Not Allowed"})
        else:
            self._send(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        model = self.server.model
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with model.counted():
            model.asked.append(question)
            model.headers.append(dict(self.headers))
            model.paths.append(self.path)
            time.sleep(model.delay)
            fault = model.faults.pop(0) if model.faults else None
            if fault is not None:
                self._fail(fault)
            else:
                self._answer(model, question)

    def _answer(self, model: ModelServer, question: Question) -> None:
        chat = "messages" in question
        if ("openai" if chat else "vidkit") not in model.protocols:
            status = 404 if chat or self.path in ("", "/") else 422
            self._send(status, {"detail": [{"loc": ["body", "messages"], "msg": "Field required"}]})
            return
        if way_of(question) in model.refuse:
            self._send(model.status, {"error": {"message": "this cannot be read"}})
            return
        text = model.answer(question)
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        content = {"description": text} if model.tags is None else {"description": text, "tags": model.tags}
        if not chat:
            self._send(200, {**content, "usage": usage})
            return
        message = {"role": "assistant", "content": text if model.tags is None else json.dumps(content)}
        self._send(200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})

    def _fail(self, fault: Any) -> None:
        if fault == "close":
            self.close_connection = True
            self.connection.close()
        elif fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"description": "A red')
            self.close_connection = True
        elif isinstance(fault, int):
            self._send(fault, {"error": {"message": "a fault"}}, {"Retry-After": "0"})
        else:
            self._send(*fault)

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving() -> Iterator[ModelServer]:
    """A server on loopback for as long as the block lasts."""
    server = Listener(("127.0.0.1", 0), Handler)
    server.model = ModelServer()
    server.model.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
