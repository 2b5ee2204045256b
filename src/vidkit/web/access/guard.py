"""The guard before the application. It refuses requests that vidkit's pages and ordinary programs never send.

Browsers send requests to this server on behalf of any page that a user visits. A page of another site must not
change anything or read an answer. The guard knows its requests by `Origin` and `Sec-Fetch-Site`. If such a page
points a name of its own at this server (DNS rebinding), that is not one of this server's names.
"""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidkit.core.hosts import Address, Network, host_name, parse_address
from vidkit.core.redaction import TOKEN
from vidkit.web.access.json_limits import json_refusal
from vidkit.web.access.scopes import API
from vidkit.web.problems import Problem, problem_answer

LONGEST_ADDRESS = 8_192  # bytes of path and query
LONGEST_HEADERS = 32_768  # bytes
JSON_BYTES = 2**20
CSV_BYTES = 64 * 2**20
_PATIENCE = 60.0  # seconds for a JSON body
# The paths that take a CSV; all others take JSON.
_CSV_PATHS = (f"{API}/jobs", f"{API}/jobs/preview")
# Names of parameters that hold a credential.
_CREDENTIALS = re.compile(rb"(?:^|&)(?:api[_-]?key|access[_-]?token|auth|authorization|token)=", re.IGNORECASE)
_TOKEN = re.compile(TOKEN.pattern.encode())

Headers = dict[bytes, list[bytes]]


@dataclass(frozen=True)
class Gate:
    """Which requests are for this server.

    Attributes:
        names: host names that it has, as `host_name` writes them.
        any_address: whether requests may name any address; otherwise loopback only.
        proxies: their `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    """

    names: frozenset[str]
    any_address: bool
    proxies: tuple[Network, ...]

    def knows(self, host: str) -> bool:
        """Whether a `Host` header, with or without a port, names this server."""
        name = host_name(_without_port(host))
        address = parse_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
        if address is not None:
            return self.any_address or address.is_loopback or str(address) in self.names
        return name == "localhost" or name.endswith(".localhost") or name in self.names


def make_gate(host: str, names: tuple[str, ...], proxies: tuple[Network, ...]) -> Gate:
    """The gate of a server.

    Args:
        host: the name or the address that it listens on.
        names: more names of it, as `[Serve] ServerNames` has them.
        proxies: `[Serve] TrustedProxies`.
    """
    address = parse_address(host)
    reachable = not address.is_loopback if address else host != "localhost"
    own = (host, socket.gethostname()) if reachable else (host,)
    return Gate(frozenset(map(host_name, (*own, *names))), reachable, proxies)


class Guard:
    """Refuses wrong requests, and limits bodies while they come in."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _by_name(scope)
        _believe_proxy(scope, headers, self._gate)
        try:
            _check(scope, headers, self._gate)
            limited = await _limited_body(scope, headers, receive)
        except Problem as problem:
            answer = problem_answer(problem.status_code, str(problem.detail), {"Connection": "close"})
            await answer(scope, receive, send)
            return
        await self._app(scope, limited, send)


def _by_name(scope: Scope) -> Headers:
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value)
    return found


def _check(scope: Scope, headers: Headers, gate: Gate) -> None:
    """Refuse a request by its address and headers.

    Raises:
        Problem: the request is refused.
    """
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    if len(path) + len(query) > LONGEST_ADDRESS:
        raise Problem(HTTPStatus.REQUEST_URI_TOO_LONG, f"the address is longer than {LONGEST_ADDRESS:,} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
        detail = f"the headers are longer than {LONGEST_HEADERS:,} bytes"
        raise Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
    hosts = [value.decode("latin-1") for value in headers.get(b"host", [])]
    if len(hosts) != 1 or not gate.knows(hosts[0]):
        detail = "this server is not known by the name in this address. [Serve] ServerNames adds names"
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
    if (
        _TOKEN.search(unquote_to_bytes(path))
        or _CREDENTIALS.search(query)
        or _TOKEN.search(unquote_to_bytes(query))
    ):
        detail = "a key never goes into an address, which logs keep: send it as `Authorization: Bearer KEY`"
        raise Problem(HTTPStatus.BAD_REQUEST, detail)
    if _is_foreign(headers, hosts[0]) and not _opens_a_page(scope, headers):
        raise Problem(HTTPStatus.FORBIDDEN, "requests from pages of other sites are refused")


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser sends this on behalf of a page of another origin. Programs send neither header."""
    if headers.get(b"sec-fetch-site", [b"none"])[-1].lower() in (b"cross-site", b"same-site"):
        return True
    return any(not _is_own(value.decode("latin-1"), host) for value in headers.get(b"origin", []))


def _is_own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme)
    return usual is not None and parts.netloc.lower().removesuffix(usual) == host.lower().removesuffix(usual)


def _opens_a_page(scope: Scope, headers: Headers) -> bool:
    """Whether a user follows a link to a page: pages hold no data, and opening one changes nothing."""
    navigates = headers.get(b"sec-fetch-mode") == [b"navigate"] and headers.get(b"sec-fetch-dest") == [b"document"]
    path = scope["path"]
    is_page = not path.startswith((f"{API}/", "/api/openapi", "/static/", "/metrics", "/healthz"))
    return navigates and is_page and scope["method"] == "GET"


async def _limited_body(scope: Scope, headers: Headers, receive: Receive) -> Receive:
    """How the application receives the body: a JSON body whole and checked, a CSV piece by piece.

    Raises:
        Problem: the body is refused.
    """
    lengths = headers.get(b"content-length", [])
    has_body = b"transfer-encoding" in headers or any(length.strip(b" 0") for length in lengths)
    if not has_body or scope["method"] in ("GET", "HEAD"):
        return receive
    kind = headers.get(b"content-type", [b""])[-1].partition(b";")[0].strip().lower()
    takes_csv = scope["path"] in _CSV_PATHS
    if kind != b"application/json" and not (takes_csv and kind == b"text/csv"):
        wanted = "application/json or text/csv" if takes_csv else "application/json"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the body as Content-Type: {wanted}")
    most = JSON_BYTES if kind == b"application/json" else CSV_BYTES
    if lengths and int(lengths[-1]) > most:
        raise _too_large(most)
    if kind == b"text/csv":
        return _counted(receive, most)
    try:
        body = await asyncio.wait_for(_whole(receive, most), _PATIENCE)
    except asyncio.TimeoutError:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {_PATIENCE:.0f} seconds") from None
    if refusal := json_refusal(body):
        raise Problem(HTTPStatus.BAD_REQUEST, refusal)
    return _replayed(body, receive)


async def _whole(receive: Receive, most: int) -> bytes:
    pieces = bytearray()
    while True:
        message = await receive()
        pieces += message.get("body", b"")
        if len(pieces) > most:
            raise _too_large(most)
        if not message.get("more_body"):
            return bytes(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then what the client does next."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def _counted(receive: Receive, most: int) -> Receive:
    length = 0

    async def counting() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > most:
            raise _too_large(most)
        return message

    return counting


def _too_large(most: int) -> Problem:
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most // 2**20} MiB")


def _believe_proxy(scope: Scope, headers: Headers, gate: Gate) -> None:
    """Take the client's address and scheme from a trusted proxy; from nobody else."""
    client = scope.get("client")
    sender = parse_address(client[0]) if client else None
    if sender is None or not _is_proxy(sender, gate):
        return
    forwarded = b",".join(headers.get(b"x-forwarded-for", [])).decode("latin-1")
    for part in reversed(forwarded.split(",")):
        address = parse_address(part.strip().strip("[]"))
        if address is None:
            break
        scope["client"] = (str(address), 0)
        if not _is_proxy(address, gate):
            break
    if headers.get(b"x-forwarded-proto", [b""])[-1].strip().lower() == b"https":
        scope["scheme"] = "https"


def _is_proxy(address: Address, gate: Gate) -> bool:
    return any(address in network for network in gate.proxies)


def _without_port(host: str) -> str:
    return re.sub(r":[0-9]*$", "", host) if host.endswith("]") or host.count(":") == 1 or "]:" in host else host
