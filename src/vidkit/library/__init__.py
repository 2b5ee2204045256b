"""Where records are kept and searched: a SQLite file by default, MongoDB where a URI is set. One behaviour."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vidkit.config import Config
from vidkit.core import printable
from vidkit.errors import LibraryError
from vidkit.library.facts import summary_of
from vidkit.library.moments import Moment, Stored, texts_of
from vidkit.library.protocol import Library, Stats
from vidkit.library.query import SORTS, Query, parse_query
from vidkit.record import LATER, SCHEMA, Record

if TYPE_CHECKING:
    from vidkit.library.mongo_server import connect_to_mongodb, get_mongodb_collection

__all__ = [
    "SORTS",
    "Library",
    "Moment",
    "Query",
    "Stats",
    "Stored",
    "add_folder",
    "connect_to_mongodb",
    "copy_library",
    "get_mongodb_collection",
    "is_uri",
    "open_library",
    "open_library_at",
    "parse_query",
]

log = logging.getLogger(__name__)

# Is told how many records were read so far.
Progress = Callable[[int], None]


def __getattr__(name: str) -> Any:
    # pymongo takes a third of a second to import, and most libraries are files.
    if name in ("connect_to_mongodb", "get_mongodb_collection"):
        from vidkit.library import mongo_server

        return getattr(mongo_server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def open_library(config: Config) -> Library:
    """Open the library that is configured: MongoDB where `[MongoDB] URI` is set, else the file `[Library] Path`.

    Raises:
        LibraryError: it cannot be opened: no library, a newer one, locked; a server that does not answer.
    """
    return open_library_at(config.mongodb.uri or config.library.path, config)


def open_library_at(place: str | os.PathLike[str], config: Config) -> Library:
    """Open a library by its address: a `mongodb://` URI (database and collection are the config's) or a file.

    Raises:
        LibraryError: it cannot be opened.
    """
    if isinstance(place, str) and is_uri(place):
        from vidkit.library.mongodb import open_mongodb

        return open_mongodb(place, config.mongodb.database_name, config.mongodb.collection_name)
    from vidkit.library.sqlite import open_sqlite

    return open_sqlite(place)


def is_uri(place: str) -> bool:
    """Whether a library's address is a MongoDB URI, not a file."""
    return place.startswith(("mongodb://", "mongodb+srv://"))


def copy_library(source: Library, target: Library, progress: Progress | None = None) -> int:
    """Carry every record from one library into another, which keeps what else it has; how many.

    The source stays as it is. A record whose source URL the target has is replaced, so that this may be done again
    after it was interrupted.

    Raises:
        LibraryError: one of them cannot be read or written; what was carried until then is there.
    """
    return target.save_all(_told(source.records(), progress))


def add_folder(library: Library, folder: str | os.PathLike[str], progress: Progress | None = None) -> int:
    """Put the records of a folder (`*.json`, as `vidkit process` writes them) into a library; how many.

    This builds a lost library anew. Other JSON files are passed over, damaged records with a warning.

    Raises:
        LibraryError: the folder cannot be read, or the library not written.
    """
    return library.save_all(_told(_records_in(Path(os.path.abspath(folder))), progress))


def _told(stored: Iterator[Stored], progress: Progress | None) -> Iterator[Stored]:
    for number, each in enumerate(stored, 1):
        if progress is not None:
            progress(number)
        yield each


def _records_in(folder: Path) -> Iterator[Stored]:
    try:
        paths = sorted(folder.glob("*.json"))
        if not folder.is_dir():
            raise NotADirectoryError(20, "no such folder")
    except OSError as error:
        raise LibraryError(f"{printable(folder)} cannot be read: {error.strerror}") from None
    for path in paths:
        record = _read_record(path)
        if record is not None:
            yield Stored(record, folder)


def _read_record(path: Path) -> Record | None:
    """The record in a JSON file; None for other JSON, and with a warning where it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            return None
        if missing := [key for key in Record.__annotations__ if key not in content and key not in LATER]:
            raise KeyError(", ".join(missing))
        record = cast(Record, content)
        texts_of(record), summary_of(record)  # what a library reads of it is there
        return record
    except (OSError, ValueError) as error:
        log.warning("%s is passed over: %s", printable(path), printable(error))
    except (KeyError, TypeError, AttributeError) as error:
        log.warning("%s is passed over: it is no whole record (%s)", printable(path), printable(error))
    return None
