"""Who may do what: every call with every kind of key, sign-in links, sessions, and what is kept of secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.waiting import PATIENCE
from tests.web import authorized, config_in, get, key_of, serving
from vidkit.web.access.actors import OPEN, SCOPE_NAMES
from vidkit.web.access.scopes import SCOPES
from vidkit.web.access.tokens import KEY, new_token
from vidkit.web.app import create_app
from vidkit.web.services import Services

SESSION = "/api/v1/session"


@dataclass
class Place:
    """A running server, and the folder of its files."""

    address: str
    services: Services
    folder: Path

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        return requests.request(method, self.address + path, timeout=PATIENCE, **options)

    def sign_in(self, **body: str) -> requests.Response:
        return self.call("POST", SESSION, json=body)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("access")
    with serving(config_in(folder)) as (address, services):
        yield Place(address, services, folder)


@pytest.fixture(scope="module")
def credentials(place: Place) -> dict[str, dict[str, str]]:
    """Kinds of callers -> the headers of their requests."""
    kinds = {scope: authorized(key_of(place.services, scope)) for scope in SCOPE_NAMES}
    revoked = key_of(place.services, "admin", "revoked", "1h")
    place.services.keys.revoke("revoked")
    expired = key_of(place.services, "admin", "expired", "1h")
    with place.services.state.writing() as connection:
        connection.execute("UPDATE keys SET expires_at = ? WHERE name = 'expired'", (time.time() - 1,))
    secret = place.services.sessions.open_with_key(key_of(place.services, "label"))[1]
    session = {"Cookie": f"{place.services.sessions.cookie}={secret}"}
    kinds |= {
        "nobody": {},
        "revoked": authorized(revoked),
        "expired": authorized(expired),
        "session of label": session,
    }
    kinds |= {"unknown key": authorized(new_token(KEY)), "no key at all": authorized("\x7f not a key")}
    kinds |= {"another scheme": {"Authorization": f"Basic {key_of(place.services, 'admin')}"}}
    return kinds


KINDS = [*SCOPE_NAMES, "nobody", "revoked", "expired", "session of label", "unknown key", "no key at all"]


@pytest.mark.parametrize("kind", [*KINDS, "another scheme"])
def test_every_call_lets_pass_whom_the_table_says(place, credentials, kind):
    scope_of_kind = kind if kind in SCOPE_NAMES else "label" if kind == "session of label" else None
    wrong = []
    for (method, path), scope in sorted(SCOPES.items()):
        if path == SESSION and scope == OPEN:  # signing in says 401 for a wrong key itself
            continue
        answer = place.call(method, re.sub(r"\{.*?\}", "0", path), headers=credentials[kind], stream=True)
        answer.close()
        if scope == OPEN:
            expected = answer.status_code not in (401, 403)
        elif scope_of_kind is None:
            expected = answer.status_code == 401
        elif SCOPE_NAMES.index(scope_of_kind) < SCOPE_NAMES.index(scope):
            expected = answer.status_code == 403
        else:
            expected = answer.status_code not in (401, 403)
        if not expected:
            wrong.append((method, path, scope, answer.status_code))
    assert wrong == []


def test_a_call_without_a_row_is_refused_to_everyone(tmp_path):
    from fastapi.testclient import TestClient

    with serving(config_in(tmp_path)) as (_, services):
        app = create_app(services)
        app.add_api_route("/api/v1/forgotten", lambda: "secret")
        client = TestClient(app, base_url="http://localhost")
        assert client.get("/api/v1/forgotten").status_code == 401
        assert client.get("/api/v1/forgotten", headers=authorized(key_of(services, "admin"))).status_code == 403


def test_a_sign_in_link_works_once(place):
    token = place.services.sessions.new_link_token()
    first = place.sign_in(token=token)
    assert first.json() == {"name": "owner", "scope": "admin", "auth": "session"}
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert place.call("GET", "/api/v1/keys", cookies=first.cookies).status_code == 200
    second = place.sign_in(token=token)
    assert second.status_code == 401
    assert "vidkit keys link" in second.json()["detail"]


def test_a_sign_in_link_ends_after_ten_minutes(place, monkeypatch):
    token = place.services.sessions.new_link_token()
    now = time.time()
    monkeypatch.setattr("vidkit.web.access.sessions.time.time", lambda: now + 601)
    assert place.services.sessions.open_with_token(token) is None
    monkeypatch.setattr("vidkit.web.access.sessions.time.time", lambda: now + 599)
    assert place.services.sessions.open_with_token(token) is not None


def test_a_session_has_the_scope_of_its_key_and_ends_with_it(place):
    key = key_of(place.services, "label", "of a session")
    signed_in = place.sign_in(key=key)
    assert signed_in.json() == {"name": "of a session", "scope": "label", "auth": "session"}
    assert place.call("GET", SESSION, cookies=signed_in.cookies).json()["name"] == "of a session"
    assert place.call("GET", "/api/v1/keys", cookies=signed_in.cookies).status_code == 403
    place.services.keys.revoke("of a session")
    assert place.call("GET", SESSION, cookies=signed_in.cookies).status_code == 401
    assert place.sign_in(key=key).status_code == 401


@pytest.mark.parametrize(("later", "there"), [(6.9, True), (7.1, False)])
def test_a_session_that_is_not_used_ends_after_a_week(place, monkeypatch, later, there):
    secret = place.services.sessions.open_with_key(key_of(place.services, "read"))[1]
    now = time.time()
    monkeypatch.setattr("vidkit.web.access.sessions.time.time", lambda: now + later * 86400)
    assert (place.services.sessions.find(secret) is not None) == there


def test_a_session_ends_after_a_month_however_often_it_is_used(place, monkeypatch):
    secret = place.services.sessions.open_with_key(key_of(place.services, "read"))[1]
    now = time.time()
    for day in range(30):
        monkeypatch.setattr("vidkit.web.access.sessions.time.time", lambda day=day: now + day * 86400)
        assert place.services.sessions.find(secret) is not None
    monkeypatch.setattr("vidkit.web.access.sessions.time.time", lambda: now + 30.1 * 86400)
    assert place.services.sessions.find(secret) is None


def test_a_session_ends_when_its_key_expires(place):
    secret = place.services.sessions.open_with_key(key_of(place.services, "read", "soon over", "1h"))[1]
    assert place.services.sessions.find(secret) is not None
    with place.services.state.writing() as connection:
        connection.execute("UPDATE keys SET expires_at = ? WHERE name = 'soon over'", (time.time() - 1,))
    assert place.services.sessions.find(secret) is None


def test_signing_out_ends_the_session_on_the_server(place):
    cookies = place.sign_in(key=key_of(place.services, "read")).cookies
    assert place.call("DELETE", SESSION, cookies=cookies).status_code == 204
    assert place.call("GET", SESSION, cookies=cookies).status_code == 401
    assert place.call("DELETE", SESSION).status_code == 204


@pytest.mark.parametrize(
    "body", [{}, {"key": "a", "token": "b"}, {"key": ""}, {"key": "x" * 1000}, {"more": 1}, []]
)
def test_signing_in_needs_a_key_or_a_token(place, body):
    assert place.call("POST", SESSION, json=body).status_code == 422


def test_a_key_is_shown_once_and_only_its_hash_is_kept(place):
    admin = authorized(key_of(place.services, "admin"))
    made = place.call("POST", "/api/v1/keys", headers=admin, json={"name": "shown once", "scope": "read"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert get(place.address, SESSION, headers=authorized(key)).json()["name"] == "shown once"
    listed = get(place.address, "/api/v1/keys", headers=admin)
    assert made.json()["id"] in listed.text
    assert key not in listed.text
    assert all(key.encode() not in path.read_bytes() for path in place.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scope": "root"},
        {"name": "x"},
        {"name": "x", "scope": ["admin"]},
        {"name": "x", "scope": "read", "id": "1"},
        {"name": "x" * 101, "scope": "read"},
        {"name": "a\nb", "scope": "read"},
        {"name": "owner", "scope": "read"},
        {"name": "x", "scope": "read", "expires": "soon"},
        {"name": "x", "scope": "read", "expires": "999999w"},
        {"name": "x", "scope": "read", "expires": "0d"},
    ],
)
def test_a_wrong_key_is_not_made(place, body):
    admin = authorized(key_of(place.services, "admin"))
    before = len(place.services.keys.all())
    assert place.call("POST", "/api/v1/keys", headers=admin, json=body).status_code in (400, 422)
    assert len(place.services.keys.all()) == before


def test_two_keys_in_use_do_not_share_a_name(place):
    admin = authorized(key_of(place.services, "admin"))
    body = {"name": "twin", "scope": "read"}
    assert place.call("POST", "/api/v1/keys", headers=admin, json=body).status_code == 201
    again = place.call("POST", "/api/v1/keys", headers=admin, json=body)
    assert (again.status_code, "twin" in again.json()["detail"]) == (400, True)
    assert place.call("DELETE", "/api/v1/keys/twin", headers=admin).json()["state"] == "revoked"
    assert place.call("POST", "/api/v1/keys", headers=admin, json=body).status_code == 201


def test_the_last_use_of_a_key_is_noted_once_a_minute(place, monkeypatch):
    key = key_of(place.services, "read", "used")
    now = time.time()
    for later, noted in ((0, now), (30, now), (61, now + 61)):
        monkeypatch.setattr("vidkit.web.access.keys.time.time", lambda later=later: now + later)
        found = place.services.keys.find(key)
        assert found is not None
        assert next(each.used_at for each in place.services.keys.all() if each.name == "used") == noted


def test_changes_are_in_the_audit_log_with_who_made_them(place):
    admin = authorized(key_of(place.services, "admin", "auditor"))
    place.call("POST", "/api/v1/keys", headers=admin, json={"name": "noted", "scope": "read"})
    place.call("DELETE", "/api/v1/keys/noted", headers=admin)
    page = get(place.address, "/api/v1/audit?limit=2", headers=admin).json()
    assert [(line["who"], line["action"], line["what"]) for line in page["items"]] == [
        ("auditor", "revoke key", "noted, read"),
        ("auditor", "add key", "noted, read"),
    ]
    assert page["items"][0]["address"] == "127.0.0.1"
    older = get(place.address, f"/api/v1/audit?limit=2&cursor={page['next']}", headers=admin).json()
    assert older["items"][0]["id"] < page["items"][-1]["id"]


def test_without_signing_in_everyone_is_the_owner_of_this_machine(tmp_path):
    with serving(config_in(tmp_path), no_auth=True) as (address, _):
        assert get(address, SESSION).json() == {"name": "local", "scope": "admin", "auth": "none"}
