"""The library's page in a real browser: search, cards, filters, the open moment, labels and removal."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser import close_dialog, come_to_rest, held_back, serious_problems, wait_until
from tests.conftest import MakeVideo
from tests.records import make_record
from tests.waiting import PATIENCE
from tests.web import config_in, serving
from tests.web_pages import Site, site_of
from vidkit.ffmpeg import find_tool
from vidkit.library import LibraryEntry

INERT = "<img src=x onerror=\"document.title='hacked'\">"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, make_video: MakeVideo) -> Iterator[Site]:
    street = make_video("street.mp4", shots=3, shot_length=4.0, options=("-g", "25"))
    market = make_video("market.mp4", shots=1, shot_length=3.0)
    gone = [make_video(f"gone{number}.mp4", shot_length=1.0) for number in (1, 2)]
    videos: list[tuple[Path, dict[str, Any]]] = [
        (
            street,
            {
                "scene_words": ["A red car waits at a crossing", "A dog runs over the bridge", "Night falls"],
                "labels": {"class": "Documentary", "add_tags": ["Outdoor", "City"]},
            },
        ),
        (
            market,
            {
                "qwen_description": f"A woman buys apples {INERT} at a red stall",
                "labels": {"add_tags": [INERT]},
            },
        ),
        *((video, {"qwen_description": "A passing cloud"}) for video in gone),
    ]
    with site_of(tmp_path_factory.mktemp("library"), videos) as site:
        yield site


# The second at which a video of the page began to play, and whether one came to its end.
NOTE_THE_START = """
document.addEventListener("playing", (event) => (window.began ??= event.target.currentTime), true);
document.addEventListener("ended", () => (window.ended = true), true);
"""


def cards(page: Any) -> list[str]:
    """The titles of the cards in the order of the answers, once they are there."""
    wait_until(page, "document.querySelector('.card, .library-main .notice') !== null")
    return page.evaluate(  # type: ignore[no-any-return]
        """[...document.querySelectorAll('[data-place]')].sort((a, b) => a.dataset.place - b.dataset.place)
           .map(link => link.textContent.trim())"""
    )


def query_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def focus_card(page: Any, place: int = 0) -> None:
    wait_until(page, f"document.querySelector('[data-place=\"{place}\"]') !== null")
    page.focus(f'[data-place="{place}"]')


@pytest.mark.parametrize("pause", [False, True])
def test_a_search_is_in_the_address_and_back_leads_to_before_it(page: Any, site: Site, pause: bool) -> None:
    page.goto(site.address + "/")
    assert set(cards(page)) == set(site.records)
    page.fill("#search", "red")
    page.wait_for_url("**/?q=red")
    wait_until(page, "document.querySelectorAll('.card').length === 2")
    assert set(cards(page)) == {"street.mp4", "market.mp4"}
    assert set(page.locator("mark").all_inner_texts()) == {"red"}
    page.fill("#search", "dog")
    if pause:  # the search is shown before Enter
        page.wait_for_url("**/?q=dog")
    page.press("#search", "Enter")
    page.wait_for_url("**/?q=dog")
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    page.go_back()
    wait_until(page, "document.querySelectorAll('.card').length === 2")
    assert page.input_value("#search") == "red"
    page.go_back()
    wait_until(page, "document.querySelectorAll('.card').length === 4")
    page.go_forward()
    wait_until(page, "document.querySelectorAll('.card').length === 2")


def test_a_search_that_cannot_be_read_says_why(page: Any, expected_errors: list[str], site: Site) -> None:
    expected_errors.append("400 (Bad Request)")  # the browser notes the answer's status
    page.goto(site.address + "/?q=-red")
    cards(page)
    page.fill("#search", "...")
    page.get_by_role("alert").get_by_text("letter").wait_for()
    assert page.get_attribute("#search", "aria-invalid") == "true"


def test_a_search_without_results_says_so_and_leads_back(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=zeppelin")
    page.get_by_text("No moment matches").wait_for()
    page.get_by_role("link", name="Show everything").click()
    assert set(cards(page)) == set(site.records)


def test_facets_count_and_narrow_down(page: Any, site: Site) -> None:
    page.goto(site.address + "/")
    cards(page)
    facets = page.get_by_role("complementary", name="Filters")
    facets.get_by_role("button", name="City").click()
    page.wait_for_url("**/?tag=City")
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    assert cards(page) == ["street.mp4"]
    wait_until(page, "document.querySelector('.library-count').textContent === '1 moment in 1 video'")
    assert facets.get_by_role("button", name="City").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Remove the filter City").click()
    wait_until(page, "document.querySelectorAll('.card').length > 1")
    assert "tag" not in query_of(page)
    facets.get_by_role("button", name="Documentary").click()
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    page.go_back()
    wait_until(page, "document.querySelectorAll('.card').length > 1")


def test_slow_facets_do_not_delay_the_results(page: Any, site: Site) -> None:
    with held_back(page, "**/api/v1/facets?*"):
        page.goto(site.address + "/?q=red")
        assert len(cards(page)) == 2
        page.locator(".facet-skeleton").first.wait_for()
    page.get_by_role("complementary", name="Filters").get_by_role("button", name="Documentary").wait_for()


def test_a_search_is_saved_opened_and_forgotten(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=red&tag=City")
    cards(page)
    saved = page.get_by_role("button", name="Saved searches")
    saved.click()
    page.get_by_role("button", name="Save this search").click()
    page.get_by_role("dialog").get_by_label("Name").fill(f"Red in town {INERT}")
    page.get_by_role("button", name="Save", exact=True).click()
    wait_until(page, "document.querySelector('dialog') === null")
    page.goto(site.address + "/")
    cards(page)
    saved.click()
    page.get_by_role("link", name="Red in town").click()
    page.wait_for_url("**/?q=red&tag=City")
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    assert cards(page) == ["street.mp4"]
    saved.click()
    page.get_by_role("button", name="Forget Red in town").click()
    page.get_by_text("No search has been saved yet.").wait_for()


def test_enter_plays_the_moment_from_its_first_second_in_a_loop(page: Any, site: Site) -> None:
    scene = site.records["street.mp4"]["scenes"][1]
    page.goto(site.address + "/?q=dog")
    cards(page)
    page.evaluate(NOTE_THE_START)
    page.focus("#search")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**open=*")
    began = wait_until(page, "window.began")
    assert scene["start_time"] <= began < scene["start_time"] + 2  # a busy browser tells of the start late
    wait_until(page, f"document.querySelector('dialog video').currentTime > {began} + 0.3")
    # Near its end it goes back to its first second. The video itself is longer, and does not end meanwhile.
    page.evaluate(f"document.querySelector('dialog video').currentTime = {scene['end_time'] - 0.3}")
    wait_until(page, f"document.querySelector('dialog video').currentTime < {scene['end_time'] - 1}")
    assert not page.evaluate("window.ended")
    assert page.evaluate("document.querySelector('dialog video').currentTime") >= scene["start_time"] - 0.05
    close_dialog(page)
    wait_until(page, "!location.search.includes('open')")
    wait_until(page, "document.activeElement.dataset.place === '0'")


def test_a_moment_under_the_pointer_is_at_its_first_frame_before_it_is_opened(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=dog")
    cards(page)
    page.evaluate("""() => {
      const make = document.createElement.bind(document);
      document.createElement = (name, ...more) => {
        const made = make(name, ...more);
        if (name === "video") window.prepared = made;
        return made;
      };
    }""")
    page.hover(".card >> nth=0")
    wait_until(page, "window.prepared?.readyState >= 2 && !prepared.seeking && prepared.currentTime > 0")
    before = page.evaluate("prepared.currentTime")
    opened = page.evaluate("""async () => {
      document.querySelector('[data-place="0"]').click();
      let video = null;
      while (!(video = document.querySelector("dialog video"))) await new Promise(requestAnimationFrame);
      return { ready: video.readyState, hidden: video.matches(".preview-seeking"), at: video.currentTime };
    }""")
    start = next(scene for scene in site.kept("street.mp4")["scenes"] if "dog" in scene["description"])[
        "start_time"
    ]
    assert start > 0
    assert opened["ready"] >= 2
    assert not opened["hidden"]
    assert abs(before - start) < 0.2
    assert before <= opened["at"] < start + 2  # it plays from there


def test_a_link_shows_another_person_the_same_moment_and_second(page: Any, site: Site) -> None:
    scene = site.records["street.mp4"]["scenes"][1]
    at = scene["start_time"] + 1
    page.add_init_script(NOTE_THE_START)
    page.goto(f"{site.address}/?q=red&open={site.key('street.mp4')}:scene:2&t={at}")
    page.get_by_role("dialog").get_by_text("A dog runs over the bridge").wait_for()
    assert at - 0.1 <= wait_until(page, "window.began") < scene["end_time"]
    page.evaluate("document.querySelector('dialog video').pause()")
    page.evaluate(f"document.querySelector('dialog video').currentTime = {at}")
    page.wait_for_url(f"**t={at:g}*")


def test_keys_go_from_one_open_moment_to_the_next_and_to_the_videos_page(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=red&sort=name")
    first, second = cards(page)
    focus_card(page)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("heading", name=first).wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("dialog").get_by_role("heading", name=second).wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("dialog").get_by_role("heading", name=first).wait_for()
    link = page.get_by_role("link", name="Video page").get_attribute("href")
    assert link.startswith(f"/videos/{site.key(first)}?")
    assert parse_qs(urlsplit(link).query)["from"] == ["q=red&sort=name"]


def test_hovering_scrubs_through_the_moment_on_the_contact_sheet(page: Any, site: Site) -> None:
    scene = site.records["street.mp4"]["scenes"][1]
    page.goto(site.address + "/?q=dog")
    come_to_rest(page)  # then the card stays where it is
    box = page.locator(".card").bounding_box()
    shown = set()
    for part in (0.02, 0.5, 0.97):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + 30)
        wait_until(
            page, f"Math.abs(parseFloat(document.querySelector('.card-part')?.style.width) - {part * 100}) < 3"
        )
        shown.add(page.evaluate("document.querySelector('.card-scrub > div').style.backgroundPosition"))
    width = 160  # of a picture; the sheet has ten side by side, a second apart
    places = sorted(-int(re.match(r"-?\d+", place)[0]) // width for place in shown)  # type: ignore[index]
    assert len(places) == 3
    assert places[0] >= int(scene["start_time"]) - 1
    assert places[-1] <= int(scene["end_time"])
    page.mouse.move(2, 2)
    wait_until(page, "document.querySelector('.card-scrub') === null")


def test_moments_are_selected_by_click_shift_and_x(page: Any, site: Site) -> None:
    page.goto(site.address + "/?sort=name")
    cards(page)
    count = "document.querySelector('.selection-count')?.textContent ?? ''"
    page.hover(".card >> nth=0")
    page.click(".card-tick >> nth=0")
    wait_until(page, f"{count}.includes('1 moment')")
    page.click(".card-title >> nth=2", modifiers=["Shift"])
    wait_until(page, f"{count}.includes('3 moments')")
    page.click(".card-title >> nth=3")  # while something is selected, a click selects
    wait_until(page, f"{count}.includes('4 moments')")
    focus_card(page, 1)
    page.keyboard.press("x")
    wait_until(page, f"{count}.includes('3 moments')")
    assert page.locator('[role=checkbox][aria-checked="true"]').count() == 3
    page.keyboard.press("Escape")
    wait_until(page, f"{count} === ''")
    page.keyboard.press("x")
    focus_card(page, 3)
    page.keyboard.press("Shift+X")
    wait_until(page, f"{count}.includes('3 moments')")


def test_arrow_keys_go_from_card_to_card(page: Any, site: Site) -> None:
    page.goto(site.address + "/?sort=name")
    cards(page)
    focus_card(page)
    for key, place in (("ArrowRight", 1), ("End", 3), ("ArrowLeft", 2), ("Home", 0), ("ArrowUp", 0)):
        page.keyboard.press(key)
        wait_until(page, f"document.activeElement.dataset.place === '{place}'")


def test_labels_are_kept_shown_and_undone(page: Any, site: Site) -> None:
    before = site.kept("street.mp4")
    page.goto(site.address + "/?q=dog")
    cards(page)
    focus_card(page)
    page.keyboard.press("x")
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Class").fill("Animals")
    dialog.get_by_label("Add tags").fill("Dog, Bridge,")
    dialog.get_by_role("button", name="City").click()
    dialog.get_by_role("button", name="Label", exact=True).click()
    wait_until(page, "document.querySelector('.card').textContent.includes('Animals')")
    kept = site.kept("street.mp4")
    assert kept["classification"] == "Animals"
    assert {"Outdoor", "Dog", "Bridge"} < set(kept["tags"])
    assert "City" not in kept["tags"]
    page.get_by_role("button", name="Undo").click()
    wait_until(page, "document.querySelector('.card').textContent.includes('Documentary')")
    kept = site.kept("street.mp4")
    assert (kept["classification"], kept["tags"]) == (before["classification"], before["tags"])


def test_removal_asks_once_and_removes(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=cloud&sort=name")
    assert cards(page) == ["gone1.mp4", "gone2.mp4"]
    focus_card(page)
    page.keyboard.press("x")
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel").click()
    wait_until(page, "document.querySelector('dialog') === null")
    assert site.kept("gone1.mp4")
    page.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    assert cards(page) == ["gone2.mp4"]
    assert site.services.library.find(site.records["gone1.mp4"]["source"]["url"]) == []
    wait_until(page, "document.querySelector('.selection') === null")


def test_export_takes_the_selected_videos_along(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=red")
    cards(page)
    focus_card(page)
    page.keyboard.press("x")
    page.keyboard.press("e")
    page.wait_for_url("**/datasets?keys=*")
    assert query_of(page)["keys"][0] in (site.key("street.mp4"), site.key("market.mp4"))


def test_markup_in_descriptions_and_tags_is_text(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=apples")
    cards(page)
    assert INERT[:8] in page.locator(".card-words").inner_text()
    page.focus('[data-place="0"]')
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("A woman buys apples").wait_for()
    assert page.title() != "hacked"
    assert page.locator("img[src=x]").count() == 0


def test_a_moment_of_a_link_is_closed_by_escape_alone(page: Any, site: Site) -> None:
    """Nobody has clicked yet: the browser then closes a dialog without asking the page."""
    page.goto(f"{site.address}/?q=red&open={site.key('street.mp4')}:scene:2")
    wait_until(page, "document.activeElement.matches('dialog')")
    close_dialog(page)
    wait_until(page, "!location.search.includes('open')")
    page.keyboard.press("/")
    wait_until(page, "document.activeElement.id === 'search'")


@pytest.mark.slow
@pytest.mark.parametrize("width", [375, 1280])
def test_it_is_accessible_to_everyone(page: Any, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(site.address + "/?q=red&tag=City")
    come_to_rest(page)
    assert serious_problems(page) == []
    wait_until(page, f"document.documentElement.scrollWidth <= {width}")
    focus_card(page)
    page.keyboard.press("x")
    page.get_by_role("region", name="Selected moments").wait_for()
    assert serious_problems(page) == []
    page.keyboard.press("l")
    page.get_by_role("dialog").wait_for()
    assert serious_problems(page) == []
    close_dialog(page)
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard").wait_for()
    assert serious_problems(page) == []
    close_dialog(page)
    focus_card(page)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Video page").wait_for()
    assert serious_problems(page) == []
    if width < 900:
        close_dialog(page)
        page.get_by_role("button", name="Filters").click()
        page.get_by_role("heading", name="Filters").wait_for()
        assert serious_problems(page) == []


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a library of 1,000 moments, with the same pictures for every video."""
    config = config_in(tmp_path_factory.mktemp("many"))
    folder = config.paths.processed_directory
    (folder / "thumbnails").mkdir(parents=True)
    for number in range(1, 6):
        picture = [
            "-f",
            "lavfi",
            "-i",
            "color=teal:s=160x90",
            "-frames:v",
            "1",
            folder / f"thumbnails/{number}.jpg",
        ]
        subprocess.run([find_tool("ffmpeg"), "-v", "error", *picture], check=True)
    words = ["a red car", "a dog in the street", "the old bridge", "rain over the red roofs", "a train arrives"]
    records = (make_record(f"video{number:04d}.mp4", scenes=words) for number in range(200))
    with serving(config, no_auth=True) as (address, services):
        services.library.save_all(LibraryEntry(record, folder) for record in records)
        yield address


# Some frames, and more as long as each draws other cards.
DRAWN = """(async () => {
  const ids = () => [...document.querySelectorAll("[data-place]")].map((link) => link.dataset.place).join();
  for (let calm = 0, before = ""; calm < 3; before = ids()) {
    await new Promise(requestAnimationFrame);
    calm = ids() === before ? calm + 1 : 0;
  }
})()"""


@pytest.mark.slow
def test_many_results_need_few_cards(page: Any, many: str) -> None:
    page.goto(many + "/?q=red+OR+dog+OR+bridge+OR+train&sort=name")
    cards(page)
    seen: set[str] = set()
    most = 0
    end = time.monotonic() + PATIENCE
    while len(seen) < 1000 and time.monotonic() < end:
        here = page.evaluate("[...document.querySelectorAll('[data-place]')].map(link => link.dataset.place)")
        seen |= set(here)
        most = max(most, len(here))
        # Not further: a row that is half full at the end of the answers so far is filled when more have come.
        page.evaluate("scrollBy(0, innerHeight)")
        page.evaluate(DRAWN)
    assert len(seen) == 1000
    assert most <= 300
    ids = page.evaluate("[...document.querySelectorAll('[data-place]')].map(link => link.href)")
    assert len(ids) == len(set(ids))


def test_back_from_another_page_shows_the_list_where_it_was_left(page: Any, many: str) -> None:
    page.goto(many + "/?q=red&sort=name")
    cards(page)
    wait_until(page, "(scrollTo(0, 1500), scrollY === 1500)")  # as soon as the page is so long
    page.evaluate(DRAWN)
    page.evaluate("history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")
    page.get_by_text("There is no such page").wait_for()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.go_back()
    wait_until(page, "scrollY === 1500 && document.querySelector('.card') !== null")
    assert [url for url in asked if "/api/v1/search?" in url] == []  # the same list, not another search


@pytest.mark.slow
def test_labels_for_more_videos_than_are_done_one_by_one_are_a_job(
    page: Any, expected_errors: list[str], many: str
) -> None:
    # The video under the focus is loaded beforehand, and this library has no files.
    expected_errors.append("404")
    page.goto(many + "/?q=red&sort=name")
    cards(page)
    focus_card(page)
    page.keyboard.press("x")
    for end in (49, 149):  # of what is loaded: two moments of each video
        page.keyboard.press("End")
        wait_until(page, f"document.activeElement.dataset.place === '{end}'")
        wait_until(page, f"document.querySelector('[data-place=\"{end + 1}\"]')")
    page.keyboard.press("Shift+X")
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("So many videos are labelled by a job.").wait_for()
    dialog.get_by_label("Class").fill("Red")
    dialog.get_by_role("button", name="Label", exact=True).click()
    page.get_by_text("A job labels 75 videos. See Jobs.").wait_for()
    job = "fetch('/api/v1/jobs').then((one) => one.json()).then(({ items }) => items[0].state === 'done')"
    wait_until(page, job, PATIENCE)
    assert (
        page.evaluate("fetch('/api/v1/facets?class=Red').then((one) => one.json()).then((one) => one.videos)") == 75
    )
