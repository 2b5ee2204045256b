"""The pages of access in a real browser: signing in, the API's own page, keys, the audit log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import wait_until
from tests.web import authorized, config_in, get, key_of, serving
from vidkit.web.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Services]]:
    with serving(config_in(tmp_path_factory.mktemp("pages"))) as found:
        yield found


def test_the_page_of_the_api_shows_its_calls_under_the_strict_policy(server, page):
    address, services = server
    page.goto(f"{address}/sign-in#{services.sessions.new_link_token()}")
    wait_until(page, "location.pathname === '/'")
    page.goto(f"{address}/api/docs")
    page.locator("#operations-access-list_keys_api_v1_keys_get").wait_for()
    page.locator("#operations-access-signed_in_api_v1_session_get button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").get_by_text('"owner"').wait_for()


def test_the_api_says_which_scope_each_call_needs(server):
    address, services = server
    described = get(address, "/api/openapi.json", headers=authorized(key_of(services, "read"))).json()
    call = described["paths"]["/api/v1/keys"]["post"]
    assert call["description"].endswith("Scope: admin")
    assert call["security"] == [{"key": []}]
    assert "application/problem+json" in call["responses"]["403"]["content"]
    assert "security" not in described["paths"]["/api/v1/session"]["post"]
