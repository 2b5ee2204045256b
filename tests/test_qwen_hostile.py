"""A server that does anything but describe: it costs the description, never the video, the time or the memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import DescribeError
from vidkit.qwen_model import Description, open_describer
from vidkit.qwen_model.answer import read_answer
from vidkit.qwen_model.key_redaction import key_redactor

from .conftest import MakeVideo
from .model_server import ModelServer
from .waiting import PATIENCE, until

KEY = "Sk-very/secret-key"
Answer = Callable[[socket.socket], None]
DEEP = b"[" * 100_000
NESTED = b"[" * 900 + b"]" * 900


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that reads each question and does what `answer` says with the connection; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    closing = threading.Event()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
            left = length - len(head.partition(b"\r\n\r\n")[2])
            while left > 0:
                left -= len(connection.recv(65536))
            answer(connection)

    def accept() -> None:
        while not closing.is_set():
            with contextlib.suppress(TimeoutError):
                connection = listener.accept()[0]
                connection.settimeout(10)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        closing.set()
        thread.join()
        listener.close()


def whole(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    """An answer whose length is right."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)


def raw(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


def drip(before: bytes, piece: bytes) -> Answer:
    """Sends something, and then a piece of something every 20 ms, without an end."""

    def send(connection: socket.socket) -> None:
        connection.sendall(before)
        while True:
            connection.sendall(piece)
            time.sleep(0.02)

    return send


def ask(url: str, clip: Path, protocol: str = "vidkit", **keys: str) -> Description:
    values = {"PublicEndpoint": url, "Protocol": protocol, "AccessKey": KEY, "Timeout": "5", "Model": "m", **keys}
    config = load_config(overrides={("QwenVL", key): value for key, value in values.items()}, environment={})
    describer = open_describer(config, max_requests=1)
    assert describer is not None
    try:
        return describer.describe(clip, None, "Describe.")
    finally:
        describer.close()


@pytest.fixture
def clip(make_video: MakeVideo) -> Path:
    return make_video(size="64x36", shot_length=1.0)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (HEAD + b"Content-Length: 4000\r\n\r\n", b" "),
        (HEAD + b"\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD, b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n", b" "),
        (b"", b""),
    ],
    ids=["body", "body to the end", "chunks", "header", "continue", "redirection", "nothing"],
)
def test_timeout_is_the_whole_time_that_an_answer_may_take(before: bytes, piece: bytes, clip: Path) -> None:
    said = r"did not answer within 0\.4 seconds \(\[QwenVL\] Timeout\)"
    with answering(drip(before, piece)) as url, pytest.raises(DescribeError, match=said):
        ask(url, clip, Timeout="0.4")


def test_an_answer_that_is_cut_by_the_timeout_is_no_answer(clip: Path) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(HEAD + b'\r\n{"description": "It looks whole."}')
        time.sleep(2)

    with answering(send) as url, pytest.raises(DescribeError, match=r"did not answer within 0\.4 seconds"):
        ask(url, clip, Timeout="0.4")


def test_nothing_goes_on_after_the_timeout(clip: Path) -> None:
    ended = threading.Event()

    def send(connection: socket.socket) -> None:
        try:
            drip(HEAD + b"\r\n", b" ")(connection)
        finally:
            ended.set()

    with answering(send) as url, pytest.raises(DescribeError):
        ask(url, clip, Timeout="0.3")
    assert ended.wait(PATIENCE)
    until(lambda: not any(thread.name == "deadline" for thread in threading.enumerate()))


def test_a_slow_answer_within_the_timeout_is_taken(clip: Path) -> None:
    def send(connection: socket.socket) -> None:
        for byte in HEAD + b'Content-Length: 26\r\n\r\n{"description": "Slowly."}':
            connection.sendall(bytes([byte]))
            time.sleep(0.005)

    with answering(send) as url:
        assert ask(url, clip).text == "Slowly."


def test_a_redirection_without_an_end_is_not_read(clip: Path) -> None:
    sent = 0

    def send(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 65536)

    with answering(send) as url, pytest.raises(DescribeError, match="answered more than 8 MiB"):
        ask(url, clip)
    assert sent < 64 * 2**20


ODD = [
    10**30, -1, -(10**30), 2**63, True, None, 1.5, float("inf"), float("nan"), "100", "²", [1], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("protocol", ["vidkit", "openai"])
@pytest.mark.parametrize("odd", ODD, ids=[repr(odd)[:12] for odd in ODD])
def test_odd_numbers_of_tokens_cost_nothing(protocol: str, odd: object, model: ModelServer, clip: Path) -> None:
    for usage in ({"prompt_tokens": odd, "completion_tokens": odd}, odd):
        body = {"description": "Seen.", "choices": [{"message": {"content": "Seen."}}], "usage": usage}
        model.faults = [(200, body)]
        assert ask(f"{model.url}/v1", clip, protocol, Cache=f"{len(str(usage))}.db").text == "Seen."
    for path in Path().glob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as kept:
            assert kept.execute("SELECT count(*) FROM answers WHERE tokens_in >= 0").fetchone() == (1,)


@pytest.mark.parametrize(
    "wait",
    ["²", "٣", "-1", "1e9", "nan", "inf", "9" * 5000, "", "soon", "Mon, 99 Foo 2026 99:99:99 GMT", "\xa0",
     "Mon, 01 Jan 99999999999999 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359",
     "Mon, 01 Jan 0001 00:00:00 +2359",
     "Mon, 01 Jan 2026 00:00:00 +99999999999", ",", "0 0 0 0 0 0", "Fri, 31 Dec 9999 23:59:59 GMT"],
)  # fmt: skip
def test_an_odd_retry_after_costs_the_description_at_most(wait: str, clip: Path) -> None:
    body = b'{"error": "busy"}'
    header = f"Retry-After: {wait}".encode().decode("latin-1")
    with (
        answering(whole(body, "503 Busy", header)) as url,
        pytest.raises(DescribeError, match=r"503: busy|max-requests"),
    ):
        ask(url, clip)


TEXTS: list[Any] = [
    None,
    7,
    -1.5,
    True,
    "",
    " ",
    [],
    {},
    [[]],
    ["a", 1],
    {"text": 1},
    "\ud800",
    "\0\x1b[31m",
    "x" * 10**6,
]
BODIES: list[bytes] = [
    b"", b" ", b"null", b"true", b"7", b'"text"', b"[]", b"{}", b"{", b"NaN", b"\xff\xfe\x00", b"\xef\xbb\xbf{}",
    b"\xff" * 9999, b"9" * 5000, DEEP, b'{"a":' * 100_000, b'{"description":' + DEEP, b"<html>" + b"<script" * 9999,
    b"<" * 10**6, b"\\" * 10**6, b'{"error": {"error": {"error": {"error": 1}}}}',
    *(b'{"description": "a", "%s": %s}' % (key, NESTED) for key in (b"tags", b"error", b"choices")),
    b'{"choices": {"0": 1}}', b'{"choices": "abc"}', b'{"choices": [[]]}', b'{"choices": [{"message": []}]}',
    *(json.dumps({"description": text}).encode() for text in TEXTS),
    *(json.dumps({"description": "a", "tags": text}).encode() for text in TEXTS),
    *(json.dumps({"choices": [{"message": {"content": text}, "finish_reason": text}]}).encode() for text in TEXTS),
    *(json.dumps({"error": text, "message": text, "detail": text}).encode() for text in TEXTS),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["vidkit", "openai"])
def test_whatever_a_body_holds_costs_the_description_at_most(protocol: str, clip: Path) -> None:
    for status in ("200 OK", "400 Bad"):
        bodies = iter(BODIES)
        with answering(lambda connection: whole(next(bodies), status)(connection)) as url:  # noqa: B023
            for number, body in enumerate(BODIES):
                began = time.process_time()
                said, words = None, ""
                try:
                    said = ask(f"{url}/v1", clip, protocol, Cache=f"{status[:3]}-{number}.db")
                except DescribeError as error:
                    words = str(error)
                assert words if said is None else status == "200 OK" and said.text.encode().strip()
                assert "mistake in vidkit" not in words
                assert time.process_time() - began < 5, body[:50]


@pytest.mark.parametrize(
    "answer",
    [
        raw(b""), raw(b"\0" * 99), raw(b"HTTP/9.9 abc\r\n\r\n"),
        raw(b"HTTP/1.1 99999999999 X\r\n\r\n"), raw(b"HTTP/1.1\r\n\r\n"), raw(b"HTTP/1.1 101 Switch\r\n\r\n"),
        raw(HEAD + b"X: y\r\n" * 200 + b"\r\n{}"), raw(HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n{}"),
        raw(HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"), raw(HEAD + b"Content-Length: -5\r\n\r\n{}"),
        raw(HEAD + b"Content-Length: 5, 6\r\n\r\n{}"), raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n{}"),
        raw(HEAD + b"Set-Cookie: a=b; Max-Age=" + b"9" * 5000 + b"; expires=x\r\nContent-Length: 2\r\n\r\n{}"),
        whole(b"{}", "200 OK", "Content-Encoding: gzip"),
        whole(zlib.compress(b"{}"), "200 OK", "Content-Encoding: br"), whole(b"", "500 \x1b[31m\xff"),
        whole(gzip.compress(bytes(10**8)), "200 OK", "Content-Encoding: gzip"),
        whole(gzip.compress(gzip.compress(bytes(10**8))), "200 OK", "Content-Encoding: gzip, gzip"),
        whole(b"", "302 Found", "Location: http://[::1"), whole(b"", "302 Found", "Location: \xff\x1b"),
        whole(b"", "302 Found"), whole(b"", "407 Proxy"), whole(b"", "204 None"), whole(b"", "299 Odd"),
    ],
)  # fmt: skip
def test_whatever_a_server_says_in_http_costs_the_description_at_most(answer: Answer, clip: Path) -> None:
    with answering(answer) as url, pytest.raises(DescribeError) as caught:
        ask(url, clip)
    assert "mistake in vidkit" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "body", [b'{"data": [{"id": %s}]}' % name for name in (b"7", b"[]", b'"\\ud800"', b'""', b"{}")]
)
def test_an_odd_name_of_a_model_is_no_name(body: bytes, clip: Path) -> None:
    with (
        answering(whole(body)) as url,
        pytest.raises(DescribeError, match=r"lists no model: name it in \[QwenVL\]"),
    ):
        ask(f"{url}/v1", clip, "openai", Model="")


def test_an_absurd_answer_does_not_cost_the_video(model: ModelServer, clip: Path) -> None:
    Path("config.ini").write_text(f"[QwenVL]\nPublicEndpoint = {model.url}/ask\nProtocol = vidkit\n")
    usage = {"prompt_tokens": 10**30, "completion_tokens": -1}
    model.faults = [(503, b"busy", {"Retry-After": "\xb2"}), (200, {"description": "Seen.", "usage": usage})]
    assert main(["process", "--urls", str(clip)]) == 0
    record = json.loads(Path(f"processed_videos/{clip.name}.json").read_text())
    assert (record["qwen_description"], record["ai"]["error"]) == ("Seen.", None)
    assert json.loads(Path("processed_videos/summary.json").read_text())["model"]["tokens_in"] == 0


def test_long_texts_are_read_in_moments() -> None:
    for piece in ("```", "{", "<|", "<think>", '"', "\\", "\\u005c"):
        began = time.process_time()
        with contextlib.suppress(DescribeError):
            read_answer(f'{{"description": "{piece * (2**18 // len(piece))}')
        key_redactor(KEY)(piece * (2**18 // len(piece)))
        assert time.process_time() - began < 5, piece


# The access key


def escapes(text: str) -> list[str]:
    """The text as JSON may have it, inside of JSON and inside of that too."""
    all_of_it = "".join(f"\\u{ord(character):04X}" for character in text)
    first = f"\\u{ord(text[0]):04x}{text[1:]}"
    slash = text.replace("/", "\\/")
    return [text, all_of_it, first, slash, first.replace("\\", "\\\\"), first.replace("\\", "\\u005c")]


@pytest.mark.parametrize("written", escapes(KEY))
@pytest.mark.parametrize("protocol", ["vidkit", "openai"])
def test_an_escaped_access_key_is_kept_nowhere(protocol: str, written: str, clip: Path) -> None:
    if protocol == "vidkit":
        body = f'{{"description": "You sent {written}.", "tags": ["{written}", "tag"]}}'
    else:
        inner = f'{{"description": "You sent {written}.", "tags": ["{written}", "tag"]}}'
        body = json.dumps({"choices": [{"message": {"content": inner}}]})
    encodings = iter(("utf-8", "utf-16"))
    with answering(lambda connection: whole(body.encode(next(encodings)))(connection)) as url:
        for encoding in ("utf-8", "utf-16"):
            said = ask(f"{url}/v1", clip, protocol, Cache=f"{encoding}.db")
            assert said == Description("You sent ***.", ("***", "tag"))
            with contextlib.closing(sqlite3.connect(f"{encoding}.db")) as kept:
                (text,) = kept.execute("SELECT text FROM answers").fetchone()
            assert "ecret-key" not in text
            assert "u0053" not in text
            assert "u0073" not in text


FORMS = ('{"error": "bad key %s"}', "bad key %s", "<p>bad key %s</p>", "%s")
SAID = [whole((form % written).encode(), "400 Bad") for form in FORMS for written in escapes(KEY)]
SAID += [whole(b"", f"403 {KEY}"), whole(b"", "302 Found", f"Location: /{KEY}"), whole(KEY.encode())]


def test_an_escaped_access_key_is_shown_in_no_error(clip: Path) -> None:
    answers = iter(SAID)
    with answering(lambda connection: next(answers)(connection)) as url:
        for _ in SAID:
            with pytest.raises(DescribeError) as caught:
                ask(url, clip)
            assert "***" in str(caught.value)
            assert "ecret" not in str(caught.value)
            assert "0053" not in str(caught.value)


def test_no_half_of_an_access_key_is_left_where_a_message_ends(clip: Path) -> None:
    fillers = ["x " * 141 + "x" * more for more in range(20)]  # near the end of what is shown, and of what is read
    fillers += ["x" + " " * (7980 + more) for more in range(20)]
    bodies = iter(fillers)
    with answering(lambda connection: whole(f"{next(bodies)}{KEY}".encode(), "400 Bad")(connection)) as url:
        for _ in fillers:
            with pytest.raises(DescribeError) as caught:
                ask(url, clip)
            assert "Sk" not in str(caught.value)
