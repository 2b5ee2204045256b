"""What a submitted URL may lead to: public addresses and the hosts that the settings name, nothing else.

Two servers on loopback: `public` stands for the public side, since [Serve] AllowedHosts names its port; `inner` is
a service of this machine that must not be asked.
"""

from __future__ import annotations

import csv
import ipaddress
import json
import logging
import pickle
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeVideo
from tests.downloads import VIDEO, fetch
from tests.misbehaving_server import Reply, Server
from tests.model_server import serving
from tests.test_download_streams import HLS
from vidkit.batch import NullReporter, process_rows
from vidkit.core import setup_logging
from vidkit.core.config import load_config
from vidkit.core.hosts import read_hosts
from vidkit.download import source_version
from vidkit.download.reach import ANYWHERE, Reach, ReachError, is_public, reach_of
from vidkit.errors import DownloadError, VidkitError
from vidkit.ffmpeg import find_tool
from vidkit.library import open_library
from vidkit.rows import Row
from vidkit.workflow import process_video_pipeline
from vidkit.workflow.run import RunSpec, open_run

SECRET = "inner-answer-7f3a"
REFUSED = "submitted jobs may reach only public addresses"


@pytest.fixture
def public() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def inner() -> Iterator[Server]:
    """A service that answers every path with a video, in whose bytes and headers a secret stands."""
    with Server() as server:
        answer = Reply(VIDEO + SECRET.encode(), headers={"X-Inner": SECRET}, etag=f'"{SECRET}"')
        server.at("/", answer)
        server.at("/a.mp4", answer)
        server.at("/page", Reply(f"<video src='/a.mp4'></video>{SECRET}".encode(), type="text/html"))
        server.at("/k", Reply(SECRET.encode()[:16], type=None))
        yield server


@pytest.fixture
def reach(public: Server) -> Reach:
    return Reach(True, read_hosts(f"127.0.0.1:{public.port}"), local_files=False, sites=False)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def refusal(url: str, reach: Reach, **options: Any) -> str:
    """Why a download is refused; it is refused at once, and nothing of it is left."""
    began = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        fetch(url, **{"retries": 3, "backoff": 60, "timeout": 5, "reach": reach, **options})
    assert time.monotonic() - began < 29, "it was tried again"  # after half of `backoff` at the earliest
    assert SECRET not in str(caught.value)
    assert not Path("here").exists() or list(Path("here").iterdir()) == []
    return str(caught.value)


# How an address is spelt


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "localhost",
        "LocalHost",
        "localhost.",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1%25lo]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1%25lo]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "169.254.169.254",
        "100.64.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "168.63.129.16",
        "user:password@127.0.0.1",
        "public.example@127.0.0.1",
        "public.example:80@127.0.0.1",
    ],
)
def test_an_address_that_is_not_public_is_refused_however_it_is_spelt(
    host: str, inner: Server, reach: Reach, log: pytest.LogCaptureFixture
) -> None:
    words = refusal(f"http://{host}:{inner.port}/a.mp4", reach)
    assert REFUSED in words
    assert "[Serve] AllowedHosts" in words
    with pytest.raises(DownloadError, match=REFUSED):
        source_version(f"http://{host}:{inner.port}/a.mp4", reach=reach)
    assert inner.asked == []
    assert SECRET not in log.text


@pytest.mark.parametrize(
    "host", ["①②⑦.0.0.1", "127。0。0。1", "127.0.0.1%00.example", "[::1", "127.0.0.1\\@x", "%31%32%37.1"]
)
def test_what_only_some_take_for_an_address_reaches_nothing_either(host: str, inner: Server, reach: Reach) -> None:
    refusal(f"http://{host}:{inner.port}/a.mp4", reach)
    assert inner.asked == []


def test_it_is_the_same_whether_a_port_is_open_or_closed_and_whether_a_name_is_known_here(
    inner: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        words = refusal(f"http://127.0.0.1:{port}/a.mp4", reach)
    assert words.replace(str(port), str(inner.port)) == refusal(inner.url("/a.mp4"), reach)
    _resolve(monkeypatch, {"known.internal": ["10.1.2.3"]})
    known = refusal("http://known.internal/a.mp4", reach)
    assert known.replace("known", "other") == refusal("http://other.internal/a.mp4", reach)
    assert "10.1.2.3" not in known


def test_public_addresses_are_those_of_the_table() -> None:
    public = "8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.0 198.17.0.0 198.20.0.0 "
    public += "223.255.255.255 2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808"
    for text in public.split():
        assert is_public(ipaddress.ip_address(text)), text
    private = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 100.100.100.200 127.0.0.0 "
    private += "127.255.255.255 168.63.129.16 169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.192 "
    private += "192.0.2.1 192.88.99.1 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.0 "
    private += "239.255.255.255 240.0.0.0 255.255.255.255 :: ::1 ::8.8.8.8 ::ffff:10.0.0.1 ::ffff:0:8.8.8.8 "
    private += "64:ff9b::a00:1 64:ff9b:1::808:808 100::1 2001::1 2001:20::1 2001:db8::1 2002:808:808::1 3fff::1 "
    private += "4000::1 5f00::1 fc00::1 fdff::1 fe80::1 fec0::1 ff02::1"
    for text in private.split():
        assert not is_public(ipaddress.ip_address(text)), text


def test_what_python_calls_special_is_not_public_here() -> None:
    """Python's own list, in the version that runs this: ours leaves none of it out."""
    for first in range(256):
        for second in range(256):
            for rest in ((0, 1), (2, 1), (255, 254)):
                address = ipaddress.IPv4Address(bytes((first, second, *rest)))
                assert address.is_global or not is_public(address), address
    for group in range(0x10000):
        six = ipaddress.IPv6Address(group << 112 | 1)
        assert six.is_global or not is_public(six), six


def test_this_machines_own_address_is_refused_where_it_is_public_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect(("8.8.8.8", 9))
        except OSError:
            pytest.skip("this machine has no route to other networks, so no address of its own in one")
        own = route.getsockname()[0]
    # Most machines have a private one, which is refused in any case: here it counts as public.
    monkeypatch.setattr("vidkit.download.reach.is_public", lambda address: True)
    assert not Reach(True).may_reach(own, own, 80)
    assert Reach(True, read_hosts(own)).may_reach(own, own, 80)
    assert Reach(True).may_reach("8.8.8.8", "8.8.8.8", 80)


# What leads there


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_it_is_refused(status: int, public: Server, inner: Server, reach: Reach) -> None:
    url = public.at("/a.mp4", Reply(status=status, headers={"Location": inner.url("/a.mp4")}))
    assert REFUSED in refusal(url, reach)
    with pytest.raises(DownloadError, match=REFUSED):
        source_version(url, reach=reach)
    assert inner.asked == []
    assert public.asked


def test_a_redirect_by_way_of_other_redirects_is_refused(public: Server, inner: Server, reach: Reach) -> None:
    public.at("/b", Reply(status=302, headers={"Location": f"//localhost:{inner.port}/a.mp4"}))
    assert REFUSED in refusal(public.at("/a.mp4", Reply(status=302, headers={"Location": "/b"})), reach)
    assert inner.asked == []


@pytest.mark.parametrize(
    "page",
    [
        '<video src="{}"></video>',
        '<video><source src="{}"></video>',
        '<meta property="og:video" content="{}">',
        '<script type="application/ld+json">{{"@type": "VideoObject", "contentUrl": "{}"}}</script>',
        '<script>play("{}")</script>',
        '<base href="{}"><video src="a.mp4"></video>',
    ],
)
def test_a_link_of_a_page_to_it_is_refused(page: str, public: Server, inner: Server, reach: Reach) -> None:
    text = f"<html>{page.format(inner.url('/a.mp4'))}</html>"
    assert REFUSED in refusal(public.at("/page", Reply(text.encode(), type="text/html")), reach)
    assert inner.asked == []


HEAD = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n"


@pytest.mark.parametrize(
    "manifest",
    [
        HEAD + "#EXTINF:2,\n{inner}/a.mp4\n#EXT-X-ENDLIST\n",
        HEAD + "#EXTINF:2,\n/piece.ts\n#EXTINF:2,\n/elsewhere.ts\n#EXT-X-ENDLIST\n",
        HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="{inner}/k"\n#EXTINF:2,\n/piece.ts\n#EXT-X-ENDLIST\n',
        HEAD + '#EXT-X-MAP:URI="{inner}/a.mp4"\n#EXTINF:2,\n/piece.ts\n#EXT-X-ENDLIST\n',
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{inner}/a.m3u8\n",
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="{inner}/a.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n/media.m3u8\n',
    ],
    ids=["piece", "redirected piece", "key", "map", "playlist", "sound"],
)
def test_an_address_in_a_playlist_that_leads_there_is_refused(
    manifest: str, public: Server, inner: Server, reach: Reach
) -> None:
    public.at("/piece.ts", Reply(b"\x47" + bytes(187), type="video/mp2t"))
    public.at("/elsewhere.ts", Reply(status=302, headers={"Location": inner.url("/a.mp4")}))
    public.at("/media.m3u8", Reply((HEAD + "#EXTINF:2,\n/piece.ts\n#EXT-X-ENDLIST\n").encode(), type=HLS))
    text = manifest.format(inner=inner.url(""))
    assert REFUSED in refusal(public.at("/a.m3u8", Reply(text.encode(), type=HLS)), reach)
    assert inner.asked == []


# A name that says different things


def _resolve(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], then: dict[str, str] | None = None
) -> list[str]:
    """Put a resolver in the place of the system's: each look-up of a name gives its next address, the last stays.

    Returns:
        The names that were looked up.
    """
    system = socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = str(host)
        asked.append(name)
        if name in names:
            answers = names[name]
            return system(answers.pop(0) if len(answers) > 1 else answers[0], port, *rest, **more)
        if then and name in then:
            return system(then[name], port, *rest, **more)
        if name.replace(".", "").isdecimal() or ":" in name or name == "localhost":
            return system(host, port, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.fixture
def inner_beside(public: Server) -> Iterator[Server]:
    """An inner service on the public one's port, at another address of this machine."""
    try:
        server = Server(host="127.0.0.2", port=public.port)
    except OSError:
        pytest.skip("127.0.0.2 is not an address of this machine, or that port is taken there")
    with server:
        server.at("/a.mp4", Reply(VIDEO + SECRET.encode()))
        yield server


def test_a_name_whose_second_look_up_says_another_address_never_gets_there(
    public: Server, inner_beside: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    public.at("/a.mp4", Reply(VIDEO, headers={"Connection": "close"}))
    _resolve(monkeypatch, {"rebind.example": ["127.0.0.1", "127.0.0.2"]})
    url = f"http://rebind.example:{public.port}/a.mp4"
    got = fetch(url, reach=reach)
    assert got.path.read_bytes() == VIDEO
    got.path.unlink()
    assert REFUSED in refusal(url, reach)
    assert inner_beside.asked == []
    assert len(public.asked) == 1


def test_of_several_addresses_only_those_that_may_be_reached_are_tried(
    public: Server, inner_beside: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = socket.getaddrinfo

    def both(host: Any, port: Any, *rest: Any) -> Any:
        if host == "both.example":
            return system("127.0.0.2", port, *rest) + system("127.0.0.1", port, *rest)
        return system(host, port, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    public.at("/a.mp4", Reply(VIDEO))
    assert fetch(f"http://both.example:{public.port}/a.mp4", reach=reach).path.read_bytes() == VIDEO
    assert inner_beside.asked == []


def test_an_address_that_does_not_answer_leaves_the_next_one(
    public: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = Reach(True, read_hosts(f"127.0.0.0/8:{public.port}"))
    system = socket.getaddrinfo

    def both(host: Any, port: Any, *rest: Any) -> Any:
        if host == "both.example":
            return system("127.0.0.3", port, *rest) + system("127.0.0.1", port, *rest)
        return system(host, port, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    public.at("/a.mp4", Reply(VIDEO))
    assert fetch(f"http://both.example:{public.port}/a.mp4", reach=reach).path.read_bytes() == VIDEO


def test_the_peer_of_the_connection_counts_and_not_what_the_name_said(
    inner: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """The look-up says a public address, and the connection to that address ends at the inner service."""
    _resolve(monkeypatch, {"public.example": ["93.184.216.34"]}, then={"93.184.216.34": "127.0.0.1"})
    monkeypatch.setattr(Reach, "addresses", lambda self, host, port: ["93.184.216.34"])
    assert REFUSED in refusal(f"http://public.example:{inner.port}/a.mp4", reach)
    assert inner.asked == []
    assert SECRET not in log.text


def test_a_connection_of_a_download_that_may_go_anywhere_is_not_used_again(inner: Server, reach: Reach) -> None:
    inner.at("/b.mp4", Reply(VIDEO))
    fetch(inner.url("/b.mp4")).path.unlink()
    asked = len(inner.asked)
    assert REFUSED in refusal(inner.url("/b.mp4"), reach)
    assert len(inner.asked) == asked
    assert fetch(inner.url("/b.mp4")).path.read_bytes() == VIDEO


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"])
def test_a_proxy_of_the_environment_is_not_used(
    name: str, public: Server, inner: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, inner.url("/"))
    public.at("/a.mp4", Reply(VIDEO))
    got = fetch(public.url("/a.mp4"), reach=reach, retries=0).path
    assert got.read_bytes() == VIDEO
    got.unlink()
    refusal("http://10.0.0.1/a.mp4", reach)
    refusal("https://10.0.0.1/a.mp4", reach)
    assert inner.asked == []


def test_passwords_of_netrc_are_not_sent(public: Server, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("netrc").write_text("machine 127.0.0.1 login me password hidden\n")
    monkeypatch.setenv("NETRC", str(Path("netrc").absolute()))
    public.at("/a.mp4", Reply(VIDEO))
    fetch(public.url("/a.mp4"), reach=reach)
    assert "Authorization" not in public.asked[0].headers
    fetch(public.url("/a.mp4"))
    assert "Authorization" in public.asked[1].headers


def test_certificates_are_verified_and_an_authority_of_ones_own_is_known(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme = pytest.importorskip("trustme")
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(tls=context) as server:
        url = server.at("/a.mp4", Reply(VIDEO))
        assert REFUSED in refusal(url, reach)
        allowing = Reach(True, read_hosts(f"127.0.0.1:{server.port}"))
        assert "certificate cannot be trusted" in refusal(url, allowing)
        authority.cert_pem.write_to_path("ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Path("ca.pem").absolute()))
        got = threading.Thread(target=fetch, args=(url,), kwargs={"reach": allowing})  # a session of its own
        got.start()
        got.join()
    assert Path("here/a.mp4").read_bytes() == VIDEO


# What the settings allow


def test_what_the_settings_name_is_reached(public: Server, inner: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, {"videos.internal": ["127.0.0.1"]})
    public.at("/a.mp4", Reply(VIDEO))
    named = f"http://videos.internal:{public.port}/a.mp4"
    for hosts, url, reached in [
        ("", public.url("/a.mp4"), False),
        ("127.0.0.1", public.url("/a.mp4"), True),
        ("127.0.0.0/8", public.url("/a.mp4"), True),
        ("127.0.0.0/8", f"http://[::ffff:127.0.0.1]:{public.port}/a.mp4", True),
        (f"127.0.0.1:{public.port}", public.url("/a.mp4"), True),
        (f"127.0.0.1:{inner.port}", public.url("/a.mp4"), False),
        ("127.0.0.2", public.url("/a.mp4"), False),
        ("localhost", public.url("/a.mp4"), False),
        ("localhost", f"http://localhost:{public.port}/a.mp4", True),
        ("localhost", f"http://LOCALHOST:{public.port}/a.mp4", True),
        ("videos.internal", named, True),
        ("Videos.Internal.", named, True),
        (f"videos.internal:{public.port}", named, True),
        ("internal", named, False),
        ("127.0.0.1", named, True),
    ]:
        reach = reach_of(load_config(overrides={("Serve", "AllowedHosts"): hosts}, environment={}).serve)
        if reached:
            fetch(url, reach=reach).path.unlink()
        else:
            assert REFUSED in refusal(url, reach), (hosts, url)


def test_the_command_line_reaches_everything(inner: Server, make_video: MakeVideo) -> None:
    assert fetch(inner.url("/a.mp4")).path.read_bytes().endswith(SECRET.encode())
    assert fetch(str(make_video())).is_local
    assert RunSpec(load_config(environment={})).reach == ANYWHERE


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        " file:///etc/passwd",
        "file://localhost/etc/passwd",
        "file://fileserver/share/a.mp4",
        "file:/etc/passwd",
        "../a.mp4",
        "a.mp4",
        "~/a.mp4",
        "\\\\fileserver\\share\\a.mp4",
        "C:/a.mp4",
    ],
)
def test_local_files_are_refused_in_words_whether_they_are_there_or_not(url: str, reach: Reach) -> None:
    words = refusal(url, reach)
    Path("a.mp4").write_bytes(VIDEO)
    assert refusal(url, reach) == words
    assert words == (
        f"{url}: this names a file on the server, and submitted jobs may not read those: write an http:// or "
        "https:// URL. [Serve] AllowLocalFiles in config.ini can allow it"
    )
    with pytest.raises(ReachError):
        source_version(url, reach=reach)


def test_local_files_are_read_where_the_settings_allow_it() -> None:
    Path("a.mp4").write_bytes(VIDEO)
    config = load_config(overrides={("Serve", "AllowLocalFiles"): "yes"}, environment={})
    assert fetch("a.mp4", reach=reach_of(config.serve)).is_local
    assert fetch(Path("a.mp4").absolute().as_uri(), reach=reach_of(config.serve)).is_local


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/a", "gopher://127.0.0.1:70/_x", "http+unix://%2Frun%2Fx.sock/a", ""]
)
def test_other_schemes_lead_nowhere(url: str, reach: Reach) -> None:
    refusal(url, reach)


def test_yt_dlp_is_refused_in_words(public: Server, reach: Reach) -> None:
    url = public.at("/page", Reply(b"<html>nothing</html>", type="text/html"))
    words = refusal(url, reach)
    assert words == (
        f"{url}: the page has no video that vidkit can find; submitted jobs may not use yt-dlp: "
        "[Serve] AllowSites in config.ini can allow it"
    )


def test_where_yt_dlp_is_allowed_it_does_not_follow_any_page(public: Server, inner: Server) -> None:
    pytest.importorskip("yt_dlp")
    config = load_config(
        overrides={("Serve", "AllowSites"): "yes", ("Serve", "AllowedHosts"): f"127.0.0.1:{public.port}"},
        environment={},
    )
    player = f'<script>jwplayer("box").setup({{"file": "{inner.url("/")}", "type": "mp4"}});</script>'
    url = public.at("/page", Reply(f"<html><title>A</title>{player}</html>".encode(), type="text/html"))
    assert "yt-dlp" in refusal(url, reach_of(config.serve))
    assert inner.asked == []


def test_where_yt_dlp_is_allowed_a_site_of_a_private_address_is_not_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("yt_dlp")
    asked = _resolve(monkeypatch, {"www.youtube.com": ["10.0.0.1"]})
    words = refusal("http://www.youtube.com/watch?v=BaW_jenozKc", Reach(True, sites=True))
    assert REFUSED in words
    assert "yt-dlp" not in words
    assert asked == ["www.youtube.com"]


# A job as a whole


def job(reach: Reach, **overrides: str) -> RunSpec:
    settings = {
        ("Paths", "ProcessedDirectory"): "results",
        ("Paths", "DownloadDirectory"): "downloads",
        ("Library", "Path"): "library.db",
        **{("QwenVL", key): value for key, value in overrides.items()},
    }
    config = load_config(overrides=settings, environment={})
    return RunSpec(config, level="video" if overrides else "none", reach=reach, job=Path("jobs/1"))


def test_nothing_of_the_inner_answer_is_in_a_record_a_log_or_the_failures(
    public: Server, inner: Server, reach: Reach, make_video: MakeVideo
) -> None:
    setup_logging("video.log", "DEBUG")
    leads = public.at("/leads.mp4", Reply(status=302, headers={"Location": inner.url("/a.mp4")}))
    playlist = HEAD + f"#EXTINF:2,\n{inner.url('/a.mp4')}\n#EXT-X-ENDLIST\n"
    stream = public.at("/a.m3u8", Reply(playlist.encode(), type=HLS))
    good = public.at("/good.mp4", Reply(make_video()))
    urls = [inner.url("/a.mp4"), leads, stream, "/etc/passwd", inner.url("/page"), good]
    with open_run(pickle.loads(pickle.dumps(job(reach)))) as run:
        summary = process_rows(run, [Row(line=n, url=url) for n, url in enumerate(urls, 2)], 2, NullReporter())
    assert (summary.processed, summary.failed) == (1, 5)
    with open("jobs/1/failures.csv", newline="") as file:
        reasons = {row["public_url"]: row["failed_reason"] for row in csv.DictReader(file)}
    assert all("[Serve]" in reason for reason in reasons.values())
    assert sorted(reasons) == sorted(urls[:-1])
    assert inner.asked == []
    written = [path for path in Path().rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert not [path for path in written if b"root:" in path.read_bytes()]
    assert REFUSED in Path("video.log").read_text()


def test_a_local_file_that_the_command_line_processed_is_not_processed_again_for_a_job(
    reach: Reach, make_video: MakeVideo
) -> None:
    video = str(make_video())
    row = Row(line=2, url=video, last_modified="2026-11-20")  # it says itself that the file is the same
    with open_run(job(ANYWHERE)) as run:
        made = process_video_pipeline(video, run=run, row=row)
    with open_run(job(reach)) as run, pytest.raises(VidkitError, match="AllowLocalFiles"):
        process_video_pipeline(video, run=run, row=row)
    with open_library(job(reach).config) as library:
        assert [entry.record for entry in library.find(video)] == [made]


def test_a_describing_server_gets_the_file_and_not_the_submitted_url(
    public: Server, reach: Reach, make_video: MakeVideo
) -> None:
    """It would fetch the URL itself, from its own network and without these limits."""
    url = public.at("/good.mp4", Reply(make_video()))
    with serving() as model:
        settings = {"PublicEndpoint": f"{model.url}/v1", "Model": "m"}
        with open_run(job(reach, **settings)) as run:
            record = process_video_pipeline(url, run=run)
        assert record["ai"] is not None
        assert record["ai"]["error"] is None
        assert model.ways() == ["data"]
        assert url not in json.dumps(model.asked)
        with open_run(replace(job(ANYWHERE, **settings, Cache="other.db"), force=True)) as run:
            process_video_pipeline(url, run=run)
        assert model.ways() == ["data", "url"]


# What ffmpeg reads of a stream


@pytest.mark.parametrize(
    "line",
    [
        "#EXT-X-MAP:URI={private}",
        '#EXT-X-MAP:URI="/empty.bin",URI={private}',
        '#EXT-X-MAP:NAME="a\\",X="URI={private},URI="/empty.bin"',
        '#EXT-X-MAP:URI={private},URI="/empty.bin"',
    ],
)
def test_a_playlist_does_not_make_ffmpeg_read_a_file_of_this_machine(
    line: str, public: Server, reach: Reach, make_video: MakeVideo
) -> None:
    """ffmpeg takes an address with and without quotes, and reads attributes in its own way."""
    private = Path("private.mp4").absolute()
    command = [find_tool("ffmpeg"), "-v", "error", "-i", make_video(), "-c", "copy"]
    command += ["-movflags", "+frag_keyframe+empty_moov", private]
    subprocess.run(list(map(str, command)), check=True)
    public.at("/empty.bin", Reply(b"\0\0\0\x08free"))
    public.at(str(private), Reply(b"\0\0\0\x08free"))
    manifest = HEAD + line.format(private=private) + "\n#EXTINF:2,\n/empty.bin\n#EXT-X-ENDLIST\n"
    words = refusal(public.at("/a.m3u8", Reply(manifest.encode(), type=HLS)), reach)
    assert "ffmpeg cannot join this stream" in words


@pytest.mark.parametrize("target", ["{inner}/a.mp4", "file://{private}", "{private}", "concat:{private}|{private}"])
@pytest.mark.parametrize("name", ["/piece.ts", "/piece.m3u8", "/piece.mp4"])
def test_a_piece_that_is_a_playlist_leads_ffmpeg_nowhere(
    target: str, name: str, public: Server, inner: Server, reach: Reach, make_video: MakeVideo
) -> None:
    private = Path("private.ts").absolute()
    command = [find_tool("ffmpeg"), "-v", "error", "-i", make_video(), "-c", "copy", private]
    subprocess.run(list(map(str, command)), check=True)
    nested = HEAD + f"#EXTINF:2,\n{target.format(inner=inner.url(''), private=private)}\n#EXT-X-ENDLIST\n"
    public.at(name, Reply(nested.encode(), type="video/mp2t"))
    manifest = HEAD + f"#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n"
    assert "ffmpeg cannot join" in refusal(public.at("/a.m3u8", Reply(manifest.encode(), type=HLS)), reach)
    assert inner.asked == []


def test_a_playlist_called_a_video_is_not_followed(public: Server, inner: Server, reach: Reach) -> None:
    """ffprobe and ffmpeg read what was downloaded as a file only, in containers that open no other."""
    for number, body in enumerate(
        (HEAD + f"#EXTINF:2,\n{inner.url('/a.mp4')}\n", f"ffconcat version 1.0\nfile {inner.url('/a.mp4')}\n")
    ):
        url = public.at(f"/{number}.mp4", Reply(body.encode()))
        with open_run(job(reach)) as run, pytest.raises(VidkitError):
            process_video_pipeline(url, run=run)
    assert inner.asked == []
