"""Download an object of a bucket: pieces of it at once, written in order, so that a later try can go on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidkit.core import printable, shown_url
from vidkit.core.buckets import ChangedError, NoCredentialsError, PassingError, Place, open_bucket, reported
from vidkit.core.extensions import MANIFEST_EXTENSIONS
from vidkit.core.retry import TransientError
from vidkit.download.fetch import DownloadRequest, Saved, reporting
from vidkit.download.http import DownloadPolicy, persist
from vidkit.download.names import extension_of, wanted_name
from vidkit.download.transfer import Part, discard, left_over, save_blocks
from vidkit.errors import DownloadError, OutputError
from vidkit.messages import message

if TYPE_CHECKING:
    from obstore import ObjectMeta

_PIECE = 4 * 2**20  # bytes of one request
_AT_ONCE = 4  # requests for one object
_LOOK = 0.2  # seconds between looks whether to stop


def fetch_object(url: str, request: DownloadRequest) -> Saved:
    """Fetch an object of a bucket, such as `s3://videos/2024/a.mp4`. Nothing in the URL is percent-decoded.

    Raises:
        DownloadError: it is not there, or cannot be had; the message begins with the URL.
        NoCredentialsError: no object can be had.
        UnwantedError: it is larger than wanted.
        OutputError: it cannot be written.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _fetch(url, request)
    with ThreadPoolExecutor(1) as pool:  # called in a notebook, whose thread has a loop of its own
        return pool.submit(_fetch, url, request).result()


def object_version(url: str, policy: DownloadPolicy) -> str | None:
    """The version that an object has now.

    Raises:
        DownloadError: it is not there, or cannot be asked for; the message begins with the URL.
    """
    place = _place(url)
    return persist(lambda: _version(_head(place)), policy, url)


def _fetch(url: str, request: DownloadRequest) -> Saved:
    place = _place(url)

    def try_once() -> Saved:
        found = _head(place)
        etag = found["e_tag"]
        part = left_over(target, url)
        if part is None or part.validator != etag or part.total != found["size"]:
            discard(target)
            part = Part(0, etag or "", found["size"])
        with reporting(request.progress, target.name, part.size) as report:
            save_blocks(_pieces(place, part, request.policy), target, url, part, request.policy, report)
        return Saved(target, shown_url(url), _version(found))

    with request.destination:
        target = request.destination.target(str(wanted_name(url, request.filename)))
        try:
            saved = persist(try_once, request.policy, url)
        finally:
            if not left_over(target, url):
                discard(target)
        return Saved(request.destination.settle(saved.path), saved.url, saved.version)


def _place(url: str) -> Place:
    shown = printable(shown_url(url))
    try:
        place = open_bucket(url.strip())
    except NoCredentialsError:
        raise
    except OutputError as error:
        raise DownloadError(str(error)) from None
    if not place.key or url.strip().endswith("/"):
        raise DownloadError(
            "{shown}: this is a folder of a bucket: --csv {folder}/ takes its videos",
            shown=shown,
            folder=shown.rstrip("/"),
        )
    if extension_of(place.key) in MANIFEST_EXTENSIONS:
        raise DownloadError(
            "{shown}: this is an HLS manifest, which vidkit reads from http:// and https:// only", shown=shown
        )
    return place


def _head(place: Place) -> ObjectMeta:
    with _worded(place.address):
        return place.client.head(place.key)


def _version(found: ObjectMeta) -> str:
    """The ETag, else the time and the size."""
    return printable(found["e_tag"] or f"{found['last_modified'].isoformat()} {found['size']}")


def _pieces(place: Place, part: Part, policy: DownloadPolicy) -> Iterator[bytes]:
    """What is missing of an object, in order; several pieces are under way at once.

    Raises:
        TransientError: the store failed in a way that may pass, or the object has been replaced.
        DownloadError: the store refuses it.
        StoppedError: somebody wants to stop: what is under way is given up at once.
    """
    ends = deque((at, min(at + _PIECE, part.total or 0)) for at in range(part.size, part.total or 0, _PIECE))
    under_way: deque[asyncio.Task[bytes]] = deque()
    loop = asyncio.new_event_loop()
    try:
        while ends or under_way:
            while ends and len(under_way) < _AT_ONCE:
                under_way.append(loop.create_task(_piece(place, part.validator, *ends.popleft())))
            with _worded(place.address):
                yield loop.run_until_complete(_awaited(under_way[0], policy))
            under_way.popleft()
    finally:
        loop.run_until_complete(_given_up(under_way))
        loop.close()


async def _piece(place: Place, etag: str, start: int, end: int) -> bytes:
    options: Any = {"range": (start, end), **({"if_match": etag} if etag else {})}
    answer = await place.client.get_async(place.key, options=options)
    return bytes(await answer.bytes_async())


async def _awaited(task: asyncio.Task[bytes], policy: DownloadPolicy) -> bytes:
    policy.check()
    while not (await asyncio.wait([task], timeout=_LOOK))[0]:
        policy.check()
    return task.result()


async def _given_up(tasks: Iterable[asyncio.Task[bytes]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _worded(address: str) -> Iterator[None]:
    """What the store answers, as a download says it."""
    try:
        with reported(address):
            yield
    except FileNotFoundError:
        raise DownloadError("there is no such object in the bucket; look at the URL") from None
    except ChangedError:
        raise TransientError(message("the object has been replaced while it was read")) from None
    except NoCredentialsError:
        raise
    except PassingError as error:
        raise TransientError(_said(error, address)) from None
    except OutputError as error:
        raise DownloadError(_said(error, address)) from None


def _said(error: Exception, address: str) -> str:
    """The words without the address, which whoever asks for the URL puts before them."""
    return str(error).removeprefix(f"{printable(address)}: ")
