"""Answers in a triage queue: each corrects the video of a moment, as `vidkit label` does, and can be undone."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from vidkit.core.units import timestamp
from vidkit.curate.corrections import Change, correct_entry, set_corrections
from vidkit.library import Library, LibraryEntry, Query
from vidkit.tagging import RuleSet
from vidkit.web.jobs.queue import JobQueue, JobRequest
from vidkit.web.jobs.table import Job
from vidkit.web.problems import Problem, not_found
from vidkit.web.state import StateDatabase
from vidkit.web.triage import FREE, LEASE, Reviewer, item_of, progress_of, queue_row, remove_moments

# One thread at a time answers a moment: an answer that is sent twice counts once.
_answering = tuple(threading.Lock() for _ in range(64))


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
    """Correct the video of a moment, and mark the moment as answered.

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
            remove_moments(state, queue, [row["position"]])
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
    """Hold a moment, and return its row.

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
    queue_row(connection, queue)
    select = "SELECT * FROM triage_moments WHERE queue = ? AND key = ? AND kind = ? AND number = ?"
    row: sqlite3.Row | None = connection.execute(select, (queue, *moment)).fetchone()
    if row is None:
        raise not_found("this moment is not in the queue")
    if row["holder"] not in (None, reviewer.holder) and row["until"] > time.time():
        name = row["holder"].partition("\n")[0]
        raise Problem(HTTPStatus.CONFLICT, f"{name} has this moment now, in another page; go on with the next")
    return row


def _same_answer(
    state: StateDatabase, library: Library, row: sqlite3.Row, reviewer: Reviewer, said: str
) -> dict[str, Any]:
    """The result of an answer that was given before: a request may be sent again if its response was lost.

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
    return {"id": number, **progress_of(queue_row(connection, queue)), **shown}


def undo_answer(
    state: StateDatabase,
    library: Library,
    rules: RuleSet,
    queue: int,
    answer: int,
    query: Query,
    reviewer: Reviewer,
) -> dict[str, Any]:
    """Give a video the corrections that it had before an answer. The reviewer then holds the moment again.

    Returns:
        How far the queue is, and the moment; None if its video is gone.

    Raises:
        Problem: 404, there is no such answer; 409, somebody has changed the video's labels since. They stay.
        OutputError, LibraryError: it cannot be saved; nothing was changed.
    """
    with state.reading() as connection:
        select = (
            "SELECT a.*, m.kind, m.number FROM triage_answers a JOIN triage_moments m"
            " ON m.queue = a.queue AND m.position = a.position WHERE a.queue = ? AND a.id = ?"
        )
        row = connection.execute(select, (queue, answer)).fetchone()
    if row is None:
        raise not_found("there is no such answer, or it is undone")
    if "job" in json.loads(row["said"]):
        detail = "it was said of all that was left; correct the video on its page, or by a search"
        raise Problem(HTTPStatus.CONFLICT, detail)
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
            progress = progress_of(queue_row(connection, queue))
    item = item_of(state, library, queue, row, query)
    if item is None:
        remove_moments(state, queue, [row["position"]])
    return {**progress, "item": item}


def _restore(library: Library, rules: RuleSet, entry: LibraryEntry, row: sqlite3.Row) -> None:
    known = json.loads(row["after"])
    if set_corrections(library, rules, entry, json.loads(row["before"]), known) is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "the labels of this video were changed since, so they stay as they are; look at the video's page",
        )


def answer_rest(
    state: StateDatabase, jobs: JobQueue, queue: int, reviewer: Reviewer, said: Mapping[str, Any]
) -> Job:
    """Give the same answer to all moments that are left, except those that others hold. A job corrects the videos.

    Args:
        state: the server's own database.
        jobs: the queue of jobs.
        queue: the queue's number.
        reviewer: who answers.
        said: a class, tags, or both, as the API names them in a correction.

    Returns:
        The job.

    Raises:
        Problem: 404, there is no such queue; 409, nothing is left.
        OutputError, LibraryError: the job cannot be stored; nothing was answered.
    """
    all_of_it = Reviewer(reviewer.name, f"{reviewer.tab} all that is left {secrets.token_hex(8)}")
    mine = "queue = ? AND holder = ? AND answer IS NULL"
    with state.writing() as connection:
        queue_row(connection, queue)
        hold = f"UPDATE triage_moments SET holder = ?, until = ? WHERE ({FREE}) OR ({mine})"
        now = time.time()
        free, own = (queue, now), (queue, reviewer.holder)
        connection.execute(hold, (all_of_it.holder, now + LEASE, *free, *own))
        select = f"SELECT DISTINCT key FROM triage_moments WHERE {mine}"
        keys = [row["key"] for row in connection.execute(select, (queue, all_of_it.holder))]
    if not keys:
        raise Problem(HTTPStatus.CONFLICT, "nothing is left that nobody else has")
    try:
        name = f"triage: {', '.join(filter(None, [said.get('class'), *said.get('add_tags', ())]))}"
        job = jobs.add(JobRequest("label", name, said, {**said, "keys": keys}, total=len(keys)), reviewer.name)
    except BaseException:
        with state.writing() as connection:
            back = f"UPDATE triage_moments SET holder = NULL, until = NULL WHERE {mine}"
            connection.execute(back, (queue, all_of_it.holder))
        raise
    with state.writing() as connection:
        values = timestamp(), reviewer.name, json.dumps({**said, "job": job.id}), queue, all_of_it.holder
        connection.execute(
            "INSERT INTO triage_answers (queue, position, key, at, who, said)"
            f" SELECT queue, position, key, ?, ?, ? FROM triage_moments WHERE {mine}",
            values,
        )
        done = connection.execute(
            "UPDATE triage_moments SET holder = NULL, until = NULL, answer = (SELECT a.id FROM triage_answers a"
            f" WHERE a.queue = triage_moments.queue AND a.key = triage_moments.key"
            f" AND a.position = triage_moments.position) WHERE {mine}",
            (queue, all_of_it.holder),
        ).rowcount
        connection.execute("UPDATE triage_queues SET done = done + ? WHERE id = ?", (done, queue))
    return job
