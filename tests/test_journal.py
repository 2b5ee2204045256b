from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vidkit.batch import NullReporter, Summary, process_rows
from vidkit.core.config import load_config
from vidkit.errors import OutputError
from vidkit.library import open_library
from vidkit.library.sqlite.backend import SqliteLibrary
from vidkit.record import Record
from vidkit.rows import Row
from vidkit.workflow import process_video_pipeline
from vidkit.workflow.journal import Entry, Journal
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server

RESULTS = Path("processed_videos")


def process(*urls: str) -> tuple[Summary, list[Record]]:
    rows = [Row(line=n, url=url, last_modified="2026-11-20") for n, url in enumerate(urls, 2)]
    with open_run(load_config(environment={})) as run:
        summary = process_rows(run, rows, 1, NullReporter())
        return summary, [process_video_pipeline(row.url, run=run, row=row) for row in rows]


def urls_of(server: Server, make_video: MakeVideo, *paths: str) -> list[str]:
    return [server.at(path, Reply(make_video(shots=n), etag=f'"{n}"')) for n, path in enumerate(paths, 1)]


def gets(server: Server) -> int:
    return sum(asked.method == "GET" for asked in server.asked)


def become_older() -> list[list[Any]]:
    """Make the folder one of an older vidkit; the lines of its journal."""
    with closing(sqlite3.connect(RESULTS / ".vidkit.db")) as database:
        lines = [list(row) for row in database.execute("SELECT url, filename, version, settings FROM videos")]
    (RESULTS / ".vidkit.db").unlink()
    write_journal(lines)
    return lines


def write_journal(lines: list[list[Any]]) -> None:
    (RESULTS / ".journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def open_journal() -> Journal:
    RESULTS.mkdir(exist_ok=True)
    return Journal(RESULTS)


def test_a_folder_of_an_older_vidkit_is_taken_over_and_nothing_is_done_again(
    server: Server, make_video: MakeVideo
) -> None:
    urls = urls_of(server, make_video, "/a/v.mp4", "/b/v.mp4")
    _, before = process(*urls)
    become_older()
    asked = len(server.asked)
    summary, after = process(*urls)
    assert (summary.skipped, after) == (2, before)
    assert len(server.asked) == asked


def test_the_lines_around_a_torn_one_of_an_older_journal_count(server: Server, make_video: MakeVideo) -> None:
    urls = urls_of(server, make_video, "/a.mp4", "/b.mp4", "/c.mp4")
    process(*urls)
    first, second, third = (json.dumps(line) + "\n" for line in become_older())
    (RESULTS / ".journal.jsonl").write_text(first + second[:-9] + "\n" + third)
    with closing(open_journal()) as journal, closing(sqlite3.connect(RESULTS / ".vidkit.db")) as database:
        (settings,) = database.execute("SELECT max(settings) FROM videos").fetchone()
        version = Row(line=0, url="", last_modified="2026-11-20").version
        done = journal.done([(url, version) for url in urls], settings)
    assert done == {urls[0], urls[2]}
    assert process(*urls)[0].skipped == 3


def test_videos_that_an_older_vidkit_mixed_up_are_done_again(
    server: Server, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of its runs had given one name to two URLs; the clips are of one and the record of the other."""
    one, two, other = urls_of(server, make_video, "/a/v.mp4", "/b/v.mp4", "/c/w.mp4")
    _, (first, second, third) = process(one, two, other)
    lines = become_older()
    write_journal([[url, "v.mp4" if url in (one, two) else name, *rest] for url, name, *rest in lines])
    (RESULTS / f"{second['filename']}.json").unlink()
    os.replace(RESULTS / second["segments"][0]["path"], RESULTS / first["segments"][0]["path"])
    with caplog.at_level(logging.WARNING):
        summary, (first_again, second_again, third_again) = process(one, two, other)
    assert "v.mp4 is done again" in caplog.text
    assert (summary.processed, summary.skipped) == (2, 1)
    assert third_again == third
    assert [first_again["filename"], second_again["filename"]] == ["v.mp4", second["filename"]]
    for before, now in ((first, first_again), (second, second_again)):
        assert now["sha256"] == before["sha256"]
        assert now["processing"]["started_at"] > before["processing"]["started_at"]
    assert process(one, two, other)[0].skipped == 3


def test_a_record_of_another_url_than_was_noted_is_not_taken_for_done(
    server: Server, make_video: MakeVideo
) -> None:
    one, two = urls_of(server, make_video, "/a/v.mp4", "/b/w.mp4")
    process(one, two)
    lines = become_older()
    write_journal([[url, "v.mp4", *rest] for url, _, *rest in lines if url == two])
    (RESULTS / "w.mp4.json").unlink()
    _, (first, second) = process(one, two)
    assert (first["source"]["url"], first["filename"]) == (one, "v.mp4")
    assert (second["source"]["url"], len(second["scenes"])) == (two, 2)
    assert len(list(RESULTS.glob("*.mp4.json"))) == 2


@pytest.mark.parametrize("damage", ["overwritten", "cut short", "no database", "emptied", "lost"])
def test_a_damaged_database_is_reported_and_built_again_from_the_records(
    damage: str, server: Server, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    urls = urls_of(server, make_video, "/a/v.mp4", "/b/v.mp4")
    _, before = process(*urls)
    path = RESULTS / ".vidkit.db"
    content = path.read_bytes()
    if damage == "lost":
        path.unlink()
    else:
        middle = len(content) // 2
        spoilt = content[:4096] + os.urandom(len(content) - 4096), content[:middle], b"hello" * 999, b""
        path.write_bytes(spoilt[["overwritten", "cut short", "no database", "emptied"].index(damage)])
    fetched = gets(server)
    with caplog.at_level(logging.WARNING):
        summary, after = process(*urls)
    assert after == before
    assert summary.failed == 0
    assert gets(server) == fetched
    assert damage == "lost" or "is damaged: it is built again from the records" in caplog.text
    asked = len(server.asked)
    assert process(*urls)[0].skipped == 2
    assert len(server.asked) == asked


def test_a_name_belongs_to_one_url_whatever_its_case_and_for_all_who_ask() -> None:
    with closing(open_journal()) as one, closing(open_journal()) as other:
        assert one.claim("http://h/1", "V.mp4") == "V.mp4"
        hashed = other.claim("http://h/2", "v.mp4")
        assert hashed.startswith("v-")
        assert one.claim("http://h/2", "other.mp4") == hashed
        assert other.claim("http://h/1", "other.mp4") == "V.mp4"
        assert one.claim("http://h/3", hashed.upper()) not in ("V.mp4", hashed.upper())


def test_a_name_that_no_video_was_finished_under_is_free_for_the_next_run() -> None:
    with closing(open_journal()) as journal:
        journal.claim("http://h/typo", "v.mp4")
        with closing(open_journal()) as beside:  # not while another run goes on
            assert beside.claim("http://h/right", "v.mp4") != "v.mp4"
    with closing(open_journal()) as journal:
        assert journal.claim("http://h/right", "v.mp4") == "v.mp4"


def test_a_url_is_worked_on_by_one_run_at_a_time() -> None:
    with closing(open_journal()) as one:
        with closing(open_journal()) as other:
            assert one.take("http://h/1")
            assert not other.take("http://h/1")
            assert other.take("http://h/2")
            with pytest.raises(Exception, match="stopped"), other.working_on("http://h/1", lambda: True):
                pass
        assert one.take("http://h/2")


def test_done_is_answered_for_the_url_the_version_the_settings_and_only_with_the_record() -> None:
    with closing(open_journal()) as journal:
        for number in (1, 2):
            journal.add(f"http://h/{number}", Entry(f"{number}.mp4", "today", "these"))
        (RESULTS / "1.mp4.json").write_text("{}")
        asked = [("http://h/1", "today"), ("http://h/2", "today"), ("http://h/3", "today")]
        assert journal.done(asked, "these") == {"http://h/1"}
        assert journal.done(asked, "others") == set()
        assert journal.done([("http://h/1", "yesterday"), ("http://h/1", None)], "these") == set()


def test_a_path_that_is_no_text_can_be_noted() -> None:
    url = os.fsdecode(b"/videos/caf\xe9.mp4")
    with closing(open_journal()) as journal:
        name = journal.claim(url, "caf_.mp4")
        journal.add(url, Entry(name, "1", "these"))
        (RESULTS / f"{name}.json").write_text("{}")
        assert journal.done([(url, "1")], "these") == {url}


def test_a_database_that_cannot_be_made_is_said() -> None:
    RESULTS.mkdir()
    (RESULTS / ".vidkit.lock").mkdir()
    with pytest.raises(OutputError, match=r"\.vidkit\.lock cannot be opened"):
        Journal(RESULTS)


def test_what_is_noted_or_saved_is_on_the_disk_before_the_next_step() -> None:
    """SQLite's `synchronous` is 2 (FULL) for the library and for the journal."""
    library = open_library(load_config(environment={}))
    assert isinstance(library, SqliteLibrary)
    with library, closing(open_journal()) as journal, library._connections.writing() as written:
        for database in (written, journal._database):
            assert database.execute("PRAGMA synchronous").fetchone() == (2,)
        # WAL needs memory that all processes share: not so on a network file system.
        assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("truncate",)


def test_a_record_is_written_after_all_files_that_it_names_are_on_the_disk(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, object]] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(number: int) -> None:
        fsync(number)
        steps.append(("on the disk", os.fstat(number).st_ino))

    def noted_replace(source: Any, target: Any) -> None:
        replace(source, target)
        steps.append(("in its place", Path(target).name))

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    with open_run(load_config(environment={})) as run:
        record = process_video_pipeline(str(make_video(shots=2)), run=run)
    files = [*(each["path"] for each in record["segments"]), *(each["thumbnail"] for each in record["scenes"])]
    written = steps.index(("in its place", f"{record['filename']}.json"))
    for file in filter(None, files):
        assert steps.index(("on the disk", (RESULTS / file).stat().st_ino)) < written


def test_if_a_url_is_there_twice_the_later_version_counts() -> None:
    with closing(open_journal()) as journal:
        journal.add("http://h/1", Entry("1.mp4", "old", "these"))
        (RESULTS / "1.mp4.json").write_text("{}")
        assert journal.done([("http://h/1", "old"), ("http://h/1", "new")], "these") == set()
        assert journal.done([("http://h/1", "new"), ("http://h/1", "old")], "these") == {"http://h/1"}


def test_urls_of_any_text_are_done_once_they_are_noted(tmp_path: Path) -> None:
    urls = [
        "https://h/\U0001f600.mp4",
        "https://h/é\u2028.mp4",
        '/a "b"\\u0041.mp4',
        "/\udcff.mp4",
        "/a\0b.mp4",
        "/\x7f\t.mp4",
    ]
    journal = Journal(tmp_path)
    for number, url in enumerate(urls):
        (tmp_path / f"{number}.mp4.json").write_text("{}")
        journal.add(url, Entry(f"{number}.mp4", "1", "as now"))
    assert journal.done([(url, "1") for url in urls], "as now") == set(urls)
    assert journal.done([(url, "2") for url in urls], "as now") == set()
    assert journal.done([(url, "1") for url in urls], "other") == set()
    (tmp_path / "1.mp4.json").unlink()
    assert journal.done([(url, "1") for url in urls], "as now") == {*urls} - {urls[1]}
    journal.close()
