"""Media of the web library: by key and kind only, in parts, never a file that is not the video's own."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from tests.records import make_record
from tests.waiting import PATIENCE, until
from tests.web import config_in, get, serving
from vidkit.export import export_to_json
from vidkit.library import Library, video_key
from vidkit.record import Record
from vidkit.web.media.file_response import attachment

VIDEO = bytes(range(256)) * 4096  # 1 MiB whose bytes tell their place
SECRET = b"a secret that is nobody's to read"


class Site(NamedTuple):
    """A server over a library in a folder."""

    address: str
    folder: Path  # of the records
    library: Library

    def add(self, **changes: Any) -> str:
        """Put a record into the library, with its JSON; its address."""
        return self.keep(make_record(**{"size": len(VIDEO), **changes}))

    def keep(self, record: Record) -> str:
        self.library.save(record, self.folder)
        export_to_json(record, self.folder)
        return f"/api/v1/videos/{video_key(record['source']['url'])}"

    def get(self, path: str, **headers: str) -> Any:
        return get(self.address, path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("media")
    config = config_in(root)
    folder = config.paths.processed_directory
    for name in ("clips/good.mp4", "thumbnails/good.mp4"):
        (folder / name).mkdir(parents=True)
    config.paths.download_directory.mkdir()
    (config.paths.download_directory / "good.mp4").write_bytes(VIDEO)
    (folder / "clips/good.mp4/1.mp4").write_bytes(VIDEO)
    (folder / "thumbnails/good.mp4/scene_001.jpg").write_bytes(b"\xff\xd8picture")
    (folder / "thumbnails/good.mp4/sprites_001.jpg").write_bytes(b"\xff\xd8sheet")
    (root / "secret.jpg").write_bytes(SECRET)
    (root / "secret.mp4").write_bytes(SECRET)
    (folder / "secret.json").write_bytes(SECRET)
    with serving(config, no_auth=True) as (address, services):
        yield Site(address, folder, services.library)


def scene(thumbnail: Any) -> dict[str, Any]:
    return {**make_record()["scenes"][0], "thumbnail": thumbnail}


def clip(path: Any) -> dict[str, Any]:
    return {**make_record(segments=[None])["segments"][0], "path": path}


@pytest.fixture(scope="module", autouse=True)
def everything(site: Site) -> None:
    record = make_record("good.mp4", path="../downloads/good.mp4", size=len(VIDEO))
    record["scenes"] = [scene("thumbnails/good.mp4/scene_001.jpg")]
    record["segments"] = [clip("clips/good.mp4/1.mp4")]
    record["sprites"] = {
        "vtt": "thumbnails/good.mp4/sprites.vtt",
        "images": ["thumbnails/good.mp4/sprites_001.jpg"],
        "interval": 5.0,
    }
    site.keep(record)


GOOD = f"/api/v1/videos/{video_key('https://videos.example/good.mp4')}"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/video", "video/mp4"),
        ("/clips/1", "video/mp4"),
        ("/scenes/1/thumbnail", "image/jpeg"),
        ("/sprites/0", "image/jpeg"),
    ],
)
def test_each_kind_of_file_is_sent_whole_with_its_own_type(site, path, media_type):
    answer = site.get(GOOD + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"].startswith("private")
    assert int(answer.headers["content-length"]) == len(answer.content) > 0
    if media_type == "video/mp4":
        assert answer.content == VIDEO


@pytest.mark.parametrize("path", ["/video", "/clips/1", "/scenes/1/thumbnail", "/sprites/0"])
def test_head_tells_of_a_file_what_get_does_and_sends_nothing(site, path):
    whole = site.get(GOOD + path)
    head = requests.head(f"{site.address}{GOOD}{path}", headers={"Range": "bytes=0-9"}, timeout=PATIENCE)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-", 0, 2**20),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=700000-", 700000, 2**20),
        ("bytes=-10", 2**20 - 10, 2**20),
        ("bytes=-99999999", 0, 2**20),
        ("bytes=1048575-99999999999999999999999999", 2**20 - 1, 2**20),
        ("BYTES = 5-5", 5, 6),
    ],
)
def test_a_range_is_answered_with_its_bytes(site, asked, first, end):
    answer = site.get(f"{GOOD}/video", range=asked)
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{2**20}"
    assert answer.content == VIDEO[first:end]


@pytest.mark.parametrize("asked", ["bytes=1048576-", "bytes=-0", "bytes=99999999999999999999999-", "many"])
def test_a_range_beyond_the_end_is_refused(site, asked):
    asked = "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)) if asked == "many" else asked
    answer = site.get(f"{GOOD}/video", range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{2**20}"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "asked",
    ["bytes=9-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes", "bytes=1-2,5-6", "bytes=٣-٤", "bytes=0x1-2"],
)
def test_an_invalid_range_gets_the_whole_file(site, asked):
    answer = get(site.address, f"{GOOD}/video", headers={"Range": asked.encode()})
    assert (answer.status_code, answer.content) == (200, VIDEO)


def test_ten_thousand_ranges_cost_nothing(site):
    answer = get(site.address, f"{GOOD}/video", headers={"Range": "bytes=" + ",".join(["0-"] * 10_000)})
    assert answer.status_code in (400, 416, 431)


def test_a_file_that_has_not_changed_is_not_sent_again(site):
    first = site.get(f"{GOOD}/clips/1")
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    for conditions in (
        {"if_none_match": f'"other", W/{etag}'},
        {"if_none_match": "*"},
        {"if_modified_since": modified},
    ):
        answer = site.get(f"{GOOD}/clips/1", **conditions)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert site.get(f"{GOOD}/clips/1", if_none_match='"other"', if_modified_since=modified).status_code == 200


def test_a_part_is_of_the_version_that_the_client_has(site):
    first = site.get(f"{GOOD}/clips/1")
    for version in (first.headers["etag"], first.headers["last-modified"]):
        assert site.get(f"{GOOD}/clips/1", range="bytes=0-9", if_range=version).status_code == 206
    for version in ('"older"', f"W/{first.headers['etag']}", "Mon, 01 Jan 2001 00:00:00 GMT", "nonsense"):
        assert site.get(f"{GOOD}/clips/1", range="bytes=0-9", if_range=version).content == VIDEO


def test_a_contact_sheet_names_its_images_by_number_and_nothing_else_of_it_is_sent(site):
    (site.folder / "thumbnails/good.mp4/sprites.vtt").write_text(
        "WEBVTT\n\nSTYLE\n::cue { background: url(http://evil.example/) }\n\n"
        "NOTE <img src=x onerror=alert(1)>\n\n"
        "00:00:00.000 --> 00:00:05.000\nsprites_001.jpg#xywh=0,0,160,90\n\n"
        "00:00:05.000 --> 00:00:10.000\n../../secret.jpg#xywh=0,0,1,1\n\n"
        "00:00:10.000 --> 00:00:15.000 line:0\n<img src=x onerror=alert(1)>\n\n"
        "00:00:10.000 --> 00:00:15.000\nsprites_001.jpg#xywh=160,0,160,90\n\n"
    )
    answer = site.get(f"{GOOD}/sprites.vtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text.split() == [
        *("WEBVTT", "00:00:00.000", "-->", "00:00:05.000", "sprites/0#xywh=0,0,160,90"),
        *("00:00:10.000", "-->", "00:00:15.000", "sprites/0#xywh=160,0,160,90"),
    ]
    assert site.get(f"{GOOD}/sprites.vtt", if_none_match=answer.headers["etag"]).status_code == 304


def test_an_older_record_has_no_contact_sheet_and_the_answer_says_so(site):
    path = site.add(name="older.mp4")
    for call in ("/sprites.vtt", "/sprites/0"):
        answer = site.get(path + call)
        assert answer.status_code == 404
        assert "no contact sheet" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/clips/2",
            "/clips/0",
            "/clips/-1",
            "/scenes/99999999999999999999/thumbnail",
            "/sprites/1",
            "/sprites/-1",
        ),
        *("/clips/..%2f..%2fsecret.mp4", "/clips/%5c..%5csecret.mp4", "/clips/1%00", "/clips//etc/passwd"),
        *(
            "/../../../secret.mp4",
            "/sprites/..%2fsecret.jpg",
            "/scenes/1/thumbnail/../../secret.jpg",
            "/secret.mp4",
        ),
    ],
)
def test_what_is_no_number_of_the_video_is_not_found(site, path):
    with socket.create_connection(urlsplit(site.address).netloc.split(":")) as connection:  # nothing mends the path
        connection.sendall(f"GET {GOOD}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.match(rb"HTTP/1.1 (404|422) ", answer), answer
    assert SECRET not in answer


@pytest.mark.parametrize("key", ["0" * 20, "..", "%2e%2e", "good.mp4", "0" * 19 + "%00", "%5c..", "a" * 5000])
def test_a_key_that_no_video_has_is_not_found(site, key):
    assert site.get(f"/api/v1/videos/{key}/video").status_code == 404


HOSTILE = [
    *(
        "../secret.jpg",
        "thumbnails/../../secret.jpg",
        "/etc/passwd",
        "thumbnails/link.jpg",
        "thumbnails/folder/x.jpg",
    ),
    *(
        "thumbnails/pipe.jpg",
        "thumbnails",
        "thumbnails/good.mp4",
        "secret.json",
        "../secret.jpg\0.jpg",
        "",
        None,
        7,
        [],
    ),
    *("thumbnails/\ud800.jpg", "x/" * 3000, "\\..\\secret.jpg", "file:///etc/passwd", "clips/good.mp4/1.mp4"),
]


@pytest.fixture(scope="module")
def traps(site: Site) -> None:
    """Links and a pipe where pictures are."""
    pictures = site.folder / "thumbnails"
    (pictures / "link.jpg").symlink_to(site.folder.parent / "secret.jpg")
    (pictures / "folder").symlink_to(site.folder.parent)
    (site.folder.parent / "x.jpg").write_bytes(SECRET)
    os.mkfifo(pictures / "pipe.jpg")
    (site.folder / "clips/link.mp4").symlink_to(site.folder.parent / "secret.mp4")


@pytest.mark.parametrize("place", HOSTILE, ids=lambda place: repr(place)[:30])
def test_a_record_that_names_a_file_elsewhere_gets_nothing(site, traps, place):
    record = make_record("hostile.mp4", segments=[None], path=place)
    record["scenes"] = [scene(place)]
    record["segments"] = [clip(place if place != "clips/good.mp4/1.mp4" else "thumbnails/good.mp4/scene_001.jpg")]
    record["sprites"] = {"vtt": place, "images": [place], "interval": 5.0}
    site.library.save(record, site.folder)
    path = f"/api/v1/videos/{video_key(record['source']['url'])}"
    for call in ("/video", "/clips/1", "/scenes/1/thumbnail", "/sprites/0", "/sprites.vtt"):
        answer = site.get(path + call)
        assert answer.status_code == 404, call
        assert SECRET not in answer.content
        assert str(site.folder.parent).encode() not in answer.content


@pytest.mark.parametrize(
    "place", ["../secret.mp4", "clips/link.mp4", "../downloads/other.mp4", "clips/good.mp4/1.mp4"]
)
def test_a_kept_download_is_sent_only_where_downloads_are_and_under_its_own_name(site, traps, place):
    (site.folder.parent / "downloads/other.mp4").write_bytes(SECRET)
    path = site.add(name="link.mp4" if "link" in place else "secret.mp4", path=place)
    assert site.get(f"{path}/video").status_code == 404


@pytest.mark.parametrize("sprites", [5, [], {"images": 5, "vtt": None}, {"images": [{}], "vtt": {}}])
def test_a_file_that_is_no_contact_sheet_is_not_found(site, sprites):
    path = site.add(name="odd.mp4", sprites=sprites)
    for call in ("/sprites.vtt", "/sprites/0"):
        assert site.get(path + call).status_code == 404


@pytest.mark.parametrize("name", ["page.html", "picture.svg"])
def test_a_page_that_poses_as_a_thumbnail_is_sent_as_a_picture(site, name):
    (site.folder / "thumbnails" / name).write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    path = site.add(name="posing.mp4", scenes=[])
    record = make_record("posing.mp4")
    record["scenes"] = [scene(f"thumbnails/{name}")]
    site.keep(record)
    answer = site.get(f"{path}/scenes/1/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_page_that_poses_as_a_download_is_not_found(site):
    (site.folder.parent / "downloads/page.html").write_text("<script>alert(1)</script>")
    path = site.add(name="page.html", path="../downloads/page.html")
    assert site.get(f"{path}/video").status_code == 404


class Local(NamedTuple):
    record: Record
    file: Path


@pytest.fixture
def local(site: Site, tmp_path: Path) -> Local:
    """A video of the user's own, which lies anywhere."""
    file = tmp_path / "mine.mp4"
    file.write_bytes(VIDEO)
    relative = os.path.relpath(file, site.folder)
    return Local(make_record("mine.mp4", url=str(file), path=relative, size=len(VIDEO)), file)


def test_a_local_source_that_this_vidkit_processed_is_played(site, local):
    path = site.keep(local.record)
    answer = site.get(f"{path}/video", range="bytes=5-9")
    assert (answer.status_code, answer.content) == (206, VIDEO[5:10])


def test_a_local_source_is_not_played_on_the_word_of_the_library_alone(site, local):
    site.library.save(local.record, site.folder)
    assert site.get(f"/api/v1/videos/{video_key(str(local.file))}/video").status_code == 404


def test_a_local_source_is_not_played_for_a_record_from_elsewhere(site, local, tmp_path):
    relative = os.path.relpath(local.file, tmp_path / "elsewhere")
    record = {**local.record, "path": relative}
    site.library.save(record, tmp_path / "elsewhere")
    export_to_json(record, tmp_path / "elsewhere")
    assert site.get(f"/api/v1/videos/{video_key(str(local.file))}/video").status_code == 404


@pytest.mark.parametrize("change", ["another path", "another size", "another type", "a relative source"])
def test_a_local_source_is_played_only_as_it_was_processed(site, local, change, tmp_path):
    record = local.record
    if change == "another path":
        (tmp_path / "other.mp4").write_bytes(VIDEO)
        record = {**record, "path": os.path.relpath(tmp_path / "other.mp4", site.folder)}
    elif change == "another size":
        local.file.write_bytes(SECRET)
    elif change == "another type":
        local.file.rename(tmp_path / "mine.pem")
        url = str(tmp_path / "mine.pem")
        record = make_record("mine.pem", url=url, path=os.path.relpath(url, site.folder), size=len(VIDEO))
    else:
        record = {**record, "source": {**record["source"], "url": record["path"]}}
    path = site.keep(record)
    assert site.get(f"{path}/video").status_code == 404


def test_a_download_that_was_not_kept_is_said_to_be_so(site):
    path = site.add(name="gone.mp4", path=None)
    answer = site.get(f"{path}/video")
    assert answer.status_code == 404
    assert "not kept" in answer.json()["detail"]


def test_a_file_is_saved_under_its_own_name(site):
    assert site.get(f"{GOOD}/video?download=1").headers["content-disposition"] == 'attachment; filename="good.mp4"'
    assert 'filename="good_clip_001.mp4"' in site.get(f"{GOOD}/clips/1?download=1").headers["content-disposition"]
    assert "content-disposition" not in site.get(f"{GOOD}/clips/1").headers


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.mp4", 'attachment; filename="a b.mp4"'),
        ("映画.mp4", "attachment; filename=\"__.mp4\"; filename*=UTF-8''%E6%98%A0%E7%94%BB.mp4"),
        ('a"b\\c/d.mp4', 'attachment; filename="a_b_c_d.mp4"'),
        ("a\r\nSet-Cookie: x.mp4", 'attachment; filename="a__Set-Cookie: x.mp4"'),
        ("50%41.mp4", "attachment; filename=\"50_41.mp4\"; filename*=UTF-8''50%2541.mp4"),
        ("\ud800\u202e.mp4", 'attachment; filename="__.mp4"'),
        ("", 'attachment; filename="download"'),
    ],
)
def test_a_name_to_save_under_is_safe_in_any_script(name, header):
    assert attachment(name) == header


def memory() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell a process's memory")
def test_clients_that_read_nothing_hold_no_thread_and_little_memory(site):
    """Forty clients ask for a large file and read nothing; another one is served meanwhile; then they go."""
    big = site.folder.parent / "downloads/big.mp4"
    with big.open("wb") as file:
        file.truncate(1 << 30)
    path = site.add(name="big.mp4", path="../downloads/big.mp4")
    before, threads, files = memory(), threading.active_count(), open_files()
    host, port = urlsplit(site.address).netloc.split(":")
    clients = [socket.create_connection((host, int(port))) for _ in range(40)]
    for client in clients:
        client.sendall(f"GET {path}/video HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    time.sleep(0.5)
    assert site.get(f"{GOOD}/clips/1").content == VIDEO
    assert memory() - before < 80e6
    assert threading.active_count() - threads <= 45  # the pool that answers calls has 40
    for client in clients:
        client.close()
    until(lambda: open_files() <= files + 5)


def test_a_file_that_becomes_shorter_while_it_is_sent_ends_the_answer(site):
    file = site.folder.parent / "downloads/shrinking.mp4"
    file.write_bytes(VIDEO * 30)
    path = site.add(name="shrinking.mp4", path="../downloads/shrinking.mp4")
    host, port = urlsplit(site.address).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"GET {path}/video HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        client.recv(100)
        os.truncate(file, 1000)
        client.settimeout(PATIENCE)
        received = sum(map(len, iter(lambda: client.recv(1 << 20), b"")))
    assert received < len(VIDEO) * 30


def test_a_read_key_is_needed(tmp_path):
    with serving(replace(config_in(tmp_path))) as (address, _):
        assert get(address, f"{GOOD}/video").status_code == 401
        assert requests.head(f"{address}{GOOD}/video", timeout=PATIENCE).status_code == 401
