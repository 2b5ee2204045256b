"""The whole use, by somebody who has only `vidkit serve` and a browser: from pasted URLs to a loaded dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser import close_dialog, folder_app, served, wait_until
from tests.made_up_videos import make_shots
from tests.waiting import PATIENCE
from tests.web_process import serve_process

pytestmark = pytest.mark.slow

VIDEOS = {"forest-walk.mp4": "Nature", "deep-ocean.mp4": "Nature", "colour-bars.mp4": "Test chart"}
DONE = "[...document.querySelectorAll('[data-job] [data-test=state]')][0]?.textContent === 'Done'"
PLAYED = "[...document.querySelectorAll('video')].some((each) => !each.paused && each.currentTime > 1)"
NAME = "document.querySelector('.triage-name a')?.textContent"
TYPING = "document.activeElement?.matches('dialog[open] input')"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of videos that are somewhere in the network, and one for the server."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "videos").mkdir()
    for name, shots in zip(VIDEOS, (["forest"], ["ocean", "night"], ["bars"]), strict=True):
        make_shots(folder / "videos" / name, shots)
    (folder / "server").mkdir()
    (folder / "server" / "config.ini").write_text("[Serve]\nAllowedHosts = 127.0.0.1\nJobsNice = 1\n")
    return folder


def test_from_pasted_urls_to_a_loaded_dataset(site: Path, page: Any) -> None:
    with served(folder_app(site / "videos")) as videos, serve_process(site / "server") as server:
        page.goto(f"{server.address}/sign-in#{server.token}")
        page.get_by_role("navigation", name="Pages").wait_for()
        paste_urls(page, [f"{videos}/{name}" for name in VIDEOS])
        find_and_play(page, "forest")
        correct_labels(page)
        make_dataset(page, "mine")
        page.goto("about:blank")  # the page ends before its server
    load_dataset(site / "server" / "exports" / "mine")


def paste_urls(page: Any, urls: list[str]) -> None:
    """Paste URLs, and watch their videos arrive."""
    go(page, "Jobs")
    page.get_by_label("URLs").wait_for()
    page.keyboard.press("n")
    page.keyboard.insert_text("\n".join(urls))
    page.keyboard.press("Control+Enter")
    wait_until(page, DONE, PATIENCE)
    page.get_by_text("3 of 3 · 3 processed").wait_for()


def find_and_play(page: Any, word: str) -> None:
    """Find a video by a word, and play a second of it."""
    go(page, "Library")
    page.get_by_label("Search").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelectorAll('main li a[data-place], main li [data-place]').length === 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_until(page, PLAYED)
    close_dialog(page)


def correct_labels(page: Any) -> None:
    """Give each video its class in triage, with the keyboard alone."""
    go(page, "Library")
    page.get_by_role("navigation", name="All results").get_by_role("link", name="Triage").press("Enter")
    page.get_by_label("Search").focus()
    page.keyboard.press("Enter")  # all videos
    wait_until(page, NAME)
    keys = {}
    for key, name in enumerate(dict.fromkeys(VIDEOS.values()), 1):
        keys[name] = str(key)
        page.keyboard.press(str(key))  # it says nothing yet, so the page asks
        wait_until(page, TYPING)
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.locator(".triage-key", has_text=name).wait_for()
        wait_until(page, "!document.querySelector('dialog[open]')")
    for _ in VIDEOS:
        name = wait_until(page, NAME)
        page.keyboard.press(keys[VIDEOS[name]])
        wait_until(page, f"{NAME} !== '{name}'")
    page.get_by_text("All 3 moments done").wait_for()
    wait_until(page, "document.querySelector('.triage-saving').textContent === 'Saved'")


def make_dataset(page: Any, name: str) -> None:
    """Make a dataset of the videos by class."""
    go(page, "Datasets")
    page.get_by_label("Name").fill(name)
    page.locator("[data-test=totals]").get_by_text("3 items").wait_for()
    page.get_by_role("button", name="Make the dataset").click()
    wait_until(page, DONE, PATIENCE)


def load_dataset(folder: Path) -> None:
    """What Hugging Face's library makes of the dataset."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: the dataset is made, not loaded")
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset("videofolder", data_dir=str(folder), cache_dir="cache", split="train")
    rows = loaded.cast_column("video", datasets.Video(decode=False))
    labels = {Path(row["video"]["path"]).name: row["label"] for row in rows}
    assert labels == VIDEOS


def go(page: Any, name: str) -> None:
    """To another page, by the menu."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, level=1).wait_for(state="attached")
