"""Download a URL, a page, an object of a bucket or a local path to a local file.

`names` finds what is known without a request. `fetch` sends one request and `answer` classifies the answer. Then
`transfer` saves a file, `page` finds the video of a page, `hls` fetches a stream, and `sites` uses yt-dlp for other
pages. `objects` fetches from buckets.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidkit.core import printable, shown_url
from vidkit.core.buckets import is_bucket
from vidkit.core.extensions import MANIFEST_EXTENSIONS, VIDEO_EXTENSIONS
from vidkit.core.retry import RetryPolicy
from vidkit.download.names import has_extension, local_path, safe_name, wanted_name
from vidkit.download.reach import ANYWHERE, Reach, ReachError
from vidkit.errors import DownloadError
from vidkit.messages import message

__all__ = [
    "Download",
    "check_reach",
    "download_video",
    "extract_video_url_from_html",
    "is_video_url",
    "local_path",
    "safe_name",
    "source_version",
    "wanted_name",
]


@dataclass(frozen=True)
class Download:
    """A video as a local file.

    Attributes:
        path: the file; a local source itself, never a copy.
        filename: its safe name; a local file's own name may differ.
        resolved_url: the final URL, after pages and redirects, without user name and password.
        version: the version of the source: the ETag, else Last-Modified and length; for a local file its size and
            time. None if the server sends neither.
        is_local: whether it is the user's own file, which vidkit never deletes.
    """

    path: Path
    filename: str
    resolved_url: str
    version: str | None
    is_local: bool


def download_video(
    url: str,
    filename: str | None = None,
    download_dir: str | os.PathLike[str] = "downloaded_videos",
    *,
    claim: Callable[[str], str] | None = None,
    progress: Callable[[int, int | None], None] | bool = True,
    timeout: float = 30.0,
    retries: int = 5,
    backoff: float = 0.5,
    stop: threading.Event | None = None,
    max_size: float | None = None,
    reach: Reach = ANYWHERE,
) -> Download:
    """Download the video at a URL: a file, an HLS stream, a page with either, an object, or a local file.

    A download is called `NAME.part` until it is complete. A later call resumes it if the server still has the same
    version. An existing file NAME is replaced. A download fails if it is slower than 1,000 bytes per second for two
    minutes, or if less than 16 MiB of free disk space would remain.
    Several processes can download one URL at the same time: the first uses `NAME.part`, the others their own
    part files.

    Args:
        url: an http or https URL, an object of a bucket (`s3://`, `gs://`, `az://`), a `file://` URL or a local
            path. A user name and a password in it are used but never shown.
        filename: the file name; by default from the URL, else from the server.
        download_dir: the folder for the file; created if missing.
        claim: maps the wanted safe file name to one that is free for this URL.
        progress: called with (bytes so far, total bytes or None); True: a bar on stderr if it is a terminal.
        timeout: maximum seconds to connect, and to wait for the next bytes.
        retries: maximum number of retries after temporary errors.
        backoff: seconds before the first retry; doubled for each further one.
        stop: when set, the download ends with a DownloadError and keeps its part file.
        max_size: maximum file size in bytes; the download stops as soon as it is exceeded.
        reach: which addresses may be reached, and whether local files are read.

    Returns:
        The file.

    Raises:
        DownloadError: there is no video, or the download failed; the message starts with the URL. A `ReachError`
            if `reach` does not allow it.
        UnwantedError: it is larger than `max_size`.
        OutputError: the file cannot be written: the disk is full, or the folder cannot be created.
    """
    check_reach(url, reach)
    path = local_path(url)
    if path is not None:
        return _local(path, wanted_name(url, filename) or safe_name(path.name))
    url = _checked(url)
    from vidkit.download.destination import Destination
    from vidkit.download.fetch import DownloadRequest, fetch
    from vidkit.download.http import DownloadPolicy

    request = DownloadRequest(
        filename=filename,
        destination=Destination(Path(download_dir), claim or str),
        progress=progress,
        policy=DownloadPolicy(
            timeout=timeout, retry=RetryPolicy(retries, backoff), stop=stop, max_size=max_size, reach=reach
        ),
    )
    if is_bucket(url):
        from vidkit.download.objects import fetch_object

        saved = fetch_object(url, request)
    else:
        saved = fetch(url, request)
    return Download(saved.path, saved.path.name, saved.url, saved.version, is_local=False)


def is_video_url(url: str) -> bool:
    """Tell whether a URL is itself a video: by its extension, else by the Content-Type from the server.

    It sends HEAD, or if HEAD is rejected, GET without reading the body. If the server does not answer, the result
    is False.
    """
    if has_extension(url, VIDEO_EXTENSIONS | MANIFEST_EXTENSIONS):
        return True
    if local_path(url) is not None or is_bucket(url.strip()):
        return False
    from vidkit.download.answer import declared_video
    from vidkit.download.http import DownloadPolicy, peek

    try:
        return declared_video(peek(_checked(url), DownloadPolicy(retry=RetryPolicy(retries=1))))
    except DownloadError:
        return False


def extract_video_url_from_html(html_content: str, page_url: str = "") -> str | None:
    """Find the video of a page.

    Searched in this order: `<video>` and `<source>`; `og:video`, `twitter:player:stream` and JSON-LD
    `VideoObject.contentUrl`; addresses in scripts. In each of these, files come before HLS manifests.

    Args:
        html_content: the page.
        page_url: its address; relative addresses are resolved against it and the page's `<base>`.

    Returns:
        An http or https URL (or, without `page_url`, an address as it is in the page); None if there is no video.
    """
    from vidkit.download.page import find_video

    return find_video(html_content, page_url)


def source_version(url: str, timeout: float = 30.0, reach: Reach = ANYWHERE) -> str | None:
    """The current version of a source, by one light request: the same text as `Download.version`.

    Args:
        url: as for `download_video`.
        timeout: maximum seconds to connect, and to wait for an answer.
        reach: which addresses may be reached, and whether local files are read.

    Returns:
        The version, or None if the server sends none.

    Raises:
        DownloadError: there is no such file, or the request failed.
    """
    check_reach(url, reach)
    path = local_path(url)
    if path is not None:
        return _local_version(_stat(path))
    from vidkit.download.answer import version_of
    from vidkit.download.http import DownloadPolicy, peek

    policy = DownloadPolicy(timeout=timeout, retry=RetryPolicy(retries=2), reach=reach)
    if is_bucket(url.strip()):
        from vidkit.download.objects import object_version

        return object_version(_checked(url), policy)
    return version_of(peek(_checked(url), policy))


def check_reach(url: str, reach: Reach) -> None:
    """Refuse a local file or an object of a bucket that `reach` does not allow, without a request.

    Raises:
        ReachError: it is refused; the message begins with the URL.
    """
    try:
        reach.check_source(url)
    except ReachError as error:
        raise ReachError("{url}: {error}", url=printable(shown_url(url)), error=error) from None


def _checked(url: str) -> str:
    """A URL of http, https or a bucket, without white space around it.

    Raises:
        DownloadError: it is empty, or has another scheme.
    """
    url = url.strip()
    if not url:
        raise DownloadError("the URL is empty")
    scheme = url.partition("://")[0].lower()
    if scheme == "file":
        raise DownloadError(
            "{url}: this names a file on another machine; a local one is file:///path",
            url=printable(shown_url(url)),
        )
    if is_bucket(url):
        return scheme + url[len(scheme) :]
    if scheme not in ("http", "https"):
        raise DownloadError(
            "{url}: vidkit fetches http://, https://, s3://, gs:// and az:// and reads "
            "local paths, not {scheme}://",
            url=printable(shown_url(url)),
            scheme=printable(scheme),
        )
    return url


def _local(path: Path, name: str) -> Download:
    found = _stat(path)
    return Download(path, name, path.absolute().as_uri(), _local_version(found), is_local=True)


def _stat(path: Path) -> os.stat_result:
    """The `stat` of a local file.

    Raises:
        DownloadError: it does not exist, is no regular file, or cannot be read.
    """
    shown = printable(shown_url(str(path)))
    try:
        found = path.stat()
        if not stat.S_ISDIR(found.st_mode) and not os.access(path, os.R_OK):
            raise PermissionError(13, "it may not be read")
    except FileNotFoundError:
        web = re.match(r"(?:www\.|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/)", shown, re.IGNORECASE)
        hint = message(": for a web address, write https://{shown}", shown=shown) if web else ""
        raise DownloadError("{shown}: there is no such file{hint}", shown=shown, hint=hint) from None
    except OSError as error:
        raise DownloadError(
            "{shown}: {reason}",
            shown=shown,
            reason=error.strerror.lower() if error.strerror else message("it cannot be read"),
        ) from None
    except ValueError:
        raise DownloadError("{shown}: this is no path", shown=shown) from None
    if stat.S_ISDIR(found.st_mode):
        raise DownloadError(
            "{shown}: this is a folder: name the files in it, or give it to `vidkit process --urls`", shown=shown
        )
    if not stat.S_ISREG(found.st_mode):
        raise DownloadError("{shown}: this is no regular file", shown=shown)
    return found


def _local_version(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"
