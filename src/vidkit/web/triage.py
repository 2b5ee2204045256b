"""Triage queues: the moments of a query, one after another, shared by all who answer them.

A queue is a snapshot in the order of the query. A reviewer who asks for the next moments holds them for some
minutes, in which nobody else gets them. The answers are in `triage_answers.py`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from vidkit.core.units import timestamp
from vidkit.library import Library, Query, moment_as_json, moment_of, parse_query, video_key
from vidkit.tagging import SENSITIVE
from vidkit.web.problems import not_found
from vidkit.web.state import StateDatabase

MOST = 100_000  # moments of a queue
LEASE = 300.0  # seconds for which a reviewer holds a moment
_BATCH = 1000  # moments that are stored in one transaction
_MOST_GONE = 2000  # moments without a video that one request removes
# A moment that has no answer and that nobody holds.
FREE = "queue = ? AND answer IS NULL AND (holder IS NULL OR until < ?)"

_making = threading.Lock()


@dataclass(frozen=True)
class Reviewer:
    """Who answers: the name of a key or session, and the browser tab."""

    name: str
    tab: str

    @property
    def holder(self) -> str:
        return f"{self.name}\n{self.tab}"


# Queues


def open_queue(
    state: StateDatabase, library: Library, options: Mapping[str, Any], query: Query, who: str
) -> tuple[int, bool]:
    """Find the queue of a query, or make it. If all of it is answered, moments that are new in the query are added.

    Args:
        state: the server's own database.
        library: the library that the query searches.
        options: the query as the caller gave it; the same options have the same queue.
        query: the same, parsed.
        who: the caller's name.

    Returns:
        The queue's number, and whether it is new.

    Raises:
        LibraryError: the library or the database cannot be read or written.
    """
    text = json.dumps(options, sort_keys=True)
    found = _queue_with_work(state, text)
    if found is not None:
        return found, False
    with _making:  # others with the same query wait here, and then get the same queue
        found = _queue_with_work(state, text)
        if found is not None:
            return found, False
        with state.writing() as connection:
            insert = "INSERT OR IGNORE INTO triage_queues (query, keys, total, done, made, at, who) VALUES"
            done = connection.execute(f"{insert} (?, '{{}}', 0, 0, 0, ?, ?)", (text, timestamp(), who))
            (number,) = connection.execute("SELECT id FROM triage_queues WHERE query = ?", (text,)).fetchone()
        _add_moments(state, number, _moments_found(library, query))
        return number, done.rowcount > 0


def _queue_with_work(state: StateDatabase, query: str) -> int | None:
    """The number of the queue of a query, if all its moments are stored and some are left."""
    with state.reading() as connection:
        select = "SELECT id FROM triage_queues WHERE query = ? AND made AND done < total"
        row = connection.execute(select, (query,)).fetchone()
        return None if row is None else row["id"]


def _moments_found(library: Library, query: Query) -> Iterator[tuple[str, str, int]]:
    """(key of the video, kind, number) of each moment that a query finds, in its order. Moments of videos with the
    tag `Sensitive` come first, and once more in their place."""
    sensitive = parse_query(tags=[SENSITIVE])
    yield from _in_order(library, replace(query, facts=(*query.facts, *sensitive.facts)))
    yield from _in_order(library, query)


def _in_order(library: Library, query: Query) -> Iterator[tuple[str, str, int]]:
    after = None
    while True:
        page = library.page(replace(query, limit=_BATCH), after)
        for moment in page.moments:
            yield video_key(moment.url), moment.kind, moment.number
        after = page.next
        if after is None:
            return


def _add_moments(state: StateDatabase, queue: int, found: Iterator[tuple[str, str, int]]) -> None:
    """Add the moments that a queue does not have at its end. Others may write between two batches."""
    with state.reading() as connection:
        select = "SELECT max(position) FROM triage_moments WHERE queue = ?"
        last = connection.execute(select, (queue,)).fetchone()[0] or 0
    numbered = enumerate(islice(found, MOST), last + 1)
    insert = "INSERT OR IGNORE INTO triage_moments (queue, position, key, kind, number) VALUES (?, ?, ?, ?, ?)"
    while batch := [(queue, position, *moment) for position, moment in islice(numbered, _BATCH)]:
        with state.writing() as connection:
            added = connection.executemany(insert, batch).rowcount
            connection.execute("UPDATE triage_queues SET total = total + ? WHERE id = ?", (added, queue))
    with state.writing() as connection:
        connection.execute("UPDATE triage_queues SET made = 1 WHERE id = ?", (queue,))


def queues(state: StateDatabase) -> list[dict[str, Any]]:
    """All queues, the latest first."""
    with state.reading() as connection:
        rows = connection.execute("SELECT * FROM triage_queues ORDER BY id DESC").fetchall()
        return [_shown(connection, row) for row in rows]


def queue_of(state: StateDatabase, queue: int) -> dict[str, Any]:
    """A queue: its query, its keys, and how far it is.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.reading() as connection:
        return _shown(connection, queue_row(connection, queue))


def options_of(state: StateDatabase, queue: int) -> dict[str, Any]:
    """The query of a queue, as it was given.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.reading() as connection:
        options: dict[str, Any] = json.loads(queue_row(connection, queue)["query"])
        return options


def queue_row(connection: sqlite3.Connection, queue: int) -> sqlite3.Row:
    row = connection.execute("SELECT * FROM triage_queues WHERE id = ?", (queue,)).fetchone()
    if row is None:
        raise not_found("there is no such queue; start it again from its search")
    found: sqlite3.Row = row
    return found


def _shown(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    select = "SELECT who, count(*) FROM triage_answers WHERE queue = ? GROUP BY who ORDER BY 2 DESC, 1"
    return {
        "id": row["id"],
        "query": json.loads(row["query"]),
        "keys": json.loads(row["keys"]),
        **progress_of(row),
        "by": dict(map(tuple, connection.execute(select, (row["id"],)))),
        "created_at": row["at"],
        "created_by": row["who"],
    }


def progress_of(row: sqlite3.Row) -> dict[str, int]:
    return {"total": row["total"], "done": row["done"], "left": row["total"] - row["done"]}


def set_keys(state: StateDatabase, queue: int, keys: Mapping[str, Any]) -> None:
    """Give keys of the keyboard a class or tags; None takes them away. Other keys stay.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.writing() as connection:
        now = {**json.loads(queue_row(connection, queue)["keys"]), **keys}
        kept = {key: said for key, said in sorted(now.items()) if said is not None}
        text = json.dumps(kept)
        connection.execute("UPDATE triage_queues SET keys = ? WHERE id = ?", (text, queue))


def forget_queue(state: StateDatabase, queue: int) -> None:
    """Forget a queue. The labels of its videos stay.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.writing() as connection:
        queue_row(connection, queue)
        connection.execute("DELETE FROM triage_queues WHERE id = ?", (queue,))


# Moments


def hold_next(
    state: StateDatabase, library: Library, queue: int, query: Query, reviewer: Reviewer, count: int
) -> tuple[list[dict[str, Any]], float]:
    """Give a reviewer the next moments: those that they hold already, then free ones.

    Args:
        state: the server's own database.
        library: where the videos are.
        queue: the queue's number.
        query: its words are marked in the texts of the moments.
        reviewer: who asks. They hold these moments and no others afterwards.
        count: how many moments; 0 gives all back.

    Returns:
        The moments as JSON, and until when they are held, in seconds since 1970.

    Raises:
        Problem: 404, there is no such queue.
    """
    until = time.time() + LEASE
    for _ in range(max(1, _MOST_GONE // max(count, 1))):
        rows = _hold(state, queue, reviewer, count, until)
        found = {row["position"]: item_of(state, library, queue, row, query) for row in rows}
        gone = [position for position, item in found.items() if item is None]
        if not gone:
            break
        remove_moments(state, queue, gone)
    return [item for item in found.values() if item is not None], until


def _hold(state: StateDatabase, queue: int, reviewer: Reviewer, count: int, until: float) -> list[sqlite3.Row]:
    with state.writing() as connection:
        queue_row(connection, queue)
        columns = "SELECT position, key, kind, number FROM triage_moments WHERE"
        hold = "UPDATE triage_moments SET holder = ?, until = ? WHERE queue = ? AND position = ?"
        mine = "queue = ? AND holder = ? AND answer IS NULL ORDER BY position"
        rows = connection.execute(f"{columns} {mine} LIMIT ?", (queue, reviewer.holder, count)).fetchall()
        back = "UPDATE triage_moments SET holder = NULL, until = NULL WHERE queue = ? AND holder = ?"
        connection.execute(back, (queue, reviewer.holder))
        connection.executemany(hold, [(reviewer.holder, until, queue, row["position"]) for row in rows])
        free = f"{columns} {FREE} ORDER BY position LIMIT ?"
        more = connection.execute(free, (queue, time.time(), count - len(rows))).fetchall()
        connection.executemany(hold, [(reviewer.holder, until, queue, row["position"]) for row in more])
        return [*rows, *more]


def item_of(
    state: StateDatabase, library: Library, queue: int, row: sqlite3.Row, query: Query
) -> dict[str, Any] | None:
    """A moment as JSON, with the last answer for its video; None if the video or the moment is gone."""
    entry = library.by_key(row["key"])
    moment = moment_of(entry, row["kind"], row["number"], query) if entry else None
    if entry is None or moment is None:
        return None
    with state.reading() as connection:
        select = "SELECT who, said FROM triage_answers WHERE queue = ? AND key = ? AND after IS NOT NULL"
        said = connection.execute(f"{select} ORDER BY id DESC LIMIT 1", (queue, row["key"])).fetchone()
    return {
        **moment_as_json(moment),
        "key": row["key"],
        "corrections": entry.record.get("corrections"),
        "said": {"who": said["who"], **json.loads(said["said"])} if said else None,
    }


def remove_moments(state: StateDatabase, queue: int, positions: list[int]) -> None:
    """Remove moments from a queue, because they are gone."""
    with state.writing() as connection:
        gone = "DELETE FROM triage_moments WHERE queue = ? AND position = ? AND answer IS NULL"
        count = connection.executemany(gone, [(queue, position) for position in positions]).rowcount
        connection.execute("UPDATE triage_queues SET total = total - ? WHERE id = ?", (count, queue))
