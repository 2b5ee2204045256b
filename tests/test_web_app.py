"""The ground of the web library: pages without data, headers, errors in words, deny by default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web import config_in, get, serving
from vidkit.web.access.scopes import SCOPES
from vidkit.web.routes import ROUTES


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(config_in(tmp_path_factory.mktemp("web"))) as (address, _):
        yield address


@pytest.mark.parametrize("path", ["/", "/videos/abc", "/triage", "/jobs", "/datasets", "/stats", "/duplicates"])
def test_a_page_is_served_without_signing_in_and_holds_no_data(address, path):
    answer = get(address, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"].split("style-src")[0]


def test_the_server_says_that_it_is_healthy(address):
    assert get(address, "/healthz").json() == {"status": "ok"}


def test_an_unknown_address_is_a_problem_in_words(address):
    answer = get(address, "/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_every_call_says_which_scope_it_needs():
    calls = {
        (method, route.path) for router in ROUTES for route in router.routes for method in route.methods - {"HEAD"}
    }
    assert calls
    assert calls <= SCOPES.keys()
