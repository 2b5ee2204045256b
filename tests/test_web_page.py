"""What all pages share, in a real browser: signing in, the frame, keys, colours, and what is loaded from where."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import close_dialog, press_in_turn, serious_problems, wait_until
from tests.records import make_record
from tests.web import authorized, config_in, get, key_of, serving
from vidkit.library import LibraryEntry
from vidkit.web.access.actors import Actor
from vidkit.web.services import Services

Site = tuple[str, Services]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that asks everyone to sign in, over a library of one video."""
    config = config_in(tmp_path_factory.mktemp("page"))
    with serving(config) as (address, services):
        record = make_record(scenes=[]) | {"qwen_description": "A red car"}
        services.library.save_all([LibraryEntry(record, config.paths.processed_directory)])  # type: ignore[list-item]
        yield address, services


def sign_in(page: Any, site: Site, scope: str, path: str = "/") -> None:
    """Open a page as someone with a scope."""
    address, services = site
    page.goto(address + path)
    page.get_by_label("Key").fill(key_of(services, scope))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Pages").wait_for()


@pytest.fixture
def expected_errors() -> list[str]:
    """The browser notes the status of each answer, also of those that ask to sign in."""
    return ["401", "404"]


def test_the_sign_in_link_signs_in_and_leaves_no_token_behind(page: Any, site: Site) -> None:
    address, services = site
    token = services.sessions.new_link_token()
    page.goto(f"{address}/sign-in#{token}")
    page.get_by_role("navigation", name="Pages").wait_for()
    assert token not in page.url
    assert page.evaluate("document.cookie") == ""  # out of reach for scripts
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in#{token}")
    page.get_by_role("alert").wait_for()
    assert "used already" in page.get_by_role("alert").inner_text()


def test_a_wrong_key_is_refused_and_a_right_one_shows_the_page_of_the_address(page: Any, site: Site) -> None:
    address, services = site
    page.goto(address + "/?q=red")
    page.get_by_label("Key").fill("no-such-key")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Key").fill(key_of(services, "read"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("A red car").wait_for()
    assert page.url == address + "/?q=red"


def test_signing_out_ends_the_session(page: Any, site: Site) -> None:
    sign_in(page, site, "read")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Key").wait_for()
    page.reload()
    page.get_by_label("Key").wait_for()


def test_a_reader_is_offered_nothing_else(page: Any, site: Site) -> None:
    sign_in(page, site, "read")
    page.get_by_text("A red car").wait_for()
    page.focus("[data-place]")
    page.keyboard.press("x")
    page.get_by_role("region", name="Selected moments").wait_for()
    for name in ("Label", "Export", "Remove"):
        assert page.get_by_role("button", name=name, exact=True).count() == 0
    page.goto(site[0] + "/keys")
    page.get_by_text("You may not see this page").wait_for()


def test_a_key_made_on_the_page_works_until_it_is_revoked(page: Any, site: Site) -> None:
    sign_in(page, site, "admin", "/keys")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("robot")
    dialog.get_by_label("label and correct").check()
    dialog.get_by_role("button", name="Make the key").click()
    key = page.locator(".key-made code").inner_text()
    page.get_by_role("button", name="Done").click()
    who = get(site[0], "/api/v1/session", headers=authorized(key)).json()
    assert (who["name"], who["scope"]) == ("robot", "label")
    page.get_by_role("button", name="Revoke robot").click()
    dialog.get_by_role("button", name="Revoke").click()
    page.get_by_text("The key robot is revoked.").wait_for()
    assert get(site[0], "/api/v1/session", headers=authorized(key)).status_code == 401
    page.get_by_role("button", name="Account").click()
    page.get_by_role("link", name="Audit log").click()
    page.get_by_role("cell", name="revoke key").first.wait_for()
    assert page.get_by_role("cell", name="robot, label").count() == 2


def test_the_frame_of_the_pages_is_accessible_to_everyone(page: Any, site: Site) -> None:
    page.goto(site[0] + "/")
    page.get_by_label("Key").wait_for()
    assert serious_problems(page) == []
    sign_in(page, site, "admin", "/keys")
    page.get_by_role("table").wait_for()
    assert serious_problems(page) == []
    page.get_by_role("button", name="New key").click()
    page.get_by_role("dialog").wait_for()
    assert serious_problems(page) == []
    close_dialog(page)
    page.get_by_role("button", name="Account").click()
    page.get_by_role("link", name="Audit log").wait_for()
    assert serious_problems(page) == []
    page.get_by_role("link", name="Audit log").click()
    page.get_by_role("heading", name="Audit log").wait_for()
    page.get_by_role("table").wait_for()
    assert serious_problems(page) == []


def test_keys_lead_to_pages_and_are_listed(page: Any, site: Site) -> None:
    sign_in(page, site, "admin", "/audit")
    page.get_by_role("heading", name="Audit log").wait_for()
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard").wait_for()
    assert "go to Library" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("g")
    page.keyboard.press("l")  # the dialog is over the page: its keys do nothing
    assert page.url.endswith("/audit")
    close_dialog(page)
    press_in_turn(page, "g", "l", "/")


def test_older_changes_are_shown_page_by_page(page: Any, site: Site) -> None:
    for number in range(120):
        site[1].audit(Actor("tester", "admin"), "test", f"change {number}")
    sign_in(page, site, "admin", "/audit")
    rows = page.locator("tbody tr")
    page.get_by_role("button", name="Show older changes").click()
    wait_until(page, "document.querySelectorAll('tbody tr').length > 100")
    words = [row for row in rows.all_inner_texts() if "change " in row]
    assert [int(row.split("change ")[1].split()[0]) for row in words] == [*range(119, -1, -1)]


def test_letters_in_a_field_are_no_keys(page: Any, site: Site) -> None:
    sign_in(page, site, "admin")
    page.get_by_text("A red car").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("g?l")
    assert page.input_value("#search") == "g?l"
    assert page.get_by_role("dialog").count() == 0


def test_the_chosen_colours_stay(page: Any, site: Site) -> None:
    page.emulate_media(color_scheme="light")
    sign_in(page, site, "read")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Colours").click()  # light
    page.get_by_role("button", name="Colours").click()  # dark
    wait_until(page, f"{background} !== '{light}'")
    dark = page.evaluate(background)
    page.reload()
    page.get_by_role("navigation", name="Pages").wait_for()
    assert page.evaluate(background) == dark


@pytest.mark.parametrize("path", ["/", "/triage", "/jobs", "/datasets", "/stats", "/duplicates", "/audit", "/keys"])
def test_a_page_loads_nothing_from_another_host(page: Any, site: Site, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, site, "admin", path)
    page.locator("main h1").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((site[0], "data:", "blob:"))] == []


def test_the_first_page_is_light_and_packed(page: Any, site: Site) -> None:
    """120 KB of script and style at most, as they come over the network."""
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    sign_in(page, site, "read")
    page.get_by_text("A red car").wait_for()
    files = [answer for answer in answers if urlsplit(answer.url).path.endswith((".js", ".css"))]
    assert len(files) > 10
    assert sum(len(gzip.compress(answer.body())) for answer in files) <= 120 * 1024
    large = [answer for answer in files if len(answer.body()) > 2000 and answer.status == 200]
    assert all(answer.headers.get("content-encoding") == "gzip" for answer in large)
    assert all("immutable" in answer.headers["cache-control"] for answer in files)


def test_an_unknown_address_says_so(page: Any, site: Site) -> None:
    sign_in(page, site, "read")
    page.evaluate("history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")
    page.get_by_text("There is no such page").wait_for()
    page.get_by_role("link", name="To the library").click()
    page.get_by_text("A red car").wait_for()
