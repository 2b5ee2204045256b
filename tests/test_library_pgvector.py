"""Vectors in PostgreSQL: the index of pgvector, and servers without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psycopg
import pytest

from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, copy_library, parse_query
from vidkit.library.postgresql import vectors as kept
from vidkit.library.postgresql.backend import PostgresLibrary, open_postgresql
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.library.vectors.protocol import VideoVectors, made_of, moments_for

from .postgresql import Server, data_folder, postgresql
from .records import make_record
from .test_library_vectors import DOGS, SIZE, WORDS, filled, keep, near, toward, vectors_for
from .waiting import until

MANY = 700


def many(home: PostgresLibrary) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """Keep videos with three random vectors each: every second is tagged Even, every 100th is Rare; those that are
    Far have vectors in one half of the room alone."""
    rows = np.random.default_rng(3).standard_normal((MANY, 3, SIZE))
    rows[-100:, :, 0] = -np.abs(rows[-100:, :, 0]) - 3
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    tags = [[("Odd", "Even")[n % 2 == 0], *["Rare"] * (n % 100 == 0), *["Far"] * (n >= 600)] for n in range(MANY)]
    records = [make_record(f"{n}.mp4", scenes=["one", "two", "three"], tags=tags[n]) for n in range(MANY)]
    home.save_all(LibraryEntry(record, Path()) for record in records)
    found = rows.astype(np.float16)
    made = (
        VideoVectors(
            record["source"]["url"], made_of(record, WORDS), tuple(k[:2] for k in moments_for(record, WORDS)), row
        )
        for record, row in zip(records, found, strict=True)
    )
    assert home.save_vectors(WORDS, made) == MANY
    return found


def test_many_vectors_get_an_index_that_finds_the_nearest_under_any_filter(
    postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_INDEXED", 1000)
    monkeypatch.setattr(kept, "_FEW", 20)
    # As among millions: the index gives up before it has met enough that the query allows.
    few_steps = "?options=-chnsw.max_scan_tuples%3D100"
    with open_postgresql(postgres.uri(database) + few_steps) as home:
        rows = many(home)
        flat = rows.reshape(-1, SIZE).astype(float)
        asked = toward(*np.random.default_rng(4).standard_normal(SIZE))
        asked[0] = 0.9
        asked /= np.linalg.norm(asked)
        videos = np.repeat(np.arange(MANY), 3)
        for tags, allowed in (
            ([], videos >= 0),
            (["Even"], videos % 2 == 0),
            (["Rare"], videos % 100 == 0),
            (["Far"], videos >= 600),
        ):
            similarity = np.where(allowed, flat @ asked, -np.inf)
            exact = {(f"{at // 3}.mp4", int(at) % 3 + 1) for at in np.argsort(-similarity)[:20]}
            found = near(home, *asked, limit=20, tags=tags)
            assert len(found) == 20
            assert len(exact & set(found)) >= 19, tags
    with psycopg.connect(postgres.uri(database)) as connection:
        scans = "SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = 'moments_1_near'"

        def is_used() -> bool:
            connection.rollback()
            return connection.execute(scans).fetchone() == (True,)

        until(is_used)  # the server counts a little later


def test_a_model_with_few_vectors_has_no_index_and_gets_one_with_more(
    postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def indexes() -> list[str]:
        with psycopg.connect(postgres.uri(database)) as connection:
            asked = "SELECT indexdef FROM pg_indexes WHERE tablename = 'moments_1' AND indexdef LIKE '%hnsw%'"
            return [row[0] for row in connection.execute(asked).fetchall()]

    monkeypatch.setattr(kept, "_INDEXED", 4)
    with open_postgresql(postgres.uri(database)) as home:
        keep(home, DOGS, other := make_record("other.mp4", scenes=["a", "b"]))
        home.save_vectors(WORDS, [vectors_for(DOGS, (1,), (0, 1))])
        assert indexes() == []
        home.save_vectors(WORDS, [vectors_for(other, (1,), (0, 1))])
        assert len(indexes()) == 1
        assert near(home, 1, limit=1) == [("other.mp4", 1)]


def test_without_pgvector_vectors_are_refused_with_the_remedy_and_all_else_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        data_folder() as data,
        postgresql(data, "extension_control_path=/nowhere") as server,
        open_postgresql(server.uri("postgres")) as home,
        open_sqlite(tmp_path / "library.db") as source,
    ):
        keep(home, DOGS)
        with pytest.raises(
            LibraryError, match=r"keeps no vectors: its server has no pgvector\. Install pgvector 0.8"
        ):
            home.save_vectors(WORDS, [vectors_for(DOGS, (1,), (1,))])
        assert home.vector_models() == {}
        assert near(home, 1, 0) == []
        filled(source)
        assert copy_library(source, home) == 2
        assert "The vectors of text:words:aaaaaaaaaaaa stay where they are" in caplog.text
        assert len(home.search(parse_query("sleeps"))) == 1
        assert home.remove(DOGS["source"]["url"])


def test_a_user_who_may_not_make_the_extension_is_told_who_may(postgres: Server, database: str) -> None:
    user = f"writer_{database}"
    postgres.new_user(user)
    postgres.run(database, f"GRANT CREATE ON DATABASE {database} TO {user}")
    with open_postgresql(postgres.uri(database, user)) as home:
        keep(home, DOGS)
        with pytest.raises(LibraryError, match="Let an administrator run CREATE EXTENSION vector in this database"):
            home.save_vectors(WORDS, [vectors_for(DOGS, (1,), (1,))])
        schema = '"Where Ever"'
        postgres.run(database, f"CREATE SCHEMA {schema}", f"GRANT USAGE ON SCHEMA {schema} TO PUBLIC")
        postgres.run(database, f"CREATE EXTENSION vector SCHEMA {schema}")
        assert home.save_vectors(WORDS, [vectors_for(DOGS, (1,), (0, 1))]) == 1
        assert near(home, 0, 1) == [("dogs.mp4", 2), ("dogs.mp4", 1)]
    postgres.run(database, f"DROP SCHEMA {schema} CASCADE", f"DROP OWNED BY {user}")
