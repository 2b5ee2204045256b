"""Find the video in a web page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.dammit import UnicodeDammit
from bs4.filter import SoupStrainer

from vidkit.core.extensions import MANIFEST_EXTENSIONS, VIDEO_EXTENSIONS
from vidkit.download.names import extension_of, last_part

# Files that are never a video, wherever they are in a page: images, audio, Flash, DASH, programs.
_NO_VIDEO = frozenset({
    ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".avif", ".mp3", ".m4a", ".aac", ".wav", ".oga",
    ".opus", ".swf", ".mpd", ".js", ".css", ".vtt", ".srt", ".json",
})  # fmt: skip
_TAGS = ["base", "video", "audio", "picture", "source", "meta", "script"]
_OPEN_GRAPH = ("og:video:secure_url", "og:video:url", "og:video")
_PLAYER_STREAM = "twitter:player:stream"
# An address with its scheme or host, or anything between quotes. Its length is bounded for hostile pages.
_IN_SCRIPT = re.compile(r"(?:https?:)?//[^\s\"'`<>()\\]{3,2000}|(?<=[\"'`])[^\s\"'`<>\\]{3,2000}(?=[\"'`])")


@dataclass(frozen=True)
class _Candidate:
    """An address, the priority of its place in the page (0 is the highest), and its declared type."""

    url: str
    place: int
    media_type: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """By place; then files before manifests before addresses without extension. A bare og:video comes last.

        An og:video without an extension is mostly the site's player, which is another page.
        """
        extension = extension_of(last_part(self.url))
        if extension in VIDEO_EXTENSIONS or (not extension and self.media_type.startswith("video/")):
            return self.place, 0
        if extension in MANIFEST_EXTENSIONS or "mpegurl" in self.media_type:
            return self.place, 1
        return (self.place, 2) if self.place == 0 else (9, self.place)


def find_video(html: str, page_url: str) -> str | None:
    """The address of a page's video; see `vidkit.download.extract_video_url_from_html`."""
    soup = BeautifulSoup(html, "lxml", parse_only=SoupStrainer(_TAGS))
    base = _resolved(next((str(tag["href"]) for tag in soup.find_all("base", href=True)), ""), page_url) or page_url
    best: tuple[tuple[int, int], str] | None = None
    for candidate in (*_elements(soup), *_metadata(soup), *_scripts(soup)):
        url = _resolved(candidate.url, base)
        if url is not None and (best is None or candidate.rank < best[0]):
            best = (candidate.rank, url)
    return best[1] if best else None


def decoded(body: bytes, content_type: str) -> str:
    """The text of a page. Its encoding is the server's, else UTF-8 if it is valid, else the page's own."""
    charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    text = UnicodeDammit(body, [charset[1]] if charset else [], user_encodings=["utf-8"], is_html=True)
    return text.unicode_markup or body.decode("utf-8", "replace")


def _resolved(address: str, base: str) -> str | None:
    """An address as a URL that can be fetched, or None, as for data:, blob:, javascript: and file:."""
    address = re.sub(r"[\t\r\n]", "", address.strip())
    if not address or address.startswith("#"):
        return None
    try:
        url = urljoin(base, address)
        parts = urlsplit(url)
    except ValueError:
        return None
    if extension_of(last_part(url)) in _NO_VIDEO:
        return None
    if parts.scheme in ("http", "https"):
        return url if parts.netloc else None
    return url if not parts.scheme and not base else None


def _elements(soup: BeautifulSoup) -> Iterator[_Candidate]:
    for tag in soup.find_all(["video", "source"]):
        # The parser nests sources that are not closed. The limit is for hostile pages, which would nest them
        # endlessly.
        if tag.name == "source" and any(each.name in ("audio", "picture") for each in islice(tag.parents, 20)):
            continue
        for attribute in ("src", "data-src"):
            yield _Candidate(_text(tag, attribute), 0, _text(tag, "type").lower())


def _metadata(soup: BeautifulSoup) -> Iterator[_Candidate]:
    metas: dict[str, list[str]] = {}
    for tag in soup.find_all("meta", content=True):
        name = (_text(tag, "property") or _text(tag, "name")).lower()
        metas.setdefault(name, []).append(_text(tag, "content"))
    media_type = next(iter(metas.get("og:video:type", [])), "").lower()
    for name in _OPEN_GRAPH:
        yield from (_Candidate(url, 1, media_type) for url in metas.get(name, []))
    yield from (_Candidate(url, 1) for url in metas.get(_PLAYER_STREAM, []))
    for script in soup.find_all("script", type=re.compile(r"^\s*application/ld\+json", re.IGNORECASE)):
        try:
            content = json.loads(script.get_text(), strict=False)
        except (ValueError, RecursionError):
            continue
        yield from (_Candidate(url, 1) for url in _content_urls(content))


def _content_urls(content: Any) -> Iterator[str]:
    """`contentUrl` of every VideoObject, however deep, in the order of the text."""
    queue = [content]
    while queue:
        here = queue.pop()
        if isinstance(here, dict):
            types = here.get("@type")
            kinds = types if isinstance(types, list) else [types]
            if any(isinstance(kind, str) and kind.endswith("VideoObject") for kind in kinds):
                urls = here.get("contentUrl")
                yield from (url for url in (urls if isinstance(urls, list) else [urls]) if isinstance(url, str))
            queue += reversed(list(here.values()))
        elif isinstance(here, list):
            queue += reversed(here)


def _scripts(soup: BeautifulSoup) -> Iterator[_Candidate]:
    """Addresses in scripts with the extension of a video or a manifest."""
    for script in soup.find_all("script"):
        for match in _IN_SCRIPT.finditer(_unescaped(script.get_text())):
            address = match[0].rstrip(".,;")
            extension = extension_of(last_part(address))
            # `.ts` in a script is TypeScript.
            if extension != ".ts" and extension in VIDEO_EXTENSIONS | MANIFEST_EXTENSIONS:
                yield _Candidate(address, 2)


def _unescaped(script: str) -> str:
    r"""A script with `\/`, `\"`, `\u002F` and `\x2F` unescaped, also if they are escaped twice."""
    script = re.sub(r"\\{1,4}(?:u00|x)([0-7][0-9a-fA-F])", lambda match: chr(int(match[1], 16)), script)
    return re.sub(r"\\{1,4}([/\"'])", r"\1", script).replace("&amp;", "&")


def _text(tag: Tag, attribute: str) -> str:
    value = tag.get(attribute)
    return value.strip() if isinstance(value, str) else ""
