"""Vectors in a library file: how they are kept, and the exact search among them.

`vectors` has one row for each video and model. A row that is replaced gets a new number, `change`, so that an index
beside the file can read what is newer. A video that is removed leaves a row without vectors, for the same reason.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from vidkit.library.query import Query
from vidkit.library.sql import video_conditions
from vidkit.library.sqlite_reading import has_few
from vidkit.library.text import storable
from vidkit.library.vectors import (
    Near,
    StoredVectors,
    VideoVectors,
    allows_kind,
    checked,
    packed_keys,
    unpacked,
    wrong_size,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAMES = "video, model, made_of, keys, vectors"
READ_AT_ONCE = 500  # videos whose vectors are in memory at a time
_COLUMNS = "n.change, n.video, coalesce(v.url, ''), n.made_of, n.keys, n.vectors"


def put_vectors(connection: sqlite3.Connection, model: str, found: Iterable[VideoVectors]) -> int:
    """Keep vectors, in the transaction that is open; of how many videos."""
    count = 0
    for each in map(checked, found):
        row = connection.execute("SELECT id FROM videos WHERE url = ?", (storable(each.url),)).fetchone()
        if row is None:
            continue
        data = each.vectors.astype("<f2", copy=False).tobytes()
        values = row[0], model, each.made_of, packed_keys(each.keys), data
        connection.execute(f"INSERT OR REPLACE INTO vectors ({_NAMES}) VALUES (?, ?, ?, ?, ?)", values)
        count += 1
    return count


def drop_vectors(connection: sqlite3.Connection, number: int, models: Sequence[str] | None = None) -> None:
    """Drop the vectors of a video, those of some models or all; what is left says so to an index."""
    where = "video = ? AND made_of != ''"
    where += "" if models is None else f" AND model IN ({','.join('?' * len(models))})"
    connection.execute(
        f"INSERT OR REPLACE INTO vectors ({_NAMES}) SELECT video, model, '', '[]', x'' FROM vectors WHERE {where}",
        (number, *(models or ())),
    )


def drop_older(connection: sqlite3.Connection, number: int, made: Callable[[str], str]) -> None:
    """Drop the vectors of a video whose record has other texts or pictures now; `made` is model -> fingerprint."""
    rows = connection.execute("SELECT model, made_of FROM vectors WHERE video = ? AND made_of != ''", (number,))
    if older := [model for model, was in rows.fetchall() if made(model) != was]:
        drop_vectors(connection, number, older)


def vectors_after(connection: sqlite3.Connection, model: str, after: int) -> list[StoredVectors]:
    """Some changes of a model after one, in their order."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM vectors n LEFT JOIN videos v ON v.id = n.video WHERE n.model = ? AND n.change > ? "
        f"ORDER BY n.change LIMIT {READ_AT_ONCE}",
        (model, after),
    )
    return [
        StoredVectors(change, video, unpacked(url, made, keys, data) if made else None)
        for change, video, url, made, keys, data in rows
    ]


def vectors_of(connection: sqlite3.Connection, model: str, url: str) -> VideoVectors | None:
    """The vectors of one video; None where there are none."""
    row = connection.execute(
        "SELECT v.url, n.made_of, n.keys, n.vectors FROM videos v JOIN vectors n ON n.video = v.id "
        "WHERE v.url = ? AND n.model = ? AND n.made_of != ''",
        (storable(url), model),
    ).fetchone()
    return unpacked(*row) if row else None


def made_of_each(connection: sqlite3.Connection, model: str, urls: Sequence[str]) -> dict[str, str]:
    """Source URL -> `made_of`, of those of some videos that have vectors."""
    asked = (
        "SELECT n.made_of FROM videos v JOIN vectors n ON n.video = v.id WHERE v.url = ? AND n.model = ? "
        "AND n.made_of != ''"
    )
    found = ((url, connection.execute(asked, (storable(url), model)).fetchone()) for url in urls)
    return {url: row[0] for url, row in found if row}


def models_in(connection: sqlite3.Connection) -> dict[str, int]:
    """Model -> videos that have vectors of it, in the order of their names."""
    rows = connection.execute("SELECT model, count(*) FROM vectors WHERE made_of != '' GROUP BY 1 ORDER BY 1")
    return dict(rows.fetchall())


def nearest_exactly(
    connection: sqlite3.Connection, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int
) -> list[Near]:
    """The moments nearest to a vector among those that a query allows, by comparing it with each."""
    import numpy as np

    allowed = allowed_videos(connection, query)
    asked = np.asarray(vector, np.float32)
    best: list[tuple[float, int, str, str, int]] = []
    after = 0
    while found := vectors_after(connection, model, after):
        after = found[-1].change
        there = [
            (each.video, each.found)
            for each in found
            if each.found is not None and each.found.keys and (allowed is None or each.video in allowed)
        ]
        if not there:
            continue
        matrix = np.concatenate([each.vectors for _, each in there]).astype(np.float32)
        if matrix.shape[1] != asked.size:
            raise wrong_size(model, matrix.shape[1], asked.size)
        moments = list(chain.from_iterable(((video, each.url, *key) for key in each.keys) for video, each in there))
        similarities = matrix @ asked
        similarities[[not allows_kind(kind, query) for _, _, kind, _ in moments]] = -np.inf
        order = np.argsort(-similarities, kind="stable")[:limit]
        best += [(float(similarities[at]), *moments[at]) for at in order if similarities[at] > -np.inf]
        best = _first(best, limit)
    return [Near(url, kind, number, similarity) for similarity, _, url, kind, number in best]


def _first(found: list[tuple[float, int, str, str, int]], limit: int) -> list[tuple[float, int, str, str, int]]:
    """The nearest; of equals the latest video."""
    return sorted(found, key=lambda each: (-each[0], -each[1]))[:limit]


def allowed_videos(connection: sqlite3.Connection, query: Query) -> frozenset[int] | None:
    """The numbers of the videos that a query's filters and words allow; None where that is every video."""
    where, values = video_conditions(query, has_few(connection, query))
    if where == "TRUE":
        return None
    return frozenset(row[0] for row in connection.execute(f"SELECT v.id FROM videos v WHERE {where}", values))
