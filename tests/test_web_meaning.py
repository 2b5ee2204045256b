"""Search by meaning in the REST API and in the page, with all-MiniLM-L6-v2 and a model that knows colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from vidkit.core.meaning_settings import Meaning
from vidkit.curate.indexing import index_library
from vidkit.meaning.models import open_models

from .browser import serious_problems, wait_until
from .conftest import MakeVideo
from .meaning_models import image_model, text_model
from .test_web_library_page import cards, query_of
from .waiting import PATIENCE
from .web import config_in, serving
from .web_pages import Site, site_of

__all__ = ["image_model", "text_model"]

SEARCH = "/api/v1/search"
STREET = ["A red car waits at a crossing", "A dog runs over the grass after a ball", "Night falls over the town"]
MARKET = ["A woman buys apples at a stall", "Rain drips from a roof"]


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    make_video: MakeVideo,
    text_model: Path,
    image_model: Path,
) -> Iterator[Site]:
    street = make_video("street.mp4", shots=3, shot_length=2.0)
    market = make_video("market.mp4", shots=2, shot_length=2.0)
    videos = [(street, {"scene_words": STREET, "labels": {"class": "Town"}}), (market, {"scene_words": MARKET})]
    settings = Meaning(text_model=str(text_model), image_model=str(image_model))
    with site_of(tmp_path_factory.mktemp("meaning"), videos, meaning=settings) as site:
        index_library(site.services.library, open_models(settings))
        yield site


def found(site: Site, **parameters: Any) -> list[tuple[str, int, list[str]]]:
    answer = requests.get(site.address + SEARCH, params=parameters, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["notes"] == []
    return [(each["filename"], each["number"], each["why"]) for each in answer.json()["items"]]


def problem(site: Site, **parameters: Any) -> tuple[int, str]:
    answer = requests.get(site.address + SEARCH, params=parameters, timeout=PATIENCE)
    return answer.status_code, answer.json()["detail"]


def test_a_query_in_other_words_finds_its_moment_and_says_why(site: Site) -> None:
    assert found(site, q="a puppy is playing outside")[0] == ("street.mp4", 2, ["meaning"])
    assert found(site, q="a puppy is playing outside", meaning="only")[0] == ("street.mp4", 2, ["meaning"])
    assert found(site, q="a puppy is playing outside", meaning="off") == []
    assert found(site, q="a dog runs over the grass")[0] == ("street.mp4", 2, ["words", "meaning"])
    assert found(site, q="xqzzy flurb") == found(site, q="xqzzy flurb", meaning="only") == []


def test_pictures_are_found_by_what_they_show(site: Site) -> None:
    (first, second) = found(site, q="red")  # the first shot of each video is red, and one is said to have a red car
    assert first[:2] == ("street.mp4", 1)
    assert {"words", "picture"} <= set(first[2])
    assert second == ("market.mp4", 1, ["picture"])
    assert found(site, q="red -apples") == [first]


def test_filters_phrases_and_left_out_words_hold_by_meaning_too(site: Site) -> None:
    asked = {"q": "a puppy is playing outside", "meaning": "only"}
    assert found(site, **asked, **{"class": "Town"})[0][:2] == ("street.mp4", 2)
    assert found(site, **asked, **{"class": "Country"}) == []
    assert ("street.mp4", 2) not in [each[:2] for each in found(site, q=f"{asked['q']} -dog", meaning="only")]
    assert found(site, q=f'{asked["q"]} "the grass"', meaning="only") == [("street.mp4", 2, ["meaning"])]
    assert found(site, **asked, **{"in": "speech"}) == []


def test_moments_like_another_one_by_the_address_of_a_video(site: Site) -> None:
    like = f"{site.key('street.mp4')}@3"
    answers = found(site, like=like)
    assert ("street.mp4", 2) not in [each[:2] for each in answers]
    assert answers[0] == ("market.mp4", 2, ["picture"])  # it is blue too
    assert all(name == "street.mp4" for name, _, _ in found(site, like=site.key("market.mp4")))
    status, why = problem(site, like="none@3")
    assert (status, why) == (400, "like: no video of the library has this id, file name or URL: none")
    assert problem(site, like=f"{site.key('street.mp4')}@99")[0] == 400


def test_odd_queries_are_answered_as_a_user_expects(site: Site) -> None:
    everything = found(site)
    for nothing in ("", "-zeppelin"):
        assert found(site, q=nothing) == found(site, q=nothing, meaning="only") == everything
    assert problem(site, q="word " * 900)[0] == 400  # a search by words takes 100
    found(site, q="a puppy is playing outside " * 180, meaning="only")
    assert problem(site, q="x" * 10_000)[0] in (414, 422)
    for other in ("собака бежит по траве", "犬が走る", "كلب", "\u200bdog\u202e"):
        assert requests.get(site.address + SEARCH, params={"q": other}, timeout=PATIENCE).status_code == 200
    assert problem(site, q="🐕 !", meaning="only")[0] == 400  # no word
    assert problem(site, q="dog", meaning="yes")[0] == 422


def test_pages_of_a_search_by_meaning_follow_one_another(site: Site) -> None:
    whole = found(site, like=site.key("street.mp4") + "@3")
    seen, cursor = [], None
    while True:
        asked = {"like": site.key("street.mp4") + "@3", "limit": 1, **({"cursor": cursor} if cursor else {})}
        answer = requests.get(site.address + SEARCH, params=asked, timeout=PATIENCE).json()
        seen += [(each["filename"], each["number"], each["why"]) for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == whole
    first = requests.get(site.address + SEARCH, params={"q": "red", "limit": 1}, timeout=PATIENCE).json()["next"]
    assert problem(site, q="rain", limit=1, cursor=first)[0] == 400
    assert problem(site, q="red", limit=1, meaning="off", cursor=first)[0] == 400


def test_what_works_on_videos_refuses_a_search_that_words_cannot_say(site: Site) -> None:
    for query in ({"q": "dog", "meaning": "only"}, {"like": site.key("street.mp4")}):
        headers = {"Origin": site.address}
        for path, body in (
            ("/api/v1/triage", {"query": query}),
            ("/api/v1/exports?dry_run=true", {"format": "csv", "query": query}),
        ):
            answer = requests.post(site.address + path, json=body, headers=headers, timeout=PATIENCE)
            assert (answer.status_code, "is for searches" in answer.text) == (400, True), (path, answer.text)
        stats = requests.get(site.address + "/api/v1/stats", params=query, timeout=PATIENCE)
        assert (stats.status_code, "is for searches" in stats.text) == (400, True)
        facets = requests.get(site.address + "/api/v1/facets", params=query, timeout=PATIENCE).json()
        assert facets["videos"] == 2


def test_a_server_without_a_model_or_with_a_broken_one_searches_by_words(tmp_path: Path) -> None:
    with serving(config_in(tmp_path), no_auth=True) as (address, _):
        assert requests.get(f"{address}/api/v1/sources", timeout=PATIENCE).json()["meaning"] == []
        answer = requests.get(address + SEARCH, params={"q": "dog"}, timeout=PATIENCE).json()
        assert (answer["items"], answer["notes"]) == ([], [])
        refused = requests.get(address + SEARCH, params={"q": "dog", "meaning": "only"}, timeout=PATIENCE)
        assert (refused.status_code, "run `vidkit index`" in refused.json()["detail"]) == (400, True)
    broken = config_in(tmp_path, meaning=Meaning(text_model=str(tmp_path / "none")))
    with serving(broken, no_auth=True) as (address, _):
        answer = requests.get(address + SEARCH, params={"q": "dog"}, timeout=PATIENCE).json()
        assert "[Meaning] TextModel" in answer["notes"][0]
        refused = requests.get(address + SEARCH, params={"q": "dog", "meaning": "only"}, timeout=PATIENCE)
        assert (refused.status_code, "[Meaning] TextModel" in refused.json()["detail"]) == (400, True)


# The page


def whys(page: Any) -> list[str]:
    return page.locator(".card-why").all_inner_texts()  # type: ignore[no-any-return]


def choose(page: Any, way: str) -> None:
    page.locator(".way", has_text=way).click()


def test_the_page_finds_by_meaning_and_the_switch_leaves_words_alone(page: Any, site: Site) -> None:
    page.goto(site.address + "/")
    cards(page)
    page.fill("#search", "a puppy is playing outside")
    page.wait_for_url("**/?q=*")
    wait_until(page, "document.querySelector('.card-why') !== null")
    assert cards(page)[0] == "street.mp4"
    assert whys(page)[0] == "by meaning"
    assert page.locator("mark").count() == 0
    choose(page, "Words")
    page.wait_for_url("**meaning=off**")
    page.get_by_text("No moment matches").wait_for()
    choose(page, "Meaning")
    page.wait_for_url("**meaning=only**")
    wait_until(page, "document.querySelector('.card-why') !== null")
    assert page.get_by_role("radio", name="Meaning").is_checked()
    assert page.get_by_role("navigation", name="All results").count() == 0
    choose(page, "Both")
    wait_until(page, "!location.search.includes('meaning')")
    page.fill("#search", "a dog runs over the grass")
    wait_until(page, "document.querySelector('mark') !== null")
    assert whys(page) == []  # the words are marked
    page.locator("[data-place='0']").click()
    page.get_by_text("found by words, meaning").wait_for()


def test_more_like_this_leads_to_moments_that_are_alike(page: Any, site: Site) -> None:
    page.goto(site.address + "/?q=dog&meaning=off")
    cards(page)
    page.locator(".card-like").first.wait_for(state="attached")
    page.locator(".card").first.hover()
    page.locator(".card-like").first.click()
    page.wait_for_url("**like=*")
    page.get_by_text("like street.mp4 at 0:03").wait_for()
    wait_until(page, "document.querySelectorAll('.card').length > 1")
    assert query_of(page)["like"] == [f"{site.key('street.mp4')}@3"]
    page.get_by_role("button", name="Remove the filter like street.mp4").click()
    wait_until(page, "location.search === ''")

    page.goto(f"{site.address}/?q=dog&open={site.key('street.mp4')}%3Ascene%3A2")
    page.get_by_role("link", name="More like this", exact=True).click()
    page.wait_for_url("**like=*")

    page.goto(f"{site.address}/videos/{site.key('street.mp4')}?t=3")
    wait_until(page, "Number(document.getElementById('video-time')?.value.split(':')[1]) >= 3")
    page.get_by_role("button", name="More like this").click()
    page.wait_for_url("**/?like=*")
    wait_until(page, "document.querySelectorAll('.card').length > 1")


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_switch_and_the_reasons_can_be_read_by_everyone(page: Any, site: Site, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(site.address + "/?q=a+puppy+is+playing+outside")
    cards(page)
    page.locator(".ways").wait_for()
    page.locator(".card-why").first.wait_for()
    wait_until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert serious_problems(page) == []


def test_without_vectors_there_is_no_switch(page: Any, tmp_path: Path) -> None:
    with serving(config_in(tmp_path), no_auth=True) as (address, _):
        with page.expect_response("**/api/v1/sources"):
            page.goto(address + "/")
        page.get_by_text("The library is empty").wait_for()
        assert page.locator(".ways").count() == 0
