"""Duplicates in the web library: `GET /api/v1/duplicates` with its cursors, and the page in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import press_in_turn, serious_problems, wait_until
from tests.conftest import MakeVideo
from tests.records import make_record
from tests.test_duplicates import made_up, noisy, part, video
from tests.waiting import PATIENCE, until
from tests.web import authorized, config_in, get, key_of, serving
from tests.web_jobs import ENDED
from tests.web_library import add_videos
from vidkit.duplicates.signature import TICKS, to_record
from vidkit.library import LibraryEntry, video_key
from vidkit.web.duplicates import Duplicates
from vidkit.web.problems import Problem
from vidkit.web.services import Services

DUPLICATES = "/api/v1/duplicates"
HOSTILE = '<img src=x onerror="alert(1)">.mp4'


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Services]]:
    with serving(config_in(tmp_path), no_auth=True) as (address, services):
        yield address, services


def save(services: Services, *records: Any) -> None:
    folder = services.config.paths.processed_directory
    services.library.save_all(LibraryEntry(record, folder) for record in records)


def pair(number: int) -> list[Any]:
    """A video and a smaller, shorter copy of it."""
    one = made_up(number)
    return [
        video(f"small{number}.mp4", noisy(part(one, 3, 30), 10), resolution="640x360", width=640, height=360),
        video(f"best{number}.mp4", one),
    ]


def test_groups_say_what_is_kept_and_why(served: tuple[str, Services]) -> None:
    address, services = served
    secret = video("secret.mp4", noisy(made_up(1), 4), url="https://me:geheim@example.com/secret.mp4")
    save(services, *pair(1), secret, video("alone.mp4", made_up(2)), make_record("old.mp4", sha256="e" * 64))
    answer = get(address, DUPLICATES)
    assert answer.status_code == 200
    assert "geheim" not in answer.text
    found = answer.json()
    assert {key: found[key] for key in ("videos", "groups", "copies", "unknown", "next")} == {
        "videos": 5, "groups": 1, "copies": 2, "unknown": 1, "next": None,
    }  # fmt: skip
    (group,) = found["items"]
    assert group["kept"]["filename"] == "best1.mp4"
    assert group["kept"]["key"] == video_key("https://videos.example/best1.mp4")
    small, same_size = sorted(group["copies"], key=lambda copy: str(copy["reason"]), reverse=True)
    assert (small["filename"], small["reason"], small["resolution"]) == ("small1.mp4", "more pixels", "640x360")
    assert small["shift"] == 3
    assert small["share"] > 0.9
    assert (same_size["filename"], same_size["reason"]) == ("secret.mp4", "came first")


def test_from_page_to_page_no_group_is_missing_or_comes_twice(served: tuple[str, Services]) -> None:
    address, services = served
    save(services, *(record for number in range(7) for record in pair(number)))
    names: list[str] = []
    cursor = None
    while cursor is not None or not names:
        page = get(address, DUPLICATES, params={"limit": 2, "cursor": cursor}).json()
        names += [group["kept"]["filename"] for group in page["items"]]
        if len(names) == 4:  # one that was listed goes, one more comes
            services.library.remove("https://videos.example/best0.mp4")
            save(services, *pair(100))
        cursor = page["next"]
    assert names == [f"best{number}.mp4" for number in (*range(7), 100)]


def test_a_removed_video_is_left_out_at_once(served: tuple[str, Services]) -> None:
    address, services = served
    save(services, *pair(1), *pair(2))
    assert len(get(address, DUPLICATES).json()["items"]) == 2
    services.library.remove("https://videos.example/small1.mp4")
    (left,) = get(address, DUPLICATES).json()["items"]
    assert left["kept"]["filename"] == "best2.mp4"


def test_a_new_video_is_compared_too(served: tuple[str, Services]) -> None:
    address, services = served
    assert get(address, DUPLICATES).json()["items"] == []
    save(services, *pair(1))
    assert len(get(address, DUPLICATES).json()["items"]) == 1


def test_the_scope_read_is_needed_and_enough(tmp_path: Path) -> None:
    with serving(config_in(tmp_path)) as (address, services):
        assert get(address, DUPLICATES).status_code == 401
        assert get(address, DUPLICATES, headers=authorized(key_of(services, "read"))).status_code == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=abc", "cursor=" + "A" * 5000])
def test_a_wrong_parameter_is_refused(served: tuple[str, Services], query: str) -> None:
    assert get(served[0], f"{DUPLICATES}?{query}").status_code in (400, 422)


def test_a_comparison_that_takes_long_runs_once_and_is_said(served: tuple[str, Services]) -> None:
    _, services = served
    save(services, *pair(1))
    goes_on = threading.Event()
    reads: list[int] = []

    class Slow:
        """The library, whose first reading waits."""

        def pictures(self, after: int = 0) -> Any:
            if after == 0:
                reads.append(after)
                assert goes_on.wait(PATIENCE)
            return services.library.pictures(after)

    compared = Duplicates(Slow(), wait=0.05)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(Problem, match="being compared") as refused:
            compared()
        assert refused.value.headers == {"Retry-After": "5"}
    goes_on.set()

    def groups() -> int:
        try:
            return len(compared().groups)
        except Problem:
            return 0

    assert until(groups) == 1
    assert len(reads) == 1


def test_a_library_that_cannot_be_read_is_said_and_asked_again(served: tuple[str, Services]) -> None:
    from vidkit.errors import LibraryError

    _, services = served
    fails = [True]

    class Away:
        def pictures(self, after: int = 0) -> Any:
            if fails:
                raise LibraryError("the library is away")
            return services.library.pictures(after)

    compared = Duplicates(Away())  # type: ignore[arg-type]
    with pytest.raises(LibraryError, match="is away"):
        compared()
    fails.clear()
    assert compared().groups == ()


def test_a_dataset_through_the_api_leaves_copies_out(served: tuple[str, Services]) -> None:
    import requests

    address, services = served
    save(services, *pair(1), video("alone.mp4", made_up(2)))
    for wanted, items in ((False, 3), (True, 2)):
        body = {"format": "jsonl", "files": "reference", "no_duplicates": wanted}
        answer = requests.post(
            f"{address}/api/v1/exports", params={"dry_run": True}, json=body, timeout=PATIENCE
        ).json()
        assert answer["items"] == items, answer
        assert ("--no-duplicates" in answer["command"]) is wanted
    made = requests.post(f"{address}/api/v1/exports", json=body, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    job = f"/api/v1/jobs/{made.json()['id']}"
    until(lambda: get(address, job).json()["state"] in ENDED)
    assert get(address, job).json()["result"]["items"] == 2


@pytest.fixture
def site(tmp_path: Path, make_video: MakeVideo) -> Iterator[tuple[str, Services]]:
    """Three videos, two of them copies, and a pair with a hostile name and without thumbnails."""
    with serving(config_in(tmp_path), no_auth=True) as (address, services):
        records = add_videos(
            services.library, services.config, make_video, ["boat", "boat again", "town"], ["a", "b"]
        )
        for record, seed in zip(records, (1, 1, 2), strict=True):
            one = made_up(seed, 4)
            changed = {**record, "pictures": to_record(one), "duration": one.length / TICKS}
            save(services, changed)
        one = made_up(3)
        save(services, video(HOSTILE, one), video("copy of it.mp4", part(noisy(one, 8), 5, 30)))
        yield address, services


@pytest.fixture
def expected_errors() -> list[str]:
    """Some records here are made up, and have no thumbnails."""
    return ["404 (Not Found)"]


def test_the_page_shows_copies_side_by_side_and_removes_one(site: tuple[str, Services], page: Any) -> None:
    address, services = site
    page.goto(f"{address}/duplicates")
    group = page.get_by_role("region", name="boat.mp4")
    group.wait_for()
    assert "Of 5 videos, 2 are copies of 2 other videos" in page.locator("main").inner_text()
    hostile = page.get_by_role("region", name=HOSTILE)
    assert "100% the same, from 0:05 on; the other one is longer" in hostile.inner_text()
    assert group.get_by_role("listitem").count() == 2
    assert serious_problems(page) == []
    group.get_by_role("button", name="Remove the copy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    wait_until(page, "document.querySelectorAll('.duplicates section').length === 1")
    names = {entry.record["filename"] for entry in services.library.records()}
    assert names == {"boat.mp4", "town.mp4", HOSTILE, "copy of it.mp4"}
    page.get_by_role("link", name="copy of it.mp4").click()
    wait_until(page, "location.pathname.startsWith('/videos/')")


def test_more_groups_are_shown_and_a_page_that_fails_can_be_tried_again(
    served: tuple[str, Services], page: Any, expected_errors: list[str]
) -> None:
    expected_errors.append("ERR_FAILED")  # the request that is aborted
    address, services = served
    save(services, *(record for number in range(22) for record in pair(number)))
    page.goto(f"{address}/duplicates")
    wait_until(page, "document.querySelectorAll('.duplicates section').length === 20")
    page.route("**/api/v1/duplicates?cursor=*", lambda route: route.abort())
    page.get_by_role("button", name="Show more groups").click()
    page.get_by_role("alert").get_by_text("The server does not answer").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Remove the copy").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    wait_until(page, "document.querySelectorAll('.duplicates section').length === 19")
    page.get_by_role("button", name="Try again").click()
    wait_until(page, "document.querySelectorAll('.duplicates section').length === 21")
    assert page.get_by_role("button", name="Show more groups").count() == 0


def test_the_page_is_reached_and_used_by_keys(site: tuple[str, Services], page: Any) -> None:
    page.goto(f"{site[0]}/")
    page.locator("article.card").first.wait_for()
    press_in_turn(page, "g", "c", "/duplicates")
    first = page.get_by_role("region", name="boat.mp4").get_by_role("link").first
    first.wait_for()
    first.focus()
    page.keyboard.press("Enter")
    wait_until(page, "location.pathname.startsWith('/videos/')")


def test_a_reader_may_look_but_not_remove(tmp_path: Path, page: Any) -> None:
    with serving(config_in(tmp_path)) as (address, services):
        save(services, *pair(1))
        secret = key_of(services, "read")
        page.goto(f"{address}/sign-in")
        page.evaluate(
            """key => fetch("/api/v1/session", { method: "POST", body: JSON.stringify({ key }),
               headers: { "Content-Type": "application/json" } })""",
            secret,
        )
        page.goto(f"{address}/duplicates")
        page.get_by_role("region", name="best1.mp4").wait_for()
        assert page.get_by_role("button", name="Remove").count() == 0


def test_a_library_without_copies_says_so(tmp_path: Path, page: Any) -> None:
    with serving(config_in(tmp_path), no_auth=True) as (address, services):
        save(services, video("alone.mp4", made_up(2)))
        page.goto(f"{address}/duplicates")
        wait_until(page, "document.querySelector('main')?.innerText.includes('None of 1 video is a copy')")
