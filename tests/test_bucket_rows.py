"""Rows, rules and lists that lie in a bucket, against a real S3 server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core import load_priority_keywords
from vidkit.core.bucket_files import ObjectReader
from vidkit.core.buckets import open_bucket
from vidkit.errors import ConfigError
from vidkit.rows import IgnoredRow, Row, read_video_metadata_from_csv
from vidkit.rows import objects as prefix_rows
from vidkit.rows.counting import count_rows
from vidkit.tagging import load_custom_tags

from .bucket_server import S3
from .conftest import MakeVideo
from .test_bucket_download import put

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The ranges of lists that are asked for."""
    asked: list[tuple[int, int]] = []
    following = ObjectReader._next

    def counted(self: ObjectReader) -> bytes:
        before = self._at
        piece = following(self)
        if piece:
            asked.append((before, self._at))
        return piece

    monkeypatch.setattr(ObjectReader, "_next", counted)
    return asked


def test_a_list_in_a_bucket_is_read_as_far_as_its_rows_are_needed(s3: S3, requests: list[tuple[int, int]]) -> None:
    address = f"{s3.new_bucket()}/lists/list.csv"
    rows = [f"https://host/{number:07}.mp4,{'x' * 40}" for number in range(60_000)]
    put(address, "\n".join(["url,label", *rows, ""]).encode())
    found = read_video_metadata_from_csv(address)
    first = next(found)
    assert isinstance(first, Row)
    assert (first.url, first.columns) == ("https://host/0000000.mp4", {"label": "x" * 40})
    assert requests == [(0, 2**20)]
    assert [row.url for row in found if isinstance(row, Row)] == [line.partition(",")[0] for line in rows[1:]]
    assert count_rows(address) == 60_000


def test_a_list_that_is_replaced_while_it_is_read_ends_the_run_in_words(s3: S3) -> None:
    address = f"{s3.new_bucket()}/list.csv"
    row = f"https://host/v.mp4,{'x' * 40}\n"
    put(address, ("url,label\n" + row * 60_000).encode())
    found = read_video_metadata_from_csv(address)
    next(found)
    put(address, b"url\nhttps://host/other.mp4\n")
    with pytest.raises(ConfigError, match=r"list\.csv was replaced while it was read: start again"):
        list(found)


def test_all_kinds_of_lists_are_read_from_a_bucket_as_from_a_file(s3: S3) -> None:
    bucket = s3.new_bucket()
    lists: dict[str, bytes] = {
        "utf16.csv": "url;größe\nhttps://host/ä.mp4;1\n".encode("utf-16"),
        "rclone.txt": b"a b.mp4;7;2026-11-20 19:48:30\nsub/;-1;2026-11-20 19:48:30\n",
        "quoted.csv": b'"url","text"\n"https://host/v.mp4","two\nlines"\n',
        "empty.csv": b"",
        "binary.csv": b"\0\1\2\n",
    }
    for name, content in lists.items():
        Path(name).write_bytes(content)
        put(f"{bucket}/{name}", content)

        def read(file: str) -> Any:
            try:
                return list(read_video_metadata_from_csv(file, f"{bucket}/in"))
            except ConfigError as error:
                return str(error).rpartition("/")[2]

        assert read(f"{bucket}/{name}") == read(name), name
    (row, _) = read_video_metadata_from_csv("rclone.txt", f"{bucket}/in")
    assert isinstance(row, Row)
    assert row.url == f"{bucket}/in/a b.mp4"  # no percent signs in the name of an object


def test_a_prefix_is_a_list_of_the_videos_below_it_with_size_and_time(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    for key in ("in/b.MP4", "in/a b%20?#.mkv", "in/sub/c.webm", "in/notes.txt", "in/noname", "inner/d.mp4"):
        put(f"{bucket}/{key}", key.encode())
    clip = "in/out/clips/v.mp4/0123abcd/v_clip_001.mp4"
    put(f"{bucket}/{clip}", b"made by vidkit")
    monkeypatch.setattr("vidkit.core.bucket_files._PAGE", 2)
    rows = list(read_video_metadata_from_csv(f"{bucket}/in/"))
    videos = [row for row in rows if isinstance(row, Row)]
    assert [row.url for row in videos] == [
        f"{bucket}/in/{name}" for name in ("a b%20?#.mkv", "b.MP4", "sub/c.webm")
    ]
    assert [row.file_name for row in videos] == ["a b%20?#.mkv", "b.MP4", "sub/c.webm"]
    assert [row.size_bytes for row in videos] == [15, 8, 13]
    head = open_bucket(videos[0].url)
    assert videos[0].modified == head.client.head(head.key)["last_modified"]
    assert {row.name: row.why for row in rows if isinstance(row, IgnoredRow)} == {
        "notes.txt": "no video",
        "noname": "no video",
        "out/clips/v.mp4/0123abcd/v_clip_001.mp4": "clip",
    }
    assert count_rows(f"{bucket}/in/") == len(rows) == 6
    assert len(list(read_video_metadata_from_csv(bucket))) == count_rows(bucket) == 7


def test_pages_of_a_prefix_are_asked_for_as_they_are_needed(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.new_bucket()
    for number in range(7):
        put(f"{bucket}/in/{number}.mp4", b"x")
    monkeypatch.setattr("vidkit.core.bucket_files._PAGE", 2)
    pages: list[int] = []
    listed = prefix_rows.objects_in

    def counted(*place: Any) -> Any:
        for page in listed(*place):
            pages.append(len(page))
            yield page

    monkeypatch.setattr(prefix_rows, "objects_in", counted)
    rows = read_video_metadata_from_csv(f"{bucket}/in/")
    next(rows)
    next(rows)
    assert pages == [2]
    assert len(list(rows)) == 5
    assert pages == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.csv", "there is no such object. A folder of a bucket ends in a slash"),
        ("empty/", "has no objects: look at the name of the bucket and the folder"),
        ("a//b.csv", "has an empty part"),
    ],
)
def test_a_list_that_is_not_there_is_said_before_any_work(s3: S3, capsys: Capture, name: str, words: str) -> None:
    assert main(["process", "--describe", "none", "--csv", f"{s3.new_bucket()}/{name}"]) == 2
    assert words in capsys.readouterr().err


def test_a_second_run_over_a_prefix_asks_for_no_object(
    s3: S3, make_video: MakeVideo, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/a/v.mp4", make_video())
    put(f"{bucket}/in/b/v.mp4", make_video(shots=2))
    put(f"{bucket}/in/readme.md", b"#")
    run = ["process", "--describe", "none", "--csv", f"{bucket}/", "--output", f"{bucket}/out", "--workers", "1"]
    assert main(run) == 0
    said = capsys.readouterr()
    assert "2 processed" in said.err
    names = [each for each in said.out.splitlines() if "scene" in each]
    assert len({line.split()[0] for line in names}) == 2
    for made in Path("downloaded_videos").glob("*.mp4"):
        made.unlink()

    def refused(*_: Any) -> Any:
        raise AssertionError("an object was asked for")

    monkeypatch.setattr("vidkit.download.objects._head", refused)
    assert main(run) == 0
    assert "0 processed, 2 already done" in capsys.readouterr().err


def test_rules_and_priority_keywords_are_read_from_a_bucket(
    s3: S3, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/rules.json", b'{"rules": [{"filename_keywords": ["v"], "tags": ["Vee"]}]}')
    put(f"{bucket}/words.json", b'{"priority_keywords": ["wave"]}')
    put(f"{bucket}/wrong.json", b'{"rules": [{"tag": []}]}')
    put(f"{bucket}/v.mp4", make_video())
    assert load_priority_keywords(f"{bucket}/words.json") == ["wave"]
    monkeypatch.setenv("VIDKIT_RULES_CUSTOMTAGRULES", f"{bucket}/rules.json")
    monkeypatch.setenv("VIDKIT_RULES_PRIORITYKEYWORDS", f"{bucket}/words.json")
    assert main(["process", "--describe", "none", "--json", "--urls", f"{bucket}/v.mp4"]) == 0
    assert "Vee" in json.loads(capsys.readouterr().out.splitlines()[-1])["tags"]
    main(["doctor"])
    said = capsys.readouterr()
    assert f"{bucket}/rules.json, 1 rule" in said.out + said.err
    with pytest.raises(ConfigError, match=r"wrong\.json: rule 1"):
        load_custom_tags(f"{bucket}/wrong.json")
    monkeypatch.setenv("VIDKIT_RULES_CUSTOMTAGRULES", f"{bucket}/gone.json")
    assert main(["process", "--describe", "none", "--urls", f"{bucket}/v.mp4"]) == 2
    assert "gone.json: there is no such object" in capsys.readouterr().err
