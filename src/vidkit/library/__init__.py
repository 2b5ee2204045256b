"""The library: all records, searchable. It is a SQLite file by default, or in PostgreSQL or MongoDB."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from vidkit.core import printable
from vidkit.core.stores import Store, open_store, within
from vidkit.errors import LibraryError
from vidkit.library.advice import unknown_keys, unknown_sources
from vidkit.library.backends import BACKENDS, Backend, open_library, open_library_at
from vidkit.library.facts import summary_of
from vidkit.library.moments import LibraryEntry, Moment, MomentKey, moment_as_json, moment_of, texts_of, video_key
from vidkit.library.paging import Page, Position
from vidkit.library.protocol import Library, Stats
from vidkit.library.query import SORTS, Query, parse_query, read_query
from vidkit.library.vectors.protocol import NoVectorsHere
from vidkit.record import LATER, SCHEMA, Record, record_name

if TYPE_CHECKING:
    from vidkit.library.mongodb.server import connect_to_mongodb, get_mongodb_collection

__all__ = [
    "BACKENDS",
    "SORTS",
    "Backend",
    "Library",
    "LibraryEntry",
    "Moment",
    "MomentKey",
    "Page",
    "Position",
    "Query",
    "Stats",
    "add_folder",
    "connect_to_mongodb",
    "copy_library",
    "get_mongodb_collection",
    "moment_as_json",
    "moment_of",
    "open_library",
    "open_library_at",
    "parse_query",
    "read_query",
    "unknown_keys",
    "unknown_sources",
    "video_key",
]

log = logging.getLogger(__name__)

_AT_ONCE = 16  # records read from a bucket at the same time

# Called with the number of records read so far.
Progress = Callable[[int], None]
# Called with each record that keeps the corrections of the library.
Kept = Callable[[LibraryEntry], None]


def __getattr__(name: str) -> Any:
    # pymongo takes a third of a second to import, and most libraries are files.
    if name in ("connect_to_mongodb", "get_mongodb_collection"):
        from vidkit.library.mongodb import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def copy_library(
    source: Library, target: Library, progress: Progress | None = None, kept: Kept | None = None
) -> int:
    """Copy every record, with its vectors, from one library into another. Other records of the target stay.

    The source stays as it is. A record of the target with the same source URL is replaced, so an interrupted copy
    can be repeated. Newer corrections in the target stay, see `_merged`.

    Args:
        source: the library to read.
        target: the library to write.
        progress: called with the number of records read so far.
        kept: called with each record that keeps the corrections of the target.

    Returns:
        The number of records.

    Raises:
        LibraryError: one of them cannot be read or written. Records copied before that stay.
    """
    count = target.save_all(_merged(_with_progress(source.records(), progress), target, kept))
    for model in source.vector_models():
        try:
            target.save_vectors(model, (each.found for each in source.vectors(model) if each.found is not None))
        except NoVectorsHere as error:
            log.warning("%s The vectors of %s stay where they are: `vidkit index` makes them again.", error, model)
    return count


def add_folder(
    library: Library,
    folder: str | os.PathLike[str],
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> int:
    """Add the records of a results folder (`*.json`) to a library.

    This rebuilds a lost library. Other JSON files are skipped; damaged records are skipped with a warning. Newer
    corrections in the library stay, see `_merged`.

    Args:
        library: the library to write.
        folder: the folder of the JSON records, or the address of another store.
        progress: called with the number of records read so far.
        kept: called with each record that keeps the corrections of the library.

    Returns:
        The number of records.

    Raises:
        LibraryError: the folder cannot be read, or the library cannot be written.
        OutputError: the store of the records fails.
    """
    return library.save_all(_merged(_with_progress(_records_in(open_store(folder)), progress), library, kept))


def _merged(entries: Iterator[LibraryEntry], target: Library, kept: Kept | None) -> Iterator[LibraryEntry]:
    """The records to save. If both have corrections for the same content at the same URL, the newer ones stay.

    Tags, class and the fingerprint of the stage `tag` stay with the corrections. The next run compares the
    fingerprint with the rules.
    """
    if not target.stats().videos:
        yield from entries
        return
    for entry in entries:
        record = entry.record
        url = record["source"]["url"]
        old = next((each.record for each in target.find(url) if each.record["source"]["url"] == url), None)
        if old is not None and old["sha256"] == record["sha256"] and _corrected_at(old) > _corrected_at(record):
            tagged = old["processing"]["stages"]["tag"]
            processing = {**record["processing"], "stages": {**record["processing"]["stages"], "tag": tagged}}
            corrected = {key: old[key] for key in ("corrections", "tags", "classification")}
            entry = LibraryEntry(cast(Record, {**record, **corrected, "processing": processing}), entry.folder)
            if kept is not None:
                kept(entry)
        yield entry


def _corrected_at(record: Record) -> str:
    """When a person last corrected a record (always in the same format, in UTC); empty if nobody did."""
    corrections = record.get("corrections")
    return corrections["at"] if corrections else ""


def _with_progress(entries: Iterator[LibraryEntry], progress: Progress | None) -> Iterator[LibraryEntry]:
    for number, each in enumerate(entries, 1):
        if progress is not None:
            progress(number)
        yield each


def _records_in(store: Store) -> Iterator[LibraryEntry]:
    folder = store.folder
    if folder is not None and folder.is_file():
        raise LibraryError(
            "{folder} is a file: give the folder that the JSON records are in", folder=printable(folder)
        )
    if folder is not None and not folder.is_dir():
        raise LibraryError("{folder} cannot be read: no such folder", folder=printable(folder))
    names = (name for name in store.names() if name.endswith(record_name("")))
    read: Iterator[Record | None]
    if folder is not None:
        read = (_read_record(store, name) for name in sorted(names))
    else:  # each is a request, and there may be millions
        read = _read_at_once(store, names)
    for record in read:
        if record is not None:
            yield LibraryEntry(record, store.address)


def _read_at_once(store: Store, names: Iterator[str]) -> Iterator[Record | None]:
    """The records with these names, in order. Several are read at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(names, 16 * _AT_ONCE)):
            yield from pool.map(lambda name: _read_record(store, name), some)


def _read_record(store: Store, name: str) -> Record | None:
    """The record in a JSON file; None for other JSON. A damaged file is None too, with a warning."""
    try:
        content = json.loads(store.read(name))
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            return None
        if missing := [key for key in Record.__annotations__ if key not in content and key not in LATER]:
            raise KeyError(", ".join(missing))
        record = cast(Record, content)
        texts_of(record), summary_of(record)  # fails if a key that the library needs is missing
        return record
    except (OSError, ValueError) as error:
        log.warning("%s is skipped: %s", printable(within(store.address, name)), printable(error))
    except (KeyError, TypeError, AttributeError) as error:
        place = printable(within(store.address, name))
        log.warning("%s is skipped: it is not a complete record (%s)", place, printable(error))
    return None
