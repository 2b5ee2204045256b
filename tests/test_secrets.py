"""User names and passwords in URLs: no file, no output and no answer shows them, also where the URL is wrong."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.conftest import MakeVideo
from tests.misbehaving_server import Reply, Server
from vidkit.cli import main
from vidkit.core import without_secrets
from vidkit.core.config import load_config
from vidkit.core.redaction import is_unclear, shown_url
from vidkit.errors import LibraryError
from vidkit.library import open_library_at

Capture = pytest.CaptureFixture[str]
MARK = "Qz7k"  # stands in every piece of every user name and password
SPECIAL = "@/?#:[]%&=+ !$'()*,;\"<>\\^`{|}~-_."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://us:PW@127.0.0.1:99999/v.mp4", "http://127.0.0.1:99999/v.mp4"),
        ("http://us:PW@[::1/v.mp4", "http://[::1/v.mp4"),
        ("file://us:PW@h/v", "file://h/v"),
        ("http://us:P/W@h/v.mp4", "http://h/v.mp4"),
        ("http://us:P?W@h/v.mp4", "http://h/v.mp4"),
        ("http://us:P#W@h/v.mp4", "http://h/v.mp4"),
        ("http://us:P@W@h/v.mp4", "http://h/v.mp4"),
        ("http://us:P@W/X@h/v.mp4", "http://h/v.mp4"),
        ("http://us:12/34@h/v.mp4", "http://h/v.mp4"),
        ("http:///us:PW@h/v", "http:///h/v"),
        ("//us:PW@h/v.mp4", "//h/v.mp4"),
        ("us:PW@host/v.mp4", "host/v.mp4"),
        ("us:P/W@host/v.mp4", "host/v.mp4"),
        ("mongodb://us:P@W/X@h:1/db", "mongodb://h:1/db"),
        ("https://me:pw@example.org/@channel/v.mp4", "https://example.org/@channel/v.mp4"),
    ],
)
def test_a_url_is_shown_without_its_password_also_where_it_does_not_parse(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert without_secrets(f"Failed to parse: '{url}', x") == f"Failed to parse: '{shown}', x"


@pytest.mark.parametrize(
    "url",
    [
        "https://host/a@b.mp4",
        "https://example.org/photos/12@N00/v.mp4",
        "http://127.0.0.1:8000/a:b@c/v.mp4",
        "http://[::1]:80/a@b.mp4",
        "http://nas:8080/a@b.mp4",
        "http://localhost:80/v?mail=me@example.org/x",
        "file:///films/take1:b@home.mp4",
        "/films/take1:b@home.mp4",
        "C:/films/a@b.mp4",
        "http://[broken",
    ],
)
def test_a_url_without_a_password_stays_as_it_is(url: str) -> None:
    assert shown_url(url) == url
    assert not is_unclear(url)


def test_a_local_file_may_be_called_anything(make_video: MakeVideo, capsys: Capture) -> None:
    shutil.copy(make_video(), "take1:b@home.mp4")
    assert main(["process", "--urls", "take1:b@home.mp4"]) == 0
    record = json.loads(Path("processed_videos/take1_b@home.mp4.json").read_text())
    assert record["source"]["url"] == str(Path("take1:b@home.mp4").absolute())


def passwords(number: int, seed: int) -> Iterator[str]:
    """Marks with characters between them that a URL would have to escape."""
    chance = random.Random(seed)
    for _ in range(number):
        pieces = chance.randint(1, 4)
        between = ["".join(chance.choices(SPECIAL, k=chance.randint(1, 3))) for _ in range(pieces)]
        yield "".join(f"{MARK}{n}{special}" for n, special in enumerate(between)) + MARK


def leaks(outputs: Iterable[str], *given: str) -> list[str]:
    """Where the mark stands, in all that was written but what the test itself gave."""
    found = [f"screen: {line}" for text in outputs for line in text.splitlines() if MARK in line]
    for path in Path().rglob("*"):
        if MARK in path.name:
            found.append(f"the name {path}")
        if path.is_file() and path.name not in given:
            content = path.read_bytes().decode(errors="replace")
            found += [f"{path}: {line[:300]}" for line in content.splitlines() if MARK in line]
    return found


def urls(server: Server, number: int, seed: int) -> Iterator[str]:
    """URLs of every form that carry a password, most of them wrong."""
    here = server.url("/").removeprefix("http://").rstrip("/")
    places = [f"{here}/{path}" for path in ("none.mp4", "page", "away", "video.mp4", "broken")]
    places += ["127.0.0.1:99999/v.mp4", "[::1/v.mp4", "[]/v.mp4", "h..h/v.mp4", "127.0.0.1:x/v.mp4", "", "/v.mp4"]
    places += ["127.0.0.1\x00/v.mp4", "127.0.0.1:0"]
    begins = ["http://"] * 3 + ["HTTPS://", "//", "", "ftp://", "file://", "http:/", "http:///", " http://"]
    chance = random.Random(seed)
    for password in passwords(number, seed):
        begin, place = chance.choice(begins), chance.choice(places)
        if "S" in begin:  # nobody speaks TLS there, and every try is asked again
            place = "[::1/v.mp4"
        yield f"{begin}{MARK}us:{password}@{place}"


def run_over(rows: list[str], server: Server, video: Path, capsys: Capture) -> list[str]:
    server.at("/video.mp4", Reply(video, etag='"1"'))
    server.at("/page", Reply(b"<html><video src='video.mp4'></video></html>", type="text/html"))
    server.at("/away", Reply(status=302, headers={"Location": "/none.mp4"}))
    server.at("/broken", Reply(b"not a video", headers={"Broken header": "x"}))
    with open("in.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["public_url", "file_name", "also"])
        for number, url in enumerate(rows):
            writer.writerow([url, f"v{number}.mp4" if number % 2 else "", url if number % 3 else ""])
        file.write(f'http://{MARK}:{MARK}@h/v.mp4,a,b,c,d,"e\n')
    typed = [row for row in rows if "\0" not in row][:40]  # which no command line can hold
    said = []
    main(["process", "--csv", "in.csv", "--log_level", "DEBUG", "--json", "--workers", "8", "--describe", "none"])
    main(["process", "--urls", *typed, "--log_level", "DEBUG", "--describe", "none"])
    main(["probe", *typed])
    main(["search", "--urls"])
    main(["stats"])
    main(["doctor"])
    shown = capsys.readouterr()
    said += [shown.out, shown.err]
    assert "Traceback" not in shown.err
    assert "a mistake in vidkit" not in shown.err
    return leaks(said, "in.csv")


def test_no_password_of_any_form_is_in_any_file_or_output(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    assert run_over(list(urls(server, 80, 1)), server, make_video(), capsys) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 4))
def test_no_password_of_a_thousand_forms_is_in_any_file_or_output(
    seed: int, server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    dead = [f"http://{MARK}:{password}@127.0.0.1:1/v.mp4" for password in passwords(6, seed)]
    assert run_over([*urls(server, 160, seed), *dead], server, make_video(), capsys) == []


def test_a_password_that_cannot_be_told_from_the_host_is_not_tried_and_the_remedy_is_said(
    server: Server, capsys: Capture
) -> None:
    server.at("/v.mp4", Reply(b""))
    url = server.url("/v.mp4", f"us:{MARK}/{MARK}")
    assert main(["process", "--urls", url, "--describe", "none"]) == 1
    said = capsys.readouterr().err
    assert f"failed: {server.url('/v.mp4')}: " in said
    assert "write %40 for @, %2F for /" in said
    assert server.asked == []


def test_a_row_without_a_password_stays_one_that_can_be_run_again(server: Server) -> None:
    url = server.url("/a:b@c/v.mp4?mail=me@example.org")
    assert main(["process", "--urls", url, "--describe", "none"]) == 1
    with open("processed_videos/failures.csv", newline="") as file:
        assert next(csv.DictReader(file))["public_url"] == url


@pytest.mark.parametrize("place", ["127.0.0.1:1", "127.0.0.1:x", "[::1", "127.0.0.1:1/db", "nas:27017/db?a=b"])
@pytest.mark.parametrize(
    ("scheme", "option", "setting"),
    [
        ("mongodb", "serverSelectionTimeoutMS=50", "[MongoDB]\nURI"),
        ("postgresql", "connect_timeout=1", "[Library]\nPath"),
    ],
)
def test_no_password_of_a_server_is_in_any_output(
    scheme: str, option: str, setting: str, place: str, capsys: Capture
) -> None:
    for password in passwords(25, 3):
        uri = f"{scheme}://{MARK}us:{password}@{place}{'&' if '?' in place else '/?'}{option}"
        assert main(["library", "move", "--to", uri]) == 2
    Path("config.ini").write_text(f"{setting} = {uri}\n")
    for command in ("stats", "doctor", "search"):
        main([command])
    shown = capsys.readouterr()
    assert leaks([shown.out, shown.err], "config.ini") == []
    with pytest.raises(LibraryError, match="with %40 for @"):
        open_library_at(f"{scheme}://us:{MARK}@{MARK}/{MARK}@127.0.0.1:1/db", load_config())


def test_no_password_of_an_endpoint_is_in_any_file_or_output(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    video = make_video()
    for number, password in enumerate(passwords(12, 5)):
        endpoint = server.url("/v1/chat/completions", f"{MARK}us:{password}")
        Path("config.ini").write_text(f"[QwenVL]\nPublicEndpoint = {endpoint}\n")
        main(["process", "--urls", str(video), "--output", f"out{number}", "--log_level", "DEBUG"])
        main(["doctor"])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert leaks([shown.out, shown.err], "config.ini") == []
