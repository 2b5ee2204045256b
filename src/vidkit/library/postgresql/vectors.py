"""Vectors in a PostgreSQL library, by pgvector (https://github.com/pgvector/pgvector).

`vectors` has one row for each video and model: `made_of`, the keys of the moments, and `change`, which grows with
every change. The vectors themselves are in a table for each model, `moments_N`, one row for each moment. With many
vectors it gets an HNSW index. These tables are created with the first vectors, so that a server without pgvector
can do everything else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from vidkit.library.documents import key_of
from vidkit.library.postgresql.queries import PostgresIndex
from vidkit.library.postgresql.server import Connection
from vidkit.library.query import Query
from vidkit.library.spans import DESCRIPTION
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import (
    Near,
    NoVectorsHere,
    StoredVectors,
    VideoVectors,
    checked,
    packed_keys,
    unpacked,
    wrong_size,
)
from vidkit.messages import message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OLDEST = (0, 8)  # of pgvector: the first with `hnsw.iterative_scan`
_READ_AT_ONCE = 500  # videos whose vectors are in memory at a time
_FEW = 2000  # up to so many videos, every moment is compared
_INDEXED = 10_000  # moments of a model: with this many they get an index
_MOST_INDEXED = 4000  # the largest vector that an index allows
_MOST_CANDIDATES = 1000  # `hnsw.ef_search` at most
_REMEDY = message(
    "Install pgvector 0.8 or newer there (Debian and Ubuntu: postgresql-18-pgvector, for PostgreSQL 18)"
)
_KINDS = ("video", "scene", "segment")  # of descriptions


class Model(NamedTuple):
    """A model with vectors in the library; `size` is None as long as all its videos are without moments."""

    number: int
    size: int | None

    @property
    def table(self) -> str:
        return f"moments_{self.number}"


def use_pgvector(connection: Connection, name: str, make: bool = False) -> None:
    """Make pgvector's type and operators available in the open transaction.

    Args:
        connection: the connection with the transaction.
        name: the name of the library, for messages.
        make: whether to create the extension if the database does not have it.

    Raises:
        NoVectorsHere: the server has no pgvector, its pgvector is too old, or the user may not create the
            extension.
    """
    sql = "SELECT extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
    sql += "WHERE extname = 'vector'"
    found = connection.execute(sql.encode()).fetchone()
    if found is None and make:
        try:
            with connection.transaction():
                connection.execute("CREATE EXTENSION vector")  # in the first schema of the search path: ours
        except psycopg.errors.InsufficientPrivilege:
            raise NoVectorsHere(
                "{name} keeps no vectors: this user may not make the extension pgvector. Let an administrator run "
                "CREATE EXTENSION vector in this database.",
                name=name,
            ) from None
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
            pass
        found = connection.execute(sql.encode()).fetchone()
    if found is None:
        raise NoVectorsHere(
            "{name} keeps no vectors: its server has no pgvector. {remedy}.", name=name, remedy=_REMEDY
        )
    version, schema = found
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise NoVectorsHere(
            "{name} keeps no vectors: its pgvector is {version}. {remedy}.",
            name=name,
            version=version,
            remedy=_REMEDY,
        )
    connection.execute(SQL("SET LOCAL search_path TO vidkit, {}").format(Identifier(schema)))


def model_of(connection: Connection, model: str) -> Model | None:
    row = connection.execute("SELECT id, size FROM models WHERE model = %s", (storable(model),)).fetchone()
    return Model(*row) if row else None


def put_vectors(connection: Connection, model: str, found: Sequence[VideoVectors]) -> int:
    """Save vectors, in the open transaction. Returns the number of videos."""
    keys = {key_of(each.url): each for each in map(checked, found)}
    sql = "SELECT key, id FROM videos WHERE key = ANY(%s)"
    videos = {row[1]: keys[row[0]] for row in connection.execute(sql, (list(keys),)).fetchall()}
    if not videos:
        return 0
    size = next((each.vectors.shape[1] for each in videos.values() if each.keys), None)
    known = _with_table(connection, model, size)
    for each in videos.values():
        if each.keys and each.vectors.shape[1] != known.size:
            raise wrong_size(model, known.size or 0, each.vectors.shape[1])
    connection.execute("DELETE FROM vectors WHERE model = %s AND video = ANY(%s)", (known.number, list(videos)))
    rows = [(video, known.number, each.made_of, packed_keys(each.keys)) for video, each in videos.items()]
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY vectors (video, model, made_of, keys) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
    if known.size is not None:
        connection.execute(f"DELETE FROM {known.table} WHERE video = ANY(%s)".encode(), (list(videos),))
        words = f"COPY {known.table} (video, place, kind, number, vector) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(words.encode()) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for video, each in videos.items():
                copy.write(_packed(video, each))
            copy.write(struct.pack("!h", -1))
    return len(videos)


def _with_table(connection: Connection, model: str, size: int | None) -> Model:
    """The model with its number; its table is created as soon as the size is known."""
    connection.execute("INSERT INTO models (model) VALUES (%s) ON CONFLICT DO NOTHING", (storable(model),))
    known = model_of(connection, model)
    assert known is not None
    if known.size is None and size is not None:
        known = Model(known.number, size)
        connection.execute("UPDATE models SET size = %s WHERE id = %s", (size, known.number))
        connection.execute(
            f"CREATE TABLE {known.table} (video bigint NOT NULL, place integer NOT NULL, kind text NOT NULL, "
            f"number integer NOT NULL, vector halfvec({size}) NOT NULL, PRIMARY KEY (video, place))".encode()
        )
        connection.execute(f"ALTER TABLE {known.table} ALTER vector SET STORAGE PLAIN".encode())
    return known


def _packed(video: int, found: VideoVectors) -> bytes:
    """The rows of a video for binary COPY. A `halfvec` is its length, 0, and its numbers."""
    rows = []
    for place, ((kind, number), vector) in enumerate(zip(found.keys, found.vectors.astype(">f2"), strict=True)):
        name, data = storable(kind).encode(), struct.pack("!hh", len(vector), 0) + vector.tobytes()
        rows.append(struct.pack("!hiqiii", 5, 8, video, 4, place, len(name)) + name)
        rows.append(struct.pack("!iii", 4, number, len(data)) + data)
    return b"".join(rows)


def make_index(connection: Connection, model: str) -> None:
    """Create the index of a model with many vectors, if it has none yet."""
    known = model_of(connection, model)
    if known is None or known.size is None or known.size > _MOST_INDEXED:
        return
    there = "SELECT to_regclass(%s) IS NOT NULL"
    if connection.execute(there.encode(), (f"{known.table}_near",)).fetchone() == (True,):
        return
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {known.table} LIMIT {_INDEXED}) AS found"
    if connection.execute(sql.encode()).fetchone() == (_INDEXED,):
        connection.execute("SET LOCAL maintenance_work_mem TO '512MB'")
        operators = f"CREATE INDEX {known.table}_near ON {known.table} USING hnsw (vector halfvec_ip_ops)"
        connection.execute(operators.encode())


def drop_vectors(connection: Connection, videos: Sequence[int], models: Iterable[int] | None = None) -> None:
    """Drop the vectors of videos, of some models or all. Rows without vectors stay, so that changes show it."""
    sql = "SELECT id, size FROM models" + ("" if models is None else " WHERE id = ANY(%s)")
    values = () if models is None else (list(models),)
    for known in [Model(*row) for row in connection.execute(sql.encode(), values).fetchall()]:
        if known.size is not None:
            connection.execute(f"DELETE FROM {known.table} WHERE video = ANY(%s)".encode(), (list(videos),))
        connection.execute(
            "UPDATE vectors SET made_of = '', keys = '[]', change = nextval('vectors_change_seq') "
            "WHERE model = %s AND video = ANY(%s) AND made_of != ''",
            (known.number, list(videos)),
        )


def drop_older(connection: Connection, made: Mapping[int, Callable[[str], str]]) -> None:
    """Drop vectors of records that have other texts or images now.

    Args:
        connection: the connection with the transaction.
        made: video -> (model -> fingerprint of the model's input).
    """
    sql = "SELECT n.video, m.id, m.model, n.made_of FROM vectors n JOIN models m ON m.id = n.model "
    sql += "WHERE n.video = ANY(%s) AND n.made_of != ''"
    for video, number, model, was in connection.execute(sql.encode(), (list(made),)).fetchall():
        if made[video](model) != was:
            drop_vectors(connection, [video], [number])


def vectors_after(connection: Connection, model: str, after: int) -> list[StoredVectors]:
    """The next changes of a model after a change, in order."""
    known = model_of(connection, model)
    if known is None:
        return []
    sql = (
        "SELECT n.change, n.video, coalesce(v.url, ''), n.made_of, n.keys FROM vectors n "
        "LEFT JOIN videos v ON v.id = n.video WHERE n.model = %s AND n.change > %s ORDER BY n.change LIMIT %s"
    )
    rows = connection.execute(sql.encode(), (known.number, after, _READ_AT_ONCE)).fetchall()
    data = _data_of(connection, known, [video for _, video, _, made, _ in rows if made])
    return [
        StoredVectors(change, video, unpacked(url, made, keys, data.get(video, b"")) if made else None)
        for change, video, url, made, keys in rows
    ]


def vectors_of(connection: Connection, model: str, url: str) -> VideoVectors | None:
    """The vectors of one video; None if there are none."""
    known = model_of(connection, model)
    sql = (
        "SELECT v.id, v.url, n.made_of, n.keys FROM videos v JOIN vectors n ON n.video = v.id "
        "WHERE v.key = %s AND n.model = %s AND n.made_of != ''"
    )
    row = connection.execute(sql.encode(), (key_of(url), known.number)).fetchone() if known else None
    if known is None or row is None:
        return None
    video, there, made, keys = row
    return unpacked(there, made, keys, _data_of(connection, known, [video]).get(video, b""))


def _data_of(connection: Connection, known: Model, videos: Sequence[int]) -> dict[int, bytes]:
    """Video -> the numbers of its vectors, little-endian."""
    if known.size is None or not videos:
        return {}
    import numpy as np

    found: dict[int, bytes] = {}
    sql = f"SELECT video, vector FROM {known.table} WHERE video = ANY(%s) ORDER BY video, place"
    with connection.cursor(binary=True) as cursor:
        for video, data in cursor.execute(sql.encode(), (list(videos),)):
            found[video] = found.get(video, b"") + np.frombuffer(data[4:], ">f2").astype("<f2").tobytes()
    return found


def made_of_each(connection: Connection, model: str, urls: Sequence[str]) -> dict[str, str]:
    """Source URL -> `made_of`, for those videos that have vectors."""
    sql = (
        "SELECT v.key, n.made_of FROM videos v JOIN vectors n ON n.video = v.id JOIN models m ON m.id = n.model "
        "WHERE v.key = ANY(%s) AND m.model = %s AND n.made_of != ''"
    )
    keys = {url: key_of(url) for url in urls}
    found: dict[str, str] = dict(
        connection.execute(sql.encode(), (list(keys.values()), storable(model))).fetchall()
    )
    return {url: found[key] for url, key in keys.items() if key in found}


def models_in(connection: Connection) -> dict[str, int]:
    """Model -> number of videos with vectors of it, sorted by model."""
    sql = "SELECT m.model, count(*) FROM vectors n JOIN models m ON m.id = n.model WHERE n.made_of != '' GROUP BY 1"
    return dict(sorted(connection.execute(sql.encode()).fetchall()))


def remove_model(connection: Connection, model: str) -> int:
    """Remove all vectors of a model. Returns the number of videos."""
    known = model_of(connection, model)
    if known is None:
        return 0
    count = models_in(connection).get(storable(model), 0)
    connection.execute("DELETE FROM vectors WHERE model = %s", (known.number,))
    connection.execute("DELETE FROM models WHERE id = %s", (known.number,))
    connection.execute(f"DROP TABLE IF EXISTS {known.table}".encode())
    return count


def nearest_of(
    connection: Connection, name: str, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int
) -> list[Near]:
    """See `protocol.Library.nearest`. For a few videos every moment is compared. Otherwise the index is scanned in
    the order of similarity until enough moments match the query."""
    known = model_of(connection, model)
    if known is None or known.size is None or limit <= 0:
        return []
    if vector.size != known.size:
        raise wrong_size(model, known.size, vector.size)
    use_pgvector(connection, name)
    index = PostgresIndex(connection)
    where, values = index.video_conditions(index.with_forms(query))
    few: list[tuple[Any, ...]] | None = None
    conditions: list[str] = []
    if where != "TRUE":
        few = index.rows(f"SELECT v.id FROM videos v WHERE {where} LIMIT ?", [*values, _FEW + 1])
        if len(few) <= _FEW:
            conditions, values = ["n.video = ANY(?)"], [[row[0] for row in few]]
        else:
            few, conditions = None, [f"n.video IN (SELECT v.id FROM videos v WHERE {where})"]
    if query.sources:
        conditions.append("n.kind = ANY(?)")
        values = [*values, [*query.sources, *(_KINDS if DESCRIPTION in query.sources else ())]]
    asked = "[" + ",".join(f"{number:.7g}" for number in vector.tolist()) + "]"

    def found(distance: str) -> list[tuple[Any, ...]]:
        inner = f"SELECT n.video, n.place, n.kind, n.number, {distance} AS distance FROM {known.table} n "
        inner += f"WHERE {' AND '.join(conditions)} " if conditions else ""
        inner += "ORDER BY distance, n.video DESC, n.place LIMIT ?"
        sql = f"SELECT v.url, f.kind, f.number, -f.distance FROM ({inner}) AS f JOIN videos v ON v.id = f.video "
        return index.rows(sql + "ORDER BY f.distance, f.video DESC, f.place", [asked, *values, limit])

    distance = f"(n.vector <#> ?::halfvec({known.size}))"
    rows: list[tuple[Any, ...]] = []
    if few is None:
        candidates = min(max(100, 2 * limit), _MOST_CANDIDATES)
        connection.execute(
            f"SET LOCAL hnsw.ef_search TO {candidates}; SET LOCAL hnsw.iterative_scan TO strict_order".encode()
        )
        rows = found(distance)
    if len(rows) < limit:  # the index stops after too many moments that do not match the query
        rows = found(f"{distance} + 0")  # an expression without an index
    return [Near(*row) for row in rows]
