"""A MongoDB server: the connection, and its errors as messages for the user, without the password."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

from vidkit.core import printable
from vidkit.core.config import load_config
from vidkit.errors import LibraryError
from vidkit.library.uri import is_unclear, server_name
from vidkit.messages import message

Document = dict[str, Any]

_WRONG_PASSWORD, _NOT_ALLOWED = (18, 8000), (13,)  # 8000 is Atlas's


def connect_to_mongodb(uri: str | None = None, timeout: float = 5.0) -> MongoClient[Document]:
    """Connect to a MongoDB server, and check that it answers and accepts the login.

    Args:
        uri: `mongodb://...` or `mongodb+srv://...`; by default `[MongoDB] URI`.
        timeout: maximum seconds to connect, unless the URI has `serverSelectionTimeoutMS`.

    Raises:
        LibraryError: it does not answer, rejects the login, or the URI is invalid. The message names the host,
            never the password.
        ConfigError: the settings are invalid.
    """
    uri = load_config().mongodb.uri if uri is None else uri
    if not uri:
        raise LibraryError("no MongoDB is set: give [MongoDB] URI, or the environment variable VIDKIT_MONGODB_URI")
    name = shown_server(uri)
    if is_unclear(uri):  # otherwise a part of the password is looked up as a host, and quoted
        raise LibraryError(_not_a_uri(name))
    milliseconds = round(timeout * 1000)
    options: dict[str, Any] = {"appname": "vidkit", "connectTimeoutMS": milliseconds}
    if "serverselectiontimeoutms" not in uri.lower():
        options["serverSelectionTimeoutMS"] = milliseconds
    client: MongoClient[Document] | None = None
    try:
        with reported(name), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pymongo warns of options in the URI, which may quote the password
            client = MongoClient(str(uri), **options)
            client.admin.command("ping")
            return client
    except BaseException as error:
        if client is not None:
            client.close()
        if isinstance(error, ValueError | TypeError):  # pymongo's message for a wrong URI may quote the password
            raise LibraryError(_not_a_uri(name)) from None
        if isinstance(error, OSError):  # a certificate file
            file = printable(error.filename)
            raise LibraryError(
                "{name}: {file}, which [MongoDB] URI names, cannot be read: {reason}",
                name=name,
                file=file,
                reason=error.strerror,
            ) from None
        raise


def get_mongodb_collection(
    client: MongoClient[Document] | None = None,
    database_name: str | None = None,
    collection_name: str | None = None,
) -> Collection[Document]:
    """Open the collection with the records; by default the one in the settings.

    Raises:
        LibraryError: the server is unreachable, or a name is invalid.
        ConfigError: the settings are invalid.
    """
    if client is None or database_name is None or collection_name is None:
        settings = load_config().mongodb
        client = client or connect_to_mongodb(settings.uri)
        database_name = database_name or settings.database_name
        collection_name = collection_name or settings.collection_name
    with reported("MongoDB"):
        return client[database_name][collection_name]


def shown_server(uri: str) -> str:
    """The server in a URI, without user, password and options."""
    return server_name(uri, "MongoDB")


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Raise MongoDB's errors as LibraryError with a message for the user."""
    try:
        yield
    except ConfigurationError as error:  # a wrong URI, or a host name that DNS does not know
        if re.search("DNS|resolv", str(error)):
            raise LibraryError("{name}: the host's name is not known. Check [MongoDB] URI.", name=name) from None
        raise LibraryError(_not_a_uri(name)) from None
    except PyMongoError as error:
        raise LibraryError("{name} {reason}", name=name, reason=_reason(error)) from error


def _not_a_uri(name: str) -> str:
    # The example is in two parts, or the log and the terminal would hide its password.
    return message(
        "[MongoDB] URI ({name}) is not one. Write mongodb:// and then user:password@host:27017/, "
        "with %40 for @, %3A for : and %2F for / in the password.",
        name=name,
    )


def _reason(error: PyMongoError) -> str:
    said = printable(error)
    if isinstance(error, AutoReconnect):
        why = re.split(r" \(configured| ?, Timeout:", said)[0]
        return message("does not answer: {why}. See that the server runs and [MongoDB] URI is right.", why=why)
    if isinstance(error, InvalidOperation):
        return message("cannot be used any more: {said}.", said=said)
    if isinstance(error, BulkWriteError):
        failures = [*error.details.get("writeErrors", []), *error.details.get("writeConcernErrors", [])]
        said = "; ".join(dict.fromkeys(printable(failure.get("errmsg")) for failure in failures[:3]))
    elif isinstance(error, OperationFailure):
        if error.code in _WRONG_PASSWORD:
            return message("does not let you in: the user name or the password in [MongoDB] URI is wrong.")
        said = printable((error.details or {}).get("errmsg") or error)
        if error.code in _NOT_ALLOWED:
            return message("does not allow this user to do that: {said}.", said=said)
    if "retryable writes" in said.lower():
        return message("knows no retryable writes. Add retryWrites=false to [MongoDB] URI.")
    return f"fails: {said}."
