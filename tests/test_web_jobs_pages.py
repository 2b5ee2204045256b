"""The pages Jobs and Datasets in a real browser, over real jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import serious_problems, wait_until
from tests.conftest import MakeVideo
from tests.dataset_parts import make_video_files
from tests.misbehaving_server import Reply, Server
from tests.waiting import PATIENCE
from tests.web import serving
from tests.web_jobs import jobs_config
from vidkit.export import export_to_json
from vidkit.library import video_key
from vidkit.web.services import Services

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def videos() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Services]]:
    folder = tmp_path / "site"
    with serving(jobs_config(folder), no_auth=True) as (address, services):
        entries = [
            make_video_files(folder / "processed", f"{label}_{n}.mp4", columns={"gesture": label})
            for label in ("wave", "point", HOSTILE)
            for n in range(4)
        ]
        services.library.save_all(entries)
        for entry in entries:
            export_to_json(entry.record, entry.folder)
        yield address, services


def job(page: Any, number: int) -> Any:
    return page.locator(f"[data-job='{number}']")


def state_of(page: Any, number: int, words: str) -> None:
    job(page, number).locator("[data-test=state]", has_text=words).wait_for(timeout=PATIENCE * 1000)


def newest(page: Any) -> int:
    wait_until(page, "document.querySelector('[data-job]')")
    return max(
        int(number) for number in page.eval_on_selector_all("[data-job]", "all => all.map((e) => e.dataset.job)")
    )


def check_looks(page: Any) -> None:
    """Nothing serious for axe-core, light and dark, and no sideways scrolling on a phone."""
    assert serious_problems(page) == []
    page.set_viewport_size({"width": 375, "height": 800})
    wait_until(page, "document.documentElement.scrollWidth <= 375")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_jobs_are_pasted_watched_tried_again_and_cancelled(server, videos, page, make_video: MakeVideo, tmp_path):
    address, services = server
    good = videos.at("/arrives.mp4", Reply(make_video(fps=18), etag='"1"'))
    late = videos.at("/late.mp4", Reply(status=404), Reply(make_video(fps=17), etag='"2"'))
    page.goto(f"{address}/jobs")
    page.get_by_label("URLs").wait_for()
    page.keyboard.press("n")
    page.keyboard.type(f"{good}\n{late}\n")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_label("Describe", exact=False).first.select_option("none")
    page.get_by_label("Maximum frame rate").fill("15")
    page.get_by_label("Name").fill(f"two {HOSTILE}")
    page.get_by_role("button", name="Start 2 videos").click()
    page.get_by_text("is in the queue").first.wait_for()
    first = newest(page)
    state_of(page, first, "Done")
    counts = job(page, first).locator("[data-test=counts]")
    counts.get_by_text("2 of 2 · 1 processed · 1 failed").wait_for()
    assert services.jobs.get(first).settings["max_fps"] == "15"
    job(page, first).get_by_role("button", name="Details").click()
    job(page, first).get_by_text("404 Not Found").wait_for()
    check_looks(page)
    page.reload()
    job(page, first).get_by_text("404 Not Found").wait_for()  # the address says what is open
    job(page, first).get_by_role("button", name="Retry failed").click()
    state_of(page, first + 1, "Done")
    assert {entry.record["source"]["url"] for entry in services.library.records()} >= {good, late}

    table = tmp_path / "videos.csv"
    stuck = videos.at("/stuck.mp4", Reply(b"\0" * 2**20, delay=3600))
    table.write_text(f"video_url,note\n{stuck},{HOSTILE}\n,missing\n")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_text("2 rows; the URLs are in").wait_for()
    page.get_by_text("line 3: it has no URL").wait_for()
    page.get_by_role("cell", name=HOSTILE).wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("2 rows; the URLs are in").wait_for(state="detached")
    job(page, first + 2).locator(".job-videos", has_text="stuck.mp4").wait_for(timeout=PATIENCE * 1000)
    job(page, first + 2).get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    state_of(page, first + 2, "Cancelled")
    assert page.evaluate("document.querySelectorAll('main img').length") == 0


def test_the_failures_of_a_job_are_shown_page_by_page(server, page):
    address, services = server
    with services.state.writing() as connection:
        number = connection.execute(
            "INSERT INTO jobs (kind, state, priority, name, created_at, created_by, settings, progress, version)"
            " VALUES ('process', 'done', 0, 'many', '2026-01-01T00:00:00Z', 'me', '{}', '{\"failed\": 150}', 1)"
        ).lastrowid
    folder = services.jobs.folder(number)
    folder.path.mkdir(parents=True)
    lines = [{"url": f"u{n}", "line": n, "stage": "download", "reason": "404"} for n in range(2, 152)]
    folder.failures.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    page.goto(f"{address}/jobs?job={number}")
    rows = job(page, number).locator("tbody tr")
    rows.nth(99).wait_for()
    job(page, number).get_by_role("button", name="More").click()
    rows.nth(149).wait_for()
    assert [row.split()[0] for row in rows.all_inner_texts()] == [str(n) for n in range(2, 152)]
    job(page, number).get_by_role("button", name="More").wait_for(state="detached")


def test_a_dataset_is_chosen_counted_and_made(server, page, expected_errors):
    address, services = server
    page.goto(f"{address}/datasets?label=column:gesture&format=csv&files=copy")
    totals = page.locator("[data-test=totals]")
    totals.get_by_text("12 items").wait_for()
    page.get_by_label("Split", exact=False).first.fill("50/50")
    page.get_by_role("columnheader", name="test").wait_for()
    row = page.get_by_role("row", name="wave")
    assert row.get_by_role("cell").all_inner_texts()[1:4] == ["2", "2", "4"]
    assert page.get_by_role("cell", name=HOSTILE).count() == 1
    command = page.locator(".copyable code").inner_text()
    assert command.startswith("vidkit export ")
    assert "--split 50/50" in command
    wait_until(page, "location.search.includes('split=50')")
    check_looks(page)
    page.get_by_label("Videos that match").fill("wave")
    totals.get_by_text("4 items").wait_for()
    page.get_by_label("Name").fill("waves")
    page.get_by_role("button", name="Make the dataset").click()
    number = newest(page)
    state_of(page, number, "Done")
    made = services.config.serve.export_directory / "waves"
    assert sorted(path.name for path in made.glob("*.csv")) == ["test.csv", "train.csv"]
    job(page, number).get_by_role("button", name="Details").click()
    job(page, number).get_by_text("4 items of 4 videos").wait_for()
    page.reload()
    page.get_by_label("Replace the dataset waves").wait_for()
    assert page.get_by_role("button", name="Make the dataset").is_disabled()
    expected_errors.append("400 (Bad Request)")  # the answer to a split that cannot be read
    page.get_by_label("Split", exact=False).first.fill("half")
    page.get_by_role("alert").get_by_text("half").wait_for()
    wait_until(page, "!document.querySelector('.spinner')")

    keys = [video_key(f"https://videos.example/point_{n}.mp4") for n in range(3)]
    page.goto(f"{address}/datasets?label=column:gesture&keys={','.join(keys)}")
    page.get_by_text("3 chosen videos").wait_for()
    totals.get_by_text("3 items").wait_for()
    page.get_by_text("have no command").wait_for()
