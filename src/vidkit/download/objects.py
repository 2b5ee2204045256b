"""Download an object of a bucket: several blocks at once, written in order, so that a later try can continue."""

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
from vidkit.download.http import DownloadPolicy, with_retries
from vidkit.download.names import extension_of, wanted_name
from vidkit.download.transfer import Part, discard, resumable_part, save_blocks
from vidkit.errors import DownloadError, OutputError
from vidkit.messages import message

if TYPE_CHECKING:
    from obstore import ObjectMeta

_BLOCK = 4 * 2**20  # bytes of one request
_PARALLEL = 4  # requests for one object
_CHECK_INTERVAL = 0.2  # seconds between two checks whether to stop


def fetch_object(url: str, request: DownloadRequest) -> Saved:
    """Fetch an object of a bucket, such as `s3://videos/2024/a.mp4`. Nothing in the URL is percent-decoded.

    Raises:
        DownloadError: there is no such object, or the download failed; the message begins with the URL.
        NoCredentialsError: there are no credentials.
        UnwantedError: it is larger than the limit.
        OutputError: the file cannot be written.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _fetch(url, request)
    with ThreadPoolExecutor(1) as pool:  # called in a notebook: its thread already has an event loop
        return pool.submit(_fetch, url, request).result()


def object_version(url: str, policy: DownloadPolicy) -> str | None:
    """The current version of an object.

    Raises:
        DownloadError: there is no such object, or the request failed; the message begins with the URL.
    """
    place = _place(url)
    return with_retries(lambda: _version(_head(place)), policy, url)


def _fetch(url: str, request: DownloadRequest) -> Saved:
    place = _place(url)

    def try_once() -> Saved:
        found = _head(place)
        etag = found["e_tag"]
        part = resumable_part(target, url)
        if part is None or part.validator != etag or part.total != found["size"]:
            discard(target)
            part = Part(0, etag or "", found["size"])
        with reporting(request.progress, target.name, part.size) as report:
            save_blocks(_blocks(place, part, request.policy), target, url, part, request.policy, report)
        return Saved(target, shown_url(url), _version(found))

    with request.destination:
        target = request.destination.target(str(wanted_name(url, request.filename)))
        try:
            saved = with_retries(try_once, request.policy, url)
        finally:
            if not resumable_part(target, url):
                discard(target)
        return Saved(request.destination.move_in_place(saved.path), saved.url, saved.version)


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
    with _download_errors(place.address):
        return place.client.head(place.key)


def _version(found: ObjectMeta) -> str:
    """The ETag, else the time and the size."""
    return printable(found["e_tag"] or f"{found['last_modified'].isoformat()} {found['size']}")


def _blocks(place: Place, part: Part, policy: DownloadPolicy) -> Iterator[bytes]:
    """The missing blocks of an object, in order; several are in progress at once.

    Raises:
        TransientError: a temporary error of the store, or the object was replaced.
        DownloadError: the store refuses the request.
        StoppedError: the download was stopped: requests in progress are cancelled at once.
    """
    ends = deque((at, min(at + _BLOCK, part.total or 0)) for at in range(part.size, part.total or 0, _BLOCK))
    in_progress: deque[asyncio.Task[bytes]] = deque()
    loop = asyncio.new_event_loop()
    try:
        while ends or in_progress:
            while ends and len(in_progress) < _PARALLEL:
                in_progress.append(loop.create_task(_block(place, part.validator, *ends.popleft())))
            with _download_errors(place.address):
                yield loop.run_until_complete(_awaited(in_progress[0], policy))
            in_progress.popleft()
    finally:
        loop.run_until_complete(_cancelled(in_progress))
        loop.close()


async def _block(place: Place, etag: str, start: int, end: int) -> bytes:
    options: Any = {"range": (start, end), **({"if_match": etag} if etag else {})}
    answer = await place.client.get_async(place.key, options=options)
    return bytes(await answer.bytes_async())


async def _awaited(task: asyncio.Task[bytes], policy: DownloadPolicy) -> bytes:
    policy.check()
    while not (await asyncio.wait([task], timeout=_CHECK_INTERVAL))[0]:
        policy.check()
    return task.result()


async def _cancelled(tasks: Iterable[asyncio.Task[bytes]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _download_errors(address: str) -> Iterator[None]:
    """Turn errors of the store into errors of a download."""
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
        raise TransientError(_without_address(error, address)) from None
    except OutputError as error:
        raise DownloadError(_without_address(error, address)) from None


def _without_address(error: Exception, address: str) -> str:
    """The message without the address: the caller adds the URL."""
    return str(error).removeprefix(f"{printable(address)}: ")
