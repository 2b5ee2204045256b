"""Vectors in a library file: saving, and reading them for an index beside the file.

`vectors` has one row for each video and model. A replaced row gets a new number, `change`, so that an index beside
the file can read newer rows. A removed video leaves a row without vectors, for the same reason.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from vidkit.library.query import Query
from vidkit.library.sql import video_conditions
from vidkit.library.sqlite.reading import has_few
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import (
    StoredVectors,
    VideoVectors,
    checked,
    packed_keys,
    unpacked,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAMES = "video, model, made_of, keys, vectors"
READ_AT_ONCE = 500  # videos whose vectors are in memory at a time
_COLUMNS = "n.change, n.video, coalesce(v.url, ''), n.made_of, n.keys, n.vectors"


def put_vectors(connection: sqlite3.Connection, model: str, found: Iterable[VideoVectors]) -> int:
    """Save vectors, in the open transaction. Returns the number of videos."""
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
    """Drop the vectors of a video, of some models or all. The rows stay without vectors, so that an index sees
    it."""
    where = "video = ? AND made_of != ''"
    where += "" if models is None else f" AND model IN ({','.join('?' * len(models))})"
    connection.execute(
        f"INSERT OR REPLACE INTO vectors ({_NAMES}) SELECT video, model, '', '[]', x'' FROM vectors WHERE {where}",
        (number, *(models or ())),
    )


def drop_older(connection: sqlite3.Connection, number: int, made: Callable[[str], str]) -> None:
    """Drop the vectors of a video whose record has other texts or images now; `made` is model -> fingerprint."""
    rows = connection.execute("SELECT model, made_of FROM vectors WHERE video = ? AND made_of != ''", (number,))
    if older := [model for model, was in rows.fetchall() if made(model) != was]:
        drop_vectors(connection, number, older)


def vectors_after(connection: sqlite3.Connection, model: str, after: int) -> list[StoredVectors]:
    """The next changes of a model after a change, in order."""
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
    """The vectors of one video; None if there are none."""
    row = connection.execute(
        "SELECT v.url, n.made_of, n.keys, n.vectors FROM videos v JOIN vectors n ON n.video = v.id "
        "WHERE v.url = ? AND n.model = ? AND n.made_of != ''",
        (storable(url), model),
    ).fetchone()
    return unpacked(*row) if row else None


def made_of_each(connection: sqlite3.Connection, model: str, urls: Sequence[str]) -> dict[str, str]:
    """Source URL -> `made_of`, for those videos that have vectors."""
    sql = (
        "SELECT n.made_of FROM videos v JOIN vectors n ON n.video = v.id WHERE v.url = ? AND n.model = ? "
        "AND n.made_of != ''"
    )
    found = ((url, connection.execute(sql, (storable(url), model)).fetchone()) for url in urls)
    return {url: row[0] for url, row in found if row}


def models_in(connection: sqlite3.Connection) -> dict[str, int]:
    """Model -> number of videos with vectors of it, sorted by model."""
    rows = connection.execute("SELECT model, count(*) FROM vectors WHERE made_of != '' GROUP BY 1 ORDER BY 1")
    return dict(rows.fetchall())


def current_vectors(
    connection: sqlite3.Connection, model: str, videos: Sequence[int]
) -> dict[int, tuple[str, int, str]]:
    """Video -> source URL, change, `made_of`; for those videos that have vectors of a model."""
    found: dict[int, tuple[str, int, str]] = {}
    for at in range(0, len(videos), READ_AT_ONCE):
        some = videos[at : at + READ_AT_ONCE]
        rows = connection.execute(
            "SELECT n.video, v.url, n.change, n.made_of FROM vectors n JOIN videos v ON v.id = n.video "
            f"WHERE n.video IN ({','.join('?' * len(some))}) AND n.model = ? AND n.made_of != ''",
            (*some, model),
        )
        found.update((video, (url, change, made)) for video, url, change, made in rows)
    return found


def allowed_videos(connection: sqlite3.Connection, query: Query) -> NDArray[np.int64] | None:
    """The numbers of the videos that match a query; None for every video."""
    import numpy as np

    where, values = video_conditions(query, has_few(connection, query))
    if where == "TRUE":
        return None
    # As one text, which is many times faster than one row per video.
    (numbers,) = connection.execute(f"SELECT group_concat(v.id) FROM videos v WHERE {where}", values).fetchone()
    return np.fromstring(numbers, np.int64, sep=",") if numbers else np.zeros(0, np.int64)
