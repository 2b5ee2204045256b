"""The page that `vidkit report` writes, in a real browser: hostile records, no requests, light, dark and paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser import serious_problems, wait_until
from tests.records import keep, make_record
from tests.test_report import report, with_pictures
from vidkit.cli import main
from vidkit.report.page import policy

HIT = "fetch('http://hit.invalid/');document.title='hit'"
HOSTILE = [
    f"<script>{HIT}</script>",
    f'"><img src=http://hit.invalid/x.png onerror="{HIT}">',
    f"</style><svg onload={HIT}>",
    "{{ 7 * 191 }}{% for a in b %}",
    "]]>--><!--",
    "<meta http-equiv=refresh content='0;url=http://hit.invalid/'>",
    "<link rel=stylesheet href=http://hit.invalid/a.css><base href=http://hit.invalid/>",
    "\x1b[31mred\x1b]0;title\x07\x00\x9b",
    "\u202egpj.exe\u2066 \ud800 \u2028",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "x" * 3_000,
]


def hostile_records() -> list[Any]:
    records: list[Any] = []
    for number, text in enumerate(HOSTILE):
        record: Any = with_pictures(f"{number}.mp4", 3)
        whole = text.replace("\ud800", "")  # no backend keeps half a character as a codec
        for scene in record["scenes"]:
            scene["description"] = text
        record |= {
            "classification": text, "tags": [text], "qwen_description": text * 3, "ai_generated_tags": [text],
            "codec": whole, "resolution": whole,
            "ai": {"backend": text, "model": text, "instruction": text, "error": text, "outdated": False},
            "readings": {"quality": {"model": text, "version": text, "error": text, "spans": []}},
            "corrections": {"classification": text, "add_tags": [text], "remove_tags": [text], "at": text},
        }  # fmt: skip
        record["source"] |= {"columns": {"topic": text}, "file_name": text}
        record["processing"]["vidkit"] = text
        record["processing"]["stages"] |= {text: {"seconds": 1.0, "fingerprint": text}}
        records.append(record)
    # A thumbnail whose name would end the attribute that it stood in.
    records[0]["scenes"][0]["thumbnail"] = 'thumbnails/x" onerror="alert(1)'
    return records


@pytest.fixture
def opened(page: Any) -> Any:
    """A page that opens a file and notes what it asks for beside that file."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))

    def open_file(path: Path) -> list[str]:
        asked.clear()
        page.goto(path.absolute().as_uri())
        page.wait_for_load_state("networkidle")
        return [url for url in asked if not url.startswith(("data:", path.absolute().as_uri()))]

    return open_file


def test_hostile_records_are_text_run_nothing_and_load_nothing(opened: Any, page: Any) -> None:
    keep(*hostile_records())
    Path("processed_videos/failures.csv").write_text(
        "public_url,failed_stage,failed_reason\n"
        + "".join(f"x,{n},{text!r}\n" for n, text in enumerate(HOSTILE[:5]))
    )
    text = report("--audit", "--title", HOSTILE[1], "--by", "topic")
    assert opened(Path("report.html")) == []
    assert page.title().startswith('"><img src=http://hit.invalid')
    assert page.locator("script, link, base, iframe, object, form, [onload], [onerror], [style]").count() == 0
    assert page.locator("img").count() == len(HOSTILE) * 3 - 1
    assert all(
        address.startswith("#")
        for address in page.eval_on_selector_all("a", "all => all.map((one) => one.getAttribute('href'))")
    )
    assert page.locator("h2").count() == 6  # no text has ended the page early
    assert HOSTILE[0] in page.locator("body").inner_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", text)
    # Whatever the texts are, a phone shows the page without scrolling sideways.
    page.set_viewport_size({"width": 375, "height": 667})
    wait_until(page, "document.documentElement.scrollWidth <= 375")


def test_the_policy_stops_even_a_text_that_was_not_escaped(
    opened: Any, page: Any, page_errors: list[str], expected_errors: list[str]
) -> None:
    expected_errors.append("Content Security Policy")
    keep(with_pictures("a.mp4", 2))  # type: ignore[arg-type]
    text = report()
    assert opened(Path("report.html")) == []
    for hostile in HOSTILE[:3] + HOSTILE[6:7]:
        Path("broken.html").write_text(
            text.replace("<main>", f"<main>{hostile}<style>body{{display:none}}</style>")
        )
        opened(Path("broken.html"))
        assert page.title() == "Video library"
        assert page.evaluate("getComputedStyle(document.body).display") == "block"
    assert sum("Content Security Policy" in error for error in page_errors) >= 8


def test_the_policy_is_the_first_that_the_browser_reads() -> None:
    keep(make_record())
    head = report()[:600]
    assert head.index("Content-Security-Policy") < head.index("<title>")
    assert policy().replace("'", "&#39;") in head
    assert "default-src 'none'" in policy()


@pytest.mark.slow
def test_everybody_can_read_it_in_light_and_dark_and_on_paper(opened: Any, page: Any) -> None:
    keep(*(with_pictures(f"{number}.mp4", 2) | {"tags": ["Sea"]} for number in range(9)))  # type: ignore[arg-type]
    keep(make_record("later.mp4", finished_at="2026-02-03T00:00:00Z"))
    assert main(["label", "later.mp4", "--class", "Boats"]) == 0
    report("--audit")
    assert opened(Path("report.html")) == []
    # What is drawn is told in words, too.
    plot = page.get_by_role("img", name="2026-01-02: 9, 2026-02-03: 1")
    assert plot.count() == 1
    assert page.get_by_role("row", name="Sea 9 90.0 %").count() == 1
    assert serious_problems(page) == []
    background = "getComputedStyle(document.documentElement).backgroundColor"
    wait_until(page, f"{background} === 'rgb(14, 16, 20)'")  # the last look was in the dark
    page.emulate_media(color_scheme="dark", media="print")
    wait_until(page, f"{background} === 'rgb(255, 255, 255)'")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(25, 29, 37)"
