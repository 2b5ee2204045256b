"""What stands before the application: foreign pages, unknown names, bodies, addresses, limits."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until
from tests.web import authorized, config_in, key_of, serving
from vidkit.core import setup_logging
from vidkit.core.hosts import read_networks
from vidkit.web.access.guard import make_gate
from vidkit.web.access.json_limits import json_refusal
from vidkit.web.services import Services

KEYS = "/api/v1/keys"
SESSION = "/api/v1/session"


@dataclass
class Answer:
    """An answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        return str(json.loads(self.body)["detail"])


@dataclass
class Server:
    """A running server, asked with exactly these headers."""

    port: int
    services: Services

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: object = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def json(self, path: str, text: bytes | str, **headers: str) -> Answer:
        return self.ask("POST", path, {"Content-Type": "application/json", **headers}, text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(config_in(tmp_path_factory.mktemp("guard"))) as (address, services):
        yield Server(int(address.rpartition(":")[2]), services)


@pytest.fixture(scope="module")
def admin(server: Server) -> dict[str, str]:
    return authorized(key_of(server.services, "admin"))


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:9", True),
        ("localhost:9", True),
        ("LOCALHOST.", True),
        ("vidkit.localhost", True),
        ("[::1]:9", True),
        ("[::ffff:127.0.0.1]", True),
        ("", False),
        ("example.org", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1@example.org", False),
        ("192.168.1.5", False),
        ("169.254.169.254:80", False),
        ("[::1", False),
        ("x" * 2000, False),
    ],
)
def test_only_names_of_this_server_are_answered(server, host, known):
    answer = server.ask("GET", "/", {"Host": host})
    assert answer.status == (200 if known else 421)
    assert known or "ServerNames" in answer.detail


@pytest.mark.parametrize(
    ("bound", "host", "known"),
    [
        ("0.0.0.0", "192.168.1.5:8765", True),
        ("0.0.0.0", "[fd00::1]:8765", True),
        ("0.0.0.0", "videos.example.org", True),
        ("0.0.0.0", "example.org", False),
        ("nas.lan", "NAS.lan:8765", True),
        ("nas.lan", "other.lan", False),
        ("127.0.0.1", "videos.example.org:443", True),
        ("127.0.0.1", "10.0.0.1", False),
    ],
)
def test_a_server_for_other_machines_has_its_addresses_and_names(bound, host, known):
    assert make_gate(bound, ("videos.example.org",), ()).knows(host) == known


FOREIGN = [
    {"Origin": "http://example.org"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://127.0.0.1@example.org"},
    {"Origin": "http://[bad"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "video"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("call", [("GET", KEYS), ("POST", KEYS), ("DELETE", SESSION), ("GET", "/healthz")])
def test_requests_of_foreign_pages_are_refused(server, admin, headers, call):
    assert server.ask(*call, {**admin, **headers}).status == 403


NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_a_link_elsewhere_opens_pages_but_no_data(server, admin):
    assert server.ask("GET", "/", NAVIGATION).status == 200
    assert server.ask("GET", "/videos/abc?q=1", NAVIGATION).status == 200
    assert server.ask("GET", KEYS, {**admin, **NAVIGATION}).status == 403
    assert server.ask("GET", "/", {**NAVIGATION, "Sec-Fetch-Dest": "iframe"}).status == 403
    assert server.ask("POST", "/", NAVIGATION).status == 403


def test_the_own_page_is_answered(server, admin):
    own = {"Origin": f"http://127.0.0.1:{server.port}", "Sec-Fetch-Site": "same-origin"}
    assert server.ask("GET", KEYS, {**admin, **own}).status == 200
    assert server.ask("GET", KEYS, {**admin, "Sec-Fetch-Site": "none"}).status == 200
    behind = {"Host": "localhost", "Origin": "https://localhost:443"}  # a proxy ends TLS
    assert server.ask("GET", KEYS, {**admin, **behind}).status == 200


def test_no_answer_lets_other_sites_read_it(server, admin):
    for method, path in [("GET", "/"), ("GET", KEYS), ("OPTIONS", KEYS), ("GET", "/nowhere"), ("POST", SESSION)]:
        for origin in ({}, {"Origin": f"http://127.0.0.1:{server.port}"}, {"Origin": "http://example.org"}):
            asked = {**admin, **origin, "Access-Control-Request-Method": "POST"}
            answer = server.ask(method, path, asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 401),
        ("Application/JSON; charset=utf-8", 401),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/csv", 415),
        ("", 415),
    ],
)
def test_json_is_taken_only_as_json(server, kind, status):
    assert server.ask("POST", SESSION, {"Content-Type": kind}, '{"key": "x"}').status == status


def _chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 65536


def test_a_body_that_is_too_large_is_refused_before_it_is_kept(server):
    said = server.json(SESSION, b"", **{"Content-Length": str(100 * 2**20)})
    assert said.status == 413
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    kind = {"Content-Type": "application/json"}
    connection.request("POST", SESSION, _chunks(16), kind, encode_chunked=True)
    assert connection.getresponse().status in (400, 422)  # 1 MiB of blanks is not too large, and no JSON
    connection.close()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("POST", SESSION, _chunks(1600), kind, encode_chunked=True)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was refused while it came
    else:
        assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "deeper"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeper"),
        (b"[" + b"0," * 200_000 + b"0]", "values"),
        (b"{" + b",".join(b'"%x":1' % n for n in range(2000)) + b"}", "fields"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        ('{"a": "x"}'.encode("utf-16"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "NUL"),
        (b'{"a": "\xff"}', "UTF-8"),
    ],
)
def test_json_that_would_cost_too_much_is_refused_unread(server, text, words):
    began = time.process_time()
    answer = server.json(SESSION, text)
    assert (answer.status, words in answer.detail) == (400, True)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "text", [b"{", b'"', b'{"a": "' + b'\\"' * 300_000, b"\\" * 500_000, b'"\\', b"nonsense", b"1e999", b""]
)
def test_broken_json_is_a_client_error_and_costs_little(server, text):
    began = time.process_time()
    assert server.json(SESSION, text, **{"Content-Length": str(len(text))}).status in (400, 422)
    assert time.process_time() - began < 1


def test_brackets_and_commas_inside_of_strings_do_not_count():
    assert json_refusal(json.dumps({"a": "[{" * 100_000 + "," * 200_000 + '\\"NaN'}).encode()) is None
    assert json_refusal(json.dumps([[["deep"] * 1000]] * 3).encode()) is None


def test_addresses_and_headers_have_a_longest_length(server):
    assert server.ask("GET", "/?" + "a" * 9000).status == 414
    assert server.ask("GET", "/", {f"X-{n}": "a" * 3000 for n in range(12)}).status == 431


@pytest.mark.parametrize(
    "path", ["/?q={}", "/{}", "/api/v1/session?key={}", "/?q=vk%5F{rest}", "/?api_key=1", "/?token=x&a=1"]
)
def test_a_key_in_an_address_is_refused_and_not_logged(server, admin, path, tmp_path):
    log = tmp_path / "log.txt"
    setup_logging(log, "DEBUG")
    key = admin["Authorization"].partition(" ")[2]
    answer = server.ask("GET", path.format(key, rest=key[3:]))
    assert answer.status == 400
    assert "Authorization" in answer.detail
    logging.getLogger("vidkit").error("a line with %s", key)
    assert key not in log.read_text()
    assert key not in answer.body.decode()


def test_an_exception_is_answered_in_words_and_logged_without_the_address(server, admin, monkeypatch, tmp_path):
    log = tmp_path / "log.txt"
    setup_logging(log)
    monkeypatch.setattr("vidkit.web.access.keys.Keys.all", lambda _: 1 / 0)
    answer = server.ask("GET", f"{KEYS}?q=private", admin)
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["content-security-policy"]
    assert "ZeroDivisionError" not in answer.body.decode()
    until(lambda: "ZeroDivisionError" in log.read_text())  # the log is written after the answer
    assert "private" not in log.read_text()


def _address_seen(server: Server, admin: dict[str, str], forwarded: dict[str, str]) -> str:
    name = f"key {time.monotonic_ns()}"
    server.json(KEYS, json.dumps({"name": name, "scope": "read"}), **admin, **forwarded)
    [line] = [line for line in server.services.audit.lines(5) if name in line["what"]]
    return str(line["address"])


def test_forwarded_addresses_are_believed_only_from_trusted_proxies(server, admin, tmp_path):
    forwarded = {"X-Forwarded-For": "1.2.3.4, 5.6.7.8, 10.0.0.9"}
    assert _address_seen(server, admin, forwarded) == "127.0.0.1"
    config = config_in(tmp_path)
    proxies = read_networks("127.0.0.1, 10.0.0.0/8")
    trusting = replace(config, serve=replace(config.serve, trusted_proxies=proxies))
    with serving(trusting) as (address, services):
        behind = Server(int(address.rpartition(":")[2]), services)
        own = authorized(key_of(services, "admin"))
        assert _address_seen(behind, own, forwarded) == "5.6.7.8"
        assert _address_seen(behind, own, {"X-Forwarded-For": "nonsense"}) == "127.0.0.1"
        assert _address_seen(behind, own, {}) == "127.0.0.1"
        signed_in = behind.json(
            SESSION, json.dumps({"token": services.sessions.new_link_token()}), **{"X-Forwarded-Proto": "https"}
        )
        assert "Secure" in signed_in.headers["set-cookie"]


def test_too_many_requests_are_answered_with_when_to_come_back(tmp_path):
    config = config_in(tmp_path)
    with serving(replace(config, serve=replace(config.serve, requests_per_minute=20))) as (address, services):
        server = Server(int(address.rpartition(":")[2]), services)
        anna, bert = (authorized(key_of(services, "read", name)) for name in ("anna", "bert"))
        answers = [server.ask("GET", SESSION, anna) for _ in range(25)]
        assert [answer.status for answer in answers] == [200] * 20 + [429] * 5
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert server.ask("GET", SESSION, bert).status == 200
        unknown = [server.ask("GET", SESSION, authorized(f"vk_{n}")).status for n in range(25)]
        assert unknown == [401] * 20 + [429] * 5
        assert server.ask("GET", SESSION, bert).status == 200


def test_the_requests_of_the_owner_are_not_counted_where_nobody_signs_in(tmp_path):
    config = config_in(tmp_path)
    limited = replace(config, serve=replace(config.serve, requests_per_minute=5))
    with serving(limited, no_auth=True) as (address, services):
        server = Server(int(address.rpartition(":")[2]), services)
        assert [server.ask("GET", SESSION).status for _ in range(10)] == [200] * 10


def test_wrong_sign_ins_are_few(tmp_path):
    with serving(config_in(tmp_path)) as (address, services):
        server = Server(int(address.rpartition(":")[2]), services)
        statuses = [server.json(SESSION, json.dumps({"key": f"vk_{n}"})).status for n in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        assert server.json(SESSION, json.dumps({"key": key_of(services, "read")})).status == 429
        assert server.ask("GET", SESSION, authorized(key_of(services, "read"))).status == 200


def test_what_holds_data_is_not_kept_by_browsers(server, admin):
    assert server.ask("GET", KEYS, admin).headers["cache-control"] == "no-store"
    assert server.ask("GET", SESSION).headers["cache-control"] == "no-store"


def test_the_numbers_of_the_server(server, admin):
    server.ask("GET", "/videos/secret-name")
    server.ask("GET", "/no/such/secret-page")
    lines = server.ask("GET", "/metrics", admin).body.decode().splitlines()
    page = 'vidkit_http_request_seconds_count{method="GET",route="/videos/{key}",status="200"}'
    assert any(line.startswith(page) for line in lines)
    buckets = [line for line in lines if 'route="/videos/{key}"' in line and "_bucket" in line]
    counts = [int(line.rpartition(" ")[2]) for line in buckets]
    assert counts == sorted(counts)
    assert 'le="+Inf"' in buckets[-1]
    assert "vidkit_library_videos 0" in lines
    assert 'vidkit_jobs{state="queued"} 0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert not [line for line in lines if "secret" in line]
    assert server.ask("GET", "/metrics").status == 401


def test_a_server_that_cannot_read_its_library_is_not_healthy(server, monkeypatch, tmp_path):
    from vidkit.errors import LibraryError

    def away(_: str) -> None:
        raise LibraryError(f"{tmp_path}/library.db: disk I/O error")

    monkeypatch.setattr(server.services.library, "find", away)
    answer = server.ask("GET", "/healthz")
    assert answer.status == 503
    assert answer.detail == "the library cannot be read"
    assert str(Path(tmp_path)) not in answer.body.decode()
