"""A PostgreSQL server: its connections, and its errors as messages for the user, without the password."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.errors import LibraryError, sentence
from vidkit.library.uri import is_unclear, server_name
from vidkit.messages import message

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import TransactionStatus
    from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout
except ImportError:  # also where psycopg finds no libpq
    raise LibraryError(
        "a library in PostgreSQL needs psycopg: {command}", command=install_command("postgres")
    ) from None

Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMA_NAME = "vidkit"  # the PostgreSQL schema with the tables
OLDEST = 140000  # PostgreSQL 14
_MOST = 16  # connections of one process
_MOST_SECONDS = 30  # to wait for a connection, or for another program that writes
_WRITERS = 0x766B6974  # "vkit": the lock of writers in all processes
# Sent in one message with the BEGIN, because a pooler in between may use another connection for every transaction.
# Just-in-time compilation and parallel workers take longer than these searches. Random reads take hardly longer
# than sequential ones on an SSD and in memory.
_LOCAL = (
    f"SET LOCAL search_path TO {SCHEMA_NAME}; SET LOCAL jit TO off; SET LOCAL work_mem TO '32MB'; "
    "SET LOCAL max_parallel_workers_per_gather TO 0; SET LOCAL random_page_cost TO 1.1"
)
_READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_LOCAL}"
_WRITING = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; {_LOCAL}; SET LOCAL lock_timeout TO '{_MOST_SECONDS}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout TO '60s'; SELECT pg_advisory_xact_lock({_WRITERS})"
)
# Used for options that the URI does not have. A lost network is an error after half a minute.
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "fallback_application_name": "vidkit",
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_SETTING = "[Library] Path"
_NOT_THERE = message("See that the server runs and {setting} is right", setting=_SETTING)
# SQLSTATE, or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html) -> what is wrong, remedy.
_REASONS = {
    "25006": (
        message("can only be read: it is a standby, or its transactions are read-only"),
        message("Name the primary server"),
    ),
    "42501": (message("does not allow this user to do that"), message("Grant it the tables of the schema vidkit")),
    "42P01": (
        message("has lost a table of the library"),
        message("Restore it, or drop the schema vidkit to start again"),
    ),
    "3F000": (message("has lost the schema vidkit"), message("Start the program again")),
    "53100": (
        message("cannot grow, the disk is full"),
        message("Make room on its disk; all records before are kept"),
    ),
    "53300": (message("has too many connections"), message("Close some of them, or raise max_connections")),
    "55P03": (
        message("is locked: another program has been writing for {seconds} s", seconds=_MOST_SECONDS),
        message("Wait for it"),
    ),
    "54": (message("has no room for a record as large as this one"), ""),
    "57P": (message("does not answer: it was shut down"), _NOT_THERE),
    "08": (message("does not answer"), _NOT_THERE),
}
# Patterns in the message of a failed connection, which has no SQLSTATE.
_FAILURES = {
    "password authentication failed|no password supplied|role .* does not exist|authentication failed": (
        message("does not let you in: the user name or the password in {setting} is wrong", setting=_SETTING),
        "",
    ),
    "database .* does not exist": (
        message("has no such database"),
        f"Make it with CREATE DATABASE, encoding UTF8, or name another one in {_SETTING}",
    ),
    "too many (clients|connections)|remaining connection slots": _REASONS["53300"],
    "no pg_hba.conf entry": (message("does not let you in from this machine"), message("See to its pg_hba.conf")),
}

# A pool logs a warning for each failed connection; here the reason becomes an error.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Connections:
    """The connections to a database. Each read and each write is a transaction. Writes are one after another, also
    those of other processes, so that numbers grow in the order in which others see them."""

    def __init__(self, uri: str, timeout: float) -> None:
        """Connect.

        Args:
            uri: `postgresql://...`.
            timeout: seconds to connect, unless the URI has `connect_timeout`.

        Raises:
            LibraryError: the URI is invalid, or the server does not answer or rejects the login.
        """
        self.server = server_name(uri, "PostgreSQL")
        given = _parsed(uri, self.server)
        self._failure: str | None = None
        self._closed = False
        defaults = {**_DEFAULTS, "connect_timeout": max(1, round(timeout))}
        kwargs = {key: value for key, value in defaults.items() if key not in given}
        noting = self

        class Noting(psycopg.Connection[tuple[Any, ...]]):
            """A connection that stores why it failed: the pool connects in its own thread."""

            @classmethod
            def connect(cls, *args: Any, **kwargs: Any) -> Any:
                try:
                    made = super().connect(*args, **kwargs)
                except psycopg.Error as error:
                    noting._failure = _why_not_connected(error, given)
                    raise
                noting._failure = None
                return made

        # No prepared statements: the plan depends on the values, such as a frequent word.
        kwargs |= {"autocommit": True, "prepare_threshold": None, "client_encoding": "UTF8"}
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            uri,
            connection_class=Noting,
            kwargs=kwargs,
            min_size=0,
            max_size=_MOST,
            check=ConnectionPool.check_connection,
            reconnect_timeout=0,
            num_workers=2,
            open=True,
        )
        self.name = self.server
        try:
            with self.connection() as connection:
                self.name = f"{self.server}/{printable(connection.info.dbname)}"
                _check_server(connection, self.name)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool, outside of a transaction."""
        connection = self._take()
        try:
            with reported(self.name):
                yield connection
        finally:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
            with suppress(psycopg.Error):
                self._pool.putconn(connection)

    def _take(self) -> Connection:
        end = time.monotonic() + _MOST_SECONDS
        while True:
            try:
                return self._pool.getconn(timeout=0.2)
            except PoolClosed:
                raise LibraryError("{self} cannot be used any more: it is closed.", self=self.name) from None
            except PoolTimeout:
                if self._failure:
                    raise LibraryError("{self} {failure}", self=self.name, failure=self._failure) from None
                if time.monotonic() > end:
                    raise LibraryError(
                        "{self} has no free connection for {seconds} s. Try again later.",
                        self=self.name,
                        seconds=_MOST_SECONDS,
                    ) from None

    @contextmanager
    def reading(self, seconds: float | None = None) -> Iterator[Connection]:
        """A connection for reading one state of the library.

        Args:
            seconds: the time limit of a statement, which then raises TimeoutError.
        """
        limit = "" if seconds is None else f"; SET LOCAL statement_timeout TO {max(1, round(seconds * 1000))}"
        with self.connection() as connection:
            _begin(connection, _READING + limit)
            try:
                yield connection
            except psycopg.errors.QueryCanceled:
                if seconds is None:
                    raise
                raise TimeoutError from None
            connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection for one change of the library, which is on the server's disk afterwards."""
        with self.connection() as connection:
            _begin(connection, _WRITING)
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        self._pool.close()


def _begin(connection: Connection, statements: str) -> None:
    connection.execute(statements.encode())


def _check_server(connection: Connection, name: str) -> None:
    """Refuse a server that is too old, and a database with another encoding, which cannot store every text."""
    if connection.info.server_version < OLDEST:
        version = connection.info.server_version // 10000
        raise LibraryError(
            "{name} is PostgreSQL {version}; vidkit needs {oldest} or newer. Upgrade it.",
            name=name,
            version=version,
            oldest=OLDEST // 10000,
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise LibraryError(
            "{name} is a database in {encoding}, which has no room for every text. Make one in UTF-8: "
            "CREATE DATABASE films ENCODING 'UTF8' TEMPLATE template0, and name it in [Library] Path.",
            name=name,
            encoding=printable(encoding),
        )


def _parsed(uri: str, server: str) -> dict[str, Any]:
    """The parts of a URI.

    Raises:
        LibraryError: it is invalid, or the end of its password is unclear. The message has no part of it.
    """
    authority = re.split("[/?]", uri.partition("://")[2], maxsplit=1)[0]
    try:
        if is_unclear(uri) or authority.count("@") > 1:
            raise ValueError
        found = conninfo_to_dict(uri)
        ports = str(found.get("port") or "").split(",")
        if not all(re.fullmatch(r"\d{0,5}", port) and int(port or 1) < 2**16 for port in ports):
            raise ValueError
        return found
    except (psycopg.Error, ValueError):  # the message may quote a part of the password
        # The example is in two parts, or the log and the terminal would hide its password.
        raise LibraryError(
            "{setting} ({server}) is no URI of PostgreSQL. Write postgresql:// and then "
            "user:password@host:5432/database, with %40 for @, %3A for : and %2F for / in the password.",
            setting=_SETTING,
            server=server,
        ) from None


def _why_not_connected(error: psycopg.Error, given: dict[str, Any]) -> str:
    said = " ".join(printable(error).split())
    for secret in (given.get("password"), given.get("sslpassword")):
        if secret:
            said = said.replace(secret, "***").replace(unquote(secret), "***")
    for pattern, (reason, remedy) in _FAILURES.items():
        if re.search(pattern, said):
            return _sentences(reason, remedy)
    # `connection failed: connection to server at "host", port 5432 failed: Connection refused Is the server...?`
    why = re.sub(r"^connection failed: ", "", said)
    why = re.sub(r"\s*(Is the server running.*|Multiple connection attempts failed.*)$", "", why)
    return _sentences(message("does not answer: {why}", why=why[:300].rstrip(" .")), _NOT_THERE)


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Raise PostgreSQL's errors as LibraryError with a message for the user."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if error.sqlstate is None:  # the connection broke off
            raise LibraryError(
                "{name} {reason}",
                name=name,
                reason=_sentences(message("does not answer: the connection broke off"), _NOT_THERE),
            ) from error
        raise LibraryError("{name} {reason}", name=name, reason=_reason(error)) from error
    except psycopg.Error as error:
        raise LibraryError("{name} {reason}", name=name, reason=_reason(error)) from error


def _reason(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    said = printable(error.diag.message_primary or error)
    reason, remedy = (
        _REASONS.get(state) or _REASONS.get(state[:3]) or _REASONS.get(state[:2]) or (message("fails"), "")
    )
    if not reason.startswith("does not answer"):
        reason = message("{reason}: {said}", reason=reason, said=said)
    return _sentences(reason, remedy)


def _sentences(reason: str, remedy: str) -> str:
    return message("{reason}. {remedy}.", reason=reason, remedy=remedy) if remedy else sentence(reason.rstrip(" ."))
