"""Which backend a library has: its address says so.

A new backend is a module with a class that has the methods of `protocol.Library`, and a row of BACKENDS.
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
        open: takes the address (its scheme in lower case), the settings, and whether a library that is not there
            is made.
        setting: which setting holds the address, for messages.
        configured: the address that the settings give; empty where they give none.
        variable: the environment variable that may hold the address in place of the setting, for messages.
    """

    name: str
    open: Callable[[str, Config, bool], Library]
    setting: str
    configured: Callable[[Config], str] = lambda _: ""
    variable: str = ""


def _open_sqlite(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.sqlite.home import open_sqlite

    return open_sqlite(address, create=create)


def _open_mongodb(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.mongodb.home import open_mongodb

    return open_mongodb(address, config.mongodb.database_name, config.mongodb.collection_name)


def _open_postgresql(address: str, config: Config, create: bool) -> Library:
    from vidkit.library.postgresql.home import open_postgresql

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
# The scheme of an address, in lower case -> the backend. The path of a file has no scheme. The first row for which
# the settings give an address is opened, and [Library] Path where they give none.
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
    """Open a library by its address: a `mongodb://` URI (database and collection are the config's), a
    `postgresql://` URI, or a file.

    A file that is not there is made, unless `create` is False.

    Raises:
        LibraryError: it cannot be opened, or the address is a URI of something else.
    """
    backend = backend_of(place)
    scheme, separator, rest = os.fspath(place).partition("://")
    is_uri = backend is not BACKENDS[""]
    return backend.open(f"{scheme.lower()}{separator}{rest}" if is_uri else os.fspath(place), config, create)


def configured_address(config: Config) -> str | Path:
    """The address of the library that is configured.

    Raises:
        LibraryError: what the settings give is no address.
    """
    given = next(filter(None, (backend.configured(config) for backend in BACKENDS.values())), None)
    if given is None:
        check_library_path(config.library.path)
    return given or config.library.path


def configured_file(config: Config) -> Path | None:
    """The file of the library that is configured; None where it is on a server.

    Raises:
        LibraryError: what the settings give is no address.
    """
    address = configured_address(config)
    return Path(address) if backend_of(address) is BACKENDS[""] else None


def backend_of(place: str | os.PathLike[str]) -> Backend:
    """The backend that an address names.

    Raises:
        LibraryError: it is a URI of something else; the message names the scheme alone.
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
    """Refuse a library's path that is a URI of something else, which may carry a password: no file is to be called
    so.

    Raises:
        LibraryError: it is one; the message names the scheme alone.
    """
    # To a Path, two slashes are one; one letter before them is a drive of Windows.
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
    """How the addresses of a backend on a server begin, or of all of them: `mongodb:// or mongodb+srv://`."""
    found = [f"{scheme}://" for scheme, row in BACKENDS.items() if scheme and name in (None, row.name)]
    return either(found)
