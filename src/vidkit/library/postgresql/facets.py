"""Count the videos of a PostgreSQL library by facets, within a time limit: one statement for all facets of a
query."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vidkit.library.facets import COLUMN, EXACTLY, counted_values, ordered
from vidkit.library.postgresql.queries import PostgresIndex
from vidkit.library.postgresql.server import Connections
from vidkit.library.protocol import LENGTHS
from vidkit.library.query import Query
from vidkit.library.text import storable

_SAMPLE = 200  # latest videos whose columns are listed
REACHED = " + ".join(f"(v.duration >= {seconds})::int" for seconds in LENGTHS)
_LENGTH = (
    f"({REACHED})::text || CASE WHEN v.duration IN ({', '.join(map(str, LENGTHS))}) THEN '{EXACTLY}' ELSE '' END"
)
_VALUES = {
    "class": "v.classification",
    "tag": "v.tags",
    "length": _LENGTH,
    "resolution": "v.resolution",
    "codec": "v.codec",
}


def columns_of(connections: Connections, seconds: float) -> list[str] | None:
    """See `protocol.Library.columns`."""
    counts = Counter[str]()
    try:
        with connections.reading(seconds) as connection:
            sql = "SELECT columns FROM videos ORDER BY id DESC LIMIT ?"
            for (columns,) in PostgresIndex(connection).rows(sql, (_SAMPLE,)):
                counts.update(name for name, value in columns.items() if value)
    except TimeoutError:
        return None
    return [name for name in ordered(counts) if name]


def facets_of(connections: Connections, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
    """See `protocol.Library.facets`."""
    deadline = time.monotonic() + seconds
    found: dict[str, dict[str, int]] = {}
    by_query: defaultdict[Query, list[str]] = defaultdict(list)
    for name, query in queries.items():
        by_query[replace(query, sort="relevance", limit=None, offset=0)].append(name)
    for query, names in by_query.items():
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            with connections.reading(left) as connection:
                index = PostgresIndex(connection)
                found |= _counted(index, index.with_forms(query), names)
        except TimeoutError:
            break
    return found


def _counted(index: PostgresIndex, query: Query, names: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    facets = [name for name in names if name not in ("videos", "moments")]
    where, values = index.video_conditions(query)
    columns = [name.removeprefix(COLUMN) for name in facets if name.startswith(COLUMN)]
    kept = [_VALUES.get(name, "v.columns ->> ?") for name in facets]
    inner = (
        f"SELECT {''.join(f'{each} AS f{at}, ' for at, each in enumerate(kept))}v.id FROM videos v WHERE {where}"
    )
    sets = ", ".join(["()", *(f"(f{at})" for at in range(len(facets)))])
    shown = "".join(f"f{at}, " for at in range(len(facets)))
    which = f"grouping({', '.join(f'f{at}' for at in range(len(facets)))})" if facets else "0"
    sql = f"SELECT {shown}{which}, count(*) FROM ({inner}) AS found GROUP BY GROUPING SETS ({sets})"
    rows = index.rows(sql, [*map(storable, columns), *values])
    # `grouping` has a bit for each facet that a row is not grouped by; the highest bit is the first facet.
    whole = (1 << len(facets)) - 1
    videos = next((row[-1] for row in rows if row[-2] == whole), 0)
    for at, name in enumerate(facets):
        own = whole & ~(1 << (len(facets) - 1 - at))
        found[name] = counted_values(name, ((row[at], row[-1]) for row in rows if row[-2] == own))
    if "videos" in names:
        found["videos"] = {"": videos}
    if "moments" in names:
        found["moments"] = {"": _moments(index, query) if query.words else videos}
    return found


def _moments(index: PostgresIndex, query: Query) -> int:
    """The number of results of a query with words."""
    tail, values = index.word_rows(query)
    rows: list[tuple[Any, ...]] = index.rows(f"SELECT count(*) {tail}", values)
    return int(rows[0][0])
