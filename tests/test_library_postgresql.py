"""What can go wrong with a PostgreSQL server, and what other programs find there. A real server, with passwords."""

from __future__ import annotations

import json
import math
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, open_library, parse_query
from vidkit.library.postgresql import schema as schema
from vidkit.library.postgresql.backend import open_postgresql

from .ports import free_port
from .postgresql import PASSWORD, QUOTED, Server, data_folder, postgresql
from .records import make_record
from .waiting import PATIENCE

Capture = pytest.CaptureFixture[str]


def said(uri: str) -> str:
    with pytest.raises(LibraryError) as caught:
        open_postgresql(uri, timeout=2.0).close()
    chain = [caught.value, caught.value.__cause__]
    assert not any(part in str(error) for error in chain if error for part in ("s3cr", "p@ss", "p%40ss"))
    return str(caught.value)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    port = free_port()
    message = said(f"postgresql://me:{QUOTED}@127.0.0.1:{port}/films")
    assert message.startswith(f"postgresql://127.0.0.1:{port} does not answer: ")
    assert message.endswith("See that the server runs and [Library] Path is right.")


def test_a_wrong_password_and_a_database_that_is_not_there_are_named(postgres: Server) -> None:
    wrong = "does not let you in: the user name or the password in [Library] Path is wrong."
    for uri in (postgres.uri("postgres", password=f"{QUOTED}x"), postgres.uri("postgres", user="nobody")):
        assert said(uri) == f"postgresql://{postgres.address} {wrong}"
    assert "has no such database. Make it with CREATE DATABASE" in said(postgres.uri("nowhere"))


@pytest.mark.parametrize(
    "uri",
    [
        f"postgresql://me:{PASSWORD}@127.0.0.1/films",
        "postgresql://me:s3cr@127.0.0.1:p@ss/films",
        "postgresql://me:s3cr@host:99999/films",
        "postgresql://me:s3cr@host:x/films",
        "postgresql://me:s3cr?p@ss@host/films",
        "postgresql://me:s3cr@host/films?nothing=p@ss",
    ],
)
def test_a_wrong_uri_is_named_without_its_password(uri: str) -> None:
    assert "Write postgresql:// and then user:password@host:5432/database" in said(uri)


def test_the_password_is_in_no_output_log_or_setting(postgres: Server, capsys: Capture) -> None:
    place = postgres.uri("postgres", password="geheim")
    Path("config.ini").write_text(f"[Library]\nPath = {place}\n")
    for words in (
        ["stats"],
        ["doctor"],
        ["search", "rain"],
        ["process", "--urls", "a.mp4", "--log_level", "DEBUG"],
    ):
        assert main(words) in (1, 2)
        shown = capsys.readouterr()
        assert "the password in [Library] Path is wrong" in shown.out + shown.err
        assert "geheim" not in shown.out + shown.err
    assert "geheim" not in Path("video_processing.log").read_text()
    config = load_config()
    assert "geheim" not in repr(config)
    assert config.secrets() == [place]


def test_a_library_is_moved_to_postgresql_and_back_and_says_what_to_set(
    postgres: Server, database: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = postgres.uri(database)
    with open_library(load_config()) as library:
        library.save_all(LibraryEntry(make_record(f"{n}.mp4", scenes=["rain"]), Path.cwd()) for n in range(30))
        before = list(library.records())
    assert main(["library", "move", "--to", place]) == 0
    shown = capsys.readouterr().err
    assert f"30 records are in postgresql://{postgres.address}/{database}" in shown
    assert "as Path under [Library] in config.ini, or into the environment variable VIDKIT_LIBRARY_PATH" in shown
    assert "s3cr" not in shown
    monkeypatch.setenv("VIDKIT_LIBRARY_PATH", place)
    assert main(["library", "move", "--to", "back.db"]) == 0
    assert "under [Library] in config.ini." in capsys.readouterr().err
    assert main(["doctor"]) in (0, 1, 2)
    assert f"postgresql://{postgres.address}/{database}, 30 records" in capsys.readouterr().out
    monkeypatch.setenv("VIDKIT_LIBRARY_PATH", "back.db")
    with open_library(load_config()) as library:
        assert list(library.records()) == before


def test_a_user_who_may_only_read_can_search_and_is_told_so_when_saving(postgres: Server, database: str) -> None:
    with open_postgresql(postgres.uri(database)) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), Path())
    user = f"reader_{database}"
    postgres.new_user(user)
    assert "does not allow this user to do that" in said(postgres.uri(database, user))
    grants = ("GRANT USAGE ON SCHEMA vidkit TO", "GRANT SELECT ON ALL TABLES IN SCHEMA vidkit TO")
    postgres.run(database, *(f"{grant} {user}" for grant in grants))
    with open_postgresql(postgres.uri(database, user)) as library:
        assert len(library.search(parse_query("rain"))) == 1
        with pytest.raises(LibraryError, match="does not allow this user to do that"):
            library.save(make_record("b.mp4"), Path())


def test_a_database_that_can_only_be_read_is_named_when_saving(postgres: Server, database: str) -> None:
    place = f"{postgres.uri(database)}?options=-cdefault_transaction_read_only%3Don"
    assert "can only be read: it is a standby, or its transactions are read-only" in said(place)
    with open_postgresql(postgres.uri(database)) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), Path())
    with open_postgresql(place) as library:
        assert len(library.search(parse_query("rain"))) == 1
        with pytest.raises(LibraryError, match="can only be read"):
            library.save(make_record("b.mp4"), Path())


def test_a_server_that_is_restarted_is_used_again_and_one_that_is_gone_is_named() -> None:
    with data_folder() as data:
        port = free_port()
        with postgresql(data, port=port) as server:
            library = open_postgresql(server.uri("postgres"), timeout=4.0)
            library.save(make_record("a.mp4"), Path())
        try:
            for ask in (lambda: library.save(make_record("b.mp4"), Path()), library.stats):
                with pytest.raises(LibraryError, match=f"postgresql://127.0.0.1:{port}.* does not answer"):
                    ask()
            with postgresql(data, port=port):
                assert library.find("a.mp4")
                library.save(make_record("b.mp4"), Path())
                assert library.stats().videos == 2
        finally:
            library.close()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of a few megabytes, which the server may write to."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_all_records_before_are_kept() -> None:
    with data_folder() as data:
        place = data.parent / "small"
        place.mkdir(mode=0o777)
        # What has no room is the table space of the database; the server's log of writes is elsewhere.
        with small_disk(place, 40), postgresql(data) as server:
            (place / "space").mkdir()
            os.chown(place / "space", *data.stat()[4:6])
            server.run("postgres", f"CREATE TABLESPACE small LOCATION '{place / 'space'}'")
            name = server.new_database("TABLESPACE small")
            with open_postgresql(server.uri(name)) as library:
                library.save(make_record("kept.mp4", scenes=["rain"]), Path())
                long = os.urandom(200_000).hex()

                def fill() -> None:
                    for number in range(900):
                        library.save(make_record(f"{number}.mp4", qwen_description=f"{number}{long}"), Path())

                with pytest.raises(LibraryError, match=r"the disk is full: .* Make room on its disk") as caught:
                    fill()
                assert "s3cr" not in str(caught.value)
                assert [moment.filename for moment in library.search(parse_query("rain"))] == ["kept.mp4"]
                videos = library.stats().videos
                assert videos > 1
                subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)
                library.save(make_record("later.mp4"), Path())
                assert library.stats().videos == videos + 1
            server.run("postgres", f"DROP DATABASE {name} WITH (FORCE)", "DROP TABLESPACE small")


def test_a_database_of_another_encoding_is_refused(postgres: Server) -> None:
    name = postgres.new_database("ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    assert "is a database in LATIN1, which has no room for every text" in said(postgres.uri(name))


def test_a_newer_library_and_a_foreign_schema_are_refused(postgres: Server, database: str) -> None:
    open_postgresql(postgres.uri(database)).close()
    postgres.run(database, "UPDATE vidkit.meta SET schema = 99")
    assert "was made by a newer vidkit (its schema is 99" in said(postgres.uri(database))
    postgres.run(database, "DROP SCHEMA vidkit CASCADE", "CREATE SCHEMA vidkit", "CREATE TABLE vidkit.x (y int)")
    assert "has a schema vidkit of another program" in said(postgres.uri(database))


def test_an_older_library_is_migrated_once_and_says_so(
    postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open_postgresql(postgres.uri(database)) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), Path())
    newer = ("ALTER TABLE videos ADD COLUMN mark text NOT NULL DEFAULT 'old'",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
    for words in ("is of an older vidkit: it is migrated, once", ""):
        caplog.clear()
        with open_postgresql(postgres.uri(database)) as library:
            assert len(library.search(parse_query("rain"))) == 1
        assert words in caplog.text
        assert bool(words) == bool(caplog.text)
    with psycopg.connect(postgres.uri(database)) as connection:
        found = connection.execute("SELECT mark, schema FROM vidkit.videos, vidkit.meta").fetchall()
    assert found == [("old", len(schema.MIGRATIONS))]


def test_phrases_in_an_older_library_are_indexed_when_it_is_migrated(postgres: Server, database: str) -> None:
    def lexemes() -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres.uri(database)) as connection:
            asked = "SELECT rowid, lexemes::text FROM vidkit.words ORDER BY rowid"
            return connection.execute(asked).fetchall()

    with open_postgresql(postgres.uri(database)) as library:
        library.save(make_record("a.mp4", scenes=["the red car", "ein Café: 東京"], tags=["Old Town"]), Path())
        library.save(make_record("b.mp4", scenes=["a car, red", "one"]), Path())
    before = lexemes()
    assert "=" in before[0][1]
    generated = f"ADD lexemes tsvector GENERATED ALWAYS AS ({schema._LEXEMES}) STORED"
    postgres.run(
        database,
        "ALTER TABLE vidkit.words DROP COLUMN lexemes",
        f"ALTER TABLE vidkit.words {generated}",
        "CREATE INDEX words_lexemes ON vidkit.words USING gin (lexemes)",
        "DROP TABLE vidkit.vectors, vidkit.models",
        "UPDATE vidkit.meta SET schema = 1",
    )
    assert lexemes() != before
    with open_postgresql(postgres.uri(database)) as library:
        assert lexemes() == before
        for typed in ('"red car"', '"old town" car', '"東京"', '"the red ca"*'):
            assert {moment.filename for moment in library.search(parse_query(typed))} == {"a.mp4"}, typed
        assert library.vector_models() == {}


def test_other_programs_find_every_record_as_json_also_an_odd_one(postgres: Server, database: str) -> None:
    odd: Any = make_record("b.mp4", qwen_description="half \ud800 and \0", fps=math.nan, bit_rate=2**70)
    with open_postgresql(postgres.uri(database)) as library:
        library.save(make_record("a.mp4", tags=["Night"], columns={"label": "eat"}), Path("/results"))
        library.save(odd, Path("/results"))
        assert json.dumps(library.find("b.mp4")[0].record) == json.dumps(odd)
    asked = "SELECT record->>'filename', record->'fps' FROM vidkit.films WHERE record @> %s"
    with psycopg.connect(postgres.uri(database)) as connection:
        tagged = '{"tags": ["Night"], "source": {"columns": {"label": "eat"}}}'
        assert [row[0] for row in connection.execute(asked, (tagged,))] == ["a.mp4"]
        (row,) = connection.execute(asked, ('{"filename": "b.mp4"}',)).fetchall()
        assert row == ("b.mp4", None)


def test_writers_take_turns_and_one_that_hangs_is_named(
    postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidkit.library.postgresql import server as postgres_server

    short = postgres_server._WRITING.replace("lock_timeout TO '30s'", "lock_timeout TO '200ms'")
    assert short != postgres_server._WRITING
    with open_postgresql(postgres.uri(database)) as one, open_postgresql(postgres.uri(database)) as other:
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with one._connections.writing():
                entered.set()
                leave.wait(PATIENCE)

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            assert entered.wait(PATIENCE)
            monkeypatch.setattr(postgres_server, "_WRITING", short)
            with pytest.raises(LibraryError, match="is locked: another program has been writing"):
                other.save(make_record("a.mp4"), Path())
        finally:
            leave.set()
            holder.join()
        other.save(make_record("a.mp4"), Path())
        assert one.find("a.mp4")
