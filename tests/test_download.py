"""Downloading from a server that behaves, and local files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.downloads import OLD, OTHER, VIDEO, fetch, left_behind, reason
from tests.misbehaving_server import Asked, Reply, Server
from vidkit.download import Download, is_video_url, source_version
from vidkit.errors import DownloadError

# A server that behaves


def test_a_file_arrives_whole_in_one_request(server: Server) -> None:
    url = server.at("/films/a%20b.mp4", Reply(VIDEO, etag='"1"'))
    got = fetch(url + "?token=x")
    assert got == Download(Path("here/a b.mp4"), "a b.mp4", url + "?token=x", '"1"', is_local=False)
    assert got.path.read_bytes() == VIDEO
    assert [asked.method for asked in server.asked] == ["GET"]
    assert server.asked[0].headers["User-Agent"].startswith("vidkit/")
    assert left_behind() == []


def test_the_same_connection_serves_many_files(server: Server) -> None:
    urls = [server.at(f"/{n}.mp4", Reply(VIDEO[:1000])) for n in range(5)]
    for url in urls:
        fetch(url)
    assert len({asked.connection for asked in server.asked}) == 1


def test_an_older_file_of_the_same_name_is_replaced(server: Server) -> None:
    Path("here").mkdir()
    Path("here/a.mp4").write_bytes(b"old")
    assert fetch(server.at("/a.mp4", Reply(VIDEO))).path.read_bytes() == VIDEO


def test_the_caller_says_which_name_is_free(server: Server) -> None:
    got = fetch(server.at("/a.mp4", Reply(VIDEO)), claim=lambda name: f"7-{name}")
    assert (got.filename, got.path) == ("7-a.mp4", Path("here/7-a.mp4"))


def test_a_wanted_file_name_is_used_and_made_safe(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO))
    assert fetch(url, filename="../../x\x1b[31m.mp4").path == Path("here/x_[31m.mp4")


def test_the_name_comes_from_content_disposition_where_the_url_has_none(server: Server) -> None:
    url = server.at("/get", Reply(VIDEO, headers={"Content-Disposition": 'attachment; filename="../été.mp4"'}))
    assert fetch(url).filename in ("été.mp4", "Ã©tÃ©.mp4")
    url = server.at(
        "/5987",
        Reply(
            VIDEO,
            headers={"Content-Disposition": "attachment; filename=x.mp4; filename*=UTF-8''%e2%82%ac%20rates.mov"},
        ),
    )
    assert fetch(url).filename == "€ rates.mov"


def test_the_extension_comes_from_the_type_where_no_name_has_one(server: Server) -> None:
    assert fetch(server.at("/watch", Reply(VIDEO, type="video/webm"))).filename == "watch.webm"
    assert fetch(server.at("/", Reply(VIDEO, type=None))).filename == "127.0.0.1.mp4"


def test_progress_ends_at_the_whole_length(server: Server) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch(server.at("/a.mp4", Reply(VIDEO)), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(VIDEO), len(VIDEO))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_user_name_and_password_are_used_and_never_shown(server: Server) -> None:
    def guarded(asked: Asked) -> Reply:
        return Reply(VIDEO) if asked.headers.get("Authorization") == "Basic bWU6czNjcmV0" else Reply(status=401)

    server.at("/a.mp4", guarded)
    server.at("/r.mp4", Reply(status=302, headers={"Location": server.url("/a.mp4")}))
    assert fetch(server.url("/r.mp4", "me:s3cret")).resolved_url == server.url("/a.mp4")
    words = reason(server.url("/a.mp4", "me:wr0ng"))
    assert "401" in words
    assert "wr0ng" not in words


def test_a_password_does_not_go_to_another_server(server: Server) -> None:
    with Server() as stranger:
        stranger.at("/a.mp4", Reply(VIDEO))
        server.at("/r.mp4", Reply(status=302, headers={"Location": stranger.url("/a.mp4")}))
        fetch(server.url("/r.mp4", "me:s3cret"))
        assert "Authorization" in server.asked[0].headers
        assert "Authorization" not in stranger.asked[0].headers


def test_a_redirect_is_followed_and_the_last_url_is_told(server: Server) -> None:
    url = server.at("/old.mp4", Reply(b"moved", 301, headers={"Location": "/new/b.webm"}))
    new = server.at("/new/b.webm", Reply(VIDEO))
    got = fetch(url)
    assert (got.resolved_url, got.filename) == (new, "old.mp4")


def test_an_empty_file_is_a_file(server: Server) -> None:
    assert fetch(server.at("/empty.webm", Reply(b"", type="video/webm"))).path.read_bytes() == b""


def test_real_footage_comes_as_it_is(server: Server, media: Path) -> None:
    server.serve(media)
    for path in media.glob("*.*"):
        got = fetch(server.url(f"/{path.name}"))
        assert (got.filename, got.path.read_bytes()) == (path.name, path.read_bytes())


# Local files and URLs that are none


def test_a_local_file_is_used_where_it_is() -> None:
    path = Path("my film.mp4")
    path.write_bytes(VIDEO)
    found = path.stat()
    for url in (
        "my film.mp4",
        str(path.absolute()),
        path.absolute().as_uri(),
        f"file://localhost{path.absolute()}",
    ):
        got = fetch(url)
        assert got.path.samefile(path)
        assert (got.filename, got.is_local) == ("my film.mp4", True)
        assert got.version == source_version(url) == f"{found.st_size}-{found.st_mtime_ns}"
    assert not Path("here").exists()


def test_a_local_file_with_an_unsafe_name_gets_a_safe_one() -> None:
    Path("-i\x1b.mp4").write_bytes(VIDEO)
    got = fetch("-i\x1b.mp4")
    assert (got.path, got.filename) == (Path("-i\x1b.mp4"), "i_.mp4")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "the URL is empty"),
        ("  \n", "the URL is empty"),
        ("missing.mp4", "missing.mp4: there is no such file"),
        ("www.example.org/a.mp4", "write https://www.example.org/a.mp4"),
        ("a\x00b.mp4", "this is no path"),
        ("x" * 5000, "file name too long"),
        (".", "this is a folder"),
        ("/dev/null", "no regular file"),
        ("ftp://me:s3cret@example.org/a.mp4", "ftp://example.org/a.mp4: vidkit fetches http"),
        ("file://server/a.mp4", "another machine"),
        ("http://", "no URL that can be fetched"),
        ("http://[::1/a.mp4", "no URL that can be fetched"),
        ("http://127.0.0.1:99999/a.mp4", "no URL that can be fetched"),
        ("http://a..b/a.mp4", "no URL that can be fetched"),
        ("evil\x1b[31m.mp4", "evil?[31m.mp4: there is no such file"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the words are those of POSIX")
def test_a_url_that_leads_nowhere_is_explained(url: str, words: str) -> None:
    assert words in reason(url)


# Questions


@pytest.mark.parametrize(
    "url", ["http://x/a.mp4", "http://x/A.MP4?b=1#c", "http://x/a%20b.m2ts", "x.webm", "http://x/a.m3u8"]
)
def test_a_url_that_ends_like_a_video_is_one(url: str) -> None:
    assert is_video_url(url)


def test_a_url_is_a_video_by_its_type(server: Server) -> None:
    assert is_video_url(server.at("/a", Reply(VIDEO)))
    assert [asked.method for asked in server.asked] == ["HEAD"]
    assert is_video_url(server.at("/b", Reply(VIDEO, head=False)))
    assert [asked.method for asked in server.asked[1:]] == ["HEAD", "GET"]
    named = {"Content-Disposition": "attachment; filename=a.mkv"}
    assert is_video_url(server.at("/c", Reply(VIDEO, type="application/octet-stream", headers=named)))
    for url in (
        server.at("/d", Reply(b"<html>", type="text/html")),
        server.url("/nothing"),
        "ftp://x/a",
        "x.txt",
        "",
    ):
        assert not is_video_url(url)


@pytest.mark.parametrize("head", [True, False])
def test_the_version_now_is_the_version_then_until_the_file_changes(server: Server, head: bool) -> None:
    for n, reply in enumerate([{"etag": '"1"'}, {"modified": OLD}, {"etag": 'W/"1"', "modified": OLD}, {}]):
        url = server.at(f"/{n}.mp4", Reply(VIDEO, head=head, **reply))
        assert fetch(url).version == source_version(url)
        server.at(
            f"/{n}.mp4", Reply(OTHER, head=head, **{key: value.replace("1", "2") for key, value in reply.items()})
        )
        assert source_version(url) != fetch(url).version or source_version(url) is None or reply
    assert source_version(server.url("/3.mp4")) is None
    with pytest.raises(DownloadError, match="404"):
        source_version(server.url("/nothing.mp4"))
