"""Download a URL to a file: send one request, then continue according to the answer."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import requests

from vidkit.core import printable, shown_url
from vidkit.core.extensions import VIDEO_EXTENSIONS
from vidkit.core.extras import install_command
from vidkit.download import extract_video_url_from_html, hls, sites
from vidkit.download.answer import Kind, found_extension, kind_of, version_of
from vidkit.download.body import MAX_TEXT, blocks
from vidkit.download.destination import Destination
from vidkit.download.http import DownloadPolicy, StoppedError, ask, with_retries
from vidkit.download.names import answered_name, has_extension, wanted_name
from vidkit.download.reach import ReachError
from vidkit.download.transfer import (
    Part,
    ReportProgress,
    StaleError,
    discard,
    finish,
    request_rest,
    resumable_part,
    save,
)
from vidkit.errors import DownloadError
from vidkit.messages import message

MAX_HOPS = 4  # from page to page
_HEAD = 512  # minimum bytes that show the kind of a body
Progress: TypeAlias = "Callable[[int, int | None], None] | bool"


@dataclass(frozen=True)
class DownloadRequest:
    """The options of a download, the same for all of its requests."""

    filename: str | None
    destination: Destination
    progress: Progress
    policy: DownloadPolicy


@dataclass(frozen=True)
class Saved:
    """A downloaded file."""

    path: Path
    url: str
    version: str | None


@dataclass(frozen=True)
class Text:
    """The text of a page or a manifest; `target` is the file for a manifest's stream."""

    kind: Kind
    text: str
    url: str
    version: str | None
    target: Path | None = None


@dataclass(frozen=True)
class Content:
    """The body of an answer: its kind, its first bytes, and all its blocks, to be read once."""

    kind: Kind
    head: bytes
    blocks: Iterator[bytes]


def fetch(url: str, request: DownloadRequest) -> Saved:
    """Fetch the video that an http or https URL leads to: a file, an HLS stream, or a page with either.

    Returns:
        The file; the final URL; the version in the answer of `url` itself.

    Raises:
        DownloadError: there is no video, or the download failed.
        OutputError: the file cannot be written.
    """
    with request.destination:
        saved = _fetch(url, request)
        return replace(saved, path=request.destination.move_in_place(saved.path))


def _fetch(url: str, request: DownloadRequest) -> Saved:
    try:
        answer = _fetch_with_retries(url, request)
    except (StoppedError, ReachError):
        raise
    except DownloadError:
        # Some sites refuse everything but a browser.
        if has_extension(url, VIDEO_EXTENSIONS) or not _is_supported_site(url, request):
            raise
        return _from_site(url, request, None)
    if isinstance(answer, Text) and answer.kind is Kind.PAGE and _is_supported_site(url, request):
        return _from_site(url, request, answer.version)
    version, seen = answer.version, [url]
    while isinstance(answer, Text):
        if answer.kind is Kind.MANIFEST:
            return _fetch_manifest(answer, request, version)
        found = extract_video_url_from_html(answer.text, answer.url)
        if found is None:
            return _from_site(url, request, version, message("the page has no video that vidkit can find"))
        if found in seen or len(seen) > MAX_HOPS:
            return _from_site(url, request, version, message("the page leads only to other pages, not to a video"))
        seen.append(found)
        answer = _fetch_with_retries(found, request, referer=answer.url)
    return Saved(answer.path, answer.url, version)


def _fetch_with_retries(url: str, request: DownloadRequest, referer: str | None = None) -> Saved | Text:
    headers = {"Referer": shown_url(referer)} if referer else {}
    # The same list for all tries, so that the second can continue the part of the first.
    targets = [request.destination.target(name)] if (name := wanted_name(url, request.filename)) else []
    try:
        return with_retries(lambda: _try(url, request, headers, targets), request.policy, url)
    finally:
        for target in targets:
            if not resumable_part(target, url):
                discard(target)


def _try(url: str, request: DownloadRequest, headers: dict[str, str], targets: list[Path]) -> Saved | Text:
    """One try: continue a part, or start again, and handle the answer."""
    part = resumable_part(targets[-1], url) if targets else None
    if part:
        try:
            with request_rest(url, part, request.policy, headers) as response:
                if response is None:
                    finish(targets[-1])
                    return Saved(targets[-1], shown_url(url), part.version)
                if response.status_code == 206:
                    return _save(response, blocks(response, request.policy), targets[-1], url, part, request)
                # Another version, or a server without ranges.
                return _write_or_read(response, _content_of(response, request.policy), url, request, targets)
        except StaleError:
            discard(targets[-1])
    with ask("GET", url, request.policy, headers) as response:
        content = _content_of(response, request.policy)
        named_late = not targets
        if (
            content.kind is not Kind.VIDEO
            or not named_late
            or not resumable_part(_target(response, content, url, request), url)
        ):
            return _write_or_read(response, content, url, request, targets)
        targets.append(_target(response, content, url, request))
    return _try(url, request, headers, targets)  # the answer has the name, and there is a part with this name


def _content_of(response: requests.Response, policy: DownloadPolicy) -> Content:
    """The kind of an answer, from its first bytes."""
    head, rest = b"", blocks(response, policy)
    for block in rest:
        head += block
        if len(head) >= _HEAD:
            break
    return Content(kind_of(response.url, response.headers, head), head, itertools.chain((head,), rest))


def _target(response: requests.Response, content: Content, url: str, request: DownloadRequest) -> Path:
    manifest = content.kind is Kind.MANIFEST
    name = answered_name(
        url,
        request.filename,
        resolved=response.url,
        disposition=response.headers.get("Content-Disposition"),
        content_type="video/mp4" if manifest else response.headers.get("Content-Type", ""),
        found=found_extension(content.head),
    )
    return request.destination.target(name)


def _write_or_read(
    response: requests.Response, content: Content, url: str, request: DownloadRequest, targets: list[Path]
) -> Saved | Text:
    """Write a file, or read a page or a manifest."""
    kind = content.kind
    target = _target(response, content, url, request) if kind is not Kind.PAGE else None
    if target is not None and target not in targets:
        targets.append(target)
    if target is not None and kind is Kind.VIDEO:
        return _save(response, content.blocks, target, url, None, request)
    body = bytearray()
    for block in content.blocks:
        body += block
        if len(body) > MAX_TEXT:
            raise DownloadError(
                "the {value} is longer than {megabytes} MiB", value=kind.value, megabytes=MAX_TEXT // 2**20
            )
    from vidkit.download.page import decoded

    text = decoded(bytes(body), response.headers.get("Content-Type", ""))
    return Text(kind, text, response.url, version_of(response.headers), target)


def _save(
    response: requests.Response,
    content: Iterable[bytes],
    target: Path,
    url: str,
    part: Part | None,
    request: DownloadRequest,
) -> Saved:
    with reporting(request.progress, target.name, part.size if part else 0) as report:
        save(response, content, target, url, part, request.policy, report)
    return Saved(target, shown_url(response.url), part.version if part else version_of(response.headers))


def _fetch_manifest(manifest: Text, request: DownloadRequest, version: str | None) -> Saved:
    assert manifest.target is not None  # every manifest has one
    with reporting(request.progress, manifest.target.name) as report:
        try:
            hls.fetch_stream(manifest.url, manifest.text, manifest.target, request.policy, report)
        except StoppedError:
            raise
        except DownloadError as error:
            raise DownloadError("{url}: {error}", url=printable(shown_url(manifest.url)), error=error) from error
    return Saved(manifest.target, shown_url(manifest.url), version)


def _is_supported_site(url: str, request: DownloadRequest) -> bool:
    """Whether yt-dlp supports the site, and may be used."""
    return request.policy.reach.sites and sites.supports(url)


def _from_site(url: str, request: DownloadRequest, version: str | None, why: str = "") -> Saved:
    shown = printable(shown_url(url))
    if not request.policy.reach.sites:
        raise ReachError(
            "{shown}: {why}; submitted jobs may not use yt-dlp: [Serve] AllowSites in config.ini can allow it",
            shown=shown,
            why=why,
        )
    if not sites.installed():
        raise DownloadError(
            "{shown}: {why}. `{command}` adds yt-dlp, which knows YouTube and many other sites",
            shown=shown,
            why=why,
            command=install_command("sites"),
        )
    with reporting(request.progress, shown) as report:
        try:
            path, found = sites.fetch_from_site(url, request.filename, request.destination, request.policy, report)
        except StoppedError:
            raise
        except DownloadError as error:
            raise DownloadError(
                "{shown}: {why}{error}", shown=shown, why=why + "; " if why else "", error=error
            ) from error
    return Saved(path, shown_url(found), version)


@contextmanager
def reporting(progress: Progress, name: str, start: int = 0) -> Iterator[ReportProgress]:
    """A function that reports the progress: the caller's own, a bar on a terminal, or one that does nothing."""
    if callable(progress):
        yield progress
    elif not progress or not sys.stderr.isatty():
        yield lambda done, total: None
    else:
        from tqdm import tqdm

        with tqdm(
            desc=printable(name)[:40],
            initial=start,
            unit="B",
            unit_scale=True,
            dynamic_ncols=True,
            leave=False,
        ) as bar:

            def show(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield show
