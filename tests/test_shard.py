"""`--shard I/N`: several runs with all parts do every row exactly once."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from vidkit.batch.prepare import _json_list
from vidkit.batch.shards import Shard, read_shard, rows_in
from vidkit.cli import main
from vidkit.cli.screen import Screen
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.library import Query, open_library
from vidkit.rows import BadRow, CsvRow, IgnoredRow, Row

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .test_several_runs import contents, finish, make_site, start
from .waiting import PATIENCE


def part_of(row: CsvRow, parts: int) -> int:
    (number,) = [number for number in range(1, parts + 1) if Shard(number, parts).has(row)]
    return number


def test_each_row_is_in_one_part_and_the_parts_are_of_about_one_size() -> None:
    rows: list[CsvRow] = [Row(n, f"https://h/{n}.mp4") for n in range(3000)]
    rows += [BadRow(n, f"{n},,", "it has no URL") for n in range(3000, 3100)]
    rows += [IgnoredRow(n, f"{n}/", "folder") for n in range(3100, 3200)]
    parts = [list(rows_in(Shard(number, 4), rows)) for number in range(1, 5)]
    assert sorted((row for part in parts for row in part), key=lambda row: row.line) == rows
    assert all(700 < len(part) < 900 for part in parts)
    assert all(part == sorted(part, key=lambda row: row.line) for part in parts)
    assert list(rows_in(None, rows)) == rows


@pytest.mark.parametrize(("name", "part"), [("a", 6), ("b", 4), ("c", 1), ("d", 5)])
def test_the_part_of_a_url_is_the_same_in_every_process_and_version(name: str, part: int) -> None:
    assert part_of(Row(2, f"https://h/{name}.mp4"), 8) == part


def test_what_is_one_source_is_in_one_part(tmp_path: Path) -> None:
    for n in range(20):
        names = [f"{n}.mp4", str(tmp_path / f"{n}.mp4"), (tmp_path / f"{n}.mp4").as_uri()]
        assert len({part_of(Row(0, name), 16) for name in names}) == 1
        assert part_of(Row(0, f"https://me:word@h/{n}.mp4"), 16) == part_of(Row(0, f"https://h/{n}.mp4"), 16)


def test_the_only_part_of_one_has_every_row() -> None:
    assert all(read_shard(" 1/1 ").has(Row(n, f"https://h/{n}")) for n in range(100))


@pytest.mark.parametrize("word", ["0/4", "5/4", "a/b", "1/0", "", "3", "-1/4", "1/4/8", "1.5/4", "1/99999999999"])
def test_what_is_no_part_is_refused_in_words(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--shard: {word!r}")):
        read_shard(word)
    Path("v.csv").write_text("url\nhttps://h/a.mp4\n")
    for command in (["process"], ["prepare", "--out", "videos.json"]):
        assert main([*command, "--csv", "v.csv", f"--shard={word}"]) == 2
        assert f"--shard: {word!r}" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir() if path.is_dir()] == []


def test_the_total_of_a_part_is_shown_as_about_so_many(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vidkit.cli.screen.is_live", lambda stream: True)
    screen = Screen(None, workers=1)
    screen.expect(250, about=True)
    screen.skipped(["https://h/a.mp4"])
    assert "of about 250 videos" in capsys.readouterr().err
    screen.close()


def site_of(server: Server, make_video: MakeVideo, names: str) -> list[str]:
    """Two different videos for each name: one in each of two parts."""
    made = []
    for place, name in enumerate(names.split()):
        for number in (1, 2):
            paths = (f"/{n}/{name}.mp4" for n in itertools.count())
            path = next(path for path in paths if Shard(number, 2).has(Row(0, server.url(path))))
            content = make_video(shots=1).read_bytes() + b"\0\0\0\x0cfree" + f"{place:02d}{number:02d}".encode()
            made.append(server.at(path, Reply(content, etag=f'"{place}{number}"')))
    return made


def csv_of(urls: list[str], more: str = "") -> str:
    Path("v.csv").write_text("url,file_name\n" + "".join(f"{url},\n" for url in urls) + more)
    return "v.csv"


@pytest.mark.slow
def test_runs_with_all_parts_over_one_folder_do_every_row_once(server: Server, make_video: MakeVideo) -> None:
    urls = make_site(server, make_video, "a", 9)
    gone = [server.at(f"/gone/{n}.mp4", Reply(b"none here", 404)) for n in range(4)]
    table = csv_of(urls + gone, ",no url here\nhttps://h/notes.txt,notes.txt\n")
    words = ["process", "--describe", "none", "--csv", table, "--workers", "1", "--json"]
    runs = [start(*words, "--shard", f"{number}/3") for number in (1, 2, 3)]
    said = [run.communicate(timeout=2 * PATIENCE) for run in runs]
    done = Counter(json.loads(line)["source"]["url"] for out, _ in said for line in out.splitlines())
    assert done == Counter(urls)
    assert set(server.fetched().values()) == {1}
    assert set(contents()) == set(urls)
    summaries = [error.splitlines()[-1] for _, error in said]
    assert sum(int(number) for line in summaries for number in re.findall(r"(\d+) failed", line)) == 5
    assert sum("1 ignored" in line for line in summaries) == 1
    with open("processed_videos/failures.csv", newline="") as file:
        assert Counter(row["public_url"] for row in csv.DictReader(file)) == Counter([*gone, ",no url here"])


@pytest.mark.slow
def test_parts_made_in_folders_of_their_own_are_joined_by_library_add(
    server: Server, make_video: MakeVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = site_of(server, make_video, "one two three")  # the same names are in both folders
    table = csv_of(urls)
    runs = []
    for number in (1, 2):
        words = ["process", "--describe", "none", "--csv", table, "--output", f"part{number}", "--workers", "1"]
        config = Path(f"part{number}.ini")
        config.write_text(f"[Library]\nPath = part{number}.db\n")
        runs.append(start(*words, "--shard", f"{number}/2", "--config", str(config)))
    finish(*runs)
    parts = [set(contents(f"part{number}")) for number in (1, 2)]
    assert sorted([*parts[0], *parts[1]]) == sorted(urls)
    names = [{path.name for path in Path(f"part{number}").glob("*.mp4.json")} for number in (1, 2)]
    assert names[0] == names[1]
    for _ in range(2):  # and again, as after an interruption
        for number in (1, 2):
            assert main(["library", "add", f"part{number}"]) == 0
    with open_library(load_config()) as library:
        entries = list(library.records(Query()))
        assert sorted(entry.record["source"]["url"] for entry in entries) == sorted(urls)
        for entry in entries:
            folder = Path(entry.folder)
            assert (folder / f"{entry.record['filename']}.json").is_file()
            assert all((folder / clip["path"]).is_file() for clip in entry.record["segments"])
    assert main(["export", "dataset", "--format", "csv", "--copy"]) == 0
    exported = [path for path in Path("dataset").rglob("*.mp4") if path.is_file()]
    assert len({path.read_bytes() for path in exported}) == len(urls)


def test_prepare_writes_the_rows_of_its_part(server: Server, make_video: MakeVideo) -> None:
    urls = site_of(server, make_video, "one two")
    csv_of(urls)
    found = []
    for number in (1, 2):
        assert main(["prepare", "--csv", "v.csv", "--out", f"{number}.json", "--shard", f"{number}/2"]) == 0
        found.append([entry["public_url"] for entry in json.loads(Path(f"{number}.json").read_text())])
    assert found == [urls[0::2], urls[1::2]]


def test_the_list_that_prepare_writes_piece_by_piece_is_the_json_of_the_whole() -> None:
    entries = [{"file_name": "a\u2028b\x85c\n.mp4", "segments": ["x", "y"]}, {"file_name": "d", "segments": []}]
    for some in ([], entries[:1], entries):
        assert "".join(_json_list(some)) == json.dumps(some, ensure_ascii=False, indent=2) + "\n"
