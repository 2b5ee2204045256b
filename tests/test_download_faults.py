"""Downloading from a server that does everything wrong, onto a disk that is full."""

from __future__ import annotations

import email.utils
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import trustme

from tests.downloads import OLD, OTHER, VIDEO, fetch, left_behind, reason
from tests.misbehaving_server import Asked, Reply, Server
from tests.waiting import until
from vidkit.errors import DownloadError, OutputError


def test_a_download_that_was_cut_short_continues(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', drop_after=1_200_000), Reply(VIDEO, etag='"1"'))
    assert fetch(url).path.read_bytes() == VIDEO
    second = server.asked[1].headers
    assert 0 < int(second["Range"][len("bytes=") : -1]) <= 1_200_000
    assert second["If-Range"] == '"1"'
    assert left_behind() == []


def test_a_line_that_breaks_often_still_brings_a_large_file(server: Server) -> None:
    """Each answer brings over a megabyte, so the count of retries starts again."""
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', drop_after=1_200_000))
    assert fetch(url, retries=1).path.read_bytes() == VIDEO
    assert len(server.asked) == 3


def test_a_body_that_is_always_cut_short_fails_and_leaves_no_whole_file(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, drop_after=1000))
    assert "broke off" in reason(url)
    assert len(server.asked) == 3
    assert list(Path("here").iterdir()) == []


def test_a_server_that_ignores_ranges_sends_it_all_again(server: Server) -> None:
    url = server.at(
        "/a.mp4", Reply(VIDEO, etag='"1"', drop_after=2_000_000), Reply(VIDEO, etag='"1"', ranges=False)
    )
    assert fetch(url).path.read_bytes() == VIDEO
    assert "Range" in server.asked[1].headers


@pytest.mark.parametrize("obeys_if_range", [True, False])
def test_a_file_that_changed_between_two_ranges_is_downloaded_from_the_start(
    server: Server, obeys_if_range: bool
) -> None:
    new = Reply(OTHER, etag='"2"', if_range=obeys_if_range)
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', drop_after=2_000_000), new)
    got = fetch(url)
    assert (got.path.read_bytes(), got.version) == (OTHER, '"2"')


def test_a_range_that_begins_elsewhere_is_not_trusted(server: Server) -> None:
    def shifted(asked: Asked) -> Reply:
        if "Range" not in asked.headers:
            return Reply(VIDEO, etag='"1"')
        return Reply(
            VIDEO[5:], 206, etag='"1"', headers={"Content-Range": f"bytes 5-{len(VIDEO) - 1}/{len(VIDEO)}"}
        )

    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', drop_after=2_000_000), shifted)
    assert fetch(url).path.read_bytes() == VIDEO


def test_without_a_strong_validator_a_download_starts_again(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, etag='W/"1"', modified=OLD, drop_after=2_000_000), Reply(VIDEO))
    assert fetch(url).path.read_bytes() == VIDEO
    assert "Range" not in server.asked[1].headers


def test_an_old_last_modified_guards_a_range_and_a_fresh_one_does_not(server: Server) -> None:
    url = server.at("/old.mp4", Reply(VIDEO, modified=OLD, drop_after=2_000_000), Reply(VIDEO, modified=OLD))
    got = fetch(url)
    assert (got.path.read_bytes(), got.version) == (VIDEO, f"{OLD} {len(VIDEO)}")
    assert server.asked[1].headers["If-Range"] == OLD
    now = email.utils.formatdate(usegmt=True)
    fetch(server.at("/new.mp4", Reply(VIDEO, modified=now, drop_after=2_000_000), Reply(VIDEO, modified=now)))
    assert "Range" not in server.asked[3].headers


def test_a_stopped_download_keeps_its_part_and_a_later_one_continues(server: Server) -> None:
    stop = threading.Event()
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', delay=0.02), Reply(VIDEO, etag='"1"'))
    with pytest.raises(DownloadError, match=r"^stopped$"):
        fetch(url, stop=stop, progress=lambda done, total: stop.set() if done > 500_000 else None)
    assert left_behind() == ["a.mp4.part", "a.mp4.part.json"]
    assert fetch(url).path.read_bytes() == VIDEO
    assert int(server.asked[1].headers["Range"][len("bytes=") : -1]) > 500_000
    assert left_behind() == []


def test_a_killed_download_continues_even_if_the_server_names_the_file(server: Server) -> None:
    named = {"Content-Disposition": 'attachment; filename="film.mp4"'}
    url = server.at(
        "/get",
        Reply(VIDEO, etag='"1"', headers=named, stall_after=500_000),
        Reply(VIDEO, etag='"1"', headers=named),
    )
    code = f"from vidkit.download import download_video; download_video({url!r}, download_dir='here')"
    process = subprocess.Popen([sys.executable, "-c", code])
    part = Path("here/film.mp4.part")
    until(lambda: part.exists() and part.stat().st_size > 300_000)
    process.kill()
    process.wait()
    assert fetch(url).path.read_bytes() == VIDEO
    assert any("Range" in asked.headers for asked in server.asked)
    assert left_behind() == []


def test_a_part_of_another_url_is_not_continued(server: Server) -> None:
    stop = threading.Event()
    first = server.at("/1/a.mp4", Reply(VIDEO, etag='"1"', delay=0.02))
    with pytest.raises(DownloadError, match="stopped"):
        fetch(first, stop=stop, progress=lambda done, total: stop.set())
    second = server.at("/2/a.mp4", Reply(OTHER, etag='"1"'))
    assert fetch(second).path.read_bytes() == OTHER
    assert left_behind() == []


def test_a_part_that_was_already_whole_is_only_asked_about(server: Server) -> None:
    stop = threading.Event()
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', delay=0.02), Reply(VIDEO, etag='"1"'))
    with pytest.raises(DownloadError, match="stopped"):
        fetch(url, stop=stop, progress=lambda done, total: stop.set())
    Path("here/a.mp4.part").write_bytes(VIDEO)
    got = fetch(url)
    assert (got.path.read_bytes(), got.version) == (VIDEO, '"1"')
    assert len(server.asked) == 2
    assert left_behind() == []


def test_a_damaged_note_beside_a_part_is_ignored(server: Server) -> None:
    Path("here").mkdir()
    for note in (b"", b"[]", b'{"url": 1}', b"\xff\xfe"):
        Path("here/a.mp4.part").write_bytes(b"junk")
        Path("here/a.mp4.part.json").write_bytes(note)
        assert fetch(server.at("/a.mp4", Reply(VIDEO, etag='"1"'))).path.read_bytes() == VIDEO
        assert left_behind() == []


def test_a_stalled_server_is_given_up_and_asked_again(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', stall_after=2_000_000), Reply(VIDEO, etag='"1"'))
    assert fetch(url, timeout=1.5).path.read_bytes() == VIDEO
    assert "sent nothing for 1.5 s" in reason(
        server.at("/b.mp4", Reply(VIDEO, stall_after=0)), timeout=1.5, retries=0
    )


def test_a_content_length_that_is_too_long_is_not_believed(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, length=len(VIDEO) + 1), Reply(VIDEO))
    assert fetch(url).path.read_bytes() == VIDEO
    assert "broke off" in reason(server.at("/b.mp4", Reply(VIDEO, length=len(VIDEO) + 1)))


def test_a_content_length_that_is_no_number_does_not_matter(server: Server) -> None:
    assert fetch(server.at("/a.mp4", Reply(VIDEO, length="much"))).path.read_bytes() == VIDEO


def test_a_body_in_chunks_has_no_length_to_check(server: Server) -> None:
    assert fetch(server.at("/a.mp4", Reply(VIDEO, chunked=True))).path.read_bytes() == VIDEO
    assert "broke off" in reason(server.at("/b.mp4", Reply(VIDEO, chunked=True, drop_after=100_000)))


def test_gzip_that_nobody_asked_for_is_undone(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, etag='"1"', gzipped=True))
    assert fetch(url).path.read_bytes() == VIDEO
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    cut = server.at("/b.mp4", Reply(VIDEO, etag='"1"', gzipped=True, drop_after=5000), Reply(VIDEO, gzipped=True))
    assert fetch(cut).path.read_bytes() == VIDEO
    assert "Range" not in server.asked[2].headers


def test_a_compression_that_nobody_knows_is_named(server: Server) -> None:
    assert "compresses with zap" in reason(server.at("/a.mp4", Reply(VIDEO, headers={"Content-Encoding": "zap"})))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_temporary_failures_are_tried_again(server: Server, status: int) -> None:
    url = server.at("/a.mp4", Reply(status=status), Reply(status=status), Reply(VIDEO))
    assert fetch(url).path.read_bytes() == VIDEO
    assert len(server.asked) == 3
    words = reason(server.at("/b.mp4", Reply(status=status)))
    assert str(status) in words
    assert "tried 3 times" in words


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_in_seconds_and_as_a_date(server: Server, status: int) -> None:
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    wait = "1" if status == 429 else soon
    begin = time.monotonic()
    fetch(server.at("/a.mp4", Reply(status=status, headers={"Retry-After": wait}), Reply(VIDEO)))
    assert time.monotonic() - begin > 0.9


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_permanent_failures_fail_at_once_with_the_reason(server: Server, status: int) -> None:
    url = server.at("/a.mp4", Reply(b"no", status))
    words = reason(url)
    assert words.startswith(url + ": ")
    assert str(status) in words
    assert len(server.asked) == 1
    assert left_behind() == []


def test_redirects_in_a_circle_end_with_a_reason(server: Server) -> None:
    url = server.at("/a.mp4", Reply(b"", 302, headers={"Location": "/b.mp4"}))
    server.at("/b.mp4", Reply(b"", 302, headers={"Location": "/a.mp4"}))
    assert "redirects without end" in reason(url)
    assert len(server.asked) < 20


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/a.mp4", "gopher://x/"])
def test_a_redirect_leads_only_to_http(server: Server, target: str) -> None:
    assert "only http and https" in reason(server.at("/a.mp4", Reply(status=302, headers={"Location": target})))


def test_a_part_that_was_not_asked_for_is_refused(server: Server) -> None:
    assert "not asked for" in reason(server.at("/a.mp4", Reply(VIDEO[:1000], 206)))


def test_json_is_neither_a_video_nor_a_page(server: Server) -> None:
    assert "application/json" in reason(server.at("/a", Reply(b'{"error": 1}', type="application/json")))


def test_a_video_called_text_is_a_video(server: Server) -> None:
    assert fetch(server.at("/a", Reply(VIDEO, type="text/html"))).path.read_bytes() == VIDEO
    assert len(server.asked) == 1
    assert fetch(server.at("/b.mkv", Reply(b"?" * 99, type="text/plain"))).filename == "b.mkv"


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as silent:  # it has the port, and does not listen
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.mp4"
        assert "refuses the connection" in reason(url)
    assert "no server of that name" in reason("http://no-such-host.invalid/a.mp4", retries=0)


def test_a_certificate_that_cannot_be_trusted_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(tls=context) as server:
        url = server.at("/a.mp4", Reply(VIDEO))
        words = reason(url)
        assert "certificate cannot be trusted" in words
        assert "REQUESTS_CA_BUNDLE" in words
        assert "tried" not in words
        authority.cert_pem.write_to_path("ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "ca.pem")
        assert fetch(url).path.read_bytes() == VIDEO


# The disk


def test_a_file_that_will_not_fit_is_refused_before_it_comes(server: Server) -> None:
    room = shutil.disk_usage(".").free
    with pytest.raises(OutputError, match=r"huge\.mp4 needs .* free; 16\.8 MB must stay free: make room"):
        fetch(server.at("/huge.mp4", Reply(VIDEO, length=room * 2)))
    assert left_behind() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_is_named(server: Server) -> None:
    Path("here").mkdir()
    Path("here/a.mp4.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"a\.mp4 cannot be written: No space left"):
        fetch(server.at("/a.mp4", Reply(VIDEO)))


def test_a_folder_that_cannot_be_made_is_named(server: Server) -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match="file"):
        fetch(server.at("/a.mp4", Reply(VIDEO)), download_dir="file/here")
