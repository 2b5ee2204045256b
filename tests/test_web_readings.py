"""Readings in the web library: lanes, the transcript beside the player, where a search looks, and the REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.browser import come_to_rest, serious_problems, wait_until
from tests.conftest import MakeVideo
from tests.test_search_readings import reading, span, spoken
from tests.web import config_in, get, serving
from tests.web_library import add_videos
from vidkit.library import video_key

EVIL = '<img src=x onerror="window.hacked=1">'
LIMIT = 60  # seconds: the machine may be busy
SAID = [spoken(1.0, "Good", "evening."), spoken(4.0, "A", EVIL, "boat"), spoken(9.0, "It", "rains.")]
TALK = {
    "ocr": reading(span(2.0, 5.0, "HARBOUR"), span(5.5, 8.0, "HARBOUR")),
    "speech": reading(*SAID, language="en"),
    "objects": reading(*(span(at, at, label="boat", score=0.9) for at in range(4))),
    "quality": reading(span(0, 12, label="scene", values={"motion": 0.1}), motion=0.1),
    "moderation": reading({"start_time": 0, "end_time": 12, "score": 0.25}, max=0.25),
    "broken": {"model": None, "version": "1", "error": "it hung", "spans": []},
}


class Site:
    def __init__(self, address: str) -> None:
        self.address = address

    def video(self, name: str = "talk.mp4") -> str:
        return f"/videos/{video_key(f'https://videos.example/{name}')}"

    def get(self, path: str, **parameters: Any) -> Any:
        answer = get(self.address, f"/api/v1{path}", params=parameters)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, make_video: MakeVideo) -> Iterator[Site]:
    config = config_in(tmp_path_factory.mktemp("readings"))
    with serving(config, no_auth=True) as (address, services):
        shots = ["A desk", "A boat", "A harbour", None, None, None]
        add_videos(services.library, config, make_video, ["talk", "plain"], shots)  # type: ignore[arg-type]
        for name, readings in (("talk.mp4", {"readings": TALK}), ("plain.mp4", {})):
            (entry,) = services.library.find(name)
            scenes = [{**scene, "thumbnail": None} for scene in entry.record["scenes"]]
            record = {**entry.record, "scenes": scenes, **readings}
            services.library.save(record, entry.folder)  # type: ignore[arg-type]
        yield Site(address)


def open_video(page: Any, site: Site, name: str = "talk.mp4", query: str = "") -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(f"{site.address}{site.video(name)}{query}")
    wait_until(page, "document.querySelector('vidkit-player')?.ready === true", LIMIT)


def lines(page: Any) -> list[str]:
    return page.locator(".transcript-line span:last-child").all_inner_texts()  # type: ignore[no-any-return]


def test_the_api_finds_readings_with_their_source_and_second(site: Site) -> None:
    (item,) = site.get("/search", q="evening")["items"]
    assert (item["kind"], item["number"], item["source"], item["second"]) == ("speech", 1, "speech", 2.0)
    assert [item["source"] for item in site.get("/search", q="boat", **{"in": "objects"})["items"]] == ["objects"]
    both = site.get("/search", q="boat", **{"in": ["speech,objects", "ocr"]})["items"]
    assert {item["source"] for item in both} == {"speech", "objects"}
    assert [
        item["source"] for item in site.get(f"{site.video()}/moments", q="boat", **{"in": "speech"})["items"]
    ] == ["speech"]
    assert site.get("/facets", q="evening", facet="class")["videos"] == 1
    assert site.get("/facets", q="evening", facet="class", **{"in": "ocr"})["videos"] == 0
    refused = requests.get(f"{site.address}/api/v1/search", params={"q": "a", "in": "speech;"}, timeout=LIMIT)
    assert refused.status_code == 422 or refused.status_code == 400
    assert "is no source" in refused.json()["detail"]


def test_the_api_gives_readings_of_a_video_and_counts_them(site: Site) -> None:
    assert site.get(site.video())["readings"] == json.loads(json.dumps(TALK))
    assert "readings" not in site.get(site.video("plain.mp4"))
    stats = site.get("/stats")["readings"]
    assert stats["speech"] == {"videos": 1, "failed": {}}
    assert stats["broken"] == {"videos": 0, "failed": {"it hung": 1}}
    assert site.get("/stats", q="zeppelin")["readings"] == {}
    sources = {each["name"]: each["videos"] for each in site.get("/sources")["items"]}
    assert sources == {"description": 2, "objects": 1, "ocr": 1, "speech": 1}


def test_a_cursor_of_one_source_is_refused_for_another(site: Site) -> None:
    page = site.get("/search", q="boat", limit=1)
    wrong = {"q": "boat", "limit": 1, "cursor": page["next"], "in": "speech"}
    assert requests.get(f"{site.address}/api/v1/search", params=wrong, timeout=LIMIT).status_code == 400


@pytest.mark.slow
def test_a_transcript_follows_the_player_and_seeks_by_a_click(page: Any, site: Site) -> None:
    open_video(page, site)
    assert lines(page) == ["Good evening.", f"A {EVIL} boat", "It rains."]
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="It rains.").click()
    wait_until(page, "Math.abs(document.querySelector('vidkit-player').time - 9) < 0.1", LIMIT)
    current = "document.querySelector('.transcript-lines [aria-current]')?.textContent ?? ''"
    wait_until(page, f"({current}).includes('It rains.')", LIMIT)
    page.evaluate("document.querySelector('vidkit-player').seek(1.5)")
    wait_until(page, f"({current}).includes('Good evening.')", LIMIT)
    page.get_by_role("button", name="On screen").click()
    wait_until(page, "document.querySelectorAll('.transcript-line').length === 1", LIMIT)
    assert lines(page) == ["HARBOUR"]
    assert serious_problems(page) == []


@pytest.mark.slow
def test_each_reader_has_a_lane_and_a_video_without_readings_has_no_lane(page: Any, site: Site) -> None:
    open_video(page, site)
    come_to_rest(page)  # then the time line stays where it is
    names = page.locator(".time-line-names span")
    assert names.all_inner_texts() == ["Scenes", "Speech", "On screen", "Objects", "Moderation"]
    lanes = page.locator(".time-line canvas")
    box = lanes.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 10 / 12, box["y"] + 24 + 30 * 1.5)  # the third sentence
    wait_until(page, "Math.abs(document.querySelector('vidkit-player').time - 9) < 0.1", LIMIT)
    open_video(page, site, "plain.mp4")
    assert names.all_inner_texts() == ["Scenes"]
    assert page.locator(".transcript").count() == 0


@pytest.mark.slow
def test_a_search_looks_where_the_page_says(page: Any, expected_errors: list[str], site: Site) -> None:
    expected_errors.append("404")  # these videos have no contact sheet
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(f"{site.address}/?q=boat")
    choice = page.get_by_label("Look for the words in")
    choice.wait_for(timeout=LIMIT * 1000)
    assert choice.locator("option").all_inner_texts() == [
        "Everywhere", "Descriptions", "Objects", "On screen", "Speech"
    ]  # fmt: skip
    choice.select_option("speech")
    page.wait_for_url("**in=speech**", timeout=LIMIT * 1000)
    wait_until(page, "document.querySelectorAll('.card').length === 1", LIMIT)
    assert "Speech 2" in page.locator(".card").inner_text()
    page.locator("[data-place='0']").click()
    wait_until(page, "document.querySelector('.preview video')?.currentTime >= 5.9", LIMIT)
    # The address of an open moment shows it to somebody else, and leads to the page of the video.
    page.goto(page.url.replace("q=boat", "q=desk"))
    page.get_by_text("Speech 2").first.wait_for(timeout=LIMIT * 1000)
    page.reload()
    choice.wait_for(timeout=LIMIT * 1000)
    assert choice.input_value() == "speech"


@pytest.mark.slow
def test_a_long_transcript_shows_the_lines_around_the_player(page: Any, site: Site) -> None:
    many = [span(at / 1000, at / 1000, f"word {at}") for at in range(11_000)]
    record = {"readings": {"speech": reading(*many)}}
    page.route(
        f"**/api/v1{site.video('plain.mp4')}",
        lambda route: route.fulfill(json={**site.get(site.video("plain.mp4")), **record}),
    )
    open_video(page, site, "plain.mp4")
    assert page.locator(".transcript-line").count() == 2000
    page.evaluate("document.querySelector('vidkit-player').seek(8)")
    current = "document.querySelector('.transcript-lines [aria-current]')?.textContent ?? ''"
    wait_until(page, f"/word (79|80)\\d\\d/.test({current})", LIMIT)
    assert page.locator(".transcript-line").count() == 2000
    assert "of 11,000" in page.locator(".transcript-part").inner_text()
