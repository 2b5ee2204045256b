"""What can go wrong with a library file."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.waiting import PATIENCE
from vidkit.cli import main
from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, parse_query, video_key
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.library.sqlite.file import SCHEMA, Connections
from vidkit.library.vectors.protocol import TEXT, VideoVectors, made_of, model_id

from .records import make_record

ROOT = str(Path(__file__).parents[1])
PRELUDE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.records import make_record
from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, parse_query
from vidkit.library.sqlite.backend import open_sqlite
"""


def inside(*before: str) -> tuple[str, ...]:
    """A command that runs the rest with other mounts, where that is possible."""
    if not shutil.which(before[0]) or subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    return before


def child(code: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", PRELUDE + code, ROOT, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("my notes " * 1000)
    said = r"notes.db is not a SQLite database. Give \[Library\] Path another name"
    with pytest.raises(LibraryError, match=said):
        open_sqlite(tmp_path / "notes.db")
    assert (tmp_path / "notes.db").read_text() == "my notes " * 1000


def test_the_database_of_another_program_is_named_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE videos (id INTEGER)")
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(LibraryError, match=r"other.db is a database of another program"):
        open_sqlite(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == before


def test_a_library_of_a_newer_vidkit_is_named(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "library.db").close()
    with sqlite3.connect(tmp_path / "library.db") as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    newer.close()
    with pytest.raises(LibraryError, match=r"library.db was made by a newer vidkit .* Upgrade vidkit"):
        open_sqlite(tmp_path / "library.db")


def test_a_locked_library_is_named_after_a_while_and_can_be_read_meanwhile(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "library.db", busy_timeout=0.1) as library:
        library.save(make_record("a.mp4"), tmp_path)
        other = sqlite3.connect(tmp_path / "library.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match=r"library.db is locked by another program. Close that program"):
            library.save(make_record("b.mp4"), tmp_path)
        assert len(library.search(parse_query("mp4"))) == 1
        other.execute("ROLLBACK")
        other.close()
        library.save(make_record("b.mp4"), tmp_path)
        assert library.stats().videos == 2


def test_a_search_does_not_wait_for_a_save_that_waits(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "library.db", isolation_level=None)
    with open_sqlite(tmp_path / "library.db", busy_timeout=60) as library, ThreadPoolExecutor() as threads:
        library.save(make_record("a.mp4"), tmp_path)
        other.execute("BEGIN IMMEDIATE")
        saving = threads.submit(library.save, make_record("b.mp4"), tmp_path)
        try:
            time.sleep(0.2)  # by now it mostly waits for the other program
            found = threads.submit(library.search, parse_query("mp4"))
            assert [moment.filename for moment in found.result(timeout=50)] == ["a.mp4"]
            assert not saving.done()
        finally:
            other.execute("ROLLBACK")
            other.close()
        saving.result(PATIENCE)
        assert library.stats().videos == 2


def test_threads_read_at_once(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "library.db") as library:
        library.save(make_record("a.mp4"), tmp_path)
    connections, all_are_reading = Connections(tmp_path / "library.db", 10.0, create=False), threading.Barrier(4)

    def read(_: int) -> int:
        with connections.reading() as connection:
            all_are_reading.wait(PATIENCE)
            return int(connection.execute("SELECT count(*) FROM videos").fetchone()[0])

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(4))) == [1, 1, 1, 1]
    connections.close()
    with pytest.raises(LibraryError, match="is closed already"), connections.reading():
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_a_thread_that_ends_leaves_no_connection_and_close_leaves_none(tmp_path: Path) -> None:
    def is_open() -> int:
        links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
        own = str(tmp_path / "library.db")  # other tests of this process may have files of this name open
        return sum(os.readlink(link).startswith(own) for link in links if link.is_symlink())

    with open_sqlite(tmp_path / "library.db") as library:
        library.save(make_record("a.mp4"), tmp_path)
        library.search(parse_query("mp4"))
        before = is_open()
        for _ in range(20):
            thread = threading.Thread(target=library.search, args=(parse_query("mp4"),))
            thread.start()
            thread.join()
        assert is_open() == before
        with ThreadPoolExecutor(32) as threads:
            list(threads.map(library.search, [parse_query("mp4")] * 200))
        # The file, its log and its index for each that is kept. SQLite holds the file of one that was closed until
        # none is open (closing it would give up the locks of all) and takes it for the next: one for each thread.
        assert is_open() <= 3 * 9 + 3 + 32
    assert is_open() == 0


def test_a_search_does_not_create_a_library_that_is_gone(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "a # 100% ü?.db") as library:
        library.save(make_record("a.mp4"), tmp_path)
        assert len(library.search(parse_query("mp4"))) == 1
    with open_sqlite(tmp_path / "gone.db") as library:
        library.save(make_record("a.mp4"), tmp_path)
        (tmp_path / "gone.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(LibraryError, match=r"gone\.db cannot be opened"):
            library.search(parse_query("mp4"))
        assert not (tmp_path / "gone.db").exists()


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "library.db") as library:
        library.save_all(LibraryEntry(make_record(f"{n}.mp4", scenes=["rain"]), tmp_path) for n in range(300))
    whole = (tmp_path / "library.db").read_bytes()
    (tmp_path / "library.db").write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    with pytest.raises(LibraryError, match=r"library.db is damaged. Move it away and build it again"):
        open_sqlite(tmp_path / "library.db").search(parse_query("rain"))


def without_keys(path: Path) -> None:
    """Make a library what schema 2 was."""
    with sqlite3.connect(path) as connection:
        made_since = ("TRIGGER videos_replaced", "TRIGGER videos_removed", "TABLE moved", "INDEX videos_key")
        for statement in (*made_since, "TABLE numbers", "TABLE vectors"):
            connection.execute(f"DROP {statement}")
        for column in ("key", "pieces"):
            connection.execute(f"ALTER TABLE videos DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 2")
    connection.close()


def older(path: Path) -> None:
    """Make a library what an older vidkit left: without forms of words, with a clip beside a video of one clip."""
    without_keys(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE forms")
        row = connection.execute("SELECT rowid, own FROM words").fetchone()
        connection.execute("INSERT INTO words (rowid, own, shared) VALUES (?, ?, 'a mp4')", (row[0] + 2, row[1]))
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_library_of_an_older_vidkit_is_indexed_again_once_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = make_record("a.mp4", segments=[("a dog walks", [])], qwen_description="a dog walks")
    with open_sqlite("library.db") as library:
        library.save(record, tmp_path)
    older(Path("library.db"))
    with sqlite3.connect("library.db", isolation_level=None) as other:  # it may not be written: it is read as it is
        other.execute("BEGIN IMMEDIATE")
        with open_sqlite("library.db", busy_timeout=0.1) as library:
            assert library.search(parse_query("walking")) == []
            assert [moment.kind for moment in library.search(parse_query("walks"))] == ["video", "segment"]
        other.execute("ROLLBACK")
    other.close()
    for said in ("its words are indexed again, once", ""):
        caplog.clear()
        with open_sqlite("library.db") as library:
            assert [moment.kind for moment in library.search(parse_query("walking"))] == ["video"]
            assert library.find("a.mp4")[0].record == record
        assert said in caplog.text
        assert bool(said) == bool(caplog.text)


def test_a_library_without_keys_gets_them_once_and_is_read_without_until_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = [make_record(f"{n}.mp4", scenes=["one", "two"], segments=["three"]) for n in range(3)]
    with open_sqlite("library.db") as library:
        library.save_all(LibraryEntry(record, tmp_path) for record in records)
    without_keys(Path("library.db"))
    url = records[1]["source"]["url"]
    with sqlite3.connect("library.db", isolation_level=None) as other:  # it may not be written: it is read as it is
        other.execute("BEGIN IMMEDIATE")
        with open_sqlite("library.db", busy_timeout=0.1) as library:
            assert library.by_key(video_key(url)) == LibraryEntry(records[1], tmp_path)
            assert library.by_key(video_key("https://videos.example/none.mp4")) is None
            with pytest.raises(LibraryError, match="locked"):
                library.save(make_record("new.mp4"), tmp_path)
            other.execute("ROLLBACK")
            library.save(make_record("new.mp4"), tmp_path)  # who writes brings it up to date first
            assert "its videos get keys, once" in caplog.text
            assert library.by_key(video_key("https://videos.example/new.mp4"))
    other.close()
    caplog.clear()
    with open_sqlite("library.db") as library, sqlite3.connect("library.db") as other:
        assert not caplog.text
        assert library.by_key(video_key(url)) == LibraryEntry(records[1], tmp_path)
        assert [row[0] for row in other.execute("SELECT pieces FROM videos")] == ["2,1"] * 3 + ["1,0"]
        plan = str(other.execute("EXPLAIN QUERY PLAN SELECT id FROM videos WHERE key IN ('a', '')").fetchall())
        assert "videos_key" in plan
    other.close()


def damaged(path: Path, inside: str) -> None:
    """Overwrite with zeros what SQLite's own checks of a page do not look at: a part of a value, or an index's."""
    if inside in ("words", "facts"):
        with sqlite3.connect(path) as connection:
            connection.execute(f"UPDATE {inside}_data SET block = zeroblob(length(block)) WHERE id > 10")
        connection.close()
        return
    whole = path.read_bytes()
    at = whole.index(inside.encode())
    path.write_bytes(whole[:at] + bytes(len(inside)) + whole[at + len(inside) :])


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ('"schema": ', ["search", "rain"]),
        ('"schema": ', ["export", "out", "--format", "csv"]),
        ('"schema": ', ["show", "0.mp4"]),
        ("words", ["search", "sunset"]),
        ("words", ["search", "sunset", "--sort", "name"]),
        ("words", ["search", "car", "--class", "unclassified"]),
        ("facts", ["search", "--class", "unclassified"]),
        ("facts", ["search", "sunset", "--class", "unclassified"]),
    ],
)
def test_damage_that_sqlite_does_not_notice_is_named_with_the_remedy(
    tmp_path: Path, inside: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with open_sqlite("library.db") as library:
        library.save(make_record("0.mp4", scenes=["rain sunset"]), tmp_path)
    damaged(Path("library.db"), inside)
    assert main(words) == 2
    said = capsys.readouterr()
    assert "library.db is damaged. Move it away and build it again" in said.err
    assert "`vidkit library add FOLDER`" in said.err
    assert "nothing is found" not in said.err


def test_an_empty_file_in_the_library_s_place_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("library.db").touch()
    assert main(["search", "rain"]) == 2
    assert "is empty (0 bytes). `vidkit library add FOLDER` fills it" in capsys.readouterr().err
    with open_sqlite("library.db") as library:
        library.save(make_record("a.mp4"), Path("/x"))
    assert main(["search", "a"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["search", "rain"], ["stats"], ["show", "a.mp4"], ["export", "out", "--format", "csv"], ["retag"],
        ["label", "a.mp4", "--class", "A"], ["remove", "a.mp4"], ["library", "move", "--to", "new/other.db"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["library.db", "sub/folder/library.db"])
def test_reading_makes_no_library(
    tmp_path: Path, place: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if place != "library.db":
        Path("config.ini").write_text(f"[Library]\nPath = {place}\n")
    before = sorted(tmp_path.iterdir())
    assert main(words) == 2
    assert "there is no library yet: " in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_in_the_library_s_place_and_a_file_in_its_folder_s_place_are_named(tmp_path: Path) -> None:
    (tmp_path / "library.db").mkdir()
    with pytest.raises(LibraryError, match=r"library.db cannot be opened"):
        open_sqlite(tmp_path / "library.db")
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="file is a file, and a folder is needed there"):
        open_sqlite(tmp_path / "file" / "library.db")


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    library = open_sqlite(tmp_path / "library.db")
    library.close()
    library.close()
    with pytest.raises(LibraryError, match="is closed already"):
        library.stats()


READ_ONLY = """
library = open_sqlite(sys.argv[2])
print(len(library.search(parse_query("rain"))), flush=True)
try:
    library.save(make_record("b.mp4"), Path("/x"))
except LibraryError as error:
    print(error)
"""


def test_a_library_that_may_only_be_read_can_be_searched_and_says_so_when_it_is_saved_to(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with open_sqlite(path) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), tmp_path)
    path.chmod(0o444)
    before: tuple[str, ...] = ()
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # who may write whatever the file says
        mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        before = inside("unshare", "-m", "sh", "-c", mount, str(path))
    said = child(READ_ONLY, path, before=before).communicate()[0].splitlines()
    assert said[0] == "1"
    assert said[1].endswith("library.db cannot be written, only read. Allow writing to the file and its folder.")


FILL = """
library = open_sqlite(sys.argv[2])
library.save(make_record("first.mp4", scenes=["rain"]), Path("/x"))
try:
    for n in range(10000):
        library.save(make_record(f"{n}.mp4", qwen_description=os.urandom(20000).hex()), Path("/x"))
except LibraryError as error:
    print(error)
print([moment.filename for moment in library.search(parse_query("rain"))])
"""


def test_a_full_disk_is_named_and_what_was_saved_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    before = inside("unshare", "-rm", "sh", "-c", mount, str(place))
    said = child(FILL, place / "library.db", before=before).communicate()[0].splitlines()
    assert "library.db cannot grow, the disk is full. Make room on the disk" in said[0]
    assert said[1] == "['first.mp4']"


SAVE_AND_SAY = """
library = open_sqlite(sys.argv[2])
for n in range(10000):
    library.save(make_record(f"{n}.mp4", scenes=["rain"]), Path("/x"))
    print(n, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as POSIX does")
def test_what_was_saved_is_there_after_kill_9(tmp_path: Path) -> None:
    worker = child(SAVE_AND_SAY, tmp_path / "library.db")
    assert worker.stdout
    for _ in range(20):
        last = int(worker.stdout.readline())
    worker.kill()
    last = int((worker.communicate()[0].splitlines() or [last])[-1])
    with open_sqlite(tmp_path / "library.db") as library:
        assert library.stats().videos - 1 in (last, last + 1)
        assert len(library.search(parse_query("rain"))) == library.stats().videos


def test_a_library_and_its_results_can_be_moved_together(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "here" / "library.db") as library:
        library.save(make_record("inside.mp4"), tmp_path / "here" / "processed")
        library.save(make_record("outside.mp4"), tmp_path / "elsewhere")
    (tmp_path / "here").rename(tmp_path / "there")
    with open_sqlite(tmp_path / "there" / "library.db") as library:
        assert library.find("inside.mp4")[0].folder == tmp_path / "there" / "processed"
        assert library.find("outside.mp4")[0].folder == tmp_path / "elsewhere"


def test_a_batch_that_fails_halfway_leaves_whole_records(tmp_path: Path) -> None:
    broken = {**make_record("broken.mp4"), "size": 2**80}
    with open_sqlite(tmp_path / "library.db") as library:
        with pytest.raises(OverflowError):
            library.save_all(
                [LibraryEntry(make_record("a.mp4", scenes=["rain"]), tmp_path), LibraryEntry(broken, tmp_path)]
            )  # type: ignore[arg-type]
        assert library.stats().videos == len(library.search(parse_query("rain"))) == 0
        library.save(make_record("a.mp4", scenes=["rain"]), tmp_path)
        assert library.stats().videos == len(library.search(parse_query("rain"))) == 1


def test_a_library_that_is_taken_away_is_named_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with open_sqlite(path) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), tmp_path)
        path.rename(tmp_path / "away.db")
        for ask in (
            lambda: library.search(parse_query("rain")),
            lambda: library.save(make_record("b.mp4"), tmp_path),
        ):
            with pytest.raises(LibraryError, match="cannot be opened: it is not there any more"):
                ask()
        path.write_bytes(b"")
        with pytest.raises(LibraryError, match="is empty"):
            library.search(parse_query("rain"))
        (tmp_path / "away.db").replace(path)
        assert len(library.search(parse_query("rain"))) == 1


def test_another_file_in_the_place_of_a_library_is_read_and_written_from_then_on(tmp_path: Path) -> None:
    path, other = tmp_path / "library.db", tmp_path / "other.db"
    with open_sqlite(other) as library:
        library.save_all(LibraryEntry(make_record(f"{n}.mp4", scenes=["snow"]), tmp_path) for n in range(5))
    without_keys(other)  # and by an older vidkit
    with open_sqlite(path) as library:
        for n in range(50):  # its log is not empty
            library.save(make_record(f"{n}.mp4", scenes=["rain"], columns={"camera": "a"}), tmp_path)
        assert library.facets({"videos": parse_query()}, 30)["videos"] == {"": 50}
        assert (tmp_path / "library.db-wal").stat().st_size
        other.replace(path)
        assert library.search(parse_query("rain")) == []
        assert len(library.search(parse_query("snow"))) == 5
        assert library.facets({"class": parse_query(), "videos": parse_query()}, 30)["videos"] == {"": 5}
        assert library.columns(30) == []
        library.save(make_record("new.mp4", scenes=["hail"]), tmp_path)
        assert library.by_key(video_key("https://videos.example/new.mp4"))
    with open_sqlite(path) as library, sqlite3.connect(path) as check:
        assert library.stats().videos == 6
        assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()


def test_a_library_without_vectors_gets_room_for_them_and_is_read_without_until_then(tmp_path: Path) -> None:
    record = make_record("a.mp4", qwen_description="a dog")
    with open_sqlite("library.db") as library:
        library.save(record, tmp_path)
    with sqlite3.connect("library.db", isolation_level=None) as other:
        other.execute("DROP TABLE vectors")
        other.execute("PRAGMA user_version = 5")
        other.execute("BEGIN IMMEDIATE")  # it may not be written: it is read as it is
        vector, model = np.ones((1, 4), np.float16) / 2, model_id(TEXT, "words", "a" * 64)
        made = VideoVectors(record["source"]["url"], made_of(record, model), (("video", 0),), vector)
        with open_sqlite("library.db", busy_timeout=0.1) as library:
            assert library.vector_models() == {}
            assert library.nearest(model, vector[0], parse_query(), 3) == []
            assert list(library.vectors(model)) == []
            with pytest.raises(LibraryError, match="locked"):
                library.save_vectors(model, [made])
            other.execute("ROLLBACK")
            assert library.save_vectors(model, [made]) == 1  # who writes brings it up to date first
            assert [each.url for each in library.nearest(model, vector[0], parse_query(), 3)] == [made.url]
    other.close()
