"""The page in the reader's language: no text is missing in the catalogue, and no text is shown past it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import come_to_rest, prepare_page, wait_until
from tests.made_up_videos import RULES, make_videos
from tests.web_pages import Site, site_of
from vidkit.export import samples
from vidkit.library.protocol import LENGTHS, length_name
from vidkit.web.jobs.settings import JobSettings
from vidkit.web.views.pages import PAGES, STATIC
from vidkit.workflow.stages import STAGES

TEXT = r'("(?:[^"\\]|\\.)*")'
CALL = re.compile(rf"(?<![\w.])(?:(?:t|parts)\(\s*{TEXT}|tn\(\s*{TEXT}\s*,\s*{TEXT})")
NOT_LITERAL = re.compile(r'(?<![\w.])(?:t|tn|parts)\((?!\s*")')
CATALOGUE: dict[str, str] = json.loads((STATIC / "locale" / "zh.json").read_text(encoding="utf-8"))
# What the server says in words of its own, beside those that are listed where they are made.
SERVED = {
    "A person said so.", "No rule gives this video a class.",
    "No rule gives it now; earlier rules or an earlier description did. `vidkit retag` updates it.",
    "vidkit's own rules", "the rules", "the description", "the file name", "the name in the CSV", "the video",
    "scene {n}", "clip {n}", "download", "meaning",
}  # fmt: skip
# What it says most often when it refuses something.
REFUSED = {
    "this key is not known, has expired or was revoked",
    "this sign-in link was used already or is too old: `vidkit keys link` prints a new one",
    "sign in first, or send a key",
    "nobody may do this",
    "nothing is left that nobody else has",
    "others are counting: try again",
    "two others count by a key at this moment: try again",
    "the library cannot be read",
    "the server's own database cannot be read",
    "the search has no letter and no digit: give a word to look for",
    "no key with this id or name can be revoked",
    "the library has no video with this key; it may have been removed",
    "the video of this moment is not in the library any longer",
    "the video was removed from the library meanwhile",
    "there is no such answer, or it is undone",
    "there is no such queue; start it again from its search",
    "there is no such saved search; somebody may have deleted it",
    "this moment is not in the queue",
    "vidkit has been updated: load the page again",
    "the labels of this video were changed since, so they stay as they are; look at the video's page",
    "vidkit made a mistake here; the log has the details",
}  # fmt: skip
# Text that is the same in every language.
EVERYWHERE = {"vidkit", "dataset", "read", "label", "process", "admin", "JSON", "bit/s",
              "kHz", "KB", "MB", "GB", "ffmpeg", "CSV", "mp4", "Kbit/s", "Mbit/s"}  # fmt: skip


def scripts() -> dict[str, str]:
    """The page's own modules, but for the one that makes the texts."""
    found = (file for file in STATIC.rglob("*.js") if "vendor" not in file.parts and file.name != "texts.js")
    return {file.relative_to(STATIC).as_posix(): file.read_text(encoding="utf-8") for file in found}


def texts() -> set[str]:
    """All texts of the page, as the catalogue has them: of two forms, the plural."""
    return {json.loads(found[1] or found[3]) for script in scripts().values() for found in CALL.finditer(script)}


def served() -> set[str]:
    """The words of the server that the page translates."""
    names = {re.sub("^max_", "maximum ", re.sub("^min_", "minimum ", name)) for name in JobSettings.model_fields}
    reasons = {getattr(samples, name) for name in ("NO_LABEL", "UNHIDDEN", "CHANGED", "COPY")} | {*samples.UNUSABLE}
    return (
        {name.replace("_", " ") for name in names}
        | {str(field.description) for field in JobSettings.model_fields.values()}
        | {length_name(length) for length in range(len(LENGTHS) + 1)}
        | {stage.name for stage in STAGES}
        | reasons
        | SERVED
        | REFUSED
    )


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_text_of_the_page_and_no_other_is_in_the_catalogue() -> None:
    dynamic = {name: NOT_LITERAL.findall(script) for name, script in scripts().items()}
    named_in_the_form = {name for name in served() if name in _named_by_the_page()}
    assert {name: found for name, found in dynamic.items() if found} == {}, "a text is given as a literal"
    assert (texts() | served()) - named_in_the_form - CATALOGUE.keys() == set(), "not translated: add it to zh.json"
    assert CATALOGUE.keys() - texts() - served() == set(), "in no module any more: take it out of zh.json"


def test_what_the_page_translates_of_refusals_is_what_the_server_says() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in STATIC.parents[1].rglob("*.py"))
    assert {text for text in REFUSED if f'"{text}"' not in code} == set()


def _named_by_the_page() -> set[str]:
    """Settings that the form of a job calls by a name of its own."""
    names = re.search(r"const NAMES = .*?\}\);", scripts()["components/job_settings.js"], re.DOTALL)
    assert names
    return {
        name.replace("_", " ").replace("max ", "maximum ") for name in re.findall(r"^  (\w+): t\(", names[0], re.M)
    }


def test_a_translation_has_the_values_of_its_text() -> None:
    wrong = {text: said for text, said in CATALOGUE.items() if not names_in(said) <= names_in(text)}
    left_out = {text for text, said in CATALOGUE.items() if names_in(text) - names_in(said) - {"kind", "n"}}
    assert wrong == {}
    assert left_out == set()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("library")
    with site_of(folder, make_videos(folder / "videos", 1), rules=RULES) as site:
        yield site


@pytest.fixture
def chinese(chromium: Any) -> Iterator[Any]:
    """A page of a browser that asks for Chinese."""
    context = chromium.new_context(locale="zh-CN", reduced_motion="reduce")
    yield prepare_page(context.new_page())
    context.close()


@pytest.mark.slow
def test_the_page_is_in_the_language_of_the_browser_until_another_is_chosen(site: Site, chinese: Any) -> None:
    chinese.goto(site.address)
    heading = "document.querySelector('main h1')?.textContent"
    assert wait_until(chinese, heading) == "视频库"
    assert chinese.evaluate("document.documentElement.lang") == "zh-CN"
    chinese.get_by_role("button", name="English").click()
    wait_until(chinese, f"{heading} === 'Library'")
    chinese.goto(f"{site.address}/jobs")
    assert wait_until(chinese, heading) == "Jobs"
    assert chinese.evaluate("document.documentElement.lang") == "en"
    chinese.evaluate("localStorage.setItem('language', '__proto__')")
    chinese.reload()
    assert wait_until(chinese, heading) == "任务"


# Text that is seen and stands in no mark: of elements, and of attributes that are read out or shown.
UNMARKED = """() => {
  const found = [];
  let depth = 0;
  const outside = (text) => {
    let rest = "";
    for (const one of text) {
      if (one === "⟦") depth += 1;
      else if (one === "⟧") depth -= 1;
      else if (!depth) rest += one;
    }
    return rest.trim();
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement;
    const text = outside(node.data);
    const seen = own.closest("option") || own.checkVisibility();
    if (text && seen && !own.closest("code, kbd, noscript, script, body [lang]")) found.push(text);
  }
  if (depth) found.push("a mark is not closed");
  for (const each of document.querySelectorAll("body *:not([lang])"))
    for (const name of ["title", "aria-label", "placeholder", "alt"]) {
      depth = 0;
      if (each.hasAttribute(name)) found.push(outside(each.getAttribute(name)));
    }
  return found.filter(Boolean);
}"""


def strings_of(value: object) -> Iterator[str]:
    """All texts in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from strings_of(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from strings_of(each)


def unmarked(page: Any, answers: list[Any]) -> set[str]:
    """The texts of a page that are neither data of the server's answers (used up) nor of the catalogue."""
    from playwright.sync_api import Error

    seen = page.evaluate(UNMARKED)  # before the answers are read: one that comes in between is shown by no text yet
    data: set[str] = set()
    for answer in answers:
        with contextlib.suppress(Error):  # an answer to the page before, which was left
            data |= {text.strip() for text in strings_of(answer.json())}
    answers.clear()
    long = [text for text in data if len(text) > 60]  # descriptions: words of them are marked

    def is_known(text: str) -> bool:
        parts = [part.strip(" \n.…×+-–/%") for part in re.split(r"[·,:()“”→]|(?<=\d)\s|\s(?=\d)|\n", text)]
        spoken = text in data or any(text.strip("… ") in each for each in long)
        return spoken or all(
            part in data or part in EVERYWHERE or not re.search("[A-Za-z]{2}", part) for part in parts
        )

    return {text for text in seen if not is_known(text)}


@pytest.mark.slow
def test_every_text_that_is_seen_comes_from_the_catalogue(site: Site, chinese: Any) -> None:
    marked = json.dumps({text: f"⟦{said}⟧" for text, said in CATALOGUE.items()})
    chinese.route("**/locale/zh.json", lambda route: route.fulfill(body=marked, content_type="application/json"))
    answers: list[Any] = []

    def keep(answer: Any) -> None:
        if "/api/v1/" in answer.url and "json" in answer.headers.get("content-type", ""):
            answers.append(answer)

    chinese.on("response", keep)
    key = site.key(next(iter(site.records)))
    found = {}
    opened = (
        "/?q=night",
        "/?q=nothing+like+this",
        "/?open={key}:scene:1",
        "/triage?q=night",
        "/stats?by=topic",
    )

    for path in (*PAGES, *opened):
        chinese.goto(site.address + path.format(key=key))
        come_to_rest(chinese)
        found[path] = unmarked(chinese, answers)
    for path, clicked in CLICKED.items():
        for selector in clicked:
            chinese.goto(site.address + path)
            come_to_rest(chinese)
            chinese.locator(selector).first.click()
            come_to_rest(chinese)
            found[f"{path} {selector}"] = unmarked(chinese, answers)
    chinese.goto(site.address)
    come_to_rest(chinese)
    chinese.keyboard.press("?")
    wait_until(chinese, "document.querySelector('dialog[open]')")
    found["the list of keys"] = unmarked(chinese, answers)
    assert {path: sorted(texts) for path, texts in found.items() if texts} == {}


# What is opened on a page by a click.
CLICKED = {
    "/": [".card-tick", ".search .button-icon", "[title='⟦账户⟧']"],
    "/jobs": ["summary"],
    "/keys": [".button-main"],
}
