"""Sites that need yt-dlp, such as YouTube."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vidkit.core import printable, without_secrets
from vidkit.download.body import SpeedCheck
from vidkit.download.destination import Destination
from vidkit.download.http import DownloadPolicy, StoppedError
from vidkit.download.names import safe_name
from vidkit.download.transfer import ReportProgress, check_room, check_size, disk_errors
from vidkit.errors import DownloadError, OutputError, ToolMissingError, UnwantedError

log = logging.getLogger(__name__)


def installed() -> bool:
    """Whether yt-dlp is installed."""
    return importlib.util.find_spec("yt_dlp") is not None


def supports(url: str) -> bool:
    """Whether yt-dlp is installed and has an extractor for the site, other than the generic one."""
    if not installed():
        return False
    from yt_dlp.extractor import gen_extractor_classes

    try:
        return any(each.suitable(url) and each.ie_key() != "Generic" for each in gen_extractor_classes())
    except ValueError:  # no URL
        return False


def fetch_from_site(
    url: str,
    filename: str | None,
    destination: Destination,
    policy: DownloadPolicy,
    report: ReportProgress,
) -> tuple[Path, str]:
    """Download the video of a page with yt-dlp; if it has several, the first.

    Args:
        url: the page.
        filename: the name that the user wants; by default the video's title.
        destination: the destination of the file.
        report: called with (bytes so far, total bytes or None).

    Returns:
        The file, and the video's URL according to yt-dlp.

    Raises:
        DownloadError: yt-dlp failed; the message is its own.
    """
    import yt_dlp

    work: Path | None = None
    options = _options(policy, _progress_hook(destination.folder / "video", policy, report))
    try:
        with yt_dlp.YoutubeDL(options) as site:
            found = site.extract_info(url, download=False)
        found = next(iter(found.get("entries") or []), None) if found and "entries" in found else found
        if not found:
            raise DownloadError("yt-dlp finds no video there")
        title = str(found.get("title") or found.get("id") or "video")
        extension = str(found.get("ext") or "mp4")
        target = destination.target(
            safe_name(filename or f"{title.replace('/', '_').replace(chr(92), '_')}.{extension}")
        )
        work = target.with_name(f"{target.name}.site.part")
        with disk_errors(work):
            work.mkdir(exist_ok=True)
        options["outtmpl"] = {"default": str(work.absolute()).replace("%", "%%") + "/video.%(ext)s"}
        with yt_dlp.YoutubeDL(options) as site:
            site.process_ie_result(found, download=True)
    except StoppedError:
        raise
    except (UnwantedError, OutputError):
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
        raise
    except yt_dlp.utils.YoutubeDLError as error:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
        raise DownloadError("yt-dlp: {reason}", reason=_message(error)) from error
    _move_finished(work, target)
    return target, str(found.get("webpage_url") or url)


def _progress_hook(
    target: Path, policy: DownloadPolicy, report: ReportProgress
) -> Callable[[Mapping[str, Any]], None]:
    """A progress hook for yt-dlp with the limits of vidkit's own downloads."""
    pace, before = SpeedCheck(policy), 0

    def hook(status: Mapping[str, Any]) -> None:
        nonlocal before
        policy.check()
        if status.get("status") != "downloading":
            return
        done, total = int(status.get("downloaded_bytes") or 0), status.get("total_bytes") or None
        pace.add(done - before if done >= before else done)  # video and audio are counted one after the other
        before = done
        check_size(target, max(done, total or 0), policy)
        check_room(target, 0)
        report(done, total)

    return hook


def _options(policy: DownloadPolicy, hook: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Options for yt-dlp without output, configuration, cache or playlists."""
    options: dict[str, Any] = {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": SimpleNamespace(debug=log.debug, info=log.debug, warning=log.debug, error=log.debug),
        "noplaylist": True,
        "playlist_items": "1",
        "cachedir": False,
        "socket_timeout": policy.timeout,
        "retries": policy.retry.retries,
        "fragment_retries": policy.retry.retries,
        "extractor_retries": policy.retry.retries,
        "progress_hooks": [hook],
        "overwrites": False,
        "updatetime": False,
        "color": "never",
    }
    if policy.reach.public_only:  # the generic extractor follows any address in a page
        options["allowed_extractors"] = ["default", "-generic"]
    from vidkit.ffmpeg import find_tool

    try:
        options["ffmpeg_location"] = str(find_tool("ffmpeg"))
    except ToolMissingError:
        options["format"] = "b"  # video and audio in one file: there is no ffmpeg to join them
    return options


def _move_finished(work: Path, target: Path) -> None:
    """Move the one finished file out of yt-dlp's folder, and remove the folder."""
    with disk_errors(target):
        made = [path for path in work.iterdir() if path.is_file() and path.suffix not in (".part", ".ytdl")]
        if not made:
            raise DownloadError("yt-dlp left no file")
        os.replace(max(made, key=lambda path: path.stat().st_size), target)
    shutil.rmtree(work, ignore_errors=True)


def _message(error: Exception) -> str:
    """yt-dlp's message without colours, `ERROR:` and its advice to report bugs."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    text = re.sub(r"^ERROR:\s*", "", text)
    text = re.split(r"; please report this issue on|\. Confirm you are on the latest|\(caused by", text)[0]
    return printable(without_secrets(text.strip()))[:300]
