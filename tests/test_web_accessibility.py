"""axe-core finds nothing serious on any page, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import come_to_rest, serious_problems, wait_until
from tests.made_up_videos import RULES, make_videos
from tests.web_pages import Site, site_of
from vidkit.web.views.pages import PAGES

pytestmark = pytest.mark.slow

# What stands for the braces of a path, and addresses that show more of a page.
MORE = ("/?q=night", "/?q=nothing+like+this", "/?open={key}:scene:1", "/triage?q=night", "/stats?by=topic")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("library")
    with site_of(folder, make_videos(folder / "videos", 2), rules=RULES) as site:
        yield site


def test_nothing_serious_is_found_on_any_page(site: Site, page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    key = site.key(next(iter(site.records)))
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    found = {}
    for path in (*PAGES, *MORE):
        page.goto(site.address + path.format(key=key))
        come_to_rest(page)
        found[path] = serious_problems(page)
    page.goto(site.address)
    come_to_rest(page)
    page.keyboard.press("?")
    wait_until(page, "document.querySelector('dialog[open]')")
    found["the list of keys"] = serious_problems(page)
    assert missing == []
    assert {path: problems for path, problems in found.items() if problems} == {}
