"""Hostile input of the web library: a server in a process of its own, and what anybody may send to it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.downloads import VIDEO
from tests.misbehaving_server import Reply, Server
from tests.waiting import PATIENCE
from tests.web_jobs import Site, serving_process, write_config

MIB = 2**20
SECRET = "inner-answer-91c2"
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of a process in /proc")


@dataclass
class Place:
    """A server over an empty library, where nobody has to sign in."""

    site: Site
    pid: int
    folder: Path

    @property
    def address(self) -> str:
        return self.site.address

    @property
    def at(self) -> tuple[str, int]:
        parts = urlsplit(self.address)
        return str(parts.hostname), int(parts.port or 80)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.address + path, timeout=PATIENCE, **options)

    def is_well(self) -> bool:
        began = time.monotonic()
        return self.call("GET", "/healthz").status_code == 200 and time.monotonic() - began < 30

    def processor_time(self) -> float:
        """Seconds of a processor that the server has used: unlike the time of a clock, no other program counts."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes in memory now."""
        return _status(self.pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("hostile")
    with serving_process(write_config(folder, AllowedHosts="")) as (site, process):
        place = Place(site, process.pid, folder)
        assert place.is_well()
        yield place


@pytest.fixture(scope="module")
def calls(place: Place) -> dict[tuple[str, str], dict[str, Any]]:
    """Every call of the API's description: (method, path with its parameters filled in)."""
    described = place.call("GET", "/api/openapi.json").json()
    return {
        (method.upper(), _filled(path)): operation
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: "0" * 20 if match[1] == "key" else "1", path)


def send_raw(place: Place, head: bytes, body: Iterator[bytes], seconds: float = 30) -> tuple[int, int]:
    """Send a request by hand, until the server answers or hangs up.

    Returns:
        The status, 0 where the server hung up without one; and how many bytes of the body were sent.
    """
    sent, answer = 0, b""
    with socket.create_connection(place.at, timeout=seconds) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head)
            for piece in body:
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    answer = connection.recv(4096)
                connection.settimeout(seconds)
                if answer:
                    break
                connection.sendall(piece)
                sent += len(piece)
        with contextlib.suppress(ConnectionResetError):
            while b"\r\n" not in answer and (more := connection.recv(4096)):
                answer += more
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0, sent


def _head(method: str, path: str, place: Place, *headers: str) -> bytes:
    host, port = place.at
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", *headers, "", ""]).encode()


def _changing(calls: dict[tuple[str, str], dict[str, Any]]) -> list[tuple[str, str]]:
    found = [call for call in calls if call[0] != "GET"]
    assert len(found) >= 10
    return found


# Bodies


@linux
@pytest.mark.slow
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("kind", ["application/json", "text/csv", "multipart/form-data; boundary=x", None])
def test_bodies_of_100_megabytes_are_refused_by_every_call_and_cost_no_memory(
    framing: str, kind: str | None, place: Place, calls: dict[tuple[str, str], dict[str, Any]]
) -> None:
    before, piece = place.memory(), b"[" + b" " * (MIB - 1)
    for method, path in _changing(calls):
        headers = [f"Content-Type: {kind}"] if kind else []
        if framing == "length":
            headers.append(f"Content-Length: {100 * MIB}")
            body = iter([piece] * 100)
        else:
            headers.append("Transfer-Encoding: chunked")
            body = iter([b"%x\r\n%s\r\n" % (len(piece), piece)] * 100)
        status, sent = send_raw(place, _head(method, path, place, *headers), body)
        assert 400 <= status < 500 or (status == 0 and sent < 100 * MIB), (method, path, status)
        # A CSV may have 64 MiB, which are on the disk; the sockets of both sides hold some more.
        assert sent <= (72 if kind == "text/csv" else 12) * MIB, (method, path, sent)
    assert place.memory() - before < 24 * MIB
    assert place.is_well()
    left = [path for path in (place.folder / "serve").rglob("*") if path.is_file() and path.stat().st_size > MIB]
    assert left == []


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"a%d":1' % n for n in range(1_000_000)) + b"}",
        b"{" + b",".join(b'"%x":1' % n for n in range(100_000)) + b"}",
        b"[" + b"[]," * 300_000 + b"[]]",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"urls":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"urls": ["' + b"\\ud800" * 100_000 + b'"]}',
        b"1" * 1_000_000,
        b"1e" + b"9" * 500_000,
        b'"' + b"\\" * 1_000_000,
        b"\xff\xfe" * 1000,
    ],
    ids=[
        "a million fields", "100,000 fields", "300,000 lists", "deep and open", "deep lists", "deep objects",
        "deep urls", "half characters", "a long number", "a large exponent", "backslashes", "no UTF-8",
    ],
)  # fmt: skip
def test_json_that_is_made_to_be_costly_is_refused_quickly(
    body: bytes, place: Place, calls: dict[tuple[str, str], dict[str, Any]]
) -> None:
    before, began = place.memory(), place.processor_time()
    for method, path in _changing(calls):
        answer = place.call(method, path, data=body, headers={"Content-Type": "application/json"})
        takes_none = "requestBody" not in calls[method, path]  # what is not read may be anything
        assert takes_none or 400 <= answer.status_code < 500, (method, path, answer.text[:300])
        assert answer.status_code < 500
        assert len(answer.content) < 20_000, (method, path)
    assert (place.processor_time() - began) / len(_changing(calls)) < 3
    assert place.memory() - before < 48 * MIB
    assert place.is_well()


COSTLY_TABLES = {
    "a million columns": b"url," + b",".join(b"c%d" % n for n in range(1_000_000)) + b"\nhttp://h/a.mp4\n",
    "100,000 columns": b"url," + b",".join(b"c%d" % n for n in range(100_000)) + b"\nhttp://h/a.mp4\n",
    "16,000 times the same column": b"url," + b"a," * 16_000 + b"\nhttp://h/a.mp4\n",
    "one field of 60 MB": b'url\n"' + b"x" * (60 * MIB) + b'"\n',
    "an open quote": b'url\n"' + b"a,\n" * 1_000_000,
    "open quotes": b"url\n" + b'"a\n' * (15 * MIB),
    "quotes in cells": b"url\n" + b'a,"\n' * (12 * MIB),
    "only empty lines": b"url\n" + b"\n" * (60 * MIB),
    "empty lines first": b"\n" * (60 * MIB) + b"url\nhttp://h/a.mp4\n",
    "wide rows": b"url\n" + (b"," * 500_000 + b"\n") * 100,
    "NUL": b"url\n\0\0\0\n",
    "no UTF-8": b"url\n\xff\xfe\xff\n",
}


@linux
@pytest.mark.slow
@pytest.mark.parametrize("name", COSTLY_TABLES)
def test_a_csv_that_is_made_to_be_costly_is_looked_at_for_seconds_only(name: str, place: Place) -> None:
    before, began = place.memory(), place.processor_time()
    answer = place.call(
        "POST", "/api/v1/jobs/preview", data=COSTLY_TABLES[name], headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code in (200, 400), (name, answer.text[:300])
    assert len(answer.content) < MIB, name
    assert place.processor_time() - began < 20
    assert place.memory() - before < 200 * MIB
    assert place.is_well()


def test_long_addresses_and_headers_are_refused(place: Place) -> None:
    for path, headers in [
        ("/api/v1/search?" + "&".join(f"a{n}=1" for n in range(1_000_000)), {}),
        ("/api/v1/search?q=" + "x" * 100_000, {}),
        ("/" + "a/" * 100_000, {}),
        ("/api/v1/search", {f"X-{n}": "1" for n in range(90)} | {"Cookie": "a" * 60_000}),
    ]:
        try:
            answer = place.call("GET", path, headers=headers)
        except requests.RequestException:
            continue  # the server hung up in the middle of it
        assert 400 <= answer.status_code < 500, path[:50]
    assert place.is_well()


_POST = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        _POST + b"Content-Length: -1\r\n\r\n",
        _POST + b"Content-Length: 1e3\r\n\r\n",
        _POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        _POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PROPFIND /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\rZ: c\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"A" * 100_000,
    ],
    ids=range(19),
)
def test_what_is_no_proper_request_is_refused(request_text: bytes, place: Place) -> None:
    status, _ = send_raw(place, request_text, iter(()), seconds=20)
    assert status == 0 or 400 <= status < 500, status
    assert place.is_well()


def test_a_websocket_leads_nowhere(place: Place) -> None:
    for path in ("/", "/api/v1/jobs/events", "/static/app.js"):
        upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        status, _ = send_raw(
            place, _head("GET", path, place, *upgrade, key, "Origin: http://evil.example"), iter(())
        )
        assert status != 101
        assert status < 500, path
    assert place.is_well()


@linux
def test_many_connections_that_send_nothing_leave_room_for_others(place: Place) -> None:
    before = place.memory()
    with contextlib.ExitStack() as stack:
        for number in range(400):
            connection = stack.enter_context(socket.create_connection(place.at, timeout=PATIENCE))
            if number % 2:
                connection.sendall(_POST + b"Content-Type: application/json\r\n")
            if number % 4 == 3:
                connection.sendall(b"Content-Length: 1000\r\n\r\n{")
        assert place.is_well()
        assert place.memory() - before < 32 * MIB
    assert place.is_well()


# Who asks


def test_a_forwarded_address_that_nobody_vouches_for_changes_nothing(place: Place) -> None:
    forged = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6;proto=https", "X-Real-IP": "6.6.6.6"}
    forged |= {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1"}
    made = place.call("POST", "/api/v1/keys", json={"name": "forged", "scope": "read"}, headers=forged)
    assert made.status_code == 201
    audit = place.call("GET", "/api/v1/audit").json()["items"]
    assert [line["address"] for line in audit if line["action"] == "add key"] == ["127.0.0.1"]
    signed_in = place.call("POST", "/api/v1/session", json={"key": made.json()["key"]}, headers=forged)
    assert "secure" not in signed_in.headers["set-cookie"].lower()
    statuses = [
        place.call("POST", "/api/v1/session", json={"key": "wrong"}, headers={"X-Forwarded-For": f"6.6.6.{n}"})
        for n in range(30)
    ]
    assert [answer.status_code for answer in statuses][-1] == 429
    assert int(statuses[-1].headers["Retry-After"]) > 0


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "10.1.2.3"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=[" ".join(*each.items()) for each in FOREIGN])
def test_no_call_of_the_api_answers_a_foreign_page(
    headers: dict[str, str], place: Place, calls: dict[tuple[str, str], dict[str, Any]]
) -> None:
    before = _kept(place)
    for method, path in calls:
        answer = place.call(method, path, headers=headers, json=None if method == "GET" else {})
        assert answer.status_code in (403, 421), (method, path, answer.status_code)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert _kept(place) == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"]
)
def test_no_call_takes_json_under_another_name(
    kind: str, place: Place, calls: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """What a form of any page can send without asking first."""
    before = _kept(place)
    body = b'{"name": "x", "scope": "admin", "urls": ["http://h/a.mp4"], "query": {}}'
    for method, path in _changing(calls):
        answer = place.call(method, path, data=body, headers={"Content-Type": kind})
        assert answer.status_code == 415, (method, path, answer.status_code)
    assert _kept(place) == before


def test_no_get_changes_anything_and_no_answer_is_for_other_origins(
    place: Place, calls: dict[tuple[str, str], dict[str, Any]]
) -> None:
    before = _kept(place)
    for method, path in [*calls, ("GET", "/"), ("GET", "/jobs"), ("GET", "/static/app.js")]:
        if path.endswith("/events"):
            continue
        for asked in ("GET", "HEAD", "OPTIONS"):
            preflight = {"Origin": place.address, "Access-Control-Request-Method": method}
            override = {"X-HTTP-Method-Override": method, "X-Method-Override": method}
            answer = place.call(
                asked, path, headers=preflight | override, params={"_method": method}, allow_redirects=False
            )
            assert answer.status_code < 500, (asked, path)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], path
    assert _kept(place) == before


def _kept(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """All that the server keeps: its own database and the library."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for file in (place.folder / "serve" / "state.db", place.folder / "library.db"):
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in tables:
                with contextlib.suppress(sqlite3.OperationalError):  # a virtual table of a module that is not here
                    found[f"{file.name} {name}"] = database.execute(f'SELECT * FROM "{name}"').fetchall()
    assert any("keys" in name for name in found)
    return found


# What jobs fetch


@pytest.mark.slow
def test_no_submitted_url_gets_an_answer_of_this_machine(place: Place, tmp_path: Path) -> None:
    """Through the API, in a job's own process; test_reach.py has what leads to such addresses from a public one."""
    with Server() as inner:
        inner.at("/a.mp4", Reply(VIDEO + SECRET.encode(), headers={"X-Inner": SECRET}))
        hosts = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "127.1", "localhost", "0"]
        urls = [f"http://{host}:{inner.port}/a.mp4" for host in [*hosts, "169.254.169.254", "100.64.0.1"]]
        local = ["file:///etc/passwd", "/etc/hosts", "serve/state.db", "../library.db"]
        number = place.site.submit(*urls, *local)
        job = place.site.wait(number)
        assert (job["processed"], job["failed"]) == (0, len(urls) + len(local)), job
        reasons = {row["url"]: row["reason"] for row in place.site.failures(number)}
        assert sorted(reasons) == sorted([*urls, *local])
        for url, reason in reasons.items():
            assert f"[Serve] {'AllowedHosts' if url in urls else 'AllowLocalFiles'}" in reason
        table = "public_url\n" + "\n".join([*urls, *local]) + "\n"
        answer = place.site.call(
            "POST", data=table, headers={"Content-Type": "text/csv"}, params={"base_url": str(place.folder)}
        )
        assert place.site.wait(answer.json()["id"])["processed"] == 0
        assert inner.asked == []
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert not [path for path in files if b"root:x:" in path.read_bytes()]
