"""Pages: where their video is, and what following them leads to."""

from __future__ import annotations

import json

import pytest

from tests.misbehaving_server import Reply, Server
from vidkit.download import Download, download_video, extract_video_url_from_html
from vidkit.errors import DownloadError

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 100
PAGE = "https://example.org/films/page.html"


def fetch(url: str, retries: int = 1) -> Download:
    return download_video(url, download_dir="here", progress=False, backoff=0.001, retries=retries, timeout=2)


def page(text: str | bytes, type: str | None = "text/html") -> Reply:
    return Reply(text.encode() if isinstance(text, str) else text, type=type)


def json_ld(content: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(content)}</script>'


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('<video src="a.mp4"></video>', "https://example.org/films/a.mp4"),
        ('<video><source src="/a.webm" type="video/webm"></video>', "https://example.org/a.webm"),
        ('<VIDEO SRC=" //cdn.example.net/a.MP4?x=1&amp;y=2 ">', "https://cdn.example.net/a.MP4?x=1&y=2"),
        ('<source src="a.mov">', "https://example.org/films/a.mov"),
        ('<base href="/media/"><video src="a.mp4">', "https://example.org/media/a.mp4"),
        ('<base href="https://cdn.example.net/x/"><source src="../a.mp4">', "https://cdn.example.net/a.mp4"),
        ('<video><source src="a.m3u8"><source src="b.mp4"></video>', "https://example.org/films/b.mp4"),
        ('<video><source src="a.mpd"><source src="b.m3u8"></video>', "https://example.org/films/b.m3u8"),
        ('<video src="/stream/17"></video>', "https://example.org/stream/17"),
        ('<video src="blob:https://example.org/1"></video><source src="a.mp4">', "https://example.org/films/a.mp4"),
        ('<video data-src="a.mp4">', "https://example.org/films/a.mp4"),
        ('<meta property="og:video" content="a.mp4">', "https://example.org/films/a.mp4"),
        ('<meta name="og:video:url" content="a.mp4">', "https://example.org/films/a.mp4"),
        (
            '<meta property="og:video" content="http://x/a.mp4">'
            '<meta property="og:video:secure_url" content="https://x/a.mp4">',
            "https://x/a.mp4",
        ),
        ('<meta name="twitter:player:stream" content="https://x/a.mp4">', "https://x/a.mp4"),
        (json_ld({"@type": "VideoObject", "contentUrl": "https://x/stream/7"}), "https://x/stream/7"),
        (json_ld({"@graph": [{"@type": "Person"}, {"@type": ["VideoObject"], "contentUrl": "/a.mp4"}]}), "https://example.org/a.mp4"),
        (json_ld([{"video": [{"@type": "https://schema.org/VideoObject", "contentUrl": ["b.mp4"]}]}]), "https://example.org/films/b.mp4"),
        (json_ld({"@type": "ImageObject", "contentUrl": "https://x/a.mp4?img"}) + "<video src=b.mp4>", "https://example.org/films/b.mp4"),
        ('<script>play({"file":"https:\\/\\/x\\/a.mp4?t=1"})</script>', "https://x/a.mp4?t=1"),
        ('<script>var u = "https:\\u002F\\u002Fx\\u002Fa.mp4?c\\u0026b"</script>', "https://x/a.mp4?c&b"),
        ('<script>let c = "{\\"src\\":\\"https:\\\\/\\\\/x\\\\/a.webm\\"}"</script>', "https://x/a.webm"),
        ("<script>it's = 1; src='/media/a.mp4'; t='x.ts'</script>", "https://example.org/media/a.mp4"),
        ("<script>// see https://x/a.mp4, please</script>", "https://x/a.mp4"),
        # What says more goes first, wherever it stands.
        ('<script>"https://x/ad.mp4"</script><meta property="og:video" content="https://x/b.mp4">', "https://x/b.mp4"),
        ('<meta property="og:video" content="https://x/b.mp4"><video src="c.mp4">', "https://example.org/films/c.mp4"),
        ('<meta property="og:video" content="https://x/embed/1"><script>"https://x/a.mp4"</script>', "https://x/a.mp4"),
        ('<meta property="og:video" content="https://x/embed/1">', "https://x/embed/1"),
    ],
)  # fmt: skip
def test_the_video_of_a_page_is_found(html: str, url: str) -> None:
    assert extract_video_url_from_html(f"<html><body>{html}</body></html>", PAGE) == url


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>nothing</p>",
        '<picture><source src="a.mp4"></picture>',
        '<audio><source src="a.ogg"></audio>',
        '<video src="data:video/mp4;base64,AAAA"></video>',
        '<video src="javascript:alert(1)//a.mp4"></video>',
        '<video src="file:///etc/a.mp4"></video>',
        '<video src="ftp://x/a.mp4"></video>',
        '<base href="file:///etc/"><script>"/a.mp4.js"</script>',
        '<video src="http://[/a.mp4"></video>',
        '<meta property="og:video" content="https://x/player.swf">',
        "<script>import('./app.ts')</script>",
        '<script type="application/ld+json">{"@type": "VideoObject", "contentUrl": </script>',
        json_ld({"@type": "VideoObject", "contentUrl": {"no": "text"}}),
    ],
)
def test_a_page_without_a_video_has_none(html: str) -> None:
    assert extract_video_url_from_html(html, PAGE) is None


def test_a_base_cannot_lead_a_page_to_local_files() -> None:
    assert extract_video_url_from_html('<base href="file:///etc/"><video src="a.mp4">', PAGE) != "file:///etc/a.mp4"


def test_without_its_address_a_page_gives_what_stands_in_it() -> None:
    assert extract_video_url_from_html('<video src="a.mp4">') == "a.mp4"
    assert extract_video_url_from_html('<video src="https://x/a.mp4">') == "https://x/a.mp4"
    assert extract_video_url_from_html('<video src="file:///a.mp4">') is None


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000,
        "<script>" + "\"'" * 1_000_000 + "</script>",
        "<script>" + "\\" * 300_000 + "</script>",
        "<script>" + '"' + "a/" * 1_000_000 + "</script>",
        '<script type="application/ld+json">' + "[" * 200_000 + "</script>",
        "<video><source src=a.jpg>" * 8_000,
        "<audio>" * 3000 + "<source src=a.jpg>" * 3000,
        "<script>" + "//" * 500_000 + "</script>",
    ],
)
def test_a_hostile_page_costs_no_more_than_its_length(html: str) -> None:
    """Were it the square of its length, these would take hours."""
    assert extract_video_url_from_html(html, PAGE) is None


# Over HTTP


def test_a_page_with_a_relative_source_is_followed(server: Server) -> None:
    url = server.at("/films/page", page('<video><source src="../media/a%20b.mp4"></video>'))
    video = server.at("/media/a%20b.mp4", Reply(VIDEO))
    got = fetch(url)
    assert (got.path.read_bytes(), got.filename, got.resolved_url) == (VIDEO, "a b.mp4", video)
    assert [asked.path for asked in server.asked] == ["/films/page", "/media/a%20b.mp4"]
    assert server.asked[1].headers["Referer"] == url


def test_html_called_mp4_is_a_page(server: Server) -> None:
    html = '\ufeff  <!-- a film -->\n<!DOCTYPE html><html><video src="/b.mp4"></video></html>'
    server.at("/b.mp4", Reply(VIDEO))
    assert fetch(server.at("/a.mp4", Reply(html.encode(), type="video/mp4"))).filename == "b.mp4"
    with pytest.raises(DownloadError, match="no video"):
        fetch(server.at("/c.mp4", Reply(b"<html>sorry</html>", type="application/octet-stream")))


def test_an_embedded_player_is_followed_to_its_video(server: Server) -> None:
    url = server.at("/watch", page(f'<meta property="og:video" content="{server.url("/embed/1")}">'))
    server.at("/embed/1", page('<script>{"file": "/a.mp4"}</script>'))
    server.at("/a.mp4", Reply(VIDEO))
    assert fetch(url).resolved_url == server.url("/a.mp4")


def test_pages_that_lead_in_a_circle_end_with_a_reason(server: Server) -> None:
    url = server.at("/1", page('<meta property="og:video" content="/2">'))
    server.at("/2", page('<meta property="og:video" content="/1">'))
    with pytest.raises(DownloadError, match="leads only to other pages"):
        fetch(url)


def test_pages_without_end_end_with_a_reason(server: Server) -> None:
    for n in range(20):
        server.at(f"/{n}", page(f'<meta property="og:video" content="/{n + 1}">'))
    with pytest.raises(DownloadError, match="leads only to other pages"):
        fetch(server.url("/0"))


def test_a_page_cannot_lead_to_a_local_file(server: Server) -> None:
    with pytest.raises(DownloadError, match="no video"):
        fetch(server.at("/p", page('<base href="file:///"><video src="file:///etc/hosts.mp4"></video>')))


def test_a_page_keeps_the_user_for_its_own_server(server: Server) -> None:
    server.at("/p", page('<video src="a.mp4"></video>'))
    server.at("/a.mp4", lambda asked: Reply(VIDEO) if "Authorization" in asked.headers else Reply(status=401))
    got = fetch(server.url("/p", "me:s3cret"))
    assert got.resolved_url == server.url("/a.mp4")
    assert all("s3cret" not in asked.headers.get("Referer", "") for asked in server.asked)


@pytest.mark.parametrize("type", ["text/html; charset=shift_jis", "text/html"])
def test_a_page_in_an_older_encoding_is_read(server: Server, type: str) -> None:
    html = '<html><head><meta charset="shift_jis"></head><video src="/映画.mp4"></video></html>'
    url = server.at("/p", page(html.encode("shift_jis"), type))
    server.at("/%E6%98%A0%E7%94%BB.mp4", Reply(VIDEO))
    assert fetch(url).filename == "映画.mp4"


def test_a_compressed_page_is_read(server: Server) -> None:
    url = server.at("/p", Reply(b'<video src="/a.mp4"></video>', type="text/html", gzipped=True))
    server.at("/a.mp4", Reply(VIDEO))
    assert fetch(url).filename == "a.mp4"


def test_a_page_without_end_is_not_read_to_its_end(server: Server) -> None:
    url = server.at("/p", Reply(b"<html>" + b" " * 11 * 2**20, type="text/html"))
    with pytest.raises(DownloadError, match="longer than 10 MiB"):
        fetch(url)


def test_the_version_of_a_page_is_its_own(server: Server) -> None:
    url = server.at("/p", Reply(b'<video src="/a.mp4"></video>', type="text/html", etag='"page"'))
    server.at("/a.mp4", Reply(VIDEO, etag='"video"'))
    assert fetch(url).version == '"page"'
