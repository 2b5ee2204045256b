"""HLS streams, and sites by yt-dlp."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeVideo
from tests.misbehaving_server import Reply, Server
from vidkit.download import Download, download_video
from vidkit.download.sites import supports
from vidkit.errors import DownloadError
from vidkit.ffmpeg import find_tool

HLS = "application/vnd.apple.mpegurl"


@pytest.fixture(scope="module")
def stream(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real HLS: `index.m3u8` and its pieces."""
    return make_stream(make_video(shots=3, options=("-g", "25")), tmp_path_factory.mktemp("stream"))


def make_stream(video: Path, folder: Path, *options: str) -> Path:
    command = [find_tool("ffmpeg"), "-v", "error", "-i", video, "-c", "copy", "-f", "hls", "-hls_list_size", "0"]
    command += ["-hls_time", "2", *options, "index.m3u8"]
    subprocess.run(list(map(str, command)), check=True, cwd=folder)
    return folder


def fetch(url: str, **options: Any) -> Download:
    return download_video(
        url, **{"download_dir": "here", "progress": False, "backoff": 0.001, "timeout": 5, **options}
    )


def probe(path: Path) -> tuple[float, list[str]]:
    """Seconds, and the kinds of the streams."""
    command = [find_tool("ffprobe"), "-v", "error", "-show_format", "-show_streams", "-of", "json", path]
    found = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout)
    return float(found["format"]["duration"]), [each["codec_type"] for each in found["streams"]]


def refusal(url: str) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(url, retries=1)
    assert list(Path("here").iterdir()) == []
    return str(caught.value)


def test_an_hls_recording_becomes_one_file(server: Server, stream: Path) -> None:
    server.serve(stream)
    seen: list[int] = []
    got = fetch(server.url("/index.m3u8?token=1"), progress=lambda done, total: seen.append(done))
    assert (got.filename, got.resolved_url) == ("index.mp4", server.url("/index.m3u8?token=1"))
    duration, kinds = probe(got.path)
    assert duration == pytest.approx(6.0, abs=0.15)
    assert sorted(kinds) == ["audio", "video"]
    assert seen[-1] == sum(piece.stat().st_size for piece in stream.glob("*.ts"))
    assert [path.name for path in Path("here").iterdir()] == ["index.mp4"]


def test_a_manifest_is_known_by_its_type(server: Server, stream: Path) -> None:
    server.serve(stream)
    url = server.at("/play", Reply(stream / "index.m3u8", type=HLS))
    assert fetch(url).filename == "play.mp4"


def test_a_page_leads_to_a_stream(server: Server, stream: Path) -> None:
    server.serve(stream)
    url = server.at("/page", Reply(b'<video src="index.m3u8"></video>', type="text/html"))
    assert fetch(url).filename == "index.mp4"


def test_of_several_variants_the_largest_is_fetched_with_its_sound(server: Server, stream: Path) -> None:
    server.serve(stream)
    server.at(
        "/master.m3u8",
        Reply(
            b"#EXTM3U\n"
            b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="other",URI="nothing.m3u8"\n'
            b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="main",DEFAULT=YES,URI="index.m3u8"\n'
            b"#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=64x36\nnothing.m3u8\n"
            b'#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=320x180,CODECS="avc1.4d,mp4a.40",AUDIO="a"\nindex.m3u8\n',
            type=HLS,
        ),
    )
    duration, kinds = probe(fetch(server.url("/master.m3u8")).path)
    assert duration == pytest.approx(6.0, abs=0.15)
    assert "video" in kinds
    assert "audio" in kinds
    assert server.asked_for("/nothing.m3u8") == []


def test_an_encrypted_stream_with_its_key_is_opened(server: Server, make_video: MakeVideo) -> None:
    folder = Path("encrypted")
    folder.mkdir()
    (folder / "the.key").write_bytes(b"0123456789abcdef")
    (folder / "key.info").write_text("the.key\nthe.key\n")
    make_stream(make_video(shots=3, options=("-g", "25")), folder, "-hls_key_info_file", "key.info")
    server.serve(folder)
    duration, _ = probe(fetch(server.url("/index.m3u8")).path)
    assert duration == pytest.approx(6.0, abs=0.15)


@pytest.mark.parametrize("single", [False, True])
def test_a_stream_of_fragmented_mp4_is_joined(server: Server, make_video: MakeVideo, single: bool) -> None:
    folder = Path("fragments")
    folder.mkdir()
    options = ("-hls_flags", "single_file") if single else ()  # one file, and byte ranges of it
    make_stream(make_video(shots=3, options=("-g", "25")), folder, "-hls_segment_type", "fmp4", *options)
    server.serve(folder)
    duration, kinds = probe(fetch(server.url("/index.m3u8")).path)
    assert duration == pytest.approx(6.0, abs=0.15)
    assert sorted(kinds) == ["audio", "video"]


def test_a_segment_that_fails_is_requested_again(server: Server, stream: Path) -> None:
    server.serve(stream)
    whole = Reply(stream / "index1.ts")
    server.at("/index1.ts", Reply(status=503), Reply(stream / "index1.ts", drop_after=1000), whole)
    duration, _ = probe(fetch(server.url("/index.m3u8")).path)
    assert duration == pytest.approx(6.0, abs=0.15)
    assert len(server.asked_for("/index1.ts")) == 3


def test_a_stream_with_a_missing_segment_fails(server: Server, stream: Path) -> None:
    server.serve(stream)
    server.at("/index1.ts", Reply(status=404))
    words = refusal(server.url("/index.m3u8"))
    assert "index1.ts" in words
    assert "404" in words


@pytest.mark.parametrize("place", ["piece", "key", "map", "variant"])
def test_a_manifest_cannot_read_a_local_file(server: Server, place: str) -> None:
    line = {
        "piece": "file:///etc/passwd",
        "key": '#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/passwd"\na.ts',
        "map": '#EXT-X-MAP:URI="file:///etc/passwd"\na.mp4',
        "variant": "#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///etc/passwd",
    }[place]
    server.at("/a.ts", Reply(b"\x47" * 188))
    manifest = f"#EXTM3U\n#EXTINF:2,\n{line}\n#EXT-X-ENDLIST\n"
    words = refusal(server.at("/evil.m3u8", Reply(manifest.encode(), type=HLS)))
    assert "leads to file:///etc/passwd: only http and https" in words
    assert len(server.asked) == 1


def test_a_segment_that_is_a_manifest_of_local_files_gives_nothing_away(server: Server) -> None:
    secret = Path("secret.ts")
    secret.write_bytes(b"s3cret" * 1000)
    inner = f"#EXTM3U\n#EXTINF:2,\nfile://{secret.absolute()}\n#EXT-X-ENDLIST\n"
    for n, body in enumerate([inner, f"ffconcat version 1.0\nfile {secret.absolute()}\n"]):
        server.at(f"/{n}.ts", Reply(body.encode()))
        manifest = f"#EXTM3U\n#EXTINF:2,\n{n}.ts\n#EXT-X-ENDLIST\n"
        words = refusal(server.at(f"/{n}.m3u8", Reply(manifest.encode(), type=HLS)))
        assert "ffmpeg cannot join this stream" in words


def test_a_script_called_mp4_is_kept_as_it_is_and_read_by_nobody(server: Server) -> None:
    """What it is, the probe says; nothing that it names is touched."""
    script = b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    assert fetch(server.at("/evil.mp4", Reply(script))).path.read_bytes() == script


def test_a_live_stream_is_refused(server: Server) -> None:
    url = server.at("/live.m3u8", Reply(b"#EXTM3U\n#EXTINF:2,\na.ts\n", type=HLS))
    assert "live stream" in refusal(url)


def test_a_protected_stream_is_refused(server: Server) -> None:
    manifest = b'#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n'
    assert "protected (SAMPLE-AES)" in refusal(server.at("/a.m3u8", Reply(manifest, type=HLS)))


@pytest.mark.parametrize(
    "manifest", [b"", b"nonsense", b"#EXTM3U\n#EXT-X-ENDLIST\n", b"#EXTM3U\n#EXT-X-STREAM-INF:A=1\n"]
)
def test_a_file_that_is_no_manifest_is_explained(server: Server, manifest: bytes) -> None:
    assert "HLS manifest" in refusal(server.at("/a.m3u8", Reply(manifest, type=HLS)))


def test_a_stream_can_be_stopped(server: Server, stream: Path) -> None:
    server.serve(stream)
    stop = threading.Event()
    with pytest.raises(DownloadError, match=r"^stopped$"):
        fetch(server.url("/index.m3u8"), stop=stop, progress=lambda done, total: stop.set())
    assert list(Path("here").iterdir()) == []


# Sites, by yt-dlp itself: its generic extractor reads what vidkit does not, here a player's setup.


@pytest.fixture
def site(server: Server, make_video: MakeVideo) -> str:
    pytest.importorskip("yt_dlp")
    server.at("/media/7", Reply(make_video(), type="video/mp4"))
    player = '<script>jwplayer("box").setup({"file": "/media/7", "type": "mp4"});</script>'
    return server.at("/page", Reply(f"<html><title>A: film/1</title>{player}</html>".encode(), type="text/html"))


def test_a_page_that_only_yt_dlp_understands_is_left_to_it(
    server: Server, site: str, make_video: MakeVideo, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []
    got = fetch(site, progress=lambda done, total: seen.append(done))
    assert got.path.read_bytes() == make_video().read_bytes()
    assert got.filename.endswith(".mp4")
    assert "film_1" in got.filename
    assert got.resolved_url == site
    assert seen[-1] == got.path.stat().st_size
    assert [path.name for path in Path("here").iterdir()] == [got.filename]
    assert capfd.readouterr() == ("", "")


def test_a_wanted_name_holds_for_sites_too(site: str) -> None:
    got = fetch(site, filename="mine.mp4", claim=lambda name: f"1-{name}")
    assert got.path == Path("here/1-mine.mp4")


def test_what_yt_dlp_does_not_find_either_is_said_once(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("yt_dlp")
    url = server.at("/page", Reply(b"<html>nothing</html>", type="text/html"))
    words = refusal(url)
    assert words == f"{url}: the page has no video that vidkit can find; yt-dlp: Unsupported URL: {url}"
    assert capfd.readouterr() == ("", "")


def test_a_site_whose_video_is_gone_leaves_nothing(server: Server, site: str) -> None:
    server.at("/media/7", Reply(status=404))
    assert "404" in refusal(site)


def test_a_site_download_can_be_stopped(server: Server, site: str) -> None:
    stop = threading.Event()
    with pytest.raises(DownloadError, match=r"^stopped$"):
        fetch(site, stop=stop, progress=lambda done, total: stop.set())


def test_without_yt_dlp_the_error_says_how_to_get_it(server: Server) -> None:
    """In a Python that cannot see it."""
    url = server.at("/page", Reply(b"<html>nothing</html>", type="text/html"))
    code = (
        "import sys; sys.modules['yt_dlp'] = None\n"
        "from vidkit.download import download_video\n"
        f"try: download_video({url!r})\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    hint = r"`pip install '?yt-dlp(>=[0-9.]+')?` adds yt-dlp"
    assert re.match(rf"{re.escape(url)}: the page has no video that vidkit can find\. {hint}", done.stdout)


def test_youtube_is_known_by_name() -> None:
    pytest.importorskip("yt_dlp")
    assert supports("https://www.youtube.com/watch?v=BaW_jenozKc")
    assert not supports("http://127.0.0.1/page")
    assert not supports("http://[")
