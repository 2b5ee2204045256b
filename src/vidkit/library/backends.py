"""The address of a library says which backend it has.

A new backend is a class with the methods of `protocol.Library`, and a row in BACKENDS.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidkit.core.config import Config
from vidkit.errors import LibraryError
from vidkit.library.protocol import Library
from vidkit.messages import either, message


@dataclass(frozen=True)
class Backend:
    """A kind of database for libraries.

    Args:
        name: the database's name, for messages.
        open: opens a library. It takes the address (its scheme in lower case), the settings, and whether to create
            a missing library.
        setting: the setting that holds the address, for messages.
        configured: returns the address from the settings; empty if there is none.
        variable: the environment variable that can hold the address instead of the setting, for messages.
    """

    name: str
    open: Callable[[str, Config, bool], Library]
    setting: str
    configured: Callable[[Config], str] = lambda _: ""
    variable: str = ""


def _open_sqlite(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.sqlite.backend import open_sqlite

    return open_sqlite(address, create=create)


def _open_mongodb(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.mongodb.backend import open_mongodb

    return open_mongodb(address, config.mongodb.database_name, config.mongodb.collection_name)


def _open_postgresql(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.postgresql.backend import open_postgresql

    return open_postgresql(address)


def _mongodb_uri(config: Config) -> str:
    uri = config.mongodb.uri
    if uri and "://" not in uri:
        raise LibraryError(
            "[MongoDB] URI begins with {schemes}, and this one does not", schemes=_schemes("MongoDB")
        )
    return uri


_MONGODB = Backend("MongoDB", _open_mongodb, "URI under [MongoDB]", _mongodb_uri, "VIDKIT_MONGODB_URI")
_PATH = message("Path under [Library]")
_POSTGRESQL = Backend("PostgreSQL", _open_postgresql, _PATH, variable="VIDKIT_LIBRARY_PATH")
# The scheme of an address, in lower case -> the backend. The path of a file has no scheme. The first row with an
# address in the settings is opened; without one, [Library] Path is opened.
BACKENDS: dict[str, Backend] = {
    "mongodb": _MONGODB,
    "mongodb+srv": _MONGODB,
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "": Backend("SQLite", _open_sqlite, _PATH),
}


def open_library(config: Config, create: bool = True) -> Library:
    """Open the configured library: MongoDB if `[MongoDB] URI` is set, else `[Library] Path`.

    Args:
        config: the settings.
        create: create the file if it is missing. Use False for reading only.

    Raises:
        LibraryError: it cannot be opened: missing, locked, of a newer vidkit, or a server that does not answer.
    """
    return open_library_at(configured_address(config), config, create)


def open_library_at(place: str | os.PathLike[str], config: Config, create: bool = True) -> Library:
    """Open a library by its address: a `mongodb://` URI (database and collection come from the config), a
    `postgresql://` URI, or a file.

    A missing file is created, unless `create` is False.

    Raises:
        LibraryError: it cannot be opened, or the address is another kind of URI.
    """
    backend = backend_of(place)
    scheme, separator, rest = os.fspath(place).partition("://")
    is_uri = backend is not BACKENDS[""]
    return backend.open(f"{scheme.lower()}{separator}{rest}" if is_uri else os.fspath(place), config, create)


def configured_address(config: Config) -> str | Path:
    """The address of the configured library.

    Raises:
        LibraryError: the value in the settings is not an address.
    """
    given = next(filter(None, (backend.configured(config) for backend in BACKENDS.values())), None)
    if given is None:
        check_library_path(config.library.path)
    return given or config.library.path


def configured_file(config: Config) -> Path | None:
    """The file of the configured library; None if it is on a server.

    Raises:
        LibraryError: the value in the settings is not an address.
    """
    address = configured_address(config)
    return Path(address) if backend_of(address) is BACKENDS[""] else None


def backend_of(place: str | os.PathLike[str]) -> Backend:
    """The backend for an address.

    Raises:
        LibraryError: it is another kind of URI. The message has only the scheme.
    """
    if not isinstance(place, str):
        check_library_path(place)
        return BACKENDS[""]
    found = re.match(r"([^/\\]*)://", place)
    if found is None:
        return BACKENDS[""]
    if found[1] and found[1].lower() in BACKENDS:
        return BACKENDS[found[1].lower()]
    scheme = found[1] if re.fullmatch(r"[\w+.-]+", found[1]) else ""
    raise LibraryError(
        "{scheme}:// is not a library: give the path of a file, or a URI that begins with {schemes}",
        scheme=scheme,
        schemes=_schemes(),
    )


def check_library_path(path: str | os.PathLike[str]) -> None:
    """Refuse a path that is another kind of URI: it may contain a password, which must not become a file name.

    Raises:
        LibraryError: it is such a URI. The message has only the scheme.
    """
    # A Path turns two slashes into one; a single letter before them is a Windows drive.
    found = re.match(r"(\w[\w+.-]+):[/\\]" if isinstance(path, os.PathLike) else r"([^/\\]*)://", os.fspath(path))
    if found is None:
        return
    row = BACKENDS.get(found[1].lower())
    if row is not None and row.setting == _PATH and not isinstance(path, os.PathLike):
        return
    elsewhere = dict.fromkeys((row.name, row.setting) for scheme, row in BACKENDS.items() if scheme)
    settings = ", and ".join(
        message(
            "a {name} URI, which begins with {schemes}, is {setting}",
            name=name,
            schemes=_schemes(name),
            setting=setting,
        )
        for name, setting in elsewhere
    )
    scheme = found[1] if re.fullmatch(r"[\w+.-]+", found[1]) else ""
    raise LibraryError(
        "[Library] Path begins with {scheme}:// and is not a file: {settings}", scheme=scheme, settings=settings
    )


def _schemes(name: str | None = None) -> str:
    """How the addresses of one server backend, or of all, begin: `mongodb:// or mongodb+srv://`."""
    found = [f"{scheme}://" for scheme, row in BACKENDS.items() if scheme and name in (None, row.name)]
    return either(found)
