"""The page Stats in a real browser: numbers, bars that lead to their searches, hostile labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import held_back, serious_problems, wait_until
from tests.records import make_record
from tests.web import config_in, serving
from vidkit.library import LibraryEntry
from vidkit.rows import FAILURE_COLUMNS

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("web")
    records = [
        make_record("a.mp4", classification="Boats", tags=["Water", "Night"], columns={"label": "sail"}),
        make_record("b.mp4", classification="Boats", tags=["Water"], duration=20.0, columns={"label": "row"}),
        make_record("c.mp4", classification=HOSTILE, tags=[HOSTILE], codec="vp9", columns={"label": HOSTILE}),
    ]
    records += [make_record(f"t{number}.mp4", tags=[f"Tag {number:02d}"]) for number in range(20)]
    with serving(config_in(folder), no_auth=True) as (address, services):
        services.library.save_all(LibraryEntry(record, folder) for record in records)
        failures = services.config.paths.processed_directory / "failures.csv"
        failures.parent.mkdir(exist_ok=True)
        with failures.open("w", newline="") as file:
            rows = [["public_url", *FAILURE_COLUMNS], ["http://x/1", "download", f"HTTP 404 {HOSTILE}"]]
            csv.writer(file).writerows(rows)
        yield address


@pytest.fixture
def expected_errors() -> list[str]:
    """The records here are made up, and have no thumbnails."""
    return ["404 (Not Found)"]


def panel(page: Any, title: str) -> Any:
    return page.get_by_role("region", name=title)


def test_the_library_is_counted_and_each_bar_leads_to_its_search(address: str, page: Any) -> None:
    page.goto(f"{address}/stats")
    classes = panel(page, "Classes")
    classes.wait_for()
    assert "23" in page.locator(".stats-numbers").inner_text()
    assert classes.get_by_role("row", name="Boats 2").count() == 1
    assert "404" in panel(page, "Failures").inner_text()
    tags = panel(page, "Tags")
    assert tags.get_by_role("link").count() == 12
    tags.get_by_role("button", name="Show 11 more").click()
    tags.get_by_role("link").nth(22).wait_for()
    assert tags.get_by_role("link").count() == 23
    assert serious_problems(page) == []
    classes.get_by_role("link", name="Boats").click()
    wait_until(page, "location.pathname === '/' && location.search === '?class=Boats'")
    page.go_back()
    wait_until(page, "location.pathname === '/stats'")
    panel(page, "Lengths").get_by_role("link", name="10 s - 30 s").click()
    wait_until(page, "location.search === '?min_duration=10s&max_duration=30s'")


def test_the_lengths_are_drawn_as_columns_in_the_colour_of_the_theme(address: str, page: Any) -> None:
    colour = """(() => {
      const canvas = document.querySelector(".column-plot canvas");
      if (!canvas) return null;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = {};
      for (let at = 0; at < data.length; at += 4) {
        const pixel = data.slice(at, at + 3).join();
        if (data[at + 3] === 255) seen[pixel] = (seen[pixel] ?? 0) + 1;
      }
      return Object.keys(seen).sort((one, other) => seen[other] - seen[one])[0];
    })()"""
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/stats")
    wait_until(page, f"{colour} === '74,66,217'")  # --accent
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"{colour} === '163,165,255'")
    # What is drawn is also a table, for those who do not see it.
    assert page.locator(".column-plot").get_attribute("aria-hidden") == "true"
    assert panel(page, "Lengths").get_by_role("row").count() >= 3


def test_hostile_labels_are_text(address: str, page: Any) -> None:
    page.goto(f"{address}/stats?by=label")
    for title in ("Classes", "Tags", "By label"):
        link = panel(page, title).get_by_role("link", name=HOSTILE)
        link.wait_for()
        assert link.inner_text() == HOSTILE
    assert page.locator("img[src=x]").count() == 0
    panel(page, "Classes").get_by_role("link", name=HOSTILE).click()
    wait_until(page, "new URLSearchParams(location.search).get('class').includes('onerror')")


def test_a_search_and_a_key_narrow_the_numbers_down(address: str, page: Any) -> None:
    page.goto(f"{address}/stats?tag=Water")
    panel(page, "Classes").wait_for()
    assert panel(page, "Classes").get_by_role("row").count() == 2
    page.get_by_label("Count by").fill("label")
    page.keyboard.press("Enter")
    wait_until(page, "location.search === '?tag=Water&by=label'")
    values = panel(page, "By label")
    values.get_by_role("link", name="sail").click()
    wait_until(page, "location.search === '?tag=Water&where=label%3Dsail'")
    page.go_back()
    wait_until(page, "location.search === '?tag=Water&by=label'")  # the library has a field of the same name
    page.get_by_label("Search", exact=True).fill("nothing like this")
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('.stats-numbers')?.innerText.startsWith('videos\\n0')")
    assert panel(page, "Classes").inner_text().endswith("Nothing to count.")


def test_what_is_typed_while_the_numbers_are_on_their_way_stays(address: str, page: Any) -> None:
    with held_back(page, "**/api/v1/stats?*"):
        page.goto(f"{address}/stats?tag=Night")
        page.get_by_label("Search", exact=True).fill("a")
    panel(page, "Classes").wait_for()
    assert page.get_by_label("Search", exact=True).input_value() == "a"
    page.get_by_label("Count by").fill("codec")
    page.get_by_label("Search", exact=True).press("Enter")
    wait_until(page, "document.querySelector('.stats-numbers')?.innerText.startsWith('video\\n1')")
    assert page.get_by_label("Count by").input_value() == "codec"
    page.go_back()
    wait_until(page, "document.querySelector('input[name=q]')?.value === ''")


@pytest.mark.parametrize("width", [375, 2560])
def test_it_fits_every_width(address: str, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/stats?by=label")
    panel(page, "By label").wait_for()
    wait_until(page, f"document.documentElement.scrollWidth === {width}")
