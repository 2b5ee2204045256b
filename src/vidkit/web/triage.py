"""Triage queues: the moments of a query, one after another, shared by all who answer them.

A queue is a snapshot in the order of the query. Who asks for the next moments holds them for some minutes; nobody
else gets them meanwhile. An answer corrects the moment's video as `vidkit label` does, and can be undone.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice
from typing import Any

from vidkit.curate.corrections import Change, correct_entry, set_corrections
from vidkit.library import Library, LibraryEntry, Query, moment_as_json, moment_of, video_key
from vidkit.tagging import RuleSet
from vidkit.web.problems import Problem, not_found
from vidkit.web.state import StateDatabase
from vidkit.workflow.fingerprints import timestamp

MOST = 100_000  # moments of a queue
LEASE = 300.0  # seconds that a moment is kept for who asked for it
_BATCH = 1000  # moments that are stored in one transaction
_MOST_GONE = 2000  # moments without a video that one request passes over
_FREE = "queue = ? AND answer IS NULL AND (holder IS NULL OR until < ?)"

_making = threading.Lock()
_answering = tuple(threading.Lock() for _ in range(64))


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
    """The queue of a query: the one that is there, or a new one. If all of it is answered, what the query finds
    beside that is added.

    Args:
        state: the server's own database.
        library: where the query looks.
        options: the query as the caller gave it; the same options are the same queue.
        query: the same, read.
        who: the caller's name.

    Returns:
        The queue's number, and whether it is new.

    Raises:
        LibraryError: the library or the database cannot be read or written.
    """
    text = json.dumps(options, sort_keys=True)
    with _making:
        with state.writing() as connection:
            insert = "INSERT OR IGNORE INTO triage_queues (query, keys, total, done, made, at, who) VALUES"
            done = connection.execute(f"{insert} (?, '{{}}', 0, 0, 0, ?, ?)", (text, timestamp(), who))
            row = connection.execute("SELECT * FROM triage_queues WHERE query = ?", (text,)).fetchone()
        if not row["made"] or row["done"] == row["total"]:
            _add_moments(state, row["id"], _moments_found(library, query))
        return row["id"], done.rowcount > 0


def _moments_found(library: Library, query: Query) -> Iterator[tuple[str, str, int]]:
    """(key of the video, kind, number) of each moment that a query finds, in its order."""
    for at in range(0, MOST, _BATCH):
        found = library.search(replace(query, limit=_BATCH, offset=at))
        for moment in found:
            yield video_key(moment.url), moment.kind, moment.number
        if len(found) < _BATCH:
            return


def _add_moments(state: StateDatabase, queue: int, found: Iterator[tuple[str, str, int]]) -> None:
    """Put what the queue does not have at its end. Others may write between two batches."""
    with state.reading() as connection:
        asked = "SELECT max(position) FROM triage_moments WHERE queue = ?"
        last = connection.execute(asked, (queue,)).fetchone()[0] or 0
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
        return _shown(connection, _row(connection, queue))


def options_of(state: StateDatabase, queue: int) -> dict[str, Any]:
    """The query of a queue, as it was given.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.reading() as connection:
        options: dict[str, Any] = json.loads(_row(connection, queue)["query"])
        return options


def _row(connection: sqlite3.Connection, queue: int) -> sqlite3.Row:
    row = connection.execute("SELECT * FROM triage_queues WHERE id = ?", (queue,)).fetchone()
    if row is None:
        raise not_found("there is no such queue; start it again from its search")
    found: sqlite3.Row = row
    return found


def _shown(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    asked = "SELECT who, count(*) FROM triage_answers WHERE queue = ? GROUP BY who ORDER BY 2 DESC, 1"
    return {
        "id": row["id"],
        "query": json.loads(row["query"]),
        "keys": json.loads(row["keys"]),
        **_progress(row),
        "by": dict(map(tuple, connection.execute(asked, (row["id"],)))),
        "created_at": row["at"],
        "created_by": row["who"],
    }


def _progress(row: sqlite3.Row) -> dict[str, int]:
    return {"total": row["total"], "done": row["done"], "left": row["total"] - row["done"]}


def set_keys(state: StateDatabase, queue: int, keys: Mapping[str, Any]) -> None:
    """Give keys of the keyboard a class or tags; None takes it away. Other keys stay.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.writing() as connection:
        now = {**json.loads(_row(connection, queue)["keys"]), **keys}
        kept = {key: said for key, said in sorted(now.items()) if said is not None}
        text = json.dumps(kept)
        connection.execute("UPDATE triage_queues SET keys = ? WHERE id = ?", (text, queue))


def forget_queue(state: StateDatabase, queue: int) -> None:
    """Forget a queue. What was said of its videos stays.

    Raises:
        Problem: 404, there is no such queue.
    """
    with state.writing() as connection:
        _row(connection, queue)
        connection.execute("DELETE FROM triage_queues WHERE id = ?", (queue,))


# Moments


def hold_next(
    state: StateDatabase, library: Library, queue: int, query: Query, reviewer: Reviewer, count: int
) -> tuple[list[dict[str, Any]], float]:
    """The moments that a reviewer has before them: those they hold, and the next ones that nobody holds.

    Args:
        state: the server's own database.
        library: where the videos are.
        queue: the queue's number.
        query: whose words are marked in the moments' texts.
        reviewer: who asks. They hold these moments and no others afterwards.
        count: how many moments; 0 gives all back.

    Returns:
        The moments as JSON, and when they are free for others, in seconds since 1970.

    Raises:
        Problem: 404, there is no such queue.
    """
    until = time.time() + LEASE
    for _ in range(max(1, _MOST_GONE // max(count, 1))):
        rows = _hold(state, queue, reviewer, count, until)
        found = {row["position"]: _item(state, library, queue, row, query) for row in rows}
        gone = [position for position, item in found.items() if item is None]
        if not gone:
            break
        _pass_over(state, queue, gone)
    return [item for item in found.values() if item is not None], until


def _hold(state: StateDatabase, queue: int, reviewer: Reviewer, count: int, until: float) -> list[sqlite3.Row]:
    with state.writing() as connection:
        _row(connection, queue)
        columns = "SELECT position, key, kind, number FROM triage_moments WHERE"
        mine = "queue = ? AND holder = ? AND answer IS NULL ORDER BY position"
        rows = connection.execute(f"{columns} {mine} LIMIT ?", (queue, reviewer.holder, count)).fetchall()
        free = f"{columns} {_FREE} ORDER BY position LIMIT ?"
        rows += connection.execute(free, (queue, time.time(), count - len(rows))).fetchall()
        back = "UPDATE triage_moments SET holder = NULL, until = NULL WHERE queue = ? AND holder = ?"
        connection.execute(back, (queue, reviewer.holder))
        hold = "UPDATE triage_moments SET holder = ?, until = ? WHERE queue = ? AND position = ?"
        connection.executemany(hold, [(reviewer.holder, until, queue, row["position"]) for row in rows])
        return rows


def _item(
    state: StateDatabase, library: Library, queue: int, row: sqlite3.Row, query: Query
) -> dict[str, Any] | None:
    """A moment as JSON, with what was said of its video; None where the video or the moment is gone."""
    entry = library.by_key(row["key"])
    moment = moment_of(entry, row["kind"], row["number"], query) if entry else None
    if entry is None or moment is None:
        return None
    with state.reading() as connection:
        asked = "SELECT who, said FROM triage_answers WHERE queue = ? AND key = ? AND after IS NOT NULL"
        said = connection.execute(f"{asked} ORDER BY id DESC LIMIT 1", (queue, row["key"])).fetchone()
    return {
        **moment_as_json(moment),
        "key": row["key"],
        "corrections": entry.record.get("corrections"),
        "said": {"who": said["who"], **json.loads(said["said"])} if said else None,
    }


def _pass_over(state: StateDatabase, queue: int, positions: list[int]) -> None:
    """Take moments that are gone out of a queue."""
    with state.writing() as connection:
        gone = "DELETE FROM triage_moments WHERE queue = ? AND position = ? AND answer IS NULL"
        count = connection.executemany(gone, [(queue, position) for position in positions]).rowcount
        connection.execute("UPDATE triage_queues SET total = total - ? WHERE id = ?", (count, queue))


# Answers


def keep_answer(
    state: StateDatabase,
    library: Library,
    rules: RuleSet,
    queue: int,
    moment: tuple[str, str, int],
    reviewer: Reviewer,
    said: Mapping[str, Any],
    change: Change | None,
) -> dict[str, Any]:
    """Correct the video of a moment, and take the moment as answered.

    Args:
        state: the server's own database.
        library: where the video is.
        rules: the user's rules.
        queue: the queue's number.
        moment: the key of the video, the kind and the number.
        reviewer: who answers.
        said: the answer as it is shown.
        change: the correction; None to skip the moment.

    Returns:
        The answer's number, how far the queue is, and the class and the tags that the video has now. The same
        answer given twice counts once.

    Raises:
        Problem: 404, there is no such queue or moment, or its video is gone; 409, somebody else has the moment
            or has answered it.
        OutputError, LibraryError: it cannot be saved; nothing was changed.
    """
    with _answering[hash((queue, moment)) % len(_answering)]:
        row, text = _claim(state, queue, moment, reviewer), json.dumps(said, sort_keys=True)
        if row["answer"] is not None:
            return _same_answer(state, library, row, reviewer, text)
        entry = library.by_key(moment[0])
        done = correct_entry(library, rules, entry, change) if entry and change else None
        if entry is None or (change and done is None):
            _pass_over(state, queue, [row["position"]])
            raise not_found("the video of this moment is not in the library any longer")
        before, after = (done.before, done.record.get("corrections")) if done else (None, None)
        values = queue, row["position"], moment[0], timestamp(), reviewer.name, text
        with state.writing() as connection:
            insert = "INSERT INTO triage_answers (queue, position, key, at, who, said, before, after) VALUES"
            kept = (json.dumps(before), json.dumps(after)) if done else (None, None)
            number = connection.execute(f"{insert} (?, ?, ?, ?, ?, ?, ?, ?)", (*values, *kept)).lastrowid
            at = "queue = ? AND position = ?"
            answered = f"UPDATE triage_moments SET answer = ?, holder = NULL, until = NULL WHERE {at}"
            connection.execute(answered, (number, queue, row["position"]))
            connection.execute("UPDATE triage_queues SET done = done + 1 WHERE id = ?", (queue,))
            return _answer(connection, queue, number, done.record if done else entry.record)


def _claim(state: StateDatabase, queue: int, moment: tuple[str, str, int], reviewer: Reviewer) -> sqlite3.Row:
    """The row of a moment, which nobody else holds from now on.

    Raises:
        Problem: 404, there is no such moment; 409, somebody else has it.
    """
    with state.reading() as connection:
        row = _held(connection, queue, moment, reviewer)
        if row["answer"] is not None or (row["holder"] == reviewer.holder and row["until"] > time.time()):
            return row
    with state.writing() as connection:
        row = _held(connection, queue, moment, reviewer)
        hold = "UPDATE triage_moments SET holder = ?, until = ? WHERE queue = ? AND position = ? AND answer IS NULL"
        connection.execute(hold, (reviewer.holder, time.time() + LEASE, queue, row["position"]))
        return row


def _held(
    connection: sqlite3.Connection, queue: int, moment: tuple[str, str, int], reviewer: Reviewer
) -> sqlite3.Row:
    """The row of a moment that nobody else holds; the errors of `_claim`."""
    _row(connection, queue)
    asked = "SELECT * FROM triage_moments WHERE queue = ? AND key = ? AND kind = ? AND number = ?"
    row: sqlite3.Row | None = connection.execute(asked, (queue, *moment)).fetchone()
    if row is None:
        raise not_found("this moment is not in the queue")
    if row["holder"] not in (None, reviewer.holder) and row["until"] > time.time():
        name = row["holder"].partition("\n")[0]
        raise Problem(HTTPStatus.CONFLICT, f"{name} has this moment now, in another page; go on with the next")
    return row


def _same_answer(
    state: StateDatabase, library: Library, row: sqlite3.Row, reviewer: Reviewer, said: str
) -> dict[str, Any]:
    """What was answered when the same answer was given first: a request may be sent again when its answer is lost.

    Raises:
        Problem: 409, it is another answer.
    """
    with state.reading() as connection:
        given = connection.execute("SELECT * FROM triage_answers WHERE id = ?", (row["answer"],)).fetchone()
        entry = library.by_key(row["key"])
        if entry is None or (given["who"], given["said"]) != (reviewer.name, said):
            raise Problem(HTTPStatus.CONFLICT, f"{given['who']} has answered this moment; go on with the next")
        return _answer(connection, row["queue"], row["answer"], entry.record)


def _answer(connection: sqlite3.Connection, queue: int, number: int | None, record: Any) -> dict[str, Any]:
    shown = {"class": record["classification"], "tags": record["tags"]}
    return {"id": number, **_progress(_row(connection, queue)), **shown}


def undo_answer(
    state: StateDatabase,
    library: Library,
    rules: RuleSet,
    queue: int,
    answer: int,
    query: Query,
    reviewer: Reviewer,
) -> dict[str, Any]:
    """Give a video the corrections that it had before an answer, and put the moment back before who undoes it.

    Returns:
        How far the queue is, and the moment, None if its video is gone.

    Raises:
        Problem: 404, there is no such answer; 409, somebody has changed the video's labels since. They stay.
        OutputError, LibraryError: it cannot be saved; nothing was changed.
    """
    with state.reading() as connection:
        asked = (
            "SELECT a.*, m.kind, m.number FROM triage_answers a JOIN triage_moments m"
            " ON m.queue = a.queue AND m.position = a.position WHERE a.queue = ? AND a.id = ?"
        )
        row = connection.execute(asked, (queue, answer)).fetchone()
    if row is None:
        raise not_found("there is no such answer, or it is undone")
    with _answering[hash((queue, (row["key"], row["kind"], row["number"]))) % len(_answering)]:
        entry = library.by_key(row["key"])
        if entry is not None and row["after"] is not None:
            _restore(library, rules, entry, row)
        with state.writing() as connection:
            gone = connection.execute("DELETE FROM triage_answers WHERE id = ?", (answer,)).rowcount
            back = "UPDATE triage_moments SET answer = NULL, holder = ?, until = ? WHERE queue = ? AND position = ?"
            if gone:
                connection.execute(back, (reviewer.holder, time.time() + LEASE, queue, row["position"]))
                connection.execute("UPDATE triage_queues SET done = done - 1 WHERE id = ?", (queue,))
            progress = _progress(_row(connection, queue))
    item = _item(state, library, queue, row, query)
    if item is None:
        _pass_over(state, queue, [row["position"]])
    return {**progress, "item": item}


def _restore(library: Library, rules: RuleSet, entry: LibraryEntry, row: sqlite3.Row) -> None:
    known = json.loads(row["after"])
    if set_corrections(library, rules, entry, json.loads(row["before"]), known) is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "the labels of this video were changed since, so they stay as they are; look at the video's page",
        )
