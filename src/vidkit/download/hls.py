"""Download an HLS stream to one file: its segments are fetched like any file, and ffmpeg joins them.

ffmpeg could fetch them itself, but it skips segments that fail and still ends without error, does not verify
certificates, and a static build cannot look up host names. Here ffmpeg reads only a local manifest and the local
files in it, so a hostile manifest leads nowhere. The format is RFC 8216.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from vidkit.core import printable, shown_url
from vidkit.download.body import MAX_TEXT, blocks
from vidkit.download.http import DownloadPolicy, ask, with_retries
from vidkit.download.names import extension_of, last_part
from vidkit.download.transfer import ReportProgress, check_room, check_size, disk_errors, finish, part_path, save
from vidkit.errors import DownloadError, MediaError
from vidkit.ffmpeg import file_url, run_tool

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_KEPT_TAGS = re.compile(
    r"#(EXTM3U|EXTINF:|EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|BYTERANGE|DISCONTINUITY)\b)"
)
# The attributes of a key or an initialisation section that ffmpeg gets, beside the address.
_KEPT_ATTRIBUTES = {
    "METHOD": re.compile("NONE|AES-128"),
    "IV": re.compile("0[xX][0-9a-fA-F]{1,32}"),
    "BYTERANGE": re.compile("[0-9]{1,18}(@[0-9]{1,18})?"),
}
_KEY, _MAP = "#EXT-X-KEY:", "#EXT-X-MAP:"
_SEGMENT_EXTENSIONS = frozenset({
    ".aac", ".ac3", ".cmfa", ".cmfv", ".ec3", ".m4a", ".m4s", ".m4v", ".mp3", ".mp4", ".ts",
})  # fmt: skip
_DEMUXERS = "hls,mpegts,mov,mp4,m4a,3gp,3g2,mj2,aac,mp3,ac3,eac3"


@dataclass(frozen=True)
class _Playlist:
    """The lines of a manifest, and the URL that its addresses are relative to."""

    url: str
    lines: list[str]

    @property
    def is_master(self) -> bool:
        return any(line.startswith("#EXT-X-STREAM-INF:") for line in self.lines)


def fetch_stream(url: str, manifest: str, target: Path, policy: DownloadPolicy, report: ReportProgress) -> None:
    """Download the best variant of an HLS recording to an MP4 file, without re-encoding.

    Args:
        url: the manifest's URL, after redirects.
        manifest: its text.
        target: the file; it appears only when it is complete.
        report: called with (bytes so far, None).

    Raises:
        DownloadError: a segment cannot be downloaded, or the manifest is wrong, live or protected, or has an
            address that is not http or https.
    """
    folder = target.with_name(target.name + ".stream.part")
    done = 0

    def fetch_segment(address: str, name: str) -> Path:
        nonlocal done
        path = _fetch_segment(address, folder / name, policy)
        done += path.stat().st_size
        check_size(target, done, policy)
        report(done, None)
        return path

    with _temporary_folder(folder):
        inputs: list[str] = []
        duration = 0.0
        for number, playlist in enumerate(_chosen_playlists(_Playlist(url, manifest.splitlines()), policy)):
            local = folder / f"stream{number}.m3u8"
            text = "\n".join(_local_lines(playlist, f"{number}-", fetch_segment)) + "\n"
            with disk_errors(target):
                local.write_text(text, encoding="utf-8")
            inputs += ["-protocol_whitelist", "file,crypto", "-format_whitelist", _DEMUXERS]
            inputs += ["-allowed_extensions", "ALL", "-f", "hls", "-i", file_url(local)]
            duration = max(duration, _duration(playlist))
        check_room(target, done)  # ffmpeg writes them again
        _join(inputs, duration, target)


def _join(inputs: list[str], duration: float, target: Path) -> None:
    streams = ["-map", "0", "-map", "1:a"] if inputs.count("-i") > 1 else ["-map", "0"]
    arguments = ["ffmpeg", "-v", "error", "-nostdin", *inputs, *streams]
    arguments += ["-map", "-0:d", "-map", "-0:s", "-c", "copy", "-f", "mp4", "-y", file_url(part_path(target))]
    try:
        run_tool(arguments, timeout=120 + duration)
    except MediaError as error:
        part_path(target).unlink(missing_ok=True)
        raise DownloadError("ffmpeg cannot join this stream: {error}", error=error) from error
    finish(target)


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[None]:
    """An empty folder for the segments, removed at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    with disk_errors(folder):
        folder.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chosen_playlists(playlist: _Playlist, policy: DownloadPolicy) -> list[_Playlist]:
    """The media playlists to fetch: the variant with the most pixels, and its audio if that is separate."""
    if not playlist.is_master:
        return [playlist]
    variants: list[tuple[tuple[int, int], str, dict[str, str]]] = []
    for line, following in zip(playlist.lines, [*playlist.lines[1:], ""], strict=True):
        if line.startswith("#EXT-X-STREAM-INF:") and following.strip() and not following.startswith("#"):
            attributes = _attributes(line)
            width, _, height = attributes.get("RESOLUTION", "").partition("x")
            size = (_integer(width) * _integer(height), _integer(attributes.get("BANDWIDTH", "")))
            variants.append((size, following.strip(), attributes))
    if not variants:
        raise DownloadError("this HLS manifest names no stream")
    _, address, attributes = max(variants, key=lambda variant: variant[0])
    chosen = [_fetch_playlist(_address(playlist, address), policy)]
    audio = _audio_address(playlist, attributes.get("AUDIO"))
    return [*chosen, _fetch_playlist(_address(playlist, audio), policy)] if audio else chosen


def _audio_address(playlist: _Playlist, group: str | None) -> str | None:
    """The address of a variant's audio: the default one of its group, else the first."""
    media = [_attributes(line) for line in playlist.lines if line.startswith("#EXT-X-MEDIA:")]
    media = [each for each in media if each.get("TYPE") == "AUDIO" and each.get("GROUP-ID") == group]
    media.sort(key=lambda each: each.get("DEFAULT") != "YES")
    return media[0].get("URI") if group and media else None


def _fetch_playlist(url: str, policy: DownloadPolicy) -> _Playlist:
    def fetch() -> _Playlist:
        with ask("GET", url, policy) as response:
            text = b""
            for block in blocks(response, policy):
                text += block
                if len(text) > MAX_TEXT:
                    raise DownloadError("this HLS manifest is too long")
            return _Playlist(response.url, text.decode("utf-8-sig", "replace").splitlines())

    playlist = with_retries(fetch, policy, url)
    if not playlist.lines or not playlist.lines[0].startswith("#EXTM3U") or playlist.is_master:
        raise DownloadError(
            "{name}, which the HLS manifest names, is no list of segments", name=printable(last_part(url))
        )
    return playlist


def _local_lines(playlist: _Playlist, prefix: str, fetch: Callable[[str, str], Path]) -> Iterator[str]:
    """The lines of a manifest for ffmpeg: every address is fetched once, and replaced by the name of its file."""
    if not any(re.match(r"#EXT-X-(ENDLIST|PLAYLIST-TYPE:VOD)\b", line) for line in playlist.lines):
        raise DownloadError("this is a live stream, which has no end: vidkit fetches recordings")
    # All addresses are checked before the first request.
    addresses = [address for line in playlist.lines if (address := _address_in(line))]
    if not addresses:
        raise DownloadError("this HLS manifest names no segments")
    urls = {address: _address(playlist, address) for address in addresses}
    names: dict[str, str] = {}
    for line in playlist.lines:
        address = _address_in(line)
        if address and address not in names:
            names[address] = fetch(urls[address], f"{prefix}{len(names):06d}").name
        if line.startswith((_KEY, _MAP)):
            yield _rewritten(line, names[address] if address else None)
        elif address:
            yield names[address]
        elif _KEPT_TAGS.match(line):
            yield line
    yield "#EXT-X-ENDLIST"


def _rewritten(line: str, name: str | None) -> str:
    """A new line for a key or an initialisation section, with known attributes only."""
    attributes = _attributes(line)
    kept = [
        f'{key}="{value}"' if key == "BYTERANGE" else f"{key}={value}"
        for key, form in _KEPT_ATTRIBUTES.items()
        if (value := attributes.get(key)) and form.fullmatch(value)
    ]
    if name:
        kept.append(f'URI="{name}"')
    return f"{line.partition(':')[0]}:{','.join(kept)}"


def _address_in(line: str) -> str | None:
    """The address in a line of a media playlist: of a segment, a key or an initialisation section."""
    if line.startswith(_KEY):
        attributes = _attributes(line)
        if attributes.get("METHOD") not in ("NONE", "AES-128"):
            raise DownloadError(
                "this stream is protected ({method})", method=printable(attributes.get("METHOD", ""))[:40]
            )
        return attributes.get("URI")
    if line.startswith(_MAP):
        return _attributes(line).get("URI")
    return line.strip() if line.strip() and not line.startswith("#") else None


def _address(playlist: _Playlist, address: str) -> str:
    try:
        url = urljoin(playlist.url, address)
        known = urlsplit(url).scheme in ("http", "https")
    except ValueError:
        known = False
    if not known:
        raise DownloadError(
            "the HLS manifest leads to {address}: only http and https are followed",
            address=printable(shown_url(address))[:200],
        )
    return url


def _fetch_segment(url: str, path: Path, policy: DownloadPolicy) -> Path:
    """Fetch a segment and give it the extension of its container, which newer versions of ffmpeg check."""

    def fetch() -> None:
        with ask("GET", url, policy) as response:
            save(response, blocks(response, policy), path, url, None, policy, lambda done, total: None)

    with_retries(fetch, policy, url)
    with disk_errors(path), open(path, "rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"styp", b"moof", b"sidx", b"moov"):
        extension = ".mp4"
    elif head[:3] == b"ID3":
        extension = ".aac"
    else:
        own = extension_of(last_part(url))
        extension = own if own in _SEGMENT_EXTENSIONS and head[:1] != b"\x47" else ".ts"
    with disk_errors(path):
        return path.rename(path.with_suffix(extension))


def _duration(playlist: _Playlist) -> float:
    lengths = (re.match(r"#EXTINF:\s*(\d+(?:\.\d+)?)", line) for line in playlist.lines)
    return sum(float(length[1]) for length in lengths if length)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 12 else 0
