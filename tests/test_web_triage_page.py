"""The page Triage in a real browser: labels by keyboard alone, undo, two people, a thumb."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
import requests

from tests.browser import prepare_page, serious_problems, wait_until
from tests.conftest import MakeVideo
from tests.waiting import PATIENCE, until
from tests.web import config_in, serving
from tests.web_library import add_videos
from vidkit.web import triage
from vidkit.web.services import Services

pytestmark = pytest.mark.slow


class Site(NamedTuple):
    address: str
    services: Services

    def label(self, name: str) -> tuple[str, list[str]]:
        """The class and the tags that a person gave a video."""
        said = self.services.library.find(f"{name}.mp4")[0].record["corrections"]
        return (said["classification"] or "", said["add_tags"]) if said else ("", [])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, make_video: MakeVideo) -> Iterator[Callable[..., Site]]:
    config = config_in(tmp_path_factory.mktemp("web"))
    with serving(config, no_auth=True) as (address, services):

        def begin(*names: str) -> Site:
            for entry in list(services.library.records()):
                services.library.remove(entry.record["source"]["url"])
            for each in triage.queues(services.state):
                triage.forget_queue(services.state, each["id"])
            add_videos(services.library, config, make_video, names, ["a boat sails", "a quiet car"])
            return Site(address, services)

        yield begin


SHOWN = "document.querySelector('.triage-name a')?.textContent"
PROGRESS = "document.querySelector('[data-test=progress]')?.textContent"
SAVED = "document.querySelector('.triage-saving')?.textContent === 'Saved'"
ASKED = "document.activeElement?.matches('dialog[open] input')"
PLAYING = (
    "[...document.querySelectorAll('.triage-video')].find((v) => !v.hidden && !v.paused && v.currentTime > %s)"
)


def test_labels_are_given_with_the_keyboard_alone_and_undone(server: Callable[..., Site], page: Any) -> None:
    site = server("a", "b", "c", "d")
    page.goto(f"{site.address}/triage?q=boat&sort=name")
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    page.keyboard.press("1")  # says nothing yet, so the page asks
    wait_until(page, ASKED)
    page.keyboard.type("Boats")
    page.keyboard.press("Enter")
    page.locator(".triage-key", has_text="Boats").wait_for()
    wait_until(page, f"!({ASKED})")
    page.keyboard.press("2")
    wait_until(page, ASKED)
    for key in ("Shift+Tab", "t", "Tab"):  # from the class to "tag"
        page.keyboard.press(key)
    page.keyboard.type("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    page.locator(".triage-key", has_text="onerror").wait_for()
    assert page.locator("img[src=x]").count() == 0
    wait_until(page, PLAYING % "0.2")
    for key, following in (("1", "b.mp4"), ("2", "c.mp4"), ("1", "d.mp4")):
        page.keyboard.press(key)
        assert page.evaluate(SHOWN) == following  # at once
    wait_until(page, SAVED)
    assert page.evaluate(PROGRESS) == "3 of 4"
    hostile = ("", ["<img src=x onerror=alert(1)>"])
    assert [site.label(name) for name in "abcd"] == [("Boats", []), hostile, ("Boats", []), ("", [])]
    for key, following in (("u", "c.mp4"), ("Backspace", "b.mp4")):
        page.keyboard.press(key)
        assert page.evaluate(SHOWN) == following
    wait_until(page, SAVED)
    assert [site.label(name) for name in "abc"] == [("Boats", []), ("", []), ("", [])]
    for _ in range(3):
        page.keyboard.press("s")
    page.get_by_text("All 4 moments done").wait_for()
    assert [site.label(name) for name in "bcd"] == [("", [])] * 3
    assert serious_problems(page) == []


def test_answers_are_undone_after_the_page_is_loaded_again(server: Callable[..., Site], page: Any) -> None:
    site = server("a", "b", "c")
    page.goto(f"{site.address}/triage?q=boat&sort=name")
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    (queue,) = triage.queues(site.services.state)
    keys = requests.patch(f"{site.address}/api/v1/triage/{queue['id']}", json={"keys": {"1": {"class": "Boats"}}})
    assert keys.ok
    page.reload()
    page.locator(".triage-key", has_text="Boats").wait_for()
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    for following in ("b.mp4", "c.mp4"):
        page.keyboard.press("1")
        wait_until(page, f"{SHOWN} === '{following}'")
    wait_until(page, SAVED)
    page.reload()
    wait_until(page, f"{SHOWN} === 'c.mp4'")
    for following in ("b.mp4", "a.mp4"):
        page.keyboard.press("u")
        wait_until(page, f"{SHOWN} === '{following}'")
    wait_until(page, f"{PROGRESS} === '0 of 3'")
    wait_until(page, "document.querySelector('.triage-saving').textContent === ''")
    assert [site.label(name) for name in "ab"] == [("", []), ("", [])]


def test_a_page_that_is_loaded_again_has_its_moments_at_once_though_the_server_is_slow(
    server: Callable[..., Site], page: Any
) -> None:
    site = server("a", "b")
    page.goto(f"{site.address}/triage?q=boat&sort=name")
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    # What it sends when it is left does not arrive.
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")
    page.reload()
    page.locator(".triage-name, .triage-stage h2").first.wait_for()
    assert page.evaluate(SHOWN) == "a.mp4"


def test_a_moment_loops_pauses_and_is_stepped_through(server: Callable[..., Site], page: Any) -> None:
    site = server("a")
    page.goto(f"{site.address}/triage?q=car")  # the second scene, from 2 to 4 seconds
    wait_until(page, PLAYING % "2.0")
    page.evaluate("document.querySelector('.triage-video').currentTime = 3.9")
    wait_until(page, "document.querySelector('.triage-video').currentTime < 3")
    assert page.evaluate("document.querySelector('.triage-video').currentTime") >= 2
    page.keyboard.press("Space")
    wait_until(page, "document.querySelector('.triage-video').paused")
    at = page.evaluate("document.querySelector('.triage-video').currentTime = 2.5")
    page.keyboard.press("ArrowRight")
    wait_until(page, f"document.querySelector('.triage-video').currentTime === {at + 1}")


def test_two_people_share_a_queue_and_never_see_the_same(
    server: Callable[..., Site], chromium: Any, page: Any
) -> None:
    site = server(*(f"v{number}" for number in range(10)))
    other_context = chromium.new_context()
    other = prepare_page(other_context.new_page())
    seen: list[list[str]] = [[], []]
    pages = (page, other)
    for each in pages:
        each.goto(f"{site.address}/triage?q=boat&sort=name")
        wait_until(each, SHOWN)
    (queue,) = triage.queues(site.services.state)
    triage.set_keys(site.services.state, queue["id"], {"1": {"class": "Boats"}})
    for each in pages:
        each.reload()
        each.locator(".triage-key", has_text="Boats").wait_for()
        wait_until(each, SHOWN)
    within = time.monotonic() + PATIENCE
    while not all(each.get_by_text("All 10 moments done").count() for each in pages):
        assert time.monotonic() < within, seen
        for each, names in zip(pages, seen, strict=True):
            if name := each.evaluate(SHOWN):
                names.append(name)
                each.keyboard.press("1")
                wait_until(each, f"{SHOWN} !== {name!r}")
        page.wait_for_timeout(50)
    until(lambda: all(site.label(f"v{number}") == ("Boats", []) for number in range(10)))
    assert all(seen)
    assert sorted(seen[0] + seen[1]) == [f"v{number}.mp4" for number in range(10)]
    other_context.close()


def test_an_answer_that_cannot_be_saved_is_said_and_its_moment_comes_back(
    server: Callable[..., Site], page: Any, expected_errors: list[str]
) -> None:
    expected_errors.append("503")
    site = server("a", "b")
    page.goto(f"{site.address}/triage?q=boat&sort=name")
    wait_until(page, SHOWN)
    (queue,) = triage.queues(site.services.state)
    triage.set_keys(site.services.state, queue["id"], {"1": {"class": "Boats"}})
    page.reload()
    page.locator(".triage-key", has_text="Boats").wait_for()
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    with closing(sqlite3.connect(site.services.config.library.path, timeout=PATIENCE)) as broken:
        broken.execute("CREATE TRIGGER broken BEFORE UPDATE ON videos BEGIN SELECT RAISE(ABORT, 'no'); END")
        page.keyboard.press("1")
        page.get_by_text("a.mp4 is not saved").wait_for()
        broken.execute("DROP TRIGGER broken")
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    assert page.evaluate(PROGRESS) == "0 of 2"
    page.keyboard.press("1")
    wait_until(page, SAVED)
    assert site.label("a") == ("Boats", [])


def test_a_thumb_can_do_it_on_a_phone(server: Callable[..., Site], chromium: Any) -> None:
    site = server("a", "b")
    context = chromium.new_context(viewport={"width": 375, "height": 667}, has_touch=True, is_mobile=True)
    page = prepare_page(context.new_page())
    page.goto(f"{site.address}/triage?q=boat&sort=name")
    wait_until(page, f"{SHOWN} === 'a.mp4'")
    page.get_by_role("button", name="Give key 1 a meaning").tap()
    page.get_by_label("Class", exact=True).fill("Boats")
    page.get_by_role("button", name="Assign").tap()
    button = page.get_by_role("button", name="Boats (key 1)")
    button.wait_for()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["width"] >= 120
    button.tap()
    wait_until(page, f"{SHOWN} === 'b.mp4' && {SAVED}")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert site.label("a") == ("Boats", [])
    context.close()
